"""Asynchronous generators that are walked through: with ``async for``, which has to finish them, or plainly."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import Pending, Work
from leaklint.ir.location import Span
from leaklint.ir.values import RootKind, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.effects import open_effect
from leaklint.solve.lattice import ordered
from leaklint.solve.state import State

ASYNC_GENERATOR: Final = Type(TypeKind.INSTANCE, "types.AsyncGeneratorType")


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
