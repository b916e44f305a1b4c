"""Coroutines that were made and never begun, and that nothing that survives holds: nobody can await them any more.

Most are thrown away at once, and Python warns of them. One in a circle of references (an object keeps the coroutine of
its own method) stays until the garbage collector comes by, which may be long after the run.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
from types import CoroutineType
from typing import Any

from leaklint.confirm.inside.frames import PROJECT, Frames, Line


def forgotten(frames: Frames, held: frozenset[int]) -> list[dict[str, Any]]:
    """Those that the project has made, by identity, name and lines; ``held`` are the identities of what survives."""
    everything = gc.get_objects()
    tasks = [each for each in everything if issubclass(type(each), asyncio.Task)]
    begun = {id(asyncio.Task.get_coro(each)) for each in tasks}
    found = []
    for each in everything:
        if type(each) is not CoroutineType or id(each) in held or id(each) in begun:
            continue
        if inspect.getcoroutinestate(each) != inspect.CORO_CREATED:
            continue
        lines = lines_of(each, frames)
        if lines:
            found.append({"identity": id(each), "name": each.__qualname__, "lines": lines})
    return sorted(found, key=lambda each: (each["lines"], each["identity"]))


def lines_of(coroutine: Any, frames: Frames) -> list[Line]:
    """The project's lines through which a coroutine was made, innermost first."""
    owned = [(frames.owner(filename), line, function) for filename, line, function in coroutine.cr_origin or ()]
    return [(path, line, function) for (owner, path), line, function in owned if owner == PROJECT]
