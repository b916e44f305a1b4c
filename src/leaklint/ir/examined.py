"""What is known of one line: which handlers reach it and by which calls, and what became of each effect there."""

from __future__ import annotations

import msgspec

from leaklint.ir.effects import AnyEffect
from leaklint.ir.handler import Handler
from leaklint.ir.location import Place, Span
from leaklint.ir.reached import Reached


class Way(msgspec.Struct, frozen=True, gc=False):
    """How a handler reaches a function: the calls on a shortest way, none where it is the function itself."""

    handler: Handler
    calls: tuple[Place, ...] = ()


class Caller(msgspec.Struct, frozen=True, gc=False):
    """A function that calls another one; ``<module>`` while it is imported."""

    function: str
    place: Place


class Fate(msgspec.Struct, frozen=True, gc=False):
    """An effect that happens on a line, or behind a call on it."""

    effect: AnyEffect
    reached: tuple[Reached, ...] = ()
    """The same effect as it arrived at handlers."""
    is_undone: bool = False
    """The function undoes it itself, on every path."""
    is_own: bool = False
    """It concerns an object that the invocation made."""


class Examined(msgspec.Struct, frozen=True, gc=False):
    """All that is known of a line."""

    function: str
    """Qualified name of the innermost function that holds the line; ``<module>`` outside of functions."""
    ways: tuple[Way, ...] = ()
    callers: tuple[Caller, ...] = ()
    """Who calls the function, where no handler reaches it."""
    maybe: tuple[Caller, ...] = ()
    """Functions that handlers reach and that call something of the same name, of which nothing is known."""
    fates: tuple[Fate, ...] = ()
    unknown: tuple[Span, ...] = ()
    """Calls on the line of whose callee nothing is known."""
