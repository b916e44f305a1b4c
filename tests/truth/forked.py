"""Runs a function in a child process of its own, with a time limit, and takes its whole group down with it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import traceback
from collections.abc import Callable
from json import dumps, loads
from typing import Any


def in_a_fork(observe: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What a function answers in a child process; a dictionary with ``trouble`` where it fails or takes too long."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(reading)
        try:
            answer = observe()
        except BaseException:
            answer = {"trouble": traceback.format_exc()}
        with os.fdopen(writing, "w") as sink:
            sink.write(dumps(answer))
        os._exit(0)
    os.close(writing)
    timer = threading.Timer(seconds, os.killpg, (pid, signal.SIGKILL))
    timer.start()
    with os.fdopen(reading) as source:
        text = source.read()
    timer.cancel()
    timer.join()  # else the next fork would begin with a thread that is about to end
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return loads(text) if text else {"trouble": "no answer in time"}
