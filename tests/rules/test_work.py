"""Obligations: work and resources that are not settled, what becomes of them, and in which words."""

from __future__ import annotations

import pytest
from rules.built import AWS, EVENT, SERVERS, findings, handler, opened, said

from leaklint.ir.effects import Lifetime, Outcome, Pending, Regime, Settled, Subject, Work
from leaklint.ir.handler import Handler, Platform
from leaklint.ir.location import Span
from leaklint.rules import wording

LEAVES = Span(12, 9, 12, 15)
AZURE = handler(Platform.AZURE)
MANAGED = handler(Platform.AWS_LAMBDA_MANAGED)
BLOCKING = [Work.THREAD, Work.TIMER, Work.FUTURE, Work.PROCESS, Work.BUFFER]


@pytest.mark.parametrize(
    ("pending", "expected", "words"),
    [
        (opened(Work.COROUTINE), "LK201 error", "coroutine save() is never awaited: its body never runs"),
        (opened(Work.TASK), "LK202 error", "task running save() is dropped and not awaited before the handler returns"),
        (opened(Work.TASK, held=True), "LK203 error", "task running save() is kept and not awaited"),
        (opened(Work.THREAD), "LK204 error", "thread running save() is not joined before the handler returns"),
        (opened(Work.THREAD, daemon=True), "LK204 error", "daemon thread running save() is not joined"),
        (opened(Work.THREAD, callee=""), "LK204 error", "thread is not joined"),
        (opened(Work.TIMER), "LK205 error", "timer for save() is not finished before the handler returns"),
        (opened(Work.FUTURE), "LK206 error", "future of save() is not waited for before the handler returns"),
        (opened(Work.PROCESS), "LK207 error", "process running save() is not waited for before the handler returns"),
        (opened(Work.PROCESS, callee="", operation="Popen"), "LK207 error", "process (Popen) is not waited for"),
        (opened(Work.BUFFER, operation="produce"), "LK211 error", "buffer of the client is fed (produce) and not fl"),
        (opened(Work.FILE, operation="open"), "LK110 warning", "file made under /tmp (open) is not removed before"),
        (opened(Work.FILE, request=EVENT), "LK110 warning", ', and it holds request data (event["id"])'),
        (opened(Work.FILE, constant_name=True), "LK110 warning", "is overwritten by each invocation and not removed"),
        (opened(Work.LIBRARY_CONTEXT, row="structlog.bind"), "LK111 warning", "put into the context of structlog and"),
        (opened(Work.LIBRARY_CONTEXT, request=EVENT), "LK111 error", 'request data (event["id"]) is put into the con'),
        (opened(Work.TOKEN), "LK401 warning", "ContextVar is set and not reset before the handler returns"),
        (opened(Work.TOKEN, request=EVENT), "LK401 error", 'request data (event["id"]) is set in ContextVar and not'),
    ],
)
def test_what_is_opened_decides_the_code(pending: Pending, expected: str, words: str) -> None:
    severity, message = said(pending)
    assert severity == expected
    assert words in message


def test_names_of_what_holds_it() -> None:
    task = opened(Work.TASK, held=True, subject=Subject(Lifetime.MODULE, "TASKS", "set"))
    assert "is kept in TASKS and not awaited" in said(task)[1]
    token = opened(Work.TOKEN, subject=Subject(Lifetime.CONTEXT_VARIABLE, "USER"))
    assert "ContextVar USER is set" in said(token)[1]
    buffer = opened(Work.BUFFER, subject=Subject(Lifetime.MODULE, "PRODUCER"), instead="flush()")
    (finding,) = findings(buffer)
    assert "buffer of PRODUCER is fed" in finding.message
    assert finding.cure == "use flush()"


SETTLED = [
    (Settled.SOME_PATHS, "on the path that leaves at line 12"),
    (Settled.UNCERTAIN, "with certainty before the handler returns"),
    (Settled.NORMAL_PATHS, "when an exception skips it"),
]


@pytest.mark.parametrize("work", [Work.TASK, *BLOCKING])
@pytest.mark.parametrize(("settled", "words"), SETTLED)
def test_settled_on_some_paths(work: Work, settled: Settled, words: str) -> None:
    severity, message = said(opened(work, held=True, settled=settled, skipped_at=LEAVES))
    assert severity.endswith(" info" if settled is Settled.NORMAL_PATHS else " warning")
    assert words in message


@pytest.mark.parametrize("work", [Work.LIBRARY_CONTEXT, Work.TOKEN])
@pytest.mark.parametrize(("settled", "words"), SETTLED)
def test_what_is_state_stays_a_warning_when_only_an_exception_skips_the_reset(
    work: Work, settled: Settled, words: str
) -> None:
    severity, message = said(opened(work, request=EVENT, settled=settled, skipped_at=LEAVES))
    assert severity.endswith(" warning")
    assert words in message


def test_a_file_whose_removal_an_exception_skips_is_advice() -> None:
    assert said(opened(Work.FILE, settled=Settled.NORMAL_PATHS))[0] == "LK110 info"


def test_a_coroutine_awaited_on_some_paths() -> None:
    severity, message = said(opened(Work.COROUTINE, settled=Settled.SOME_PATHS, skipped_at=LEAVES))
    assert severity == "LK201 warning"
    assert "is not awaited on the path that leaves at line 12" in message


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("", "is never awaited"),
        ("unread", "is kept in an attribute that nothing reads"),
        ("iterated", "async generator save() is iterated with a plain for"),
        ("in some new way", "is never awaited"),
    ],
)
def test_how_a_coroutine_is_dropped(how: str, words: str) -> None:
    assert words in said(opened(Work.COROUTINE, how_dropped=how))[1]


OUTCOMES = [
    # A coroutine is lost wherever it is.
    (opened(Work.COROUTINE), AWS, Outcome.LOST, "its body never runs"),
    (opened(Work.COROUTINE), AZURE, Outcome.LOST, "its body never runs"),
    # asyncio.run cancels, also on platforms that do not freeze.
    (opened(Work.TASK, regime=Regime.RUN), AWS, Outcome.LOST, "asyncio.run cancels it at its first suspension"),
    (opened(Work.TASK, regime=Regime.RUN), AZURE, Outcome.LOST, "asyncio.run cancels it"),
    (opened(Work.TIMER, regime=Regime.RUN), AWS, Outcome.LOST, "its loop is closed before it fires"),
    # Then the platform decides.
    (opened(Work.TASK, regime=Regime.OPEN), AZURE, Outcome.RUNS_ON, "it runs on and overlaps later requests"),
    (opened(Work.TASK), MANAGED, Outcome.RUNS_ON, "it runs on and overlaps later requests"),
    (opened(Work.THREAD), AZURE, Outcome.RUNS_ON, "it runs on and overlaps later requests"),
    (opened(Work.THREAD, outcome=Outcome.RESUMES_LATER), AZURE, Outcome.RUNS_ON, "it runs on"),
    (opened(Work.BUFFER, by_hand=True), AZURE, Outcome.RUNS_ON, "sent while later requests are served"),
    # Then the loop.
    (opened(Work.TASK, regime=Regime.OPEN), AWS, Outcome.RESUMES_LATER, "resumes when that loop runs again"),
    (opened(Work.TIMER, regime=Regime.OPEN), AWS, Outcome.RESUMES_LATER, "resumes when that loop runs again"),
    (opened(Work.TASK), AWS, Outcome.UNKNOWN, "at run time it may finish"),
    # A row knows that no loop is involved.
    (opened(Work.TIMER, regime=Regime.RUN, outcome=Outcome.RESUMES_LATER), AWS, Outcome.RESUMES_LATER, "frozen at"),
    (opened(Work.FUTURE, outcome=Outcome.LOST), AWS, Outcome.LOST, "it is lost"),
    # What no loop runs is frozen.
    *[(opened(work, regime=Regime.RUN), AWS, Outcome.RESUMES_LATER, "resumes") for work in BLOCKING if work != "timer"],
    *[(opened(work), AWS, Outcome.RESUMES_LATER, "resumes inside a later invocation, or never") for work in BLOCKING],
]


@pytest.mark.parametrize(("pending", "where", "outcome", "words"), OUTCOMES)
def test_outcome(pending: Pending, where: Handler, outcome: Outcome, words: str) -> None:
    (finding,) = findings(pending, where)
    assert finding.outcome == outcome.value
    assert words in finding.message
    assert finding.observed


def test_what_no_handler_reaches_has_no_known_end() -> None:
    assert wording.outcome(opened(Work.TASK), ()) is Outcome.UNKNOWN
    assert wording.outcome(opened(Work.TASK, regime=Regime.RUN), ()) is Outcome.LOST
    assert wording.outcome(opened(Work.TASK, regime=Regime.OPEN), ()) is Outcome.UNKNOWN


def test_one_platform_that_freezes_is_enough() -> None:
    (finding,) = findings(opened(Work.THREAD), AZURE, AWS)
    assert finding.outcome == "resumes-later"


@pytest.mark.parametrize("server", [AZURE, MANAGED, handler(Platform.WEB)])
def test_what_sends_in_the_background_is_left_alone_where_the_process_has_time_between_requests(
    server: Handler,
) -> None:
    assert findings(opened(Work.BUFFER), server) == []
    assert said(opened(Work.BUFFER, by_hand=True), server)[0] == "LK211 error"
    assert said(opened(Work.BUFFER), server, AWS)[0] == "LK211 error"
    assert said(opened(Work.BUFFER), handler(Platform.GOOGLE))[0] == "LK211 error"


@pytest.mark.parametrize("server", [*SERVERS, MANAGED])
def test_a_kept_task_is_a_warning_where_it_runs_on(server: Handler) -> None:
    kept = opened(Work.TASK, held=True, regime=Regime.OPEN)
    assert said(kept, server)[0] == "LK203 warning"
    assert said(kept, server, AWS)[0] == "LK203 error"
    assert said(opened(Work.TASK, regime=Regime.OPEN), server)[0] == "LK202 error"
    assert said(opened(Work.TASK, held=True, regime=Regime.RUN), server)[0] == "LK203 error"


@pytest.mark.parametrize(
    ("fields", "expected", "words"),
    [
        ({"regime": Regime.OPEN, "operation": "asyncio.gather"}, "LK208 warning", "gather() without return_exceptions"),
        ({"regime": Regime.OPEN, "operation": "wait_for"}, "LK208 warning", "wait_for() that ends early leaves"),
        ({"regime": Regime.OPEN, "settled": Settled.NORMAL_PATHS}, "LK208 info", "leaves the rest running"),
        ({"regime": Regime.RUN}, "", ""),
        ({"regime": Regime.NONE}, "", ""),
    ],
)
def test_siblings(fields: dict[str, object], expected: str, words: str) -> None:
    severity, message = said(opened(Work.SIBLINGS, **fields))
    assert severity == expected
    assert words in message


def test_generator_left_early() -> None:
    severity, message = said(opened(Work.GENERATOR, regime=Regime.OPEN))
    assert severity == "LK208 warning"
    assert "async generator save() is left early and not closed" in message
    assert said(opened(Work.GENERATOR), AZURE)[0] == "LK208 warning"
    assert said(opened(Work.GENERATOR), AWS)[0] == ""


def test_files_of_one_name_race_where_invocations_share_the_folder() -> None:
    file = opened(Work.FILE, constant_name=True)
    assert "overwrite each other's file" in findings(file, MANAGED)[0].observed
    assert "overwrite each other's file" not in findings(file, AWS)[0].observed
