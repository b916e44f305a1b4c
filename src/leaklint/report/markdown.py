"""Markdown: a summary for a pull request or the page of a workflow run."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from leaklint.ir.finding import Finding
from leaklint.report.plain import plain, shortened
from leaklint.report.report import Report
from leaklint.report.text import summary

SPECIAL = re.compile(r"[\\`*_\[\]#|~$]")
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"})
MOST_LINE = 160
MOST_BYTES = 900_000
"""GitHub refuses the summary of a step that is larger than a mebibyte."""


def render(report: Report) -> str:
    """A table of all findings, and below it each with its trace, folded up, for as long as there is room."""
    kept: list[str] = []
    room = MOST_BYTES
    for part in _parts(report):
        room -= len(part.encode("utf-8", "replace")) + 1
        if room < 0:
            kept += ["", "> The rest is left out here, because it is too long."]
            break
        kept.append(part)
    return "\n".join(kept) + "\n"


def _parts(report: Report) -> Iterator[str]:
    """The lines, those of one finding's details together."""
    yield from _lines(report)
    for finding in report.findings:
        yield "\n".join(["", *_details(finding, report)])


def _lines(report: Report) -> Iterator[str]:
    yield "## leaklint"
    yield ""
    yield _escaped(summary(report))
    if report.findings:
        yield ""
        yield "| code | severity | place | message |"
        yield "| --- | --- | --- | --- |"
        for finding in report.findings:
            cells = (finding.code, finding.severity.label, _place(finding), _cell(finding.message))
            yield f"| {' | '.join(cells)} |"
    for note in report.notes:
        yield ""
        yield f"> {_prose(note)}"


def _details(finding: Finding, report: Report) -> Iterator[str]:
    title = html.escape(plain(f"{finding.code} {finding.place.path}:{finding.place.span.line}"))
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield f"{_prose(finding.message)}."
    yield ""
    for number, step in enumerate(finding.trace, 1):
        note = f": {_prose(step.note)}" if step.note else ""
        place = _escaped(f"{step.place.path}:{step.place.span.line}")
        source = report.line(step.place).strip()
        code = f"<br>{_code(shortened(plain(source), MOST_LINE))}" if source else ""
        yield f"{number}. **{step.kind.value}** {place}{note}{code}"
    for title, text in (
        ("Consequence", finding.observed),
        ("Also reached from", ", ".join(finding.handlers[1:])),
        ("Cure", finding.cure),
    ):
        if text:
            yield ""
            yield f"**{title}:** {_prose(text)}"
    yield ""
    yield "</details>"


def _place(finding: Finding) -> str:
    return _escaped(f"{finding.place.path}:{finding.place.span.line}")


def _prose(text: str) -> str:
    """A sentence of ours, whose names stand between backticks."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:
        return _escaped(text)
    return "".join(_code(part) if position % 2 else _escaped(part) for position, part in enumerate(parts))


def _cell(text: str) -> str:
    """A sentence in a table, where a bar ends the cell even inside of code."""
    return re.sub(r"(?<!\\)\|", r"\|", _prose(text))


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return SPECIAL.sub(r"\\\g<0>", plain(text)).translate(ENTITIES)


def _code(text: str) -> str:
    """A span of code, between more backticks than the code has in a row."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"
