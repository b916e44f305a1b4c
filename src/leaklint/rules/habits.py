"""The nine habits that stay silent: each is good practice that a noisy tool would punish.

They are applied before any rule, and each is a predicate on one effect and how it is reached. They rest on what the
analysis has solved once (guards, resets, settled obligations), and search for nothing themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from leaklint.ir.effects import (
    CLOSED,
    Cached,
    Close,
    Consume,
    Defer,
    Guard,
    How,
    Lifetime,
    Pending,
    Read,
    Settled,
    Work,
    Write,
)
from leaklint.ir.reached import Reached
from leaklint.rules.state import is_rebound

_KEPT = frozenset({Work.FILE, Work.LIBRARY_CONTEXT})
"""Obligations that are state, not work."""
_REPLACES = frozenset({How.REBIND, How.SET_ITEM, How.SET_ATTRIBUTE})
_SETS = frozenset({"set", "WeakSet"})
_MEANT_TO_LAST = frozenset(
    {
        "BoundedSemaphore",
        "Condition",
        "ConnectionPool",
        "Gauge",
        "Histogram",
        "Lock",
        "Logger",
        "LoggerAdapter",
        "PoolManager",
        "RLock",
        "Semaphore",
        "SimpleConnectionPool",
        "Summary",
        "ThreadedConnectionPool",
    }
)
"""Types whose objects change for as long as the process lives, by design."""

Predicate: TypeAlias = Callable[[Reached], bool]


def lazy_initialisation(reached: Reached) -> bool:
    """Something that does not depend on the request is made once, or again when surviving state says so."""
    match reached.effect:
        case Write(guard=Guard.LAZY | Guard.KEYED, request=(), key_request=()):
            return True
        case Write(guard=Guard.REQUEST, request=(), key_request=(), how=how):
            return how in _REPLACES
        case Cached(request=(), missing=()):
            return True
        case _:
            return False


def reset_every_time(reached: Reached) -> bool:
    """The state is reset on every path of the same invocation: before it is read or grown, or before the end."""
    match reached.effect:
        case Write(reset_before=True):
            return True
        case Write(how=How.DELETE | How.SHRINK | How.REBIND, fed=True):
            return True
        case Pending(work=work, settled=Settled.ALWAYS):
            return work in _KEPT
        case Write(settled=Settled.ALWAYS) | Close(settled=Settled.ALWAYS) | Consume(settled=Settled.ALWAYS):
            return True
        case Read(settled=Settled.ALWAYS):
            return True
        case _:
            return False


def constant_again(reached: Reached) -> bool:
    """A place gets the same value in every invocation; only a set does not grow by what is in it already."""
    match reached.effect:
        case Write(constant=True, request=(), key_request=(), how=How.GROW, subject=subject):
            return subject.type in _SETS
        case Write(constant=True, request=(), key_request=(), how=How.DELETE) as write:
            return not is_rebound(write)
        case Write(constant=True, request=(), key_request=(), how=How.SHRINK, key_sources=keys):
            # what is under a constant key, or a constant of a set, is taken out once
            return bool(keys) and all(key.root.owner == "constant" for key in keys)
        case Write(constant=True, request=(), key_request=(), how=how):
            return how in _REPLACES
        case _:
            return False


def own_object(reached: Reached) -> bool:
    """What is written, closed or consumed was made by the invocation itself: a local, a copy, a fresh instance."""
    effect = reached.effect
    return isinstance(effect, Write | Close | Consume) and effect.subject.lifetime is Lifetime.INVOCATION


def import_time(reached: Reached) -> bool:
    """State is changed by code that no handler reaches: it runs once, at import, or not at all."""
    return not reached.handlers and isinstance(reached.effect, Write | Close | Consume | Read | Cached)


def finished_work(reached: Reached) -> bool:
    """Work is finished on every path before the handler returns, or the future of a callback is waited for."""
    match reached.effect:
        case Pending(work=Work.COROUTINE | Work.TOKEN | Work.BUFFER):
            return False
        case Pending(work=work, settled=Settled.ALWAYS):
            return work not in _KEPT
        case Defer(settled=Settled.ALWAYS):
            return True
        case _:
            return False


def coroutine_handed_on(reached: Reached) -> bool:
    """A coroutine is awaited, returned or handed to something that awaits it, on every normal path."""
    match reached.effect:
        case Pending(work=Work.COROUTINE, settled=settled):
            return settled >= Settled.NORMAL_PATHS
        case _:
            return False


def context_reset(reached: Reached) -> bool:
    """What lies in a context variable is reset on every path, or its context ends with the invocation."""
    match reached.effect:
        case Pending(ends_with_context=True, settled=settled, regime=regime):
            return settled is Settled.ALWAYS or regime in CLOSED
        case _:
            return False


def meant_to_last(reached: Reached) -> bool:
    """The object is there to change across invocations, and takes nothing from the request; a buffer is flushed."""
    match reached.effect:
        case Pending(work=Work.BUFFER, settled=settled):
            return settled is Settled.ALWAYS
        case Write(request=(), key_request=(), subject=subject):
            return subject.type in _MEANT_TO_LAST
        case _:
            return False


class Habit(msgspec.Struct, frozen=True):
    """A habit: its number in the contract and its predicate, whose docstring says why it is silent."""

    number: int
    holds: Predicate

    @property
    def name(self) -> str:
        """The habit as people call it: ``lazy initialisation``."""
        return self.holds.__name__.replace("_", " ")

    @property
    def reason(self) -> str:
        """One sentence that says why the effect is silent."""
        return (self.holds.__doc__ or "").strip()


HABITS = tuple(
    Habit(number, predicate)
    for number, predicate in enumerate(
        (
            lazy_initialisation,
            reset_every_time,
            constant_again,
            own_object,
            import_time,
            finished_work,
            coroutine_handed_on,
            context_reset,
            meant_to_last,
        ),
        start=1,
    )
)


def habit(reached: Reached) -> Habit | None:
    """The first habit that keeps the effect silent, if one does."""
    return next((each for each in HABITS if each.holds(reached)), None)
