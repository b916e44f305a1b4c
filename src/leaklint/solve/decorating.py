"""Context managers as decorators: each call of the decorated function enters one and leaves it again.

What such a decorator gives is a partial of the function that carries the manager too.
"""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, keep_call
from leaklint.solve.calls import apply
from leaklint.solve.lattice import NONE, of, ordered, slot
from leaklint.solve.leaving import stands_behind_with
from leaklint.solve.lookup import read_field
from leaklint.solve.managers import enter, exit_from
from leaklint.solve.members import GENERATORS, TAKES_RECEIVER, WITHIN
from leaklint.solve.state import State
from leaklint.solve.world import Solving, World

DECORATOR: Final = "contextlib.ContextDecorator"
AGAIN: Final = "<again>"
"""The slot of a context manager written as a generator in which lies the call that makes the next one."""


def keep_call_for_decorator(
    act: Activation, state: State, function: Thing, arguments: Arguments, result: Value, span: Span
) -> None:
    """A decorator calls a context manager written as a generator: it will be called again, each time."""
    facts = act.world.program.function(function.type.name)
    if facts is None or not stands_behind_with(facts):
        return
    path = act.made(span, "again")
    kind = Type(TypeKind.PARTIAL, keep_call(act, state, path, of(function), arguments))
    for thing in result.things:
        if thing.type.name in GENERATORS:
            state.heap[slot(thing.path, AGAIN)] = of(Thing(path, kind))


def decorates(act: Activation, state: State, manager: Thing, arguments: Arguments) -> bool:
    """Whether calling a context manager decorates a function."""
    if len(arguments.positional) != 1 or arguments.named or arguments.rest is not None:
        return False
    if any(thing.type.kind in (TypeKind.CONSTANT, TypeKind.CLASS) for thing in arguments.positional[0].things):
        return False
    if manager.type.name in GENERATORS:
        return read_field(act, state, slot(manager.path, AGAIN)) is not None
    return is_decorator(act.world, manager.type.name)


def is_decorator(world: World, class_name: str) -> bool:
    """Whether the context managers of a class of the project are decorators too."""
    return "::" in class_name and DECORATOR in world.order(class_name)


def decorated(act: Activation, state: State, manager: Thing, arguments: Arguments, span: Span) -> Value:
    """The function that a context manager makes of one."""
    path = act.made(span, "within")
    kind = Type(TypeKind.PARTIAL, keep_call(act, state, path, arguments.positional[0], Arguments()))
    state.heap[slot(path, WITHIN)] = of(manager)
    state.heap[slot(path, TAKES_RECEIVER)] = NONE
    return of(Thing(path, kind), sources=arguments.positional[0].sources)


def call_within(
    act: Activation, state: State, managers: Value, inner: Value, arguments: Arguments, span: Span
) -> Solving:
    """Calls a decorated function: the manager is entered, or made anew and entered, and left when it returns."""
    entered = NOTHING
    for manager in ordered(managers.things):
        again = read_field(act, state, slot(manager.path, AGAIN))
        if again is None:
            entered = Value(entered.things | {manager})
        else:
            made = yield from apply(act, state, again, Arguments(), span)
            entered = Value(entered.things | made.things)
    yield from enter(act, state, entered, span)
    result = yield from apply(act, state, inner, arguments, span)
    yield from exit_from(act, state, entered, span)
    return result
