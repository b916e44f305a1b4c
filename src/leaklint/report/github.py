"""GitHub's workflow commands: each finding becomes an annotation on its line."""

from __future__ import annotations

from collections.abc import Iterator

from leaklint.ir.finding import Finding, Severity
from leaklint.report.plain import plain
from leaklint.report.report import Report

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report) -> str:
    """A command a finding."""
    return "".join(f"{_command(each)}\n" for each in report.findings)


def _command(finding: Finding) -> str:
    span = finding.place.span
    properties = {
        "title": f"leaklint {finding.code} {finding.name}",
        "file": finding.place.path,
        "line": span.line,
        "endLine": max(span.end_line, span.line),
    }
    if span.line == span.end_line:
        # Columns of several lines make GitHub drop the annotation.
        properties |= {"col": span.column, "endColumn": span.end_column}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{COMMANDS[finding.severity]} {listed}::{'%0A'.join(map(_message, _lines(finding)))}"


def _lines(finding: Finding) -> Iterator[str]:
    yield finding.message
    if finding.observed:
        yield f"Consequence: {finding.observed}"
    for number, step in enumerate(finding.trace, 1) if len(finding.trace) > 1 else ():
        note = f" {step.note}" if step.note else ""
        yield f"{number}. {step.kind.value} {step.place.path}:{step.place.span.line}{note}"
    if finding.cure:
        yield f"Cure: {finding.cure}"


def _message(text: str) -> str:
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
