"""The timeline as SVG: invocations as bars, frozen time squeezed, a line from where work was started to where it ran.

A *lane* is one row below the bars: one piece of leaked work, or one piece of state that survived. Its line begins
where the invocation left it and ends where it went on; a cross says that it was lost, an open end that it never
came to its end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from html import escape

from leaklint.confirm.observation import WORKING, Kind, Observation
from leaklint.confirm.record import Invocation, Record, Work
from leaklint.confirm.text import fate
from leaklint.confirm.verdict import Report
from leaklint.report.plain import plain, shortened

GUTTER = 280
RIGHT = 250
NARROWEST, WIDEST = 100.0, 220.0
FROZEN = 54.0
"""How wide frozen time is drawn, however long it was."""
RUNNING = 900.0
"""How wide the whole is drawn where nothing is frozen."""
TOP, BAR, ROW, LANE = 16, 26, 36, 24
MOST_LANES = 40
LABEL_COLUMNS = 42

STYLE = """
svg { --paper: #fff; --ink: #1d2129; --soft: #5b6472; --bar: #2f6f4f; --on-bar: #fff; --ice: #d6e6f5; --leak: #c2351b;
  --state: #8a5a00; font: 13px system-ui, sans-serif; background: var(--paper); }
@media (prefers-color-scheme: dark) { svg { --paper: #14171c; --ink: #e4e7ec; --soft: #9aa4b2; --bar: #3d8a64;
  --ice: #203549; --leak: #ff7a5c; --state: #f0b95a; } }
text { fill: var(--ink); } .soft { fill: var(--soft); font-size: 12px; } .bar { fill: var(--bar); }
.failed { fill: var(--leak); } .on-bar { fill: var(--on-bar); font-weight: 600; } .ice { fill: var(--ice); }
.work { stroke: var(--leak); fill: none; stroke-width: 2; }
.state { stroke: var(--state); fill: none; stroke-width: 2; }
.dot { fill: var(--leak); } .state-dot { fill: var(--state); } .open { stroke-dasharray: 4 4; }
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """Where moments are drawn: pieces of time, each with its stretch of the picture."""

    pieces: tuple[tuple[int, int, float, float], ...]
    """Begin and end in nanoseconds, left and right in the picture."""

    def __call__(self, moment: int) -> float:
        """The place of a moment; of one between two pieces, the begin of the next."""
        for begin, end, left, right in self.pieces:
            if moment <= end:
                share = (moment - begin) / (end - begin) if end > begin else 0.0
                return left + max(0.0, share) * (right - left)
        return self.pieces[-1][3]

    @property
    def right(self) -> float:
        """The right end of the picture of time."""
        return self.pieces[-1][3]


def render(report: Report) -> str:
    """The picture, as a document of its own."""
    record = report.record
    drawn = [each for each in record.invocations if each.given]
    if not drawn:
        return _document(480, 80, ['<text x="16" y="44">The handler was never called.</text>'], "Timeline")
    scale = _scale(report, drawn)
    rows = max(each.worker for each in drawn) + 1
    parts = [*_frozen(report, drawn, scale), *_bars(drawn, scale)]
    lanes = list(_lanes(report, scale))
    top = TOP + rows * ROW + 8
    for index, lane in enumerate(lanes[:MOST_LANES]):
        parts += _lane(lane, top + index * LANE + LANE / 2)
    height = top + min(len(lanes), MOST_LANES) * LANE + 12
    if len(lanes) > MOST_LANES:
        parts.append(f'<text class="soft" x="16" y="{height:.0f}">and {len(lanes) - MOST_LANES} more</text>')
        height += LANE
    return _document(scale.right + RIGHT, height, parts, f"Timeline of {report.plan.handler}")


def _document(width: float, height: float, parts: list[str], title: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    )
    return "\n".join([head, f"<title>{escape(plain(title))}</title>", f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _end_of(invocation: Invocation) -> int:
    return max(invocation.frozen, invocation.returned, invocation.given + 1)


def _scale(report: Report, drawn: list[Invocation]) -> Scale:
    if not report.plan.freezes:
        ends = [each.ended_at for each in report.record.work.values()]
        begin, end = min(each.given for each in drawn), max([*ends, *(_end_of(each) for each in drawn)])
        return Scale(((begin, end, float(GUTTER), GUTTER + RUNNING),))
    longest = max(_end_of(each) - each.thawed for each in drawn)
    pieces = []
    left = float(GUTTER)
    for each in drawn:
        width = NARROWEST + (WIDEST - NARROWEST) * (_end_of(each) - each.thawed) / longest
        pieces.append((each.thawed, _end_of(each), left, left + width))
        left += width + FROZEN
    return Scale(tuple(pieces))


def _frozen(report: Report, drawn: list[Invocation], scale: Scale) -> Iterator[str]:
    """The stretches of frozen time after each invocation."""
    if not report.plan.freezes:
        return
    for each in drawn:
        left = scale(_end_of(each))
        yield f'<rect class="ice" x="{left:.1f}" y="{TOP}" width="{FROZEN}" height="{BAR}"/>'
        yield _centred("soft", left + FROZEN / 2, TOP, "frozen")


def _bars(drawn: list[Invocation], scale: Scale) -> Iterator[str]:
    """A bar for each invocation, in the row of its container."""
    for each in drawn:
        left, right = scale(each.thawed or each.given), scale(_end_of(each))
        top = TOP + each.worker * ROW
        style = "bar failed" if each.failed else "bar"
        label = f"invocation {each.number}" if right - left > 90 else str(each.number)
        width = max(right - left, 2)
        yield f'<rect class="{style}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" rx="3"/>'
        yield _centred("on-bar", (left + right) / 2, top, label)
    for worker in sorted({each.worker for each in drawn}):
        name = "container" if len({each.worker for each in drawn}) == 1 else f"container {worker + 1}"
        yield f'<text class="soft" x="16" y="{TOP + worker * ROW + BAR / 2 + 4}">{name}</text>'


def _centred(style: str, x: float, top: float, words: str) -> str:
    """Text in the middle of a bar."""
    return f'<text class="{style}" x="{x:.1f}" y="{top + BAR / 2 + 4}" text-anchor="middle">{escape(words)}</text>'


@dataclasses.dataclass(frozen=True, slots=True)
class Lane:
    """One row below the bars."""

    label: str
    style: str
    begin: float
    end: float
    mark: str
    """What its end looks like: ``arrow``, ``cross`` or ``open``."""
    says: str


def _lanes(report: Report, scale: Scale) -> Iterator[Lane]:
    record = report.record
    told = [seen for each in report.confirmed for seen in each.observations]
    for seen in dict.fromkeys([*told, *report.only_seen]):
        if seen.kind in WORKING:
            yield from (_of_work(record.work[key], scale) for key in seen.works)
        elif seen.kind is not Kind.ERROR:
            yield from _of_state(seen, record, scale)


def _of_work(work: Work, scale: Scale) -> Lane:
    place = f" {work.lines[0][0]}:{work.lines[0][1]}" if work.lines else ""
    begin = scale(work.started)
    end = scale(work.ended_at) if work.ended else scale.right + FROZEN
    mark = "cross" if work.lost else "arrow" if work.ended else "open"
    words = fate(work).removeprefix("pending at the return, ").partition(":")[0]
    return Lane(f"{work.kind} {work.name}{place}", "work", begin, max(end, begin + 6), mark, words)


def _of_state(seen: Observation, record: Record, scale: Scale) -> Iterator[Lane]:
    first = record.invocation(seen.invocations[0]) if seen.invocations else None
    last = record.invocations[-1] if record.invocations else None
    if first is None or last is None or not last.given:
        return
    begin = scale(first.returned or first.given)
    yield Lane(
        f"{seen.kind.value} {seen.subject}", "state", begin, max(scale(last.given), begin + 6), "arrow", "still there"
    )


def _lane(lane: Lane, y: float) -> Iterator[str]:
    """Label, dot, line, end and fate."""
    label = escape(shortened(plain(lane.label), LABEL_COLUMNS))
    yield f'<text x="16" y="{y + 4:.1f}"><title>{escape(plain(lane.label))}</title>{label}</text>'
    dot = "dot" if lane.style == "work" else "state-dot"
    yield f'<circle class="{dot}" cx="{lane.begin:.1f}" cy="{y:.1f}" r="4"/>'
    style = f"{lane.style} open" if lane.mark == "open" else lane.style
    yield f'<line class="{style}" x1="{lane.begin:.1f}" y1="{y:.1f}" x2="{lane.end:.1f}" y2="{y:.1f}"/>'
    if lane.mark == "arrow":
        yield f'<path class="{lane.style}" d="M{lane.end - 6:.1f} {y - 5:.1f} l6 5 l-6 5"/>'
    elif lane.mark == "cross":
        yield f'<path class="{lane.style}" d="M{lane.end - 5:.1f} {y - 5:.1f} l10 10 m0 -10 l-10 10"/>'
    yield f'<text class="soft" x="{lane.end + 12:.1f}" y="{y + 4:.1f}">{escape(plain(lane.says))}</text>'
