"""One report, with something of everything, that all formats are rendered from."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaklint.ir.facts import Suppression
from leaklint.ir.finding import Edit, Finding, Severity, Step, StepKind
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place, Span
from leaklint.report.report import Report, Silenced, by_place, lines_of

PROJECT = Path(__file__).parent / "project"
LOG, MAIN, NEWS = "bot/log.py", "bot/main.py", "bot/news.py"
SOURCES = {path: (PROJECT / path).read_text(encoding="utf-8") for path in (LOG, MAIN, NEWS)}


def place(path: str, text: str, number: int = 1) -> Place:
    """Where a text stands in a file; it may have several lines."""
    source = SOURCES[path]
    offset = -1
    for _ in range(number):
        offset = source.index(text, offset + 1)
    before, after = source[:offset], source[: offset + len(text)]
    return Place(path, Span(*_point(before), *_point(after)))


def _point(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


APPEND = place(LOG, 'MESSAGES.append({"text": text, "level": level})')
FIRST_CALL = place(MAIN, "log.write(f\"größe → {event['size']}\")")
SECOND_CALL = place(MAIN, 'log.write(event["id"])')
TASK = place(MAIN, 'asyncio.create_task(fetch(event["url"]))')
NOTIFY = place(MAIN, 'notify(\n        event["url"],\n        on_done=lambda answer: log.write(answer),\n    )')

HANDLER = Step(StepKind.HANDLER, place(MAIN, "handler"), "bot.main:handler is called by the platform")

FINDINGS = (
    Finding(
        code="LK101",
        name="module-state-mutated",
        severity=Severity.ERROR,
        place=APPEND,
        message="`MESSAGES` (list) keeps request data: `append` adds `event['size']`",
        observed="`MESSAGES` still holds the messages of the invocations before, and returns them to another caller",
        cure="make the list in the handler, or keep it in a ContextVar that is set and reset around each invocation",
        trace=(
            HANDLER,
            Step(StepKind.CALL, FIRST_CALL, "handler calls bot.log.write"),
            Step(StepKind.LEAK, APPEND, "the list grows"),
            Step(StepKind.DEFINED, place(LOG, "MESSAGES"), "MESSAGES is defined here"),
        ),
        handlers=("bot.main:handler", "bot.main:other_handler"),
        statement=APPEND.span,
    ),
    Finding(
        code="LK202",
        name="task-dropped",
        severity=Severity.ERROR,
        place=TASK,
        message="task of `fetch` is dropped",
        observed="the task is cancelled when `asyncio.run` ends, so `fetch` never runs to its end",
        cure="await it",
        trace=(
            HANDLER,
            Step(StepKind.CALL, place(MAIN, "work(event)"), "handler calls work"),
            Step(StepKind.LEAK, TASK),
        ),
        handlers=("bot.main:handler",),
        outcome="lost",
        statement=TASK.span,
        fix="await",
        safe=True,
        edits=(Edit(Place(MAIN, Span(19, 1, 20, 1)), '    await asyncio.create_task(fetch(event["url"]))\n'),),
    ),
    Finding(
        code="LK302",
        name="callback-api",
        severity=Severity.WARNING,
        place=NOTIFY,
        message="`notify` is given a callback",
        observed="the callback runs in the middle of a later invocation, or never",
        trace=(HANDLER, Step(StepKind.LEAK, NOTIFY)),
        handlers=("bot.main:handler",),
        outcome="resumes-later",
        statement=NOTIFY.span,
    ),
    Finding(
        code="LK102",
        name="module-state-rebound",
        severity=Severity.INFO,
        place=place(MAIN, 'log.write("<b>'),
        message="odd text: <b>&amp; *bold* `tick` | pipe \x1b[31m, 100% of a::b",
        trace=(Step(StepKind.LEAK, place(MAIN, 'log.write("<b>')),),
    ),
    Finding(
        code="LK901",
        name="file-not-analysed",
        severity=Severity.ERROR,
        place=Place(NEWS, Span(1, 11, 1, 12)),
        message="not analysed: cannot be parsed: '(' was never closed",
        trace=(Step(StepKind.LEAK, Place(NEWS, Span(1, 11, 1, 12))),),
    ),
)

SILENCED = Silenced(
    Finding("LK101", "module-state-mutated", Severity.ERROR, SECOND_CALL, "`MESSAGES` keeps request data"),
    Suppression("noqa", ("LK101",), "known since spring", place(MAIN, "# noqa: LK101").span),
)


@pytest.fixture
def sample() -> Report:
    """The report."""
    return Report(
        root="/srv/bot project",
        findings=tuple(sorted(FINDINGS, key=by_place)),
        silenced=(SILENCED,),
        handlers=(
            Handler(
                MAIN,
                "handler",
                "bot.main",
                Platform.AWS_LAMBDA,
                Source.TEMPLATE,
                "template.yaml line 7 names it",
                place(MAIN, "handler"),
            ),
        ),
        notes=("layer `shared` is not in the repository",),
        files=3,
        hidden=2,
        sources={path: lines_of(text) for path, text in SOURCES.items()},
    )


@pytest.fixture
def empty() -> Report:
    """A report of a run that found nothing."""
    return Report(root="/srv/bot", files=1)
