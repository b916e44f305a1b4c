"""The JSON formats: a list of findings, or one finding a line."""

from __future__ import annotations

import json
from typing import Any

from leaklint.ir.finding import Finding
from leaklint.report.report import Report


def render(report: Report) -> str:
    """A list of objects."""
    return json.dumps([as_object(each) for each in report.findings], indent=2) + "\n"


def render_lines(report: Report) -> str:
    """An object a line."""
    return "".join(json.dumps(as_object(each)) + "\n" for each in report.findings)


def as_object(finding: Finding) -> dict[str, Any]:
    """A finding as the object that both formats print."""
    span = finding.place.span
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.label,
        "path": finding.place.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "message": finding.message,
        "observed": finding.observed,
        "cure": finding.cure,
        "outcome": finding.outcome,
        "handlers": list(finding.handlers),
        "fix": _fix(finding),
        "trace": [
            {
                "kind": step.kind.value,
                "path": step.place.path,
                "line": step.place.span.line,
                "column": step.place.span.column,
                "end_line": step.place.span.end_line,
                "end_column": step.place.span.end_column,
                "note": step.note,
            }
            for step in finding.trace
        ],
    }


def _fix(finding: Finding) -> dict[str, Any] | None:
    if not finding.fix:
        return None
    edits = [
        {
            "path": edit.place.path,
            "line": edit.place.span.line,
            "column": edit.place.span.column,
            "end_line": edit.place.span.end_line,
            "end_column": edit.place.span.end_column,
            "text": edit.text,
        }
        for edit in finding.edits
    ]
    return {"name": finding.fix, "safe": finding.safe, "edits": edits}
