"""The explanation of a line: what ``leaklint why`` says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from leaklint.ir.handler import Handler
from leaklint.ir.location import Place
from leaklint.report.plain import plain
from leaklint.report.style import Style

_MOST_WAYS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Reaching:
    """A handler that reaches the line, and the places of the calls on the way."""

    handler: Handler
    calls: tuple[Place, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """Something on the line, and what decided about it."""

    place: Place
    what: str
    why: str
    fix: str = ""
    """Whether a fix mends it, or why none does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of a line."""

    path: str
    line: int
    source: str
    function: str = ""
    """The function that holds it; ``<module>`` outside of functions."""
    outside: str = ""
    """Why the file is not analysed at all."""
    reached: tuple[Reaching, ...] = ()
    unreached: tuple[str, ...] = ()
    """Why no handler reaches it."""
    findings: tuple[Reason, ...] = ()
    silent: tuple[Reason, ...] = ()
    unknown: tuple[str, ...] = ()
    """Calls of which nothing is known."""


def render(explanation: Explanation, style: Style) -> str:
    """The explanation as text."""
    return "\n".join(_lines(explanation, style))


def _lines(each: Explanation, style: Style) -> Iterator[str]:
    inside = "" if each.function in ("", "<module>") else f" in {plain(each.function)}"
    yield f"{style('bold', f'{plain(each.path)}:{each.line}')}{inside}"
    yield f"    {style('dim', plain(each.source.strip()))}"
    if each.outside:
        yield f"not analysed: {plain(each.outside)}"
        return
    if each.reached:
        yield style("bold", f"reached by {_count(len(each.reached), 'handler')}")
    for way in each.reached[:_MOST_WAYS]:
        handler = way.handler
        place = f"{plain(handler.place.path)}:{handler.place.span.line}"
        yield f"  {plain(handler.label)}  {style('place', place)}  {handler.platform.value}: {plain(handler.reason)}"
        for call in way.calls:
            yield f"    called at {style('place', f'{plain(call.path)}:{call.span.line}')}"
        if not way.calls:
            yield "    the line is in the handler itself"
    if len(each.reached) > _MOST_WAYS:
        yield f"  and {len(each.reached) - _MOST_WAYS} more"
    if each.unreached:
        yield style("bold", "reached by no handler")
        yield from (f"  {plain(sentence)}" for sentence in each.unreached)
    for title, reasons in (("found here", each.findings), ("silent here", each.silent)):
        if reasons:
            yield style("bold", title)
        for reason in reasons:
            elsewhere = "" if _is_here(each, reason.place) else f"{plain(reason.place.path)}:{reason.place.span.line}: "
            yield f"  {elsewhere}{plain(reason.what)}"
            yield f"    {plain(reason.why)}"
            if reason.fix:
                yield f"    {plain(reason.fix)}"
    if each.unknown:
        yield style("bold", "unknown here: such code is taken to keep nothing and to call nothing back")
        yield from (f"  {plain(call)}" for call in each.unknown)
    if not (each.findings or each.silent):
        yield "nothing happens here that could outlive an invocation, as far as leaklint can tell"


def as_object(each: Explanation) -> dict[str, object]:
    """The explanation as the object that the JSON format prints."""
    return {
        "path": each.path,
        "line": each.line,
        "function": each.function,
        "not_analysed": each.outside,
        "reached_by": [
            {
                "handler": way.handler.label,
                "path": way.handler.place.path,
                "line": way.handler.place.span.line,
                "platform": way.handler.platform.value,
                "reason": way.handler.reason,
                "calls": [{"path": call.path, "line": call.span.line} for call in way.calls],
            }
            for way in each.reached
        ],
        "not_reached": list(each.unreached),
        "findings": [{**_as_object(reason), "fix": reason.fix} for reason in each.findings],
        "silent": [_as_object(reason) for reason in each.silent],
        "unknown": list(each.unknown),
    }


def _as_object(reason: Reason) -> dict[str, object]:
    place = reason.place
    return {"path": place.path, "line": place.span.line, "what": reason.what, "why": reason.why}


def _is_here(each: Explanation, place: Place) -> bool:
    return place.path == each.path and place.span.line <= each.line <= place.span.end_line


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
