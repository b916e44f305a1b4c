"""GitLab's code quality report."""

from __future__ import annotations

import json

from leaklint.ir.finding import Severity
from leaklint.report.fingerprint import fingerprints
from leaklint.report.plain import plain
from leaklint.report.report import Report

SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report) -> str:
    """A list of issues; GitLab takes those with the same fingerprint for one, so that all differ."""
    issues = [
        {
            "check_name": finding.code,
            "description": plain(f"{finding.code} {finding.message}"),
            "severity": SEVERITIES[finding.severity],
            "fingerprint": mark,
            "location": {
                "path": finding.place.path,
                "positions": {
                    "begin": {"line": finding.place.span.line, "column": finding.place.span.column},
                    "end": {"line": finding.place.span.end_line, "column": finding.place.span.end_column},
                },
            },
        }
        for finding, mark in zip(report.findings, fingerprints(report.findings, report), strict=True)
    ]
    return json.dumps(issues, indent=2) + "\n"
