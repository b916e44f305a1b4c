"""The HTML report: one page that needs nothing else, with the trace and a timeline of each finding."""

from __future__ import annotations

from collections import Counter
from html import escape
from string import Template

from leaklint import __version__
from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.location import Place
from leaklint.report.fingerprint import fingerprints
from leaklint.report.plain import plain
from leaklint.report.report import Report
from leaklint.report.text import summary
from leaklint.report.timeline import timeline

CONTEXT = 3
"""Lines shown before and after a step."""


def render(report: Report, page: str) -> str:
    """The page; ``page`` is the template with its styles and its script."""
    marks = fingerprints(report.findings, report)
    articles = [_article(each, mark, report) for each, mark in zip(report.findings, marks, strict=True)]
    codes = Counter(each.code for each in report.findings)
    severities = [each for each in sorted(Severity, reverse=True) if report.count(each)]
    return Template(page).substitute(
        summary=_text(summary(report)),
        severities="".join(_filter("severity", each.label, report.count(each)) for each in severities),
        codes="".join(_filter("code", code, count) for code, count in sorted(codes.items())),
        notes="".join(f"<p class='note'>{_prose(note)}</p>" for note in report.notes),
        findings="".join(articles) or "<p class='clean'>Nothing outlives an invocation here.</p>",
        handlers="".join(
            f"<li><code>{_text(each.label)}</code> <span class='where'>{_where(each.place)}</span><br>"
            f"{_text(each.platform.value)}: {_prose(each.reason)}</li>"
            for each in report.handlers
        )
        or "<li>none</li>",
        version=__version__,
    )


def _text(text: str) -> str:
    return escape(plain(text))


def _prose(text: str) -> str:
    """A sentence of ours, whose names stand between backticks."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:
        return _text(text)
    return "".join(f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(parts))


def _where(place: Place) -> str:
    return _text(f"{place.path}:{place.span.line}")


def _filter(kind: str, word: str, count: int) -> str:
    box = f"<input type='checkbox' data-{kind}='{word}' checked>"
    return f"<label class='{word}'>{box} {word} <b>{count}</b></label>"


def _article(finding: Finding, mark: str, report: Report) -> str:
    severity = finding.severity.label
    picture = timeline(finding, _marked_source(finding.place, report))
    figure = f"<figure>{picture}<figcaption>{_sentence(finding.observed)}</figcaption></figure>" if picture else ""
    if not picture and finding.observed:
        figure = f"<p>{_sentence(finding.observed)}</p>"
    steps = "".join(_step(step, report, len(finding.trace)) for step in finding.trace)
    remarks = [("Cure", finding.cure), ("Also reached from", ", ".join(finding.handlers[1:]))]
    listed = "".join(f"<dt>{title}</dt><dd>{_prose(text)}</dd>" for title, text in remarks if text)
    return (
        f"<article id='f-{mark[:12]}' data-code='{finding.code}' data-severity='{severity}'>"
        f"<h2><a href='#f-{mark[:12]}' class='{severity}'>{finding.code}</a> {_prose(finding.message)}</h2>"
        f"<p class='where'><span class='{severity}'>{severity}</span> {_text(finding.name)} · "
        f"{_where(finding.place)}</p>"
        f"{figure}<h3>Trace</h3><ol>{steps}</ol><dl>{listed}</dl></article>"
    )


def _sentence(text: str) -> str:
    return f"<b>Consequence:</b> {_prose(text)}" if text else ""


def _marked_source(place: Place, report: Report) -> str:
    line, span = report.line(place), place.span
    marked = line[span.column - 1 : span.end_column - 1] if span.end_line == span.line else line[span.column - 1 :]
    return marked or line.strip()


def _step(step: Step, report: Report, steps: int) -> str:
    note = f" <span class='said'>{_prose(step.note)}</span>" if step.note else ""
    head = f"<b>{step.kind.value}</b> <span class='where'>{_where(step.place)}</span>{note}"
    excerpt = _excerpt(step.place, report)
    if not excerpt:
        return f"<li>{head}</li>"
    unfolded = " open" if step.kind is StepKind.LEAK or steps <= 2 else ""
    line = _text(report.line(step.place).strip())
    return f"<li><details{unfolded}><summary>{head}<code>{line}</code></summary>{excerpt}</details></li>"


def _excerpt(place: Place, report: Report) -> str:
    """The lines around a place, its expression marked."""
    lines = report.sources.get(place.path, ())
    span = place.span
    if span.line > len(lines):
        return ""
    first = max(span.line - CONTEXT, 1)
    last = min(span.end_line + CONTEXT, span.line + 3 * CONTEXT, len(lines))
    rows = []
    for number in range(first, last + 1):
        text = lines[number - 1]
        inside = span.line <= number <= span.end_line
        code = _marked(text, place, number) if inside else _text(text)
        rows.append(f"<span class='{'row here' if inside else 'row'}'><i>{number}</i>{code}</span>")
    return f"<pre>{''.join(rows)}</pre>"


def _marked(text: str, place: Place, number: int) -> str:
    span = place.span
    begin = span.column - 1 if number == span.line else len(text) - len(text.lstrip())
    end = span.end_column - 1 if number == span.end_line else len(text.rstrip())
    if begin >= end:
        return _text(text)
    return f"{_text(text[:begin])}<mark>{_text(text[begin:end])}</mark>{_text(text[end:])}"
