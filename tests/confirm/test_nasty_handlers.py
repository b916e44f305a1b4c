"""Handlers that hang, exit, fork, shout, close and detach: each run ends in time, says so, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confirm.conftest import ENGINES, PATIENCE, Observe, left_of

from leaklint.confirm.plan import Engine, Plan, Regime, Unusable
from leaklint.confirm.run import run
from leaklint.confirm.text import render

NASTY = {
    "hangs": (
        "import time\ndef handler(event, context):\n    time.sleep(600)\n",
        "it timed out",
    ),
    "hangs at import": (
        "import time\ntime.sleep(600)\ndef handler(event, context): ...\n",
        "the import of the handler timed out",
    ),
    "ignores every signal and hangs": (
        "import signal, time\n"
        "def handler(event, context):\n"
        "    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):\n"
        "        signal.signal(number, signal.SIG_IGN)\n"
        "    while True:\n"
        "        time.sleep(1)\n",
        "it timed out",
    ),
    "spins": ("def handler(event, context):\n    while True: pass\n", "it timed out"),
    "exits": ("import sys\ndef handler(event, context):\n    sys.exit(3)\n", "the process ended (exit status 3)"),
    "exits at once": (
        "import os\ndef handler(event, context):\n    os._exit(7)\n",
        "the process ended (exit status 7)",
    ),
    "exits at import": ("import os\nos._exit(9)\n", "the process ended while the handler was imported (exit status 9)"),
    "kills itself": (
        "import os, signal\ndef handler(event, context):\n    os.kill(os.getpid(), signal.SIGKILL)\n",
        "the process ended (signal 9)",
    ),
    "stops itself": (
        "import os, signal\ndef handler(event, context):\n    os.kill(os.getpid(), signal.SIGSTOP)\n",
        "it timed out",
    ),
    "raises at import": ("raise RuntimeError('no luck')\n", "RuntimeError: no luck"),
    "is broken": ("def handler(event, context:\n", "Runtime.UserCodeSyntaxError"),
    "is missing": ("def other(event, context): ...\n", "Runtime.HandlerNotFound"),
    "imports what is not there": ("import no_such_module\n", "Runtime.ImportModuleError"),
}


@pytest.mark.parametrize("name", NASTY)
def test_a_handler_that(name: str, observe: Observe) -> None:
    source, says = NASTY[name]
    begun = time.monotonic()
    hangs = {
        "it timed out": {"timeout": 0.4},
        "the import of the handler timed out": {"timeout": 0.4, "import_timeout": 1.5},
    }
    report = observe(source, **hangs.get(says, {}))
    assert time.monotonic() - begun < PATIENCE, "well before what it waits for"
    assert not report.complete
    assert says in (report.record.init_error or report.record.ended)
    assert says in render(report)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_import_that_fails_is_reported_alike(engine: Engine, observe: Observe) -> None:
    report = observe("raise RuntimeError('no luck')\n", engine=engine)
    assert report.record.init_error == "RuntimeError: no luck"
    assert report.record.invocations == []


def test_output_without_end_is_cut(observe: Observe) -> None:
    report = observe(
        "def handler(event, context):\n    for _ in range(300_000): print('x' * 99)\n",
        times=1,
        output_limit=5000,
    )
    assert report.record.output_full
    assert sum(len(line.text) + 1 for line in report.record.printed) <= 5000
    assert report.record.invocations[0].status == "ok"
    assert "the output was cut after 5000 bytes" in render(report)


def test_output_of_programs_is_cut(observe: Observe) -> None:
    report = observe(
        "import subprocess\ndef handler(event, context):\n    subprocess.run('yes | head -c 3000000', shell=True)\n",
        times=1,
        output_limit=5000,
    )
    assert report.record.output_full
    assert report.record.invocations[0].status == "ok"
    assert 4000 < sum(len(line.text) + 1 for line in report.record.printed) <= 5001


@pytest.mark.parametrize("regime", Regime)
def test_a_program_that_never_stops_printing_is_ended(regime: Regime, observe: Observe) -> None:
    source = "import subprocess\ndef handler(event, context):\n    subprocess.Popen(['yes'])\n"
    begun = time.monotonic()
    report = observe(source, times=2, regime=regime, output_limit=5000)
    assert time.monotonic() - begun < PATIENCE
    assert [each.code for each in report.only_seen] == ["LK207"]
    assert report.record.output_full


def test_a_handler_that_kills_who_watches_it_is_ended_all_the_same(project: Callable[..., Path]) -> None:
    root = project(
        app="import os, signal, subprocess\n"
        "def handler(event, context):\n"
        "    subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
    )
    plan = Plan(root=root, handler="app:handler", engine=Engine.BUILTIN)
    with pytest.raises(Unusable, match=r"has ended \(signal 9\): has the handler killed it"):
        run(plan, ["{}"], 3)
    deadline = time.monotonic() + PATIENCE
    while left_of(plan.run) and time.monotonic() < deadline:
        time.sleep(0.02)  # what has been killed is there until it has had its turn
    assert left_of(plan.run) == []


CHATTERS = """
import subprocess, threading, time

def chatter():
    while True:
        print("x" * 200)
        time.sleep(0.0005)

def handler(event, context):
    threading.Thread(target=chatter, daemon=True).start()
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    time.sleep(0.05)
"""


def homes_of(root: Path) -> set[Path]:
    """The folders of the runs whose handler lies in a folder, by the processes that are there."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            words = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"LAMBDA_TASK_ROOT=" + os.fsencode(root) in words:
            found |= {Path(os.fsdecode(word[5:])).parent for word in words if word.startswith(b"HOME=")}
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_is_killed_leaves_nothing(number: signal.Signals, project: Callable[..., Path]) -> None:
    root = project(app=CHATTERS).resolve()
    command = [sys.executable, "-m", "leaklint", "confirm", "app:handler", "--root", str(root), "--times", "1000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        deadline = time.monotonic() + PATIENCE
        while not homes_of(root) and time.monotonic() < deadline:
            time.sleep(0.02)
        (home,) = homes_of(root)
        time.sleep(0.4)
        started.send_signal(number)
    assert started.returncode != 0
    deadline = time.monotonic() + PATIENCE
    while (homes_of(root) or home.exists()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert homes_of(root) == set()
    assert not home.exists()


def test_a_child_that_outlives_its_parent_is_frozen_and_ended(observe: Observe) -> None:
    report = observe(
        "import os, time\n"
        "def handler(event, context):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(600)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    assert [each.status for each in report.record.invocations] == ["ok"] * 3
    assert report.record.left == []


def test_children_of_children_are_ended(observe: Observe) -> None:
    report = observe(
        "import subprocess\n"
        "def handler(event, context):\n"
        "    subprocess.Popen(['sh', '-c', 'trap \"\" TERM; sleep 600 & sleep 600 & wait'])\n"
    )
    assert [each.code for each in report.only_seen] == ["LK207"]


def test_closed_standard_streams_do_no_harm(observe: Observe) -> None:
    report = observe(
        "import os, sys\n"
        "def handler(event, context):\n"
        "    if not sys.stdout.closed:\n"
        "        sys.stdout.close()\n"
        "        os.close(1)\n"
        "        os.close(2)\n"
        "    return event['id']\n"
    )
    assert [each.status for each in report.record.invocations] == ["ok"] * 3


def test_a_handler_that_closes_every_descriptor_says_nothing_more(observe: Observe) -> None:
    report = observe("import os\ndef handler(event, context):\n    os.closerange(3, 1000)\n", timeout=0.4)
    assert not report.complete


def test_threads_that_never_end_are_frozen_and_ended(observe: Observe) -> None:
    report = observe(
        "import threading\n"
        "def spin():\n"
        "    while True: pass\n"
        "def handler(event, context):\n"
        "    threading.Thread(target=spin).start()\n",
        times=2,
    )
    assert [each.code for each in report.only_seen] == ["LK204"]


def test_an_exception_that_cannot_be_printed_is_still_an_error(observe: Observe) -> None:
    report = observe(
        "class Odd(Exception):\n    def __str__(self): raise ValueError('no')\ndef handler(event, context): raise Odd\n"
    )
    assert {each.status for each in report.record.invocations} == {"error"}


def test_objects_that_resist_looking_are_never_asked(observe: Observe) -> None:
    report = observe(
        "class Resists:\n"
        "    def __init__(self): object.__setattr__(self, 'kept', [])\n"
        "    def __getattribute__(self, name):\n"
        "        if name in ('keep',): return object.__getattribute__(self, name)\n"
        "        raise SystemExit('looked at ' + name)\n"
        "    def __eq__(self, other): raise SystemExit('compared')\n"
        "    def __hash__(self): raise SystemExit('hashed')\n"
        "    def __repr__(self): raise SystemExit('printed')\n"
        "    def __len__(self): raise SystemExit('measured')\n"
        "    def __iter__(self): raise SystemExit('iterated')\n"
        "    def __bool__(self): raise SystemExit('tested')\n"
        "    def keep(self, value): object.__getattribute__(self, 'kept').append(value)\n"
        "THING = Resists()\n"
        "class Odd(dict):\n"
        "    def items(self): raise SystemExit('items')\n"
        "    def __iter__(self): raise SystemExit('iterated')\n"
        "    def __len__(self): raise SystemExit('measured')\n"
        "ODD = Odd()\n"
        "def handler(event, context):\n"
        "    THING.keep(event['id'])\n"
        "    ODD[event['id']] = 1\n"
    )
    assert report.complete
    assert {each.subject for each in report.only_seen} == {"app.THING", "app.ODD"}
    assert [photo.trouble for photo in report.record.photos] == [""] * 4
