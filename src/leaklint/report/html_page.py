"""The HTML report: one page that needs nothing else, with the trace and a timeline of each finding."""

from __future__ import annotations

from collections import Counter
from string import Template

from leaklint import __version__
from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.location import Place
from leaklint.report.fingerprint import fingerprints
from leaklint.report.prose import page as page_of_rule
from leaklint.report.prose import prose, text
from leaklint.report.report import Report
from leaklint.report.text import summary
from leaklint.report.timeline import timeline
from leaklint.rules.catalogue import catalogue
from leaklint.rules.wording import regime

CONTEXT = 3
"""Lines shown before and after a step."""

WORTH_AN_INDEX = 4
"""So many findings are listed at the top of the page."""


def render(report: Report, page: str) -> str:
    """The page; ``page`` is the template with its styles and its script."""
    names = [f"f-{mark[:12]}" for mark in fingerprints(report.findings, report)]
    named = list(zip(names, report.findings, strict=True))
    codes = Counter(each.code for each in report.findings)
    severities = [each for each in sorted(Severity, reverse=True) if report.count(each)]
    count = len(report.handlers)
    return Template(page).substitute(
        summary=text(summary(report)),
        severities="".join(_filter("severity", each.label, report.count(each)) for each in severities),
        codes="".join(_filter("code", code, count) for code, count in sorted(codes.items())),
        notes="".join(f"<p class='note'>{prose(note)}</p>" for note in report.notes),
        index=_index(named) if len(named) >= WORTH_AN_INDEX else "",
        findings="".join(_article(each, name, report) for name, each in named)
        or "<p class='clean'>Nothing outlives an invocation here.</p>",
        rules=_rules(sorted(codes)),
        handler_count=f"{count} handler{'' if count == 1 else 's'}",
        handlers="".join(
            f"<li><code>{text(each.label)}</code> <span class='where'>{_where(each.place)}</span><br>"
            f"<span class='said'>{text(each.platform.value)}: {prose(each.reason)}</span></li>"
            for each in report.handlers
        )
        or "<li>none</li>",
        version=__version__,
    )


def _where(place: Place) -> str:
    return text(f"{place.path}:{place.span.line}")


def _filter(kind: str, word: str, count: int) -> str:
    box = f"<input type='checkbox' data-{kind}='{word}' checked>"
    return f"<label class='{word}'>{box}{word} <b>{count}</b></label>"


def _index(named: list[tuple[str, Finding]]) -> str:
    """All findings in a table that leads to each."""
    rows = "".join(
        f"<tr data-for='{name}'><td class='{each.severity.label}'>{each.code}</td>"
        f"<td><a href='#{name}'>{prose(each.message)}</a></td><td class='where'>{_where(each.place)}</td></tr>"
        for name, each in named
    )
    return (
        f"<section><details class='more'><summary>All {len(named)} findings at a glance</summary>"
        f"<table class='index'>{rows}</table></details></section>"
    )


def _rules(codes: list[str]) -> str:
    """The pages of the rules that found something; a browser unfolds the one that a link leads into."""
    pages = "".join(
        f"<details class='page more'><summary>{code} {text(rule.name)}</summary>"
        f"<div id='{code}'>{page_of_rule(rule.document)}</div></details>"
        for code in codes
        if (rule := catalogue().get(code)) is not None
    )
    return f"<section><b>What the codes mean</b>{pages}</section>" if pages else ""


def _article(finding: Finding, name: str, report: Report) -> str:
    severity = finding.severity.label
    picture = timeline(finding, _marked_source(finding.place, report), _regime(finding, report))
    figure = f"<figure>{picture}<figcaption>{_consequence(finding)}</figcaption></figure>" if picture else ""
    if not picture and finding.observed:
        figure = f"<p class='consequence'>{_consequence(finding)}</p>"
    steps = "".join(_step(step, report, len(finding.trace)) for step in finding.trace)
    cure = f"<dt>Cure</dt><dd class='cure'>{prose(finding.cure)}</dd>" if finding.cure else ""
    others = ", ".join(finding.handlers[1:])
    reached = f"<dt>Also reached from</dt><dd>{prose(others)}</dd>" if others else ""
    return (
        f"<article id='{name}' data-code='{finding.code}' data-severity='{severity}'>"
        f"<p class='badges'><a href='#{name}' class='badge {severity}'>{finding.code} {severity}</a>"
        f"<a class='said' href='#{finding.code}'>{text(finding.name)}</a>"
        f"<span class='where'>{_where(finding.place)}</span></p>"
        f"<h2>{prose(finding.message)}</h2>"
        f"{figure}<h3>Trace</h3><ol class='trace'>{steps}</ol><dl>{cure}{reached}</dl>{_fix(finding, report)}</article>"
    )


def _regime(finding: Finding, report: Report) -> str:
    """What the platform of the handlers that reach a finding makes of pending work."""
    found = {regime(each).value for each in report.handlers if each.label in finding.handlers}
    return found.pop() if len(found) == 1 else "unknown" if found else "resumes-later"


def _consequence(finding: Finding) -> str:
    return f"<b>Consequence:</b> {prose(finding.observed)}" if finding.observed else ""


def _fix(finding: Finding, report: Report) -> str:
    """What a fix would change, as the lines that go and those that come."""
    if not finding.fix:
        return ""
    parts = []
    for edit in finding.edits:
        span = edit.place.span
        lines = report.sources.get(edit.place.path, ())
        old = lines[span.line - 1 : span.end_line - (span.end_column == 1)]
        new = edit.text.splitlines()
        rows = [f"<span class='row gone'><i>-</i>{text(each)}</span>" for each in old]
        rows += [f"<span class='row new'><i>+</i>{text(each)}</span>" for each in new]
        parts.append(f"<p class='where'>{_where(edit.place)}</p><pre>{''.join(rows)}</pre>")
    option = "--fix" if finding.safe else "--fix --unsafe-fixes"
    head = f"<code>leaklint {option} --select {finding.code}</code>"
    return f"<h3>{'Fix' if finding.safe else 'Unsafe fix'}</h3><p>{head}</p>{''.join(parts)}"


def _marked_source(place: Place, report: Report) -> str:
    line, span = report.line(place), place.span
    marked = line[span.column - 1 : span.end_column - 1] if span.end_line == span.line else line[span.column - 1 :]
    return marked or line.strip()


def _step(step: Step, report: Report, steps: int) -> str:
    kind = step.kind.value
    note = f" <span class='said'>{prose(step.note)}</span>" if step.note else ""
    head = f"<b>{kind}</b> <span class='where'>{_where(step.place)}</span>{note}"
    excerpt = _excerpt(step.place, report)
    if not excerpt:
        return f"<li class='{kind}'>{head}</li>"
    unfolded = " open" if step.kind is StepKind.LEAK or steps <= 2 else ""
    line = text(report.line(step.place).strip())
    return (
        f"<li class='{kind}'><details{unfolded}><summary>{head}<code class='line'>{line}</code></summary>"
        f"{excerpt}</details></li>"
    )


def _excerpt(place: Place, report: Report) -> str:
    """The lines around a place, its expression marked, without empty lines at the edges."""
    lines = report.sources.get(place.path, ())
    span = place.span
    if span.line > len(lines):
        return ""
    first = max(span.line - CONTEXT, 1)
    last = min(span.end_line + CONTEXT, span.line + 3 * CONTEXT, len(lines))
    while first < span.line and not lines[first - 1].strip():
        first += 1
    while last > span.line and not lines[last - 1].strip():
        last -= 1
    rows = []
    for number in range(first, last + 1):
        line = lines[number - 1]
        inside = span.line <= number <= span.end_line
        code = _marked(line, place, number) if inside else text(line)
        rows.append(f"<span class='{'row here' if inside else 'row'}'><i>{number}</i>{code}</span>")
    return f"<pre>{''.join(rows)}</pre>"


def _marked(line: str, place: Place, number: int) -> str:
    span = place.span
    begin = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
    end = span.end_column - 1 if number == span.end_line else len(line.rstrip())
    if begin >= end:
        return text(line)
    return f"{text(line[:begin])}<mark>{text(line[begin:end])}</mark>{text(line[end:])}"
