"""Reads, closings, hand-overs, caches and declarations: which code, how bad, and in which words."""

from __future__ import annotations

import pytest
from rules.built import AWS, EVENT, SERVERS, SITE, findings, handler, said

from leaklint.ir.effects import (
    AnyEffect,
    Cached,
    Close,
    Consume,
    Create,
    Declare,
    Defer,
    Lifetime,
    Read,
    Settled,
    Site,
    Subject,
)
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Span

LEAVES = Span(12, 9, 12, 15)
AZURE = handler(Platform.AZURE)
CONNECTION = Subject(Lifetime.MODULE, "CONNECTION", "Connection")
LISTENERS = Subject(Lifetime.MODULE, "LISTENERS", "list")
USER = Subject(Lifetime.CONTEXT_VARIABLE, "USER")


def cached(**fields: object) -> Cached:
    return Cached(site=SITE, subject=Subject(Lifetime.FUNCTION, "app.load"), request=EVENT, **fields)  # type: ignore[arg-type]


def defer(api: str, **fields: object) -> Defer:
    return Defer(**{"site": SITE, "api": api, "callee": "done", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("effect", "expected", "words"),
    [
        (cached(bounded=True), "", ""),
        (cached(), "LK105 warning", 'request data (event["id"]) is an argument of cached function load(), which keeps'),
        (cached(pure=False), "LK105 warning", "keeps every result and has no bound"),
        (cached(bounded=True, pure=False), "LK105 warning", "reads the outside world once"),
        (cached(bounded=True, side_effects=True), "LK105 error", "which has side effects"),
        (cached(bounded=True, missing=("ContextVar TENANT",)), "LK105 error", "depends on (ContextVar TENANT)"),
        (
            Cached(site=SITE, operation="load", bounded=True, missing=("TENANT",)),
            "LK105 error",
            "cached function load(), whose key lacks what the result depends on (TENANT)",
        ),
        (
            Close(site=SITE, subject=CONNECTION, operation="CONNECTION.close"),
            "LK107 error",
            "module-level Connection CONNECTION is closed (close) and not opened again for the next invocation",
        ),
        (
            Close(site=SITE, subject=CONNECTION, settled=Settled.SOME_PATHS, skipped_at=LEAVES),
            "LK107 warning",
            "not opened again on the path that leaves at line 12",
        ),
        (Close(site=SITE, subject=CONNECTION, settled=Settled.NORMAL_PATHS), "LK107 warning", "when an exception"),
        (
            Consume(site=SITE, subject=Subject(Lifetime.MODULE, "STEPS", "generator"), operation="for"),
            "LK109 warning",
            "module-level generator STEPS is consumed (for): it does not start again",
        ),
        (
            Read(
                site=SITE, origin="loop", row="httpx.AsyncClient", subject=Subject(Lifetime.MODULE, "C", "AsyncClient")
            ),
            "LK210 error",
            "module-level AsyncClient C belongs to one event loop",
        ),
        (Read(site=SITE, origin="loop", row="asyncio.Lock", subject=CONNECTION), "LK210 warning", "asyncio.run makes"),
        (Read(site=SITE, origin="unset", subject=USER), "LK406 warning", "ContextVar USER is read without a default"),
        (
            Read(site=SITE, origin="unset", subject=USER, settled=Settled.SOME_PATHS, skipped_at=LEAVES),
            "LK406 warning",
            "nothing has set it on the path that leaves at line 12",
        ),
        (Read(site=SITE, origin="something else"), "", ""),
        (
            defer("callback-api", operation="pool.apply_async"),
            "LK302 warning",
            "apply_async() is given a callback done",
        ),
        (defer("callback-api", instead="get()"), "LK302 warning", "get() waits for the result"),
        (defer("callback-api", settled=Settled.NORMAL_PATHS), "LK302 info", "may run in a later invocation"),
        (defer("done-callback"), "LK301 warning", "done-callback done() may run in a later invocation, or never"),
        (defer("done-callback", settled=Settled.SOME_PATHS), "LK301 warning", "is not waited for on at least one path"),
        (
            defer("parameter", subject=LISTENERS, operation="on_done"),
            "LK303 warning",
            "callback parameter on_done is kept in module-level list LISTENERS, and may be called in a later invocation",
        ),
        (
            defer("parameter", to_work=True, operation="on_done", settled=Settled.SOME_PATHS),
            "LK303 warning",
            "callback parameter on_done is handed to deferred work, and is not waited for on at least one path: it may",
        ),
        (defer("node"), "LK303 error", "requires a third parameter, which AWS Lambda never passes"),
        (Declare(site=SITE, what="node-handler"), "LK303 error", "entry point handler requires a third parameter"),
        (
            defer("context", subject=USER, operation="pool.submit"),
            "LK403 warning",
            "done() reads ContextVar USER, but runs where the context does not follow (submit)",
        ),
        (
            Create(site=SITE, what="mutable-default", subject=Subject(name="TAGS", type="list")),
            "LK402 warning",
            "mutable default (list) of ContextVar TAGS is shared by every context",
        ),
        (Create(site=SITE, what="in-function", subject=USER), "LK405 warning", "ContextVar USER is created inside a f"),
        (Create(site=SITE, what="something else"), "", ""),
        (Declare(site=SITE, what="async-without-await"), "LK501 warning", "async def handler awaits nothing"),
        (Declare(site=SITE, what="something else"), "", ""),
    ],
)
def test_code_severity_and_words(effect: AnyEffect, expected: str, words: str) -> None:
    severity, message = said(effect)
    assert severity == expected
    assert words in message


@pytest.mark.parametrize(
    ("taken", "kind", "severity"),
    [
        ("uuid.uuid4", "id", "error"),
        ("ulid.new", "id", "error"),
        ("secrets.token_hex", "random", "error"),
        ("datetime.date.today", "clock", "error"),
        ("datetime.datetime.now", "clock", "error"),
        ("time.strftime", "clock", "error"),
        ("time.time", "clock", "warning"),
        ("time.time_ns", "clock", "warning"),
        ("time.monotonic", "clock", "warning"),
        ("random.random", "random", "warning"),
        ("numpy.random.rand", "random", "warning"),
        ("faker.number", "random", "warning"),
    ],
)
def test_snapshots(taken: str, kind: str, severity: str) -> None:
    started = Subject(Lifetime.MODULE, "STARTED")
    read = Read(site=SITE, origin="snapshot", row=kind, operation=taken, subject=started)
    assert said(read) == (
        f"LK106 {severity}",
        f"value of {taken}() is taken at import and read, as STARTED, by the handler: "
        "all invocations of the process share it",
    )
    assert "under SnapStart all environments share it" in said(read, AWS, handler(snap_start=True, name="other"))[1]


def test_a_snapshot_without_a_name_of_its_own() -> None:
    for read in (
        Read(site=SITE, origin="snapshot", row="uuid.uuid4"),
        Read(site=SITE, origin="snapshot", row="id", operation="uuid.uuid4", subject=Subject(name="uuid.uuid4")),
    ):
        assert "value of uuid.uuid4() is taken at import and read by the handler" in said(read)[1]


@pytest.mark.parametrize("server", SERVERS)
def test_a_done_callback_is_the_documented_idiom_where_the_process_runs_on(server: Handler) -> None:
    assert said(defer("done-callback"), server) == ("", "")
    assert said(defer("done-callback"), server, AWS)[0] == "LK301 warning"


def test_a_callback_runs_after_the_response_where_the_process_runs_on() -> None:
    assert "that may run after the response" in said(defer("callback-api"), AZURE)[1]
    assert "may be called after the response" in said(defer("parameter"), AZURE)[1]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (AWS, "LK209 error"),
        (handler(Platform.AWS_LAMBDA_MANAGED), "LK209 error"),
        (handler(Platform.GOOGLE, source=Source.DECORATOR), "LK209 error"),
        (handler(source=Source.NAME), "LK209 error"),
        (handler(source=Source.SETTING), "LK209 error"),
        (handler(source=Source.GUESS), ""),
        (handler(source=Source.PUBLIC), ""),
        (AZURE, ""),
        (handler(Platform.WEB), ""),
    ],
)
def test_async_entry_points(where: Handler, expected: str) -> None:
    severity, message = said(Declare(site=SITE, what="async-handler"), where)
    assert severity == expected
    if expected:
        assert message.startswith("async def handler is an entry point of ")


def test_an_async_entry_point_names_the_platforms_that_do_not_await() -> None:
    (finding,) = findings(Declare(site=SITE, what="async-handler"), AZURE, handler(Platform.GOOGLE), AWS)
    assert "of AWS Lambda, Google Cloud Functions, which does not await it" in finding.message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app.py", "LK405 warning"),
        ("testing/app.py", "LK405 warning"),
        ("tests/app.py", ""),
        ("lib/tests/unit/app.py", ""),
        ("lib/test_app.py", ""),
        ("conftest.py", ""),
    ],
)
def test_context_variables_made_by_tests(path: str, expected: str) -> None:
    assert said(Create(site=Site(path, "f", SITE.span), what="in-function"))[0] == expected
