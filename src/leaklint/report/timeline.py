"""The timeline of a finding: two invocations in one process, and what goes from the first into the second, as SVG."""

from __future__ import annotations

import dataclasses
from html import escape

from leaklint.ir.finding import Finding
from leaklint.report.plain import plain, shortened

# Narrow enough to be read on a phone, where the picture is drawn at about four fifths of this size.
WIDTH, HEIGHT = 440, 142
INIT = (2, 44)
FIRST = (50, 168)
BETWEEN = (168, 272)
SECOND = (272, 390)
BAR_TOP, BAR_BOTTOM = 8, 40
AXIS = 52
LANE = 84
LEAVES = 112
ARRIVES = 330
FROM_INIT = frozenset({"LK106", "LK210", "LK402"})
"""What these report is made at import."""

LABEL_COLUMNS = 40


@dataclasses.dataclass(frozen=True, slots=True)
class _Story:
    """What is drawn in the lane below the invocations."""

    between: str
    """What the process does between the invocations."""
    frozen: bool
    end: int
    """Where the line of the lane ends."""
    says: str
    """The words at its end."""


BETWEENS = {
    "resumes-later": ("frozen", True),
    "runs-on": ("keeps running", False),
    "unknown": ("frozen or not", False),
}
"""What a process does between invocations, by what its platform makes of pending work."""

STORIES = {
    "state": _Story("frozen", True, ARRIVES, "found again"),
    "resumes-later": _Story("frozen", True, ARRIVES, "goes on here"),
    "runs-on": _Story("keeps running", False, SECOND[1], "runs beside it"),
    "lost": _Story("frozen", True, BETWEEN[0], "never finishes"),
    "unknown": _Story("frozen or not", False, BETWEEN[0] + 52, "nobody knows when"),
}


def story_of(finding: Finding) -> str:
    """Which of the stories a finding tells, empty for what has no place in time."""
    if finding.outcome:
        return finding.outcome if finding.outcome in STORIES else "unknown"
    return "state" if finding.code[:3] in ("LK1", "LK4") else ""


def timeline(finding: Finding, source: str, regime: str = "resumes-later") -> str:
    """The picture, or nothing where there is none to draw; ``source`` is the leaking expression.

    ``regime`` is what the platform makes of work that is pending at return, which says whether it freezes a process.
    """
    name = story_of(finding)
    if not name:
        return ""
    story = STORIES[name]
    if name not in BETWEENS:
        between, frozen = BETWEENS[regime]
        story = dataclasses.replace(story, between=between, frozen=frozen)
    start = (INIT[0] + INIT[1]) // 2 if finding.code in FROM_INIT else LEAVES
    label = escape(shortened(plain(source), LABEL_COLUMNS))
    parts = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(_spoken(story, finding))}</title>",
        _bar(INIT, "init", "import"),
        _bar(FIRST, "invocation", "invocation 1"),
        _bar(BETWEEN, "frozen" if story.frozen else "idle", story.between),
        _bar(SECOND, "invocation", "invocation 2"),
        f'<path class="time" d="M2 {AXIS}H{WIDTH - 3}m-6 -4l6 4l-6 4"/>',
        f'<text class="axis" x="{WIDTH - 2}" y="{AXIS + 17}" text-anchor="end">time</text>',
        *_lane(name, story, start),
        f'<text class="says" x="{max(min(story.end, ARRIVES), LEAVES + 60)}" y="{LANE + 23}" '
        f'text-anchor="middle">{story.says}</text>',
        f'<text class="code" x="{max(start - 6, 2)}" y="{HEIGHT - 10}">{label}</text>',
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
    return f'{box}<text class="on-{kind}" x="{(left + right) // 2}" y="29" text-anchor="middle">{label}</text>'


def _lane(name: str, story: _Story, start: int) -> list[str]:
    """The line from where it begins, through the time between, to where it ends."""
    parts = [
        f'<path class="drop" d="M{start} {BAR_BOTTOM}V{HEIGHT - 24}"/>'
        f'<circle class="leak" cx="{start}" cy="{LANE}" r="5"/>'
    ]
    if name == "resumes-later":
        parts.append(f'<path class="leaks" d="M{start} {LANE}H{BETWEEN[0]}"/>')
        parts.append(f'<path class="leaks asleep" d="M{BETWEEN[0] + 6} {LANE}H{BETWEEN[1] - 4}"/>')
        parts.append(f'<path class="leaks" d="M{BETWEEN[1]} {LANE}H{story.end}"/>')
    else:
        parts.append(f'<path class="leaks" d="M{start} {LANE}H{story.end}"/>')
    if name == "lost":
        parts.append(f'<path class="cross" d="M{story.end - 7} {LANE - 7}l14 14m0 -14l-14 14"/>')
    elif name == "unknown":
        parts.append(f'<text class="says" x="{story.end + 8}" y="{LANE + 5}">?</text>')
    elif name == "runs-on":
        parts.append(f'<path class="leaks" d="M{story.end - 8} {LANE - 6}l8 6l-8 6"/>')
    else:
        parts.append(f'<path class="leaks" d="M{story.end} {LANE}V{BAR_BOTTOM + 3}m-6 8l6 -8l6 8"/>')
    return parts
