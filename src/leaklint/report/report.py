"""The report: everything a run has to say, in the form that every format is rendered from."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping

import msgspec

from leaklint.ir.facts import Suppression
from leaklint.ir.finding import Finding, Severity
from leaklint.ir.handler import Handler
from leaklint.ir.location import Place

LINE_END = re.compile("\r\n|\r|\n")
"""What Python counts as the end of a line; ``str.splitlines`` knows more."""


class Silenced(msgspec.Struct, frozen=True):
    """A finding that a comment in the source keeps silent."""

    finding: Finding
    by: Suppression


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """Findings with the source that they point at; paths are relative to ``root``."""

    root: str
    """The absolute path of the folder that all paths are relative to."""
    findings: tuple[Finding, ...] = ()
    """Sorted by place and code."""
    silenced: tuple[Silenced, ...] = ()
    handlers: tuple[Handler, ...] = ()
    notes: tuple[str, ...] = ()
    """What the user should know about the run as a whole, each a sentence."""
    files: int = 0
    """How many Python files were read."""
    left_out: tuple[tuple[str, str], ...] = ()
    """What was not read, and why."""
    others: tuple[Finding, ...] = ()
    """Findings that nobody wants to see, where handlers are run that may show them: of codes that are not selected, in
    files that are not named, below the least severity, accepted, or unchanged."""
    hidden: int = 0
    """Findings below the least severity that is shown."""
    accepted: int = 0
    """Findings that the baseline accepts."""
    unchanged: int = 0
    """Findings that touch no changed line, where only changes are asked for."""
    sources: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """The lines of each file that a finding or a step of a trace points at."""

    def source(self, path: str) -> str | None:
        """The text of a file, where a finding points at it."""
        lines = self.sources.get(path)
        return None if lines is None else "\n".join(lines)

    def line(self, place: Place) -> str:
        """The source line on which a place starts, empty where it is not known."""
        lines = self.sources.get(place.path, ())
        return lines[place.span.line - 1] if place.span.line <= len(lines) else ""

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)


def mark(finding: Finding) -> str:
    """How a finding says that a fix mends it: ``[fix]``, ``[unsafe fix]``, or nothing."""
    if not finding.fix:
        return ""
    return "[fix]" if finding.safe else "[unsafe fix]"


def by_place(finding: Finding) -> tuple[Place, str, str]:
    """The order of findings."""
    return finding.place, finding.code, finding.message


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a source text as Python numbers them."""
    return tuple(LINE_END.split(text))


def repathed(report: Report, root: str, rename: Callable[[str], str]) -> Report:
    """The same report with other paths, relative to another root."""
    rename = functools.cache(rename)

    def moved(place: Place) -> Place:
        return Place(rename(place.path), place.span)

    def finding(each: Finding) -> Finding:
        trace = tuple(msgspec.structs.replace(step, place=moved(step.place)) for step in each.trace)
        edits = tuple(msgspec.structs.replace(edit, place=moved(edit.place)) for edit in each.edits)
        return msgspec.structs.replace(each, place=moved(each.place), trace=trace, edits=edits)

    def handler(each: Handler) -> Handler:
        return msgspec.structs.replace(each, path=rename(each.path), place=moved(each.place))

    return dataclasses.replace(
        report,
        root=root,
        findings=tuple(sorted(map(finding, report.findings), key=by_place)),
        silenced=tuple(Silenced(finding(each.finding), each.by) for each in report.silenced),
        others=tuple(map(finding, report.others)),
        handlers=tuple(map(handler, report.handlers)),
        left_out=tuple((rename(path), reason) for path, reason in report.left_out),
        sources={rename(path): lines for path, lines in report.sources.items()},
    )


def merged(reports: tuple[Report, ...], root: str) -> Report:
    """One report of several projects whose paths are relative to the same root."""
    return Report(
        root=root,
        findings=tuple(sorted((each for report in reports for each in report.findings), key=by_place)),
        silenced=tuple(each for report in reports for each in report.silenced),
        others=tuple(each for report in reports for each in report.others),
        handlers=tuple(each for report in reports for each in report.handlers),
        notes=tuple(dict.fromkeys(each for report in reports for each in report.notes)),
        files=sum(report.files for report in reports),
        left_out=tuple(each for report in reports for each in report.left_out),
        hidden=sum(report.hidden for report in reports),
        accepted=sum(report.accepted for report in reports),
        unchanged=sum(report.unchanged for report in reports),
        sources={path: lines for report in reports for path, lines in report.sources.items()},
    )
