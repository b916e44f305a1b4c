"""Observations: what execution showed of one leak, with the evidence for it."""

from __future__ import annotations

import dataclasses
import enum
from itertools import pairwise

from leaklint.confirm.record import Line


class Strength(enum.IntEnum):
    """How much an observation says."""

    ONCE = 1
    """Changed by one invocation and never again, as lazy initialisation does."""
    KEPT = 2
    """Data of an invocation is there until the next one replaces it."""
    LEAK = 3
    """What an invocation has left behind piles up, or reaches or disturbs a later one."""


class Kind(enum.StrEnum):
    """What was observed to survive."""

    STATE = "state"
    """Variables of the project's modules."""
    CONTEXT = "context"
    """A context variable."""
    PROCESS = "process"
    """Environment, folder, logging, signals and the like."""
    LIBRARY = "library"
    """State of an installed library."""
    FILE = "file"
    THREAD = "thread"
    TIMER = "timer"
    TASK = "task"
    FUTURE = "future"
    SUBPROCESS = "subprocess"
    CALLBACK = "callback"
    COROUTINE = "coroutine"
    ERROR = "error"
    """The handler fails."""
    ANSWER = "answer"
    """An answer holds the data of another invocation."""


WORKING = frozenset({Kind.THREAD, Kind.TIMER, Kind.TASK, Kind.FUTURE, Kind.SUBPROCESS, Kind.CALLBACK, Kind.COROUTINE})
"""What runs, as opposed to what is kept."""


@dataclasses.dataclass(frozen=True, slots=True)
class Observation:
    """One thing that was seen to survive, and how that shows."""

    kind: Kind
    subject: str
    """The variable, the function that runs, the file: what survives."""
    strength: Strength
    evidence: str
    """One sentence."""
    invocations: tuple[int, ...]
    """The ones that left it."""
    lines: tuple[Line, ...] = ()
    """Where it was started, innermost first; empty for state."""
    code: str = ""
    """The rule that is about such leaks."""
    works: tuple[str, ...] = ()
    """Keys of the work in the record."""
    also: tuple[str, ...] = ()
    """Other names of the same object."""
    made: tuple[str, int] | None = None
    """Path and line where state is bound first, as far as the source tells."""


def numbers(values: tuple[int, ...] | list[int]) -> str:
    """``1``, ``1 and 2``, ``1, 2 and 3`` or ``1 to 4``."""
    texts = [str(value) for value in values]
    if len(values) > 3 and all(after - before == 1 for before, after in pairwise(values)):
        return f"{texts[0]} to {texts[-1]}"
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def invocations(values: tuple[int, ...] | list[int]) -> str:
    """``invocation 1`` or ``invocations 1 and 2``."""
    return f"invocation{'s' if len(values) > 1 else ''} {numbers(values)}"
