"""The text format: each finding with its source line, its trace with the code of every step, and what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.location import Place
from leaklint.report.plain import plain, shortened, width
from leaklint.report.report import Report, mark
from leaklint.report.style import PLAIN, Style
from leaklint.report.uri import file_uri

KIND_WORDS = {
    StepKind.HANDLER: "handler",
    StepKind.CALL: "call",
    StepKind.LEAK: "leak",
    StepKind.DEFINED: "defined",
    StepKind.RELATED: "related",
}


def render(report: Report, style: Style = PLAIN) -> str:
    """All findings, a blank line between two, and nothing where there are none."""
    return "".join(f"{block(finding, report, style)}\n\n" for finding in report.findings)


def block(finding: Finding, report: Report, style: Style) -> str:
    """One finding."""
    return "\n".join(_lines(finding, report, style))


def _lines(finding: Finding, report: Report, style: Style) -> Iterator[str]:
    places = [finding.place, *(step.place for step in finding.trace)]
    gutter = max(len(str(place.span.line)) for place in places) + 1
    severity = finding.severity.label
    word = " ".join(each for each in (finding.code, severity, mark(finding)) if each)
    yield f"{style(severity, word)}{style('bold', f': {plain(finding.message)}')}"
    yield f"{' ' * (gutter - 1)}{style('place', '-->')} {_place(finding.place, report, style)}"
    yield from _snippet(finding.place, report, style, gutter)
    if len(finding.trace) > 1:
        yield from _trace(finding.trace, report, style, gutter)
    remarks = [
        ("consequence", finding.observed),
        ("also reached from", ", ".join(finding.handlers[1:])),
        ("cure", finding.cure),
        ("more", f"leaklint explain {finding.code}"),
    ]
    for title, remark in remarks:
        if remark:
            yield from _remark(title, remark, style, gutter)


def _remark(title: str, text: str, style: Style, gutter: int) -> Iterator[str]:
    """A remark, in several lines where the terminal is narrow."""
    room = max(style.columns - gutter - 2, 30) if style.columns else 0
    lines = textwrap.wrap(f"{title}: {plain(text)}", room, break_on_hyphens=False) if room else [plain(text)]
    first = lines[0].removeprefix(f"{title}: ")
    yield f"{' ' * gutter}{style('place', '=')} {style('bold', title)}: {first}"
    for line in lines[1:]:
        yield f"{' ' * (gutter + 4)}{line}"


def _place(place: Place, report: Report, style: Style) -> str:
    shown = f"{plain(place.path)}:{place.span.line}:{place.span.column}"
    return style.link(f"{file_uri(report.root, place.path)}#{place.span.line}", shown) if style.links else shown


def _snippet(place: Place, report: Report, style: Style, gutter: int) -> Iterator[str]:
    """The source line with carets under the expression, cut around it where the terminal is narrow."""
    source = report.line(place)
    if not source.strip():
        return
    span = place.span
    end = span.end_column - 1 if span.end_line == span.line else len(source.rstrip())
    before = plain(source[: span.column - 1])
    marked = plain(source[span.column - 1 : max(end, span.column)])
    after = plain(source[max(end, span.column) :].rstrip())
    unindented = before.lstrip()
    indent = min(len(before) - len(unindented), 4) if unindented != before else 0
    before = " " * indent + unindented
    if style.columns:
        room = max(style.columns - gutter - 3, 20)
        if width(before) > room // 2:
            before = "…" + before[-(room // 2) :]
        marked = shortened(marked, max(room - width(before), 8))
        after = shortened(after, max(room - width(before) - width(marked), 0)) if after else ""
    bar = style("place", "|")
    yield f"{' ' * gutter}{bar}"
    yield f"{style('place', str(span.line).rjust(gutter - 1))} {bar} {before}{marked}{after}"
    carets = "^" * max(width(marked), 1)
    more = " …" if span.end_line > span.line else ""
    yield f"{' ' * gutter}{bar} {' ' * width(before)}{style('caret', carets + more)}"


def _trace(trace: tuple[Step, ...], report: Report, style: Style, gutter: int) -> Iterator[str]:
    yield f"{' ' * gutter}{style('place', '|')}"
    yield f"{' ' * gutter}{style('place', '=')} {style('bold', 'trace')}:"
    number_width = len(str(len(trace)))
    indent = " " * (gutter + 2)
    for number, step in enumerate(trace, 1):
        note = f"  {plain(step.note)}" if step.note else ""
        word = KIND_WORDS[step.kind]
        yield f"{indent}{number:>{number_width}}. {word:<7}  {style('place', _place(step.place, report, style))}{note}"
        source = plain(report.line(step.place).strip())
        if source:
            code_indent = f"{indent}{' ' * (number_width + 2)}"
            room = max(style.columns - len(code_indent) - 2, 20) if style.columns else 0
            yield f"{code_indent}{style('dim', '> ' + (shortened(source, room) if room else source))}"


def summary(report: Report, style: Style = PLAIN) -> str:
    """One sentence that counts: what was found, in how many files, behind how many handlers."""
    counted = [_counted(report.count(each), each.label) for each in sorted(Severity, reverse=True)]
    found = ", ".join(each for each in counted if each)
    files = _counted(report.files, "file") or "0 files"
    handlers = _counted(len(report.handlers), "handler") or "no handlers"
    verdict = style("bold", f"Found {found}") if found else style("cure", "No leaks found")
    fixes = _fixes(report)
    asides = []
    if report.silenced:
        asides.append(f"{len(report.silenced)} suppressed")
    if report.accepted:
        asides.append(f"{report.accepted} in the baseline")
    if report.unchanged:
        asides.append(f"{report.unchanged} in unchanged lines")
    if report.hidden:
        asides.append(f"{report.hidden} hidden below the least severity")
    return f"{verdict} in {files}; {handlers}.{fixes}" + (f" Not shown: {', '.join(asides)}." if asides else "")


def _fixes(report: Report) -> str:
    """How many findings fixes mend, and the options that do it."""
    safe = sum(bool(each.fix) and each.safe for each in report.findings)
    unsafe = sum(bool(each.fix) and not each.safe for each in report.findings)
    parts = [f"{safe} mended by --fix"] if safe else []
    parts += [f"{unsafe} {'more ' if safe else ''}by --fix --unsafe-fixes"] if unsafe else []
    return f" Fixes: {', '.join(parts)}." if parts else ""


def _counted(number: int, noun: str) -> str:
    if not number:
        return ""
    if noun == "info":
        return f"{number} info"
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
