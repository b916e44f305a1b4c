"""The report as text: what was run, each verdict with its evidence, and a line that sums up."""

from __future__ import annotations

from collections.abc import Iterator

from leaklint.confirm.findings import Static
from leaklint.confirm.observation import Observation, Strength
from leaklint.confirm.plan import Regime
from leaklint.confirm.record import Invocation, Line, Record, Work
from leaklint.confirm.verdict import Report
from leaklint.report.plain import plain
from leaklint.report.style import PLAIN, Style

INDENT = "    "
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
    plan, record = report.plan, report.record
    count = len(record.invocations)
    network = (
        "the network as it is" if plan.allow_network else "no network" if record.isolated else "network NOT cut off"
    )
    times = f"{count} time{'' if count == 1 else 's'}"
    yield f"{style('bold', plain(plan.handler))} was run {times}: {REGIMES[plan.regime]}"
    yield style("dim", f"engine {plan.engine_in_use().value}, {network}, fake credentials")
    for each in record.invocations:
        if each.failed:
            yield f"{style('warning', f'invocation {each.number} {_status(each)}')}: {plain(each.error)[:300]}"


def _status(invocation: Invocation) -> str:
    return {"error": "failed", "timeout": "hung", "ended": "ended the process"}.get(invocation.status, "did not return")


def _verdicts(report: Report, style: Style) -> Iterator[str]:
    for confirmed in report.confirmed:
        finding = confirmed.finding
        yield ""
        yield f"{style('error', 'confirmed')}  {_named(finding, style)}"
        for seen in confirmed.observations:
            yield f"{INDENT}{plain(seen.evidence)}"
    for missed in report.not_seen:
        finding = missed.finding
        yield ""
        yield f"{style('info', 'not seen')}   {_named(finding, style)}"
        yield f"{INDENT}{plain(missed.reason)}"
    word = "only seen at run time" if report.joined else "seen"
    for seen in report.only_seen:
        yield ""
        yield f"{style('warning', word)}  {_title(seen, style)}"
        yield f"{INDENT}{plain(seen.evidence)}"
    kept = [each for each in report.asides if each.strength is Strength.KEPT]
    if kept:
        yield ""
        yield style("dim", "kept until it is replaced, which is a leak where somebody reads it first:")
        yield from (f"{INDENT}{plain(each.evidence)}" for each in kept)


def _named(finding: Static, style: Style) -> str:
    return f"{finding.code} {style('place', plain(finding.place))} {plain(finding.message)}"


def _title(seen: Observation, style: Style) -> str:
    """Code, kind, subject and place of an observation."""
    code = f"{seen.code} " if seen.code else ""
    place = f" {style('place', plain(where(seen.lines[0])))}" if seen.lines else ""
    subject = "" if seen.subject in (seen.kind.value, "error") else f" {plain(seen.subject)}"
    return f"{code}{seen.kind.value}{subject}{place}"


def where(line: Line) -> str:
    """``path:line (function)``."""
    return f"{line[0]}:{line[1]} ({line[2]})"


def _trace(record: Record) -> Iterator[str]:
    """All work by the invocation that started it, and whether it was finished, is pending or was lost."""
    for invocation in record.invocations:
        yield f"{INDENT}invocation {invocation.number}: {invocation.status}"
        mine = [each for each in record.work.values() if each.invocation == invocation.number]
        for work in sorted(mine, key=lambda each: each.started):
            place = where(work.lines[0]) if work.lines else "an unknown place"
            yield f"{INDENT * 2}{work.kind} {plain(work.name)}, started at {plain(place)}: {fate(work)}"
        for line in record.printed:
            if line.during == invocation.number:
                by = record.work.get(line.work or "")
                foreign = f"  <- of invocation {by.invocation}" if by and by.invocation != invocation.number else ""
                yield f"{INDENT * 2}printed {plain(line.text)}{foreign}"


def fate(work: Work) -> str:
    """What became of work, in a few words."""
    if work.kind in ("file", "folder"):
        return "removed" if work.ended else "still there"
    if work.lost:
        return work.ended
    if not work.pending_at_return:
        return work.ended or "pending"
    if not work.ended:
        return "pending at the return, never came to its end"
    if work.ended_during > work.invocation:
        return f"pending at the return, {work.ended} inside invocation {work.ended_during}"
    return f"pending at the return, {work.ended} after it"


def _notes(report: Report, style: Style) -> Iterator[str]:
    record = report.record
    if record.init_error:
        yield style("error", f"the handler was never called: {plain(record.init_error)}")
    if record.ended and not record.init_error:
        yield style("error", f"the container did not live to the end: {plain(record.ended)}")
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
        return f"{count} leak{'' if count == 1 else 's'} seen." if count else "No leaks seen."
    parts = (
        f"{len(report.confirmed)} confirmed",
        f"{len(report.not_seen)} not seen",
        f"{len(report.only_seen)} only seen at run time",
    )
    about = f" ({report.elsewhere} findings are about other handlers.)" if report.elsewhere else ""
    return ", ".join(parts) + "." + about
