"""The incidents of the examples, reproduced with each engine; and that the mended ones show nothing."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from confirm.conftest import BEST, ENGINES, HAS_REAL, NO_REAL, PATIENCE, PROVE, Observe, left_of
from truth.attempts import in_one_of_three

from leaklint.confirm.observation import Kind, Observation
from leaklint.confirm.plan import Engine, Plan, Regime
from leaklint.confirm.run import run
from leaklint.confirm.verdict import Report, judge

STARVED = os.getloadavg()[0] > 2 * (os.cpu_count() or 1)
"""Whether so much runs here that a process may have to wait for its turn longer than the timer."""
EXAMPLES = Path(__file__).parents[2] / "examples"
INCIDENTS = {
    "background_process": "LK207",
    "bot_log": "LK101",
    "callback_handler": "LK204",
    "claims": "LK401",
    "closed_pool": "LK107",
    "forgotten_post": "LK203",
    "growing_list": "LK101",
    "late_timer": "LK205",
    "request_id": "LK205",
    "scratch_file": "LK110",
}
ASYNC = "async def handler(event, context):\n    return event\n"


@cache
def seen(name: str, engine: Engine, version: str = "leaky") -> Report:
    root = EXAMPLES / name / version
    plan = Plan(root=root, handler="app:handler", engine=engine, timeout=PATIENCE)
    record = run(plan, [(root / "event.json").read_text()], 3)
    assert left_of(plan.run) == []
    return judge(plan, record, None)


unhurried = functools.partial(in_one_of_three, forget=seen.cache_clear)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", INCIDENTS)
@unhurried
def test_the_incident_is_seen(name: str, engine: Engine) -> None:
    assert [each.code for each in seen(name, engine).only_seen if each.code] == [INCIDENTS[name]]


@pytest.mark.parametrize("engine", ENGINES if PROVE else [BEST])
@pytest.mark.parametrize("name", INCIDENTS)
@unhurried
def test_the_mended_twin_shows_nothing(name: str, engine: Engine) -> None:
    report = seen(name, engine, "mended")
    assert [each.status for each in report.record.invocations] == ["ok"] * 3
    assert not report.leaks


@pytest.mark.skipif(not HAS_REAL, reason=NO_REAL)
@pytest.mark.parametrize("version", ["leaky", "mended"])
@pytest.mark.parametrize("name", INCIDENTS)
@unhurried
def test_both_engines_show_the_same(name: str, version: str) -> None:
    real, builtin = seen(name, Engine.REAL, version), seen(name, Engine.BUILTIN, version)
    for report in (real, builtin):
        assert report.complete
    assert [_essence(each) for each in real.only_seen] == [_essence(each) for each in builtin.only_seen]
    assert [_essence(each) for each in real.asides] == [_essence(each) for each in builtin.asides]


def _essence(seen: Observation) -> tuple[object, ...]:
    """What must be the same whatever calls the handler: all but random values and times."""
    subject = seen.subject if seen.kind is not Kind.FILE else ""
    return seen.code, seen.kind, subject, seen.strength, seen.invocations, seen.lines


@pytest.mark.parametrize("engine", ENGINES)
def test_the_growing_list_has_2_4_and_6_entries(engine: Engine) -> None:
    answers = [json.loads(each.answer) for each in seen("growing_list", engine).record.invocations]
    assert [len(each) for each in answers] == [2, 4, 6]


def late_timer_is_told(report: Report) -> bool:
    """Whether the timer of each request printed inside the next, and that of the last never."""
    (leak,) = report.only_seen
    works = [report.record.work[key] for key in leak.works]
    return (
        [(each.invocation, each.pending_at_return) for each in works] == [(1, True), (2, True), (3, True)]
        and works[2].ended == ""
        and [each.during for each in report.record.printed if each.text.startswith("still")] == [2, 3]
    )


@pytest.mark.parametrize("engine", ENGINES)
@unhurried
def test_the_late_timer_prints_one_request_late_and_never_for_the_last(engine: Engine) -> None:
    assert late_timer_is_told(seen("late_timer", engine))


@pytest.fixture(scope="module")
def busy() -> Iterator[None]:
    """Keeps another core busy, where everything is proved."""
    if not PROVE:
        yield
        return
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        yield
        spinning.kill()


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("turn", range(200 if PROVE else 20))
@in_one_of_three
def test_the_late_timer_has_the_same_verdict_each_time(turn: int) -> None:
    plan = Plan(
        root=EXAMPLES / "late_timer" / "leaky", handler="app:handler", engine=BEST if turn % 2 else Engine.BUILTIN
    )
    report = judge(plan, run(plan, ["{}"], 3), None)
    (leak,) = report.only_seen
    assert (leak.code, leak.lines[0]) == ("LK205", ("app.py", 18, "handler"))
    if not STARVED:  # else a timer of 20 ms may be over before its handler returns
        assert leak.invocations == (1, 2, 3)


@pytest.mark.parametrize("engine", ENGINES)
@unhurried
def test_the_request_id_is_printed_under_the_wrong_request(engine: Engine) -> None:
    record = seen("request_id", engine).record
    lines = [(line.during, line.text) for line in record.printed if "do not forget" in line.text]
    assert [(during, int(text[:8], 16)) for during, text in lines] == [(2, 1), (3, 2)]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_connection_is_closed_for_the_second_request(engine: Engine) -> None:
    first, second, third = seen("closed_pool", engine).record.invocations
    assert first.status == "ok"
    assert second.error == third.error == "ProgrammingError: Cannot operate on a closed database."
    assert second.lines[-1][:2] == ("database.py", 11)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_async_handler_is_never_run(engine: Engine, observe: Observe) -> None:
    report = observe(ASYNC, engine=engine)
    assert [each.code for each in report.only_seen] == ["LK209"]
    assert all(each.error.startswith("Runtime.MarshalError") for each in report.record.invocations)


def test_a_platform_that_awaits_runs_an_async_handler(observe: Observe) -> None:
    report = observe(ASYNC, regime=Regime.LOOP)
    assert [each.status for each in report.record.invocations] == ["ok"] * 3
    assert not report.leaks
