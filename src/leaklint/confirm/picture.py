"""The timeline as SVG: invocations as bars, frozen time squeezed, a line from where work was started to where it ran.

A *lane* is one row below the bars: one piece of leaked work, or one piece of state that survived. Its line begins
where the invocation left it and ends where it went on; a cross says that it was lost, an open end that it never
came to its end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from html import escape
from itertools import pairwise

from leaklint.confirm.observation import WORKING, Kind, Observation
from leaklint.confirm.record import Invocation, Record, Work
from leaklint.confirm.text import fate
from leaklint.confirm.verdict import Report
from leaklint.report.plain import plain, shortened

MARGIN, GAP = 16, 18
LETTER = 7.4
"""How wide a letter is drawn at most, on average."""
NARROWEST, WIDEST = 100.0, 220.0
THAWED, ANSWERED = 30.0, 16.0
"""How wide the time between thaw and event is drawn, and that between return and freeze."""
SHORTEST = 12.0
"""How wide the line of work is drawn at least, so that its end is seen beside its beginning."""
FROZEN = 54.0
"""How wide frozen time is drawn, however long it was."""
RUNNING = 900.0
"""How wide the whole is drawn where nothing is frozen."""
TOP, BAR, ROW, LANE = 16, 26, 36, 24
MOST_LANES = 40
LABEL_COLUMNS, PLACE_COLUMNS = 34, 26

STYLE = """
svg { --paper: #fff; --ink: #1d2129; --soft: #5b6472; --bar: #2f6f4f; --on-bar: #fff; --ice: #d6e6f5;
  --thaw: #a9cdb9; --leak: #c2351b; --state: #8a5a00; font: 13px system-ui, sans-serif; background: var(--paper); }
@media (prefers-color-scheme: dark) { svg { --paper: #14171c; --ink: #e4e7ec; --soft: #9aa4b2; --bar: #3d8a64;
  --ice: #203549; --thaw: #2b5a45; --leak: #ff7a5c; --state: #f0b95a; } }
text { fill: var(--ink); } .soft { fill: var(--soft); font-size: 12px; } .bar { fill: var(--bar); }
.failed { fill: var(--leak); } .on-bar { fill: var(--on-bar); font-weight: 600; } .ice { fill: var(--ice); }
.thaw { fill: var(--thaw); }
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
    lanes = list(_lanes(report, scale))
    shown, more = lanes[:MOST_LANES], len(lanes) - MOST_LANES
    names = {each.worker: TOP + each.worker * ROW for each in drawn}
    top = TOP + len(names) * ROW + 8
    tops = [top + index * LANE + LANE / 2 for index in range(len(shown))]
    labels = [shortened(plain(lane.label), LABEL_COLUMNS) for lane in shown]
    places = [shortened(plain(lane.place), PLACE_COLUMNS) for lane in shown]
    beside = MARGIN + _wide([*labels, "container 1"]) + GAP
    gutter = beside + (_wide(places) + GAP if any(places) else 0)
    parts = [_label("soft", MARGIN, at + BAR / 2, _container(worker, names), "") for worker, at in names.items()]
    for lane, label, place, y in zip(shown, labels, places, tops, strict=True):
        parts += [_label("name", MARGIN, y, label, lane.label), _label("soft", beside, y, place, lane.place)]
    drawing = [*_frozen(report, drawn, scale), *_bars(drawn, scale, report.plan.freezes)]
    for lane, y in zip(shown, tops, strict=True):
        drawing += _lane(lane, y)
    parts += [f'<g transform="translate({gutter:.0f} 0)">', *drawing, "</g>"]
    height = top + len(shown) * LANE + 12
    if more > 0:
        parts.append(_label("soft", MARGIN, height, f"and {more} more", ""))
        height += LANE
    ends = [scale.right + FROZEN, *(lane.end + 12 + _wide([lane.says]) for lane in shown)]
    return _document(gutter + max(ends) + MARGIN, height, parts, f"Timeline of {report.plan.handler}")


def _wide(texts: list[str]) -> float:
    """How wide the longest of some texts is drawn."""
    return max((len(text) for text in texts), default=0) * LETTER


def _container(worker: int, names: dict[int, int]) -> str:
    return "container" if len(names) == 1 else f"container {worker + 1}"


def _label(style: str, x: float, y: float, shown: str, whole: str) -> str:
    """Text whose middle is at a height; what was shortened is said in full where the mouse rests."""
    hint = f"<title>{escape(plain(whole))}</title>" if whole else ""
    return f'<text class="{style}" x="{x:.1f}" y="{y + 4:.1f}">{hint}{escape(shown)}</text>'


def _document(width: float, height: float, parts: list[str], title: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    )
    return "\n".join([head, f"<title>{escape(plain(title))}</title>", f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _returned(invocation: Invocation) -> int:
    """When an invocation returned, or was given up."""
    return max(invocation.returned or invocation.frozen, invocation.given + 1)


def _end_of(invocation: Invocation, freezes: bool) -> int:
    """When an invocation is over: with the freeze, or with the return where there is none."""
    return max(_returned(invocation), invocation.frozen) if freezes else _returned(invocation)


def _scale(report: Report, drawn: list[Invocation]) -> Scale:
    if not report.plan.freezes:
        ends = [each.ended_at for each in report.record.work.values()]
        begin, end = min(each.given for each in drawn), max([*ends, *(_end_of(each, False) for each in drawn)])
        return Scale(((begin, end, 0.0, RUNNING),))
    longest = max(_returned(each) - each.given for each in drawn)
    pieces = []
    left = 0.0
    for each in drawn:
        width = NARROWEST + (WIDEST - NARROWEST) * (_returned(each) - each.given) / longest
        moments = (each.thawed, each.given, _returned(each), _end_of(each, True))
        for (begin, end), wide in zip(pairwise(moments), (THAWED, width, ANSWERED), strict=True):
            pieces.append((begin, end, left, left + wide))
            left += wide
        left += FROZEN
    return Scale(tuple(pieces))


def _frozen(report: Report, drawn: list[Invocation], scale: Scale) -> Iterator[str]:
    """The stretches of frozen time after each invocation."""
    if not report.plan.freezes:
        return
    for each in drawn:
        left = scale(_end_of(each, True))
        yield f'<rect class="ice" x="{left:.1f}" y="{TOP}" width="{FROZEN}" height="{BAR}"/>'
        yield _centred("soft", left + FROZEN / 2, TOP, "frozen")


def _bars(drawn: list[Invocation], scale: Scale, freezes: bool) -> Iterator[str]:
    """A bar for each invocation, in the row of its container; lighter while the container is thawed for nothing else.

    Between the thaw and the event, and between the return and the freeze, only what is left over runs.
    """
    for each in drawn:
        left, right = scale(each.thawed or each.given), scale(_end_of(each, freezes))
        begun, returned = scale(each.given), scale(_returned(each))
        top = TOP + each.worker * ROW
        style = "bar failed" if each.failed else "bar"
        label = f"invocation {each.number}" if returned - begun > 90 else str(each.number)
        yield _rectangle("thaw", left, right, top)
        yield _rectangle(style, begun, returned, top)
        yield _centred("on-bar", (begun + returned) / 2, top, label)


def _rectangle(style: str, left: float, right: float, top: float) -> str:
    width = max(right - left, 2)
    return f'<rect class="{style}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" rx="3"/>'


def _centred(style: str, x: float, top: float, words: str) -> str:
    """Text in the middle of a bar."""
    return f'<text class="{style}" x="{x:.1f}" y="{top + BAR / 2 + 4}" text-anchor="middle">{escape(words)}</text>'


@dataclasses.dataclass(frozen=True, slots=True)
class Lane:
    """One row below the bars."""

    label: str
    place: str
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
            yield from (_of_work(record.work[key], record, scale) for key in seen.works)
        elif seen.kind is not Kind.ERROR:
            yield from _of_state(seen, record, scale)


def _of_work(work: Work, record: Record, scale: Scale) -> Lane:
    place = f"{work.lines[0][0]}:{work.lines[0][1]}" if work.lines else ""
    begin = scale(work.started)
    end = scale(work.ended_at) if work.ended else scale.right + FROZEN
    mark = "cross" if work.lost else "arrow" if work.ended else "open"
    words = fate(work, record).removeprefix("pending at the return, ").partition(":")[0]
    name = work.name.replace("<locals>.", "")
    return Lane(f"{work.kind} {name}", place, "work", begin, max(end, begin + SHORTEST), mark, words)


def _of_state(seen: Observation, record: Record, scale: Scale) -> Iterator[Lane]:
    first = record.invocation(seen.invocations[0]) if seen.invocations else None
    last = record.invocations[-1] if record.invocations else None
    if first is None or last is None or not last.given:
        return
    begin = scale(first.returned or first.given)
    end = max(scale(last.given), begin + SHORTEST)
    name, place = seen.subject, f"{seen.made[0]}:{seen.made[1]}" if seen.made else ""
    if seen.kind is Kind.FILE:
        place = f"{seen.lines[0][0]}:{seen.lines[0][1]}" if seen.lines else ""
    label = name if name.startswith(f"{seen.kind.value} ") else f"{seen.kind.value} {name}"
    yield Lane(label, place, "state", begin, end, "arrow", "still there")


def _lane(lane: Lane, y: float) -> Iterator[str]:
    """Dot, line, end and fate."""
    dot = "dot" if lane.style == "work" else "state-dot"
    yield f'<circle class="{dot}" cx="{lane.begin:.1f}" cy="{y:.1f}" r="4"/>'
    stroke = f"{lane.style} open" if lane.mark == "open" else lane.style
    yield f'<line class="{stroke}" x1="{lane.begin:.1f}" y1="{y:.1f}" x2="{lane.end:.1f}" y2="{y:.1f}"/>'
    if lane.mark == "arrow":
        yield f'<path class="{lane.style}" d="M{lane.end - 6:.1f} {y - 5:.1f} l6 5 l-6 5"/>'
    elif lane.mark == "cross":
        yield f'<path class="{lane.style}" d="M{lane.end - 5:.1f} {y - 5:.1f} l10 10 m0 -10 l-10 10"/>'
    yield _label("soft", lane.end + 12, y, plain(lane.says), "")
