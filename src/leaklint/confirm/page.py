"""The report as one HTML file: the timeline, the verdicts, what was printed, and nothing that is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from leaklint.confirm.observation import Strength
from leaklint.confirm.picture import render as picture
from leaklint.confirm.text import REGIMES, described, failures, fate, surroundings, title
from leaklint.confirm.verdict import Report
from leaklint.report.plain import plain

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2129; --soft: #5b6472; --line: #d5dae1; --leak: #c2351b;
  --calm: #2f6f4f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --ink: #e4e7ec; --soft: #9aa4b2; --line: #333a45;
  --leak: #ff7a5c; --calm: #57b88a; } }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
  background: var(--paper); color: var(--ink); }
h1 { font-size: 1.6rem; margin: .5rem 0; }
figure { margin: 1rem 0; border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
figure svg { display: block; max-width: 100%; min-width: 44rem; height: auto; }
article { border-left: 4px solid var(--line); padding: .1rem 1rem; margin: 1rem 0; }
article.leak { border-color: var(--leak); } article.calm { border-color: var(--calm); }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .25rem; } article h2 { margin: .25rem 0; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
pre { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .75rem; margin: .5rem 0;
  white-space: pre-wrap; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 600; overflow-wrap: normal; }
th, td { padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.failed { color: var(--leak); }
pre b { color: var(--leak); font-weight: inherit; }
"""


def render(report: Report) -> str:
    """The whole page."""
    heading = f"leaklint confirm {plain(report.plan.handler)}"
    body = "\n".join(
        [*_head(report), f"<figure>{picture(report)}</figure>", *_verdicts(report), *_work(report), *_printed(report)]
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    record = report.record
    count = len(record.invocations)
    yield f"<h1>{escape(plain(report.plan.handler))}</h1>"
    yield (
        f'<p class="soft">{count} invocation{"" if count == 1 else "s"}: {escape(REGIMES[report.plan.regime])}; '
        f"{escape(surroundings(report))}.</p>"
    )
    yield from (f'<p class="failed">{escape(each)}</p>' for each in failures(record))
    trouble = record.init_error or record.ended
    if trouble:
        yield f'<article class="leak"><p>{escape(plain(trouble))}</p></article>'


def _verdicts(report: Report) -> Iterator[str]:
    for confirmed in report.confirmed:
        finding = confirmed.finding
        heading = f"confirmed: {finding.code} {finding.place}"
        yield _article("leak", heading, [finding.message, *(each.evidence for each in confirmed.observations)])
    for seen in report.only_seen:
        word = "only seen at run time" if report.joined else "seen"
        yield _article("leak", f"{word}: {title(seen)}", [seen.evidence])
    for seen in report.shown:
        yield _article("leak", "callers see it", [seen.evidence])
    for missed in report.not_seen:
        heading = f"not seen: {missed.finding.code} {missed.finding.place}"
        yield _article("calm", heading, [missed.finding.message, missed.reason])
    kept = [each.evidence for each in report.asides if each.strength is Strength.KEPT]
    if kept:
        yield _article("calm", "kept until it is replaced", kept)
    if not (report.leaks or report.not_seen or kept):
        reason = ["No invocation succeeded."] if report.fruitless else []
        yield _article("calm", "nothing that leaks was seen", reason)


def _article(style: str, heading: str, paragraphs: list[str]) -> str:
    said = "".join(f"<p>{escape(plain(each))}</p>" for each in paragraphs)
    return f'<article class="{style}"><h2>{escape(plain(heading))}</h2>{said}</article>'


def _work(report: Report) -> Iterator[str]:
    """All work by the invocation that started it: the account of what was created and what became of it."""
    record = report.record
    if not record.work:
        return
    yield "<h2>Work</h2><table><tr><th>invocation</th><th>what was started, and where</th><th>its end</th></tr>"
    for work in sorted(record.work.values(), key=lambda each: (each.invocation, each.started)):
        left = ' class="failed"' if work.pending_at_return or work.lost else ""
        said = escape(plain(described(work))), escape(plain(fate(work, record)))
        yield f"<tr><td>{work.invocation or 'import'}</td><td>{said[0]}</td><td{left}>{said[1]}</td></tr>"
    yield "</table>"


def _printed(report: Report) -> Iterator[str]:
    """The output, each line under the invocation that it was printed in; foreign lines are marked."""
    record = report.record
    if not record.printed:
        return
    yield "<h2>Output</h2><pre>"
    for number in sorted({line.during for line in record.printed} | {each.number for each in record.invocations}):
        if number or any(not line.during for line in record.printed):
            yield f'<span class="soft">{f"invocation {number}" if number else "import"}</span>'
        for line in record.printed:
            if line.during == number:
                by = record.work.get(line.work or "")
                said = escape(plain(line.text))
                foreign = by is not None and by.invocation != number
                yield f"  <b>{said}   (of invocation {by.invocation})</b>" if foreign and by else f"  {said}"
    yield "</pre>"
