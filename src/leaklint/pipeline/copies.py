"""Work in several processes: copies of this one, each of which does a share and sends back what came of it.

A copy knows everything that this process knows at that moment, so nothing has to be sent to it, and no module is
imported again. What it sends back are bytes. A copy that fails has done nothing: its share is done here then, so that
the number of processes changes the time and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

Share = TypeVar("Share")
POSSIBLE: Final = hasattr(os, "fork") and sys.platform != "darwin"
"""Whether a process can be copied safely."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shares(weights: Sequence[int], count: int, least: int) -> list[list[int]]:
    """The positions of pieces of work, in so many shares of about the same weight, each sorted; the first is ours.

    There is one share only where the others would weigh less than ``least``.
    """
    if not POSSIBLE or count < 2 or sum(weights) < 2 * least:
        return [list(range(len(weights)))]
    count = min(count, sum(weights) // least, len(weights))
    found: list[list[int]] = [[] for _ in range(count)]
    totals = [0] * count
    for position in sorted(range(len(weights)), key=lambda each: (-weights[each], each)):
        lightest = totals.index(min(totals))
        found[lightest].append(position)
        totals[lightest] += weights[position]
    return [sorted(each) for each in found if each]


@contextlib.contextmanager
def copies(given: Sequence[Share], work: Callable[[Share], bytes]) -> Iterator[list[Callable[[], bytes | None]]]:
    """Starts a copy for each share; gives for each a function that waits for what came of it, None where it failed."""
    running: dict[int, int] = {}
    try:
        for share in given:
            started = _started(lambda share=share: work(share))  # type: ignore[misc]
            if started is None:
                break
            running.update((started,))
        order = list(running)
        asked: list[Callable[[], bytes | None]] = [lambda pid=pid: _result(running, pid) for pid in order]  # type: ignore[misc]
        yield asked + [lambda: None] * (len(given) - len(order))
    finally:
        for pid, descriptor in running.items():
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)


def _started(work: Callable[[], bytes]) -> tuple[int, int] | None:
    """The number of a new process and where its result comes from; None where there can be none."""
    try:
        reading, writing = os.pipe()
    except OSError:
        return None
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if pid:
        os.close(writing)
        return pid, reading
    status: Any = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as stream:
            stream.write(work())
        status = 0
    finally:
        os._exit(status)  # nothing of this process is to be flushed, raised or cleaned up twice


def _result(running: dict[int, int], pid: int) -> bytes | None:
    """All that a copy sends, once it has ended well."""
    with os.fdopen(running.pop(pid), "rb") as stream:
        found = stream.read()
    _, status = os.waitpid(pid, 0)
    return found if status == 0 else None
