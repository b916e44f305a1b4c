"""The report as text: what was run, each verdict with its evidence, and a line that sums up."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from leaklint.confirm import marks
from leaklint.confirm.findings import Static
from leaklint.confirm.observation import Observation, Strength, invocations
from leaklint.confirm.plan import Regime
from leaklint.confirm.record import Invocation, Line, Record, Work
from leaklint.confirm.verdict import Report
from leaklint.report.plain import plain, shortened
from leaklint.report.style import PLAIN, Style

INDENT = "    "
LONGEST = 300
"""Columns of an error, or of an answer, that are shown."""
MOST_LINES = 30
"""Lines of output that an invocation has in the trace."""
REGIMES = {
    Regime.LAMBDA: "frozen after each return, thawed for the next event",
    Regime.MANAGED: "two containers side by side, never frozen",
    Regime.LOOP: "an event loop that stays open, never frozen",
}


def render(report: Report, style: Style = PLAIN, trace: bool = False) -> str:
    """The whole report."""
    lines = [*_head(report, style), *_verdicts(report, style)]
    if trace:
        lines += ["", style("bold", "trace"), *_trace(report.record)]
    lines += ["", *_notes(report, style), _sum(report)]
    return "\n".join(lines) + "\n"


def _head(report: Report, style: Style) -> Iterator[str]:
    count = len(report.record.invocations)
    times = f"{count} time{'' if count == 1 else 's'}"
    yield f"{style('bold', plain(report.plan.handler))} was run {times}: {REGIMES[report.plan.regime]}"
    yield style("dim", f"{surroundings(report)}")
    yield from failures(report.record, style)


def surroundings(report: Report) -> str:
    """What called the handler, and what it was kept from."""
    plan = report.plan
    cut = "no network" if report.record.isolated else "the network could NOT be cut off"
    network = "the network as it is" if plan.allow_network else cut
    passed = f", passed on: {', '.join(sorted(map(plain, plan.environment)))}" if plan.environment else ""
    services = ", moto in place of AWS" if plan.moto else ""
    start = ", restored from a snapshot" if plan.snapstart else ""
    return f"engine {plan.engine_in_use().value}, {network}{services}{start}, fake credentials{passed}"


def failures(record: Record, style: Style = PLAIN) -> Iterator[str]:
    """What went wrong in which invocations, a line for each thing."""
    alike: dict[tuple[str, str, tuple[Line, ...]], list[Invocation]] = {}
    for each in record.invocations:
        if each.failed:
            said = re.sub(marks.pattern(record.run), marks.PLACEHOLDER, each.error)
            alike.setdefault((_status(each), said, each.lines[-1:]), []).append(each)
    for (status, _, places), failed in alike.items():
        at = f" at {plain(where(places[0]))}" if places else ""
        which = invocations([each.number for each in failed])
        yield f"{style('warning', f'{which} {status}')}: {shortened(plain(failed[0].error), LONGEST)}{at}"


def _status(invocation: Invocation) -> str:
    return {"error": "failed", "timeout": "hung", "ended": "ended the process"}.get(invocation.status, "did not return")


def _verdicts(report: Report, style: Style) -> Iterator[str]:
    for confirmed in report.confirmed:
        finding = confirmed.finding
        yield ""
        yield f"{style('error', 'confirmed')}  {_named(finding, style)}"
        for seen in confirmed.observations:
            yield from _wrapped(seen.evidence, style)
    for missed in report.not_seen:
        finding = missed.finding
        yield ""
        yield f"{style('info', 'not seen')}   {_named(finding, style)}"
        yield from _wrapped(missed.reason, style)
    word = "only seen at run time" if report.joined else "seen"
    for seen in report.only_seen:
        yield ""
        yield f"{style('warning', word)}  {title(seen, style)}"
        yield from _wrapped(seen.evidence, style)
    for seen in report.shown:
        yield ""
        yield f"{style('bold', 'callers see it')}: {plain(seen.evidence)}"
    kept = [each for each in report.asides if each.strength is Strength.KEPT]
    if kept:
        yield ""
        yield style("dim", "kept until it is replaced, which is a leak where somebody reads it first:")
        for each in kept:
            yield from _wrapped(each.evidence, style)


def _wrapped(text: str, style: Style) -> list[str]:
    """An indented paragraph, as wide as the terminal."""
    if not style.columns:
        return [f"{INDENT}{plain(text)}"]
    room = max(style.columns, 40)
    return textwrap.wrap(plain(text), room, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)


def _named(finding: Static, style: Style) -> str:
    return f"{finding.code} {style('place', plain(finding.place))} {plain(finding.message)}"


def title(seen: Observation, style: Style = PLAIN) -> str:
    """Code, kind, subject and place of an observation."""
    code = f"{seen.code} " if seen.code else ""
    place = f" at {style('place', plain(place_of(seen)))}" if place_of(seen) else ""
    kind = f"{seen.kind.value} "
    subject = "" if seen.subject == seen.kind.value else f"{plain(seen.subject)} "
    return f"{code}{'' if subject.startswith(kind) else kind}{subject}".rstrip() + place


def place_of(seen: Observation) -> str:
    """Where an observation belongs: the line that started the work, or the one that binds the variable."""
    if seen.lines:
        return where(seen.lines[0])
    return f"{seen.made[0]}:{seen.made[1]}" if seen.made else ""


def where(line: Line) -> str:
    """``path:line (function)``."""
    return f"{line[0]}:{line[1]} ({line[2]})"


def _trace(record: Record) -> Iterator[str]:
    """All work by the invocation that started it, and whether it was finished, is pending or was lost."""
    for invocation in [Invocation(0), *record.invocations]:
        if invocation.number:
            yield f"{INDENT}invocation {invocation.number}: {ending(invocation)}"
        elif any(not each.invocation for each in record.work.values()) or any(
            not each.during for each in record.printed
        ):
            yield f"{INDENT}import"
        mine = [each for each in record.work.values() if each.invocation == invocation.number]
        for work in sorted(mine, key=lambda each: each.started):
            yield f"{INDENT * 2}{plain(described(work))}: {fate(work, record)}"
        printed = [line for line in record.printed if line.during == invocation.number]
        for line in printed[:MOST_LINES]:
            by = record.work.get(line.work or "")
            foreign = f"  <- of invocation {by.invocation}" if by and by.invocation != invocation.number else ""
            yield f"{INDENT * 2}printed {plain(line.text)}{foreign}"
        if len(printed) > MOST_LINES:
            yield f"{INDENT * 2}and {len(printed) - MOST_LINES} more lines, which the formats json and html have"


def ending(invocation: Invocation) -> str:
    """How an invocation ended: after what time, and with what answer."""
    took = f" after {(invocation.returned - invocation.given) / 1e6:.1f} ms" if invocation.returned else ""
    if invocation.failed:
        return f"{_status(invocation)}{took}"
    return f"returned {shortened(plain(invocation.answer), LONGEST)}{took}"


def described(work: Work) -> str:
    """What work is, and the line that started it."""
    begun = "made" if work.kind in ("file", "folder") else "created" if work.kind == "coroutine" else "started"
    return f"{work.kind} {work.name}, {begun} at {where(work.lines[0]) if work.lines else 'an unknown place'}"


def fate(work: Work, record: Record) -> str:
    """What became of work, in a few words."""
    if work.kind in ("file", "folder"):
        return "removed" if work.ended else "still there"
    if work.lost:
        return work.ended
    if not work.pending_at_return:
        return work.ended or "pending"
    if not work.ended:
        return f"pending at the return, {'never came' if record.freezes else 'had not come'} to its end"
    if not record.freezes and record.overlapped(work):
        return f"pending at the return, {work.ended} after invocation {record.overlapped(work)} had begun"
    during = record.inside(work.ended_at, work.worker) if record.freezes else 0
    if during > work.invocation:
        return f"pending at the return, {work.ended} inside invocation {during}"
    return f"pending at the return, {work.ended} afterwards"


def _notes(report: Report, style: Style) -> Iterator[str]:
    record = report.record
    if record.init_error:
        yield style("error", f"the handler was never called: {plain(record.init_error)}")
        if "No module named" in record.init_error:
            yield "--python names an interpreter that has it, --root the folder where it is, --setup puts a stub there"
    if record.ended and not record.init_error:
        yield style("error", f"the container did not live to the end: {plain(record.ended)}")
    if report.fruitless and record.alive:
        yield style("error", "every invocation failed: what the handler leaves when it succeeds is not known")
        yield "--event gives it an event that it accepts, --env a variable, --setup a stub"
    if record.output_full:
        yield f"the output was cut after {report.plan.output_limit} bytes"
    if any(not photo.complete and not photo.trouble for photo in record.photos) and record.alive:
        yield "what survives was too much to look at all of it: state may have been missed"
    for photo in record.photos:
        if photo.trouble:
            yield f"what survived invocation {photo.invocation} could not be looked at: {plain(photo.trouble)}"
    if record.left:
        yield style("error", f"processes that could not be ended: {', '.join(map(str, record.left))}")


def _sum(report: Report) -> str:
    if not report.joined:
        count = len(report.only_seen)
        if not count and report.record.init_error:
            return "Nothing is known of this handler."
        if not count and report.fruitless:
            return "No leaks seen, but no invocation succeeded."
        if not count and not report.record.alive:
            return "No leaks seen up to that."
        return f"{count} leak{'' if count == 1 else 's'} seen." if count else "No leaks seen."
    parts = (
        f"{len(report.confirmed)} confirmed",
        f"{len(report.not_seen)} not seen",
        f"{len(report.only_seen)} only seen at run time",
    )
    one = report.elsewhere == 1
    others = "1 finding is about another handler" if one else f"{report.elsewhere} findings are about other handlers"
    about = f" ({others}.)" if report.elsewhere else ""
    known = "1 finding was seen that is" if report.hidden == 1 else f"{report.hidden} findings were seen that are"
    left_out = f" ({known} suppressed, accepted or left out.)" if report.hidden else ""
    return ", ".join(parts) + "." + about + left_out
