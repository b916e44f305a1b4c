"""Which work is seen to be left at the return, by which line, and what becomes of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from confirm.conftest import Observe, left_of

from leaklint.confirm.observation import Observation
from leaklint.confirm.plan import Engine, Plan
from leaklint.confirm.run import run
from leaklint.confirm.verdict import Report, judge

PROJECT = Path(__file__).parent / "projects" / "work"
SOURCE = (PROJECT / "app.py").read_text().splitlines()

LEFT = {
    "thread": {"LK204": "threading.Thread(target=pause).start()"},
    "raw_thread": {"LK204": "_thread.start_new_thread(pause, ())"},
    "subclass": {"LK204": "Worker(daemon=True).start()"},
    "timer": {"LK205": "threading.Timer(0.2, pause).start()"},
    "future": {"LK206": "EXECUTOR.submit(pause)"},
    "pool": {"LK206": "POOL.apply_async(pause)"},
    "process": {"LK207": "subprocess.Popen("},
    "forked": {"LK207": "if os.fork() == 0:"},
    "forked_and_waited": {},
    "dropped_by_run": {"LK203": "asyncio.create_task(rest())", "LK205": ".call_later(5, pause)"},
    "left_on_loop": {"LK203": "LOOP.create_task(rest())", "LK205": "LOOP.call_later(5, pause)"},
    "cancelled": {},
    "unawaited": {"LK201": "rest()"},
    "scheduled": {"LK205": "later.enter(60, 1, pause)"},
    "alarm": {"LK205": "signal.alarm(60)"},
    "files": {"LK110": ""},
}
"""For each function of the project the code and the line of what it leaves."""


@cache
def seen(what: str) -> Report:
    plan = Plan(root=PROJECT, handler="app:handler", engine=Engine.BUILTIN)
    record = run(plan, [json.dumps({"what": what})], 2)
    assert left_of(plan.run) == []
    assert [each.status for each in record.invocations] == ["ok", "ok"]
    return judge(plan, record, None)


def leaks(what: str) -> dict[str, Observation]:
    return {each.code: each for each in seen(what).only_seen}


@pytest.mark.parametrize("what", LEFT)
def test_what_is_left(what: str) -> None:
    found = leaks(what)
    assert set(found) == set(LEFT[what])
    for code, text in LEFT[what].items():
        path, line, _ = found[code].lines[0]
        assert path == "app.py"
        assert text in SOURCE[line - 1]
        assert found[code].invocations == (1, 2)


def test_a_thread_goes_on_inside_the_next_invocation_and_the_last_never() -> None:
    evidence = leaks("thread")["LK204"].evidence
    assert "that of 1 went on inside invocation 2" in evidence
    assert "that of 2 never came to its end" in evidence


def test_a_task_is_lost_with_its_loop() -> None:
    assert "lost: cancelled when its loop ended" in leaks("dropped_by_run")["LK203"].evidence
    assert "lost: its loop was closed" in leaks("dropped_by_run")["LK205"].evidence


def test_a_task_on_an_open_loop_waits_for_the_loop_to_run() -> None:
    assert "that of 1 went on inside invocation 2" in leaks("left_on_loop")["LK203"].evidence


def test_a_coroutine_is_never_awaited() -> None:
    assert "lost: never awaited" in leaks("unawaited")["LK201"].evidence


def test_a_scheduler_takes_its_events_with_it() -> None:
    assert "lost: its scheduler was thrown away" in leaks("scheduled")["LK205"].evidence


def test_files_are_found_and_removed_with_the_run() -> None:
    names = [each.name for each in seen("files").record.work.values() if not each.ended]
    assert [name.rpartition("/")[2].partition("-")[0] for name in names] == ["left.txt", "folder"] * 2
    assert not any(Path(name).exists() for name in names)


IN_A_CIRCLE = """
class Batch:
    def __init__(self):
        self.waiting = self.work()

    async def work(self): ...

def handler(event, context):
    Batch()
"""


def test_a_coroutine_in_a_circle_of_references_is_never_awaited(observe: Observe) -> None:
    (leak,) = observe(IN_A_CIRCLE).only_seen
    assert (leak.code, leak.subject, leak.lines[0]) == ("LK201", "Batch.work", ("app.py", 4, "__init__"))
    assert leak.invocations == (1, 2)


@pytest.mark.parametrize("kept", ["KEPT.append(Batch())", "KEPT[:] = [LOOP.create_task(Batch().waiting)]"])
def test_a_coroutine_that_somebody_can_still_await_is_none(kept: str, observe: Observe) -> None:
    source = f"import asyncio\nKEPT = []\nLOOP = asyncio.new_event_loop()\n{IN_A_CIRCLE.replace('    Batch()', f'    {kept}')}"
    assert "LK201" not in {each.code for each in observe(source).only_seen}


def test_the_thread_that_serves_an_executor_is_no_work_of_its_own(observe: Observe) -> None:
    source = (
        "import concurrent.futures, time\n"
        "def handler(event, context):\n"
        "    concurrent.futures.ProcessPoolExecutor(1).submit(time.sleep, 0.3)\n"
    )
    assert [each.code for each in observe(source).only_seen] == ["LK206"]


def test_what_a_wrapper_makes_for_two_lines_is_of_both(observe: Observe) -> None:
    source = (
        "import asyncio\n"
        "async def work(): await asyncio.sleep(0)\n"
        "def made(): return work()\n"
        "def handler(event, context):\n"
        "    made()\n"
        "    made()\n"
    )
    (leak,) = observe(source).only_seen
    assert leak.lines[0] == ("app.py", 3, "made")
    assert {("app.py", 5, "handler"), ("app.py", 6, "handler")} < set(leak.lines)


@pytest.mark.parametrize(("fails", "codes"), [("1 / 0", []), ("pass", ["LK201"])])
def test_a_coroutine_that_an_error_leaves_behind_is_no_leak_of_its_own(
    fails: str, codes: list[str], observe: Observe
) -> None:
    source = (
        "import asyncio\n"
        "NUMBERS = []\n"
        "async def work(): await asyncio.sleep(0)\n"
        "class Batch:\n"
        "    def __init__(self):\n"
        "        self.waiting = [work(), self]\n"
        "def handler(event, context):\n"
        "    NUMBERS.append(1)\n"
        "    if len(NUMBERS) > 1:\n"
        "        Batch()\n"
        f"        {fails}\n"
    )
    assert [each.code for each in observe(source).only_seen if each.code == "LK201"] == codes
