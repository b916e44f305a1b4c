"""JUnit's XML: a suite a file, a failed test case a finding."""

from __future__ import annotations

from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from leaklint.ir.finding import Finding
from leaklint.report.plain import plain
from leaklint.report.report import Report
from leaklint.report.style import PLAIN
from leaklint.report.text import block


def render(report: Report) -> str:
    """All suites; a run without findings is one test case that passed."""
    total = len(report.findings)
    suites = "".join(
        _suite(path, list(found), report) for path, found in groupby(report.findings, key=lambda each: each.place.path)
    )
    if not total:
        suites = '  <testsuite name="leaklint" tests="1" failures="0" errors="0">\n'
        suites += '    <testcase name="no leaks" classname="leaklint"/>\n  </testsuite>\n'
    head = f'<testsuites name="leaklint" tests="{max(total, 1)}" failures="{total}" errors="0">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{suites}</testsuites>\n'


def _suite(path: str, findings: list[Finding], report: Report) -> str:
    count = len(findings)
    cases = "".join(_case(each, report) for each in findings)
    name = quoteattr(plain(path))
    return f'  <testsuite name={name} tests="{count}" failures="{count}" errors="0">\n{cases}  </testsuite>\n'


def _case(finding: Finding, report: Report) -> str:
    span = finding.place.span
    # `block` has made the text safe for terminals, which leaves no character that XML forbids.
    body = escape(block(finding, report, PLAIN))
    name = quoteattr(plain(f"{finding.code} {finding.name} at line {span.line}, column {span.column}"))
    path = quoteattr(plain(finding.place.path))
    return (
        f'    <testcase name={name} classname={path} file={path} line="{span.line}">\n'
        f'      <failure type="{finding.severity.label}" message={quoteattr(plain(finding.message))}>{body}</failure>\n'
        f"    </testcase>\n"
    )
