"""Asynchronous generators that are walked through: with ``async for``, which has to finish them, or plainly."""

from __future__ import annotations

from typing import Final

from leaklint.ir import cfg
from leaklint.ir.effects import AnyEffect, Pending, Work
from leaklint.ir.location import Span
from leaklint.ir.values import RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.effects import open_effect
from leaklint.solve.lattice import ordered
from leaklint.solve.names import value_of
from leaklint.solve.state import State

ASYNC_GENERATOR: Final = Type(TypeKind.INSTANCE, "types.AsyncGeneratorType")
ENDING: Final = frozenset({"", "BaseException", "GeneratorExit", "CancelledError"})
"""Exceptions that are thrown in where a generator is closed, or the task is cancelled that walks through it."""
LOOKING_UP: Final = ENDING | {"Exception", "LookupError", "KeyError", "IndexError", "TypeError"}
"""Those, and what is raised where an item is not there."""
_RAISED: Final[dict[type[cfg.Instruction], frozenset[str]]] = {cfg.Yield: ENDING, cfg.GetItem: LOOKING_UP}
"""What instructions raise, by the names under which one catches it; of others, anything."""


def iterate(act: Activation, state: State, iterable: Value, span: Span) -> None:
    """An ``async for`` begins, or goes on with, an async generator that this invocation, or a caller, has made."""
    for thing in ordered(iterable.things):
        if thing.type == ASYNC_GENERATOR and thing.path.root.kind in (RootKind.MADE, RootKind.PARAMETER):
            open_effect(
                act,
                state,
                Pending(
                    site=act.site(span),
                    operation="async for",
                    path=thing.path,
                    work=Work.GENERATOR,
                    callee=maker(thing),
                ),
            )


def ended_by_exception(act: Activation, raised: State, step: cfg.Instruction) -> bool:
    """Whether async generators have ended where a step raises: one that raises itself has.

    At a ``yield``, only what ends the whole function is thrown in, and nobody who catches anything else sees it. Where
    an item is looked up, only those see it who expect that it is not there.
    """
    before = [token.status for token in raised.tokens.values()]
    if isinstance(step, cfg.Element) and step.is_async:
        for thing in value_of(act, raised, step.iterable).things:
            pending.settle_at(raised, thing.path, (Work.GENERATOR,))
    elif act.catching and act.catching.isdisjoint(_RAISED.get(type(step), act.catching)):
        raised.settle([key for key, each in raised.tokens.items() if _is_generator(each.effect)])
    return before != [token.status for token in raised.tokens.values()]


def _is_generator(effect: AnyEffect) -> bool:
    return isinstance(effect, Pending) and effect.work is Work.GENERATOR


def maker(generator: Thing) -> str:
    """The name of the function that gives an asynchronous generator."""
    made = generator.path.root.kind is not RootKind.PARAMETER
    return generator.path.root.name.partition("@")[0].replace("<locals>.", "") if made else ""


def iterate_plainly(act: Activation, state: State, iterable: Value, span: Span) -> None:
    """A plain ``for`` over an async generator: nothing runs."""
    for thing in ordered(iterable.things):
        if thing.type == ASYNC_GENERATOR:
            open_effect(
                act,
                state,
                Pending(
                    site=act.site(span),
                    operation="for",
                    path=act.made(span, "iterated"),
                    work=Work.COROUTINE,
                    callee=maker(thing),
                    how_dropped="iterated",
                ),
            )
