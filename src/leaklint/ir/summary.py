"""Summaries: all that a caller needs to know of a function.

The summary of a project's function is computed from its body; that of a library's function is a row of a table. Both
are this one type, and nothing that uses a summary can tell which it is. Paths start at parameters (by position; the
receiver of a method is position 0), at surviving places, or at ``RESULT``, the new object that the call returns.
"""

from __future__ import annotations

import enum

import msgspec

from leaklint.ir.effects import AnyEffect, Regime, Work
from leaklint.ir.location import Place
from leaklint.ir.values import NOTHING, Path, Sources, Value


class CallKind(enum.StrEnum):
    """What calling the function gives."""

    PLAIN = "plain"
    COROUTINE = "coroutine"
    """A coroutine: the body runs when it is awaited."""
    GENERATOR = "generator"
    ASYNC_GENERATOR = "async generator"


class Formal(msgspec.Struct, frozen=True, gc=False):
    """A parameter: ``kind`` as ``leaklint.ir.facts.Parameter``."""

    name: str
    kind: str = "either"
    has_default: bool = False


class Settle(msgspec.Struct, frozen=True, gc=False):
    """What hangs on a path is settled: work of these kinds (all kinds where empty)."""

    path: Path
    work: tuple[Work, ...] = ()
    certain: bool = True
    every_path: bool = True
    times_out: bool = False
    """Where it gives up waiting, it raises, and the work goes on."""
    goes_on: bool = False
    """The same where a timeout around it ends the waiting."""
    cancels: bool = False
    """It is cancelled, and nobody has waited for it since."""
    loses: bool = False
    """It is ended, whether it is done or not: it is not settled, but lost."""
    contents: bool = False
    """A folder goes with all that is in it."""
    repeats: bool = False
    """It happens in a loop, which may find something else there each time."""
    name: Value = NOTHING
    """For a file that is told by nothing but its name: what that ends with, where it is constant, and its sources."""


class Store(msgspec.Struct, frozen=True, gc=False):
    """A field of an object that the caller can see is bound to a value."""

    path: Path
    value: Value
    adds: bool = False
    """What is there already stays."""


class Moment(enum.StrEnum):
    """When a callable that was handed over is called."""

    NOW = "now"
    """Before the call returns, in this context."""
    LOOP = "loop"
    """Before the call returns, as a coroutine driven by a loop (see ``regime``)."""
    WORK = "work"
    """As part of the work that the call opens: elsewhere, at an unknown time."""
    LATER = "later"
    """At an unknown time, or never."""
    STARTUP = "startup"
    """Once, by a server, before it takes the first request."""


class Invoke(msgspec.Struct, frozen=True, gc=False):
    """A callable (or coroutine) found at ``path`` is called."""

    path: Path
    arguments: tuple[Value, ...] | None = None
    """None where nothing is known of them."""
    moment: Moment = Moment.NOW
    regime: Regime = Regime.NONE
    context_follows: bool = True
    """The callable runs in the context of the call (or in a copy of it)."""
    keeps_context: bool = False
    """What it does to context variables is still there after the call, though a loop runs it (``asyncio.Runner``)."""
    result: str = ""
    """``returns`` where the call's result is the callable's, ``elements`` where it is a container of its results."""
    times_out: bool = False
    """What the callable waits for is given up at some time."""
    copies_context: bool = False
    """It runs in a copy of the context: what it sets is not there for the caller."""
    in_context: Path | None = None
    """The context in which it runs, where the call is given one: what it does to context variables stays there."""
    through: str = ""
    """The method of the receiver that hands it over: in a class that overrides that one, it decides of the context."""


class Summary(msgspec.Struct, frozen=True, gc=False):
    """What calling a function does, in terms of its parameters."""

    name: str
    formals: tuple[Formal, ...] | None = None
    """None where any arguments are accepted."""
    kind: CallKind = CallKind.PLAIN
    returns: Value = NOTHING
    effects: tuple[tuple[AnyEffect, tuple[Place, ...]], ...] = ()
    """Each with its trace: the calls on the way from this function to the effect's site, outermost first."""
    settles: tuple[Settle, ...] = ()
    drains: Sources = frozenset()
    """Iterators that it walks through to their ends."""
    heeds: Sources = frozenset()
    """Events and flags that it may look at to learn whether to go on."""
    stores: tuple[Store, ...] = ()
    serves: frozenset[tuple[Path, Path, bool]] = frozenset()
    """Containers from which work that it has started takes what it settles, each with what that work hangs on, and
    whether it does so again and again."""
    invokes: tuple[Invoke, ...] = ()
    resets: Sources = frozenset()
    """Places that are reset on every normal path."""
    reads: Sources = frozenset()
    """Surviving places that may be read before this function writes them."""
    reads_after: frozenset[tuple[Path, Path]] = frozenset()
    """Places of a parameter that it binds, and surviving ones that it reads later on, which may be the same."""
    rereads: Sources = frozenset()
    """Surviving places that it may read when it has bound them."""
    shows: Sources = frozenset()
    """Contents of surviving containers that it returns: a platform sends them to whoever has called it."""
    shows_new: Sources = frozenset()
    """Places in them that it has bound before: whoever gets such a container, gets what this invocation put there."""
    fills: Sources = frozenset()
    """Places that hold something when it returns (see ``solve/fullness.py``)."""
    trims: Sources = frozenset()
    """Places that it may empty or take something out of."""
    writes: Sources = frozenset()
    """Places that this function binds on every normal path."""
    wonders: Sources = frozenset()
    """Surviving places of which it would have to know what lies there (see ``solve/survivors.py``)."""
    fails: bool = False
    """Whether one has to expect that an exception leaves it: of a row's function, ``solve/failing.py`` says so."""
    raises: frozenset[str] = frozenset()
    """The classes of those exceptions, where it raises each of them itself; empty where there may be others."""
