"""The search for markers: where, in everything that survives, the data of an invocation still is.

A breadth-first search from the modules of project and libraries, the context variables and the logging tree. What is
held by pending work (a task, a thread, a handle of a loop) is said to be so: that is the work's leak, not state.
"""

from __future__ import annotations

import re
import time
import types
from collections import deque
from typing import Any, NamedTuple

from leaklint.confirm.inside.anatomy import class_name, home_of, parts, text_of
from leaklint.confirm.inside.owners import STAND_INS

MOST_NODES = 3_000_000
SECONDS = 4.0
MOST_PLACES = 200
WORKING = frozenset({"asyncio", "_asyncio", "concurrent", "multiprocessing", "threading", "subprocess", "sched"})
RUNNING = frozenset({"coroutine", "async_generator", "Handle", "TimerHandle"})
IDLE = frozenset({"Lock", "RLock", "Event", "Condition", "Semaphore", "Queue", "local"})

Root = tuple[str, str, Any]
"""Label, owner, value."""


class Search(NamedTuple):
    """What a search has come to."""

    places: list[dict[str, Any]]
    """Every place that holds a marker."""
    complete: bool
    """Whether it came to its end."""
    seen: frozenset[int]
    """The identities of all that was passed: what survives."""


def find_markers(roots: list[Root], marks: re.Pattern[str], mine: set[str]) -> Search:
    """Searches everything that the roots lead to."""
    seen: set[int] = set()
    keep: list[Any] = []
    parents: list[tuple[int, str]] = []
    queue: deque[tuple[int, Any, bool]] = deque()
    owners: list[str] = []
    places: list[dict[str, Any]] = []
    for label, owner, value in roots:
        parents.append((-1, label))
        owners.append(owner)
        queue.append((len(parents) - 1, value, False))
    deadline = time.monotonic() + SECONDS
    while queue:
        index, value, working = queue.popleft()
        kind = type(value)
        if kind is str or kind is bytes:
            numbers = _numbers(value, marks)
            if numbers:
                label, root = _path(index, parents)
                places.append(
                    {
                        "label": label,
                        "root": roots[root][0],
                        "owner": owners[root],
                        "markers": numbers,
                        "working": working,
                        "text": str(value)[:120],
                    }
                )
            continue
        if id(value) in seen or _leads_astray(value, kind, mine):
            continue
        seen.add(id(value))
        keep.append(value)
        if (
            len(seen) > MOST_NODES
            or len(places) >= MOST_PLACES
            or (len(seen) % 4096 == 0 and time.monotonic() > deadline)
        ):
            return Search(places, False, frozenset(seen))
        text = text_of(value, kind)
        if text is not None:
            queue.append((index, text, working))
            continue
        inside = working or _is_working(kind)
        for label, part in parts(value):
            parents.append((index, label))
            queue.append((len(parents) - 1, part, inside))
    return Search(places, True, frozenset(seen))


def _numbers(value: str | bytes, marks: re.Pattern[str]) -> list[int]:
    text = value if type(value) is str else bytes(value).decode("latin-1")  # type: ignore[arg-type]
    found = set()
    for match in marks.finditer(text):
        found.add(int(match["number"]) if match["number"] else int(match["hexadecimal"], 16))
    return sorted(found)


def _path(index: int, parents: list[tuple[int, str]]) -> tuple[str, int]:
    """How the place is reached from its root, and the root."""
    labels = []
    root = index
    while index >= 0:
        root = index
        index, label = parents[index]
        labels.append(label)
    return "".join(reversed(labels)), root


def _is_working(kind: type) -> bool:
    name = class_name(kind)
    return name in RUNNING or (home_of(kind).partition(".")[0] in WORKING and name not in IDLE)


def _leads_astray(value: Any, kind: type, mine: set[str]) -> bool:
    """Whether a value leads to the whole interpreter instead of to what somebody keeps in it."""
    if kind in (types.ModuleType, types.FrameType, types.CodeType, types.TracebackType):
        return True
    if issubclass(kind, type):
        return True
    return kind is not types.FunctionType and home_of(kind).partition(".")[0] in ("leaklint", *STAND_INS)
