"""The timeline of a finding: two invocations in one process, and what goes from the first into the second, as SVG."""

from __future__ import annotations

import dataclasses
from html import escape

from leaklint.ir.finding import Finding
from leaklint.report.plain import plain, shortened

WIDTH, HEIGHT = 560, 152
INIT = (8, 62)
FIRST = (70, 222)
BETWEEN = (222, 342)
SECOND = (342, 494)
BAR_TOP, BAR_BOTTOM = 26, 58
LANE = 100
LEAVES = 146
ARRIVES = 418
FROM_INIT = frozenset({"LK106", "LK210", "LK402"})
"""What these report is made at import."""

LABEL_COLUMNS = 34


@dataclasses.dataclass(frozen=True, slots=True)
class _Story:
    """What is drawn in the lane below the invocations."""

    between: str
    """What the process does between the invocations."""
    frozen: bool
    end: int
    """Where the line of the lane ends."""
    says: str
    """The word at its end."""
    arrives: bool
    """The line ends inside the second invocation."""


STORIES = {
    "state": _Story("frozen", True, ARRIVES, "found again", True),
    "resumes-later": _Story("frozen", True, ARRIVES, "goes on here", True),
    "runs-on": _Story("keeps running", False, SECOND[1], "runs beside it", True),
    "lost": _Story("frozen", True, BETWEEN[0], "never finishes", False),
    "unknown": _Story("frozen or not", False, BETWEEN[0] + 60, "who knows when", False),
}


def story_of(finding: Finding) -> str:
    """Which of the stories a finding tells, empty for what has no place in time."""
    if finding.outcome:
        return finding.outcome if finding.outcome in STORIES else "unknown"
    return "state" if finding.code[:3] in ("LK1", "LK4") else ""


def timeline(finding: Finding, source: str) -> str:
    """The picture, or nothing where there is none to draw; ``source`` is the leaking expression."""
    name = story_of(finding)
    if not name:
        return ""
    story = STORIES[name]
    start = (INIT[0] + INIT[1]) // 2 if finding.code in FROM_INIT else LEAVES
    label = escape(shortened(plain(source), LABEL_COLUMNS))
    parts = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(_spoken(story, finding))}</title>",
        _bar(INIT, "init", "init"),
        _bar(FIRST, "invocation", "invocation 1"),
        _bar(BETWEEN, "frozen" if story.frozen else "idle", story.between),
        _bar(SECOND, "invocation", "invocation 2"),
        '<path class="time" d="M8 70H552m-6 -4l6 4l-6 4"/>',
        *_lane(name, story, start),
        f'<text class="code" x="{min(start, 146)}" y="124">{label}</text>',
        f'<text class="says" x="{min(story.end, ARRIVES)}" y="143" text-anchor="middle">{story.says}</text>',
        "</svg>",
    ]
    return "".join(parts)


def _spoken(story: _Story, finding: Finding) -> str:
    return f"Between two invocations the process is {story.between}. {plain(finding.observed or story.says)}"


def _bar(extent: tuple[int, int], kind: str, label: str) -> str:
    left, right = extent
    box = (
        f'<rect class="{kind}" x="{left}" y="{BAR_TOP}" width="{right - left}" height="{BAR_BOTTOM - BAR_TOP}" rx="4"/>'
    )
    return f'{box}<text class="on-{kind}" x="{(left + right) // 2}" y="47" text-anchor="middle">{label}</text>'


def _lane(name: str, story: _Story, start: int) -> list[str]:
    """The line from where it begins, through the time between, to where it ends."""
    parts = [
        f'<path class="drop" d="M{start} {BAR_BOTTOM}V{LANE}"/><circle class="leak" cx="{start}" cy="{LANE}" r="5"/>'
    ]
    if name == "resumes-later":
        parts.append(f'<path class="leaks" d="M{start} {LANE}H{BETWEEN[0]}"/>')
        parts.append(f'<path class="leaks asleep" d="M{BETWEEN[0]} {LANE}H{BETWEEN[1]}"/>')
        parts.append(f'<path class="leaks" d="M{BETWEEN[1]} {LANE}H{story.end}"/>')
    else:
        parts.append(f'<path class="leaks" d="M{start} {LANE}H{story.end}"/>')
    if name == "lost":
        parts.append(f'<path class="cross" d="M{story.end - 7} {LANE - 7}l14 14m0 -14l-14 14"/>')
    elif name == "unknown":
        parts.append(f'<text class="says" x="{story.end + 12}" y="{LANE + 6}">?</text>')
    elif name == "runs-on":
        parts.append(f'<path class="leaks" fill="none" d="M{story.end - 8} {LANE - 6}l8 6l-8 6"/>')
    else:
        parts.append(f'<path class="leaks" fill="none" d="M{story.end} {LANE}V{BAR_BOTTOM + 4}m-6 9l6 -9l6 9"/>')
    return parts
