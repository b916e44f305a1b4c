"""The concise format: one line a finding, ``path:line:column: CODE message``, as flake8 prints it."""

from __future__ import annotations

from leaklint.report.plain import plain
from leaklint.report.report import Report
from leaklint.report.style import PLAIN, Style


def render(report: Report, style: Style = PLAIN) -> str:
    """All findings, a line each."""
    return "".join(
        f"{style('bold', plain(each.place.path))}:{each.place.span.line}:{each.place.span.column}: "
        f"{style(each.severity.label, each.code)} {plain(each.message)}\n"
        for each in report.findings
    )
