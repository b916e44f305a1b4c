"""Platforms that never freeze: work runs on after the return, beside whatever comes next."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from confirm.conftest import BEST, ENGINES, Observe

from leaklint.confirm import plan
from leaklint.confirm.findings import from_objects
from leaklint.confirm.plan import Engine, Plan, Regime, Unusable
from leaklint.confirm.record import Record
from leaklint.confirm.run import confirm
from leaklint.confirm.text import fate, render

TASK = """
import asyncio

async def later(mark):
    await asyncio.sleep(0.15)
    print("late", mark)

async def handler(event, context):
    task = asyncio.get_running_loop().create_task(later(event["id"]))
    return event["id"]
"""
SYNC = """
import contextvars, threading

WHO = contextvars.ContextVar("who", default="nobody")
SEEN = []

def handler(event):
    before = WHO.get()
    WHO.set(event["id"])
    SEEN.append(event["id"])
    return [before, threading.current_thread() is threading.main_thread()]
"""
SHARED = """
import os, threading, time

COUNT = 0

def handler(event, context):
    global COUNT
    COUNT += 1
    threading.Timer(1, print, ["late"]).start()
    time.sleep(0.2)
    return [os.getpid(), COUNT]
"""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits long enough for what runs on after the last return, on a busy machine too."""
    monkeypatch.setattr(plan, "LINGER", 2)


@pytest.mark.usefixtures("patient")
def test_a_task_on_a_loop_that_stays_open_runs_on(observe: Observe) -> None:
    report = observe(TASK, regime=Regime.LOOP)
    assert [each.code for each in report.only_seen] == ["LK203"]
    assert {each.ended for each in report.record.work.values()} == {"finished"}
    assert len([each for each in report.record.printed if each.text.startswith("late")]) == 3


def test_a_sync_handler_gets_a_thread_whose_context_survives(observe: Observe) -> None:
    report = observe(SYNC, regime=Regime.LOOP)
    answers = [json.loads(each.answer) for each in report.record.invocations]
    assert answers[0] == ["nobody", False]
    assert "nobody" not in (answers[1][0], answers[2][0])
    assert {"LK101", "LK401"} <= {each.code for each in report.only_seen}


SNAPSHOT = """
import uuid
import snapshot_restore_py

SHARED = uuid.uuid4().hex
RENEWED = uuid.uuid4().hex

def renew(prefix):
    global RENEWED
    RENEWED = prefix + uuid.uuid4().hex

snapshot_restore_py.register_before_snapshot(print, "before the snapshot")
snapshot_restore_py.register_after_restore(renew, prefix="new")

def handler(event, context):
    return [SHARED, RENEWED]
"""
HOOKS = """
before, after = [], []
def register_before_snapshot(function, *arguments, **named): before.append((function, arguments, named))
def register_after_restore(function, *arguments, **named): after.append((function, arguments, named))
def get_before_snapshot(): return before
def get_after_restore(): return after
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_restored_container_shares_what_no_hook_makes_anew(
    engine: Engine, project: Callable[..., Path], runs: list[Record]
) -> None:
    files = {"snapshot_restore_py": HOOKS} if engine is Engine.BUILTIN else {}
    root = project(app=SNAPSHOT, **files)
    wanted = Plan(root=root, handler="app:handler", engine=engine, snapstart=True)
    places = [{"code": "LK106", "path": "app.py", "line": line, "message": "taken at import"} for line in (5, 6)]
    report = confirm(wanted, ["{}"], 2, from_objects(places, root))
    runs.append(report.record)
    answers = [json.loads(each.answer) for each in report.record.invocations]
    assert answers[0] == answers[1]
    assert answers[0][1].startswith("new")
    assert [each.text for each in report.record.printed] == ["before the snapshot"]
    (shared,) = report.confirmed
    assert shared.finding.line == 5
    assert (
        "for all invocations of every container that is restored from this snapshot" in shared.observations[0].evidence
    )
    assert "import\n        printed before the snapshot\n" in render(report, trace=True)
    assert "restored from a snapshot" in render(report)


def test_a_hook_that_raises_ends_the_start(observe: Observe) -> None:
    source = "import snapshot_restore_py\nsnapshot_restore_py.register_after_restore(int, 'x')\ndef handler(*_): ...\n"
    report = observe(source, engine=BEST, snapstart=True)
    assert "ValueError" in report.record.init_error
    with pytest.raises(Unusable, match="SnapStart goes with"):
        observe(source, regime=Regime.LOOP, snapstart=True)


@pytest.mark.usefixtures("patient")
def test_managed_containers_run_side_by_side_with_state_of_their_own(observe: Observe) -> None:
    report = observe(SHARED, regime=Regime.MANAGED)
    answers = [json.loads(each.answer) for each in report.record.invocations]
    assert len({pid for pid, _ in answers}) == 2
    assert sorted(count for _, count in answers) == [1, 1, 2, 2, 3, 3]
    first, second = report.record.invocations[:2]
    assert first.given < second.returned
    assert second.given < first.returned
    assert {each.code for each in report.only_seen} == {"LK102", "LK205"}
    (timers,) = [each for each in report.only_seen if each.code == "LK205"]
    assert "those of 1 to 4 ran on while the next event was served" in timers.evidence
    assert "finished after invocation 3 had begun" in fate(report.record.work[timers.works[0]], report.record)
    assert all(each.ended == "finished" for each in report.record.work.values())
