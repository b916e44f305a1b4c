"""How many findings there are of each code."""

from __future__ import annotations

import json
from collections import Counter

from leaklint.report.report import Report
from leaklint.report.style import PLAIN, Style


def counted(report: Report) -> list[tuple[int, str, str, str]]:
    """Count, code, name and severity, the most frequent first."""
    counts = Counter((each.code, each.name, each.severity.label) for each in report.findings)
    return [(count, *key) for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]


def render(report: Report, style: Style = PLAIN) -> str:
    """A line a code."""
    rows = counted(report)
    width = max((len(str(row[0])) for row in rows), default=0)
    return "".join(
        f"{count:>{width}}  {style(severity, code)}  {name} ({severity})\n" for count, code, name, severity in rows
    )


def render_json(report: Report) -> str:
    """A list of objects."""
    rows = [
        {"count": count, "code": code, "name": name, "severity": severity}
        for count, code, name, severity in counted(report)
    ]
    return json.dumps(rows, indent=2) + "\n"
