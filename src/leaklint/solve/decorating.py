"""Decorators that are no functions: context managers, and what a library makes of a function of the project.

Each call of the decorated function enters a context manager and leaves it again. What such a decorator gives is a
partial of the function that carries the manager too.

``@library.decorator`` over ``def audit(function, event, context)`` makes of ``audit`` a decorator that calls ``audit``
in the place of what it decorates. What that gives is a partial of the decorated function too, and carries one of
``audit``.
"""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, fits, formals_of, keep_call, unpacked
from leaklint.solve.calls import apply
from leaklint.solve.lattice import NONE, join_all, of, ordered, slot
from leaklint.solve.leaving import stands_behind_with
from leaklint.solve.lookup import read_field
from leaklint.solve.managers import enter, exit_from
from leaklint.solve.members import DECORATED, GENERATORS, TAKES_RECEIVER, WITHIN
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


def makes_wrapped(act: Activation, wrapper: Thing, arguments: Arguments, span: Span) -> bool:
    """Whether a function decorates of which a library's decorator may have made a decorator, or one of which a row says
    that: it is given what it shall be called around, or options before that, and lacks the rest.
    """
    world, name = act.world, wrapper.type.name
    decorates_here = span in world.decorations(act.path)
    if not decorates_here and not (act.importing and arguments.positional):
        return False
    if arguments.positional and not _is_function(arguments):
        return False
    if wrapper.type.kind is TypeKind.LIBRARY:
        row = world.models.row(name)
        return row is not None and row.around
    facts = world.program.function(name) if name in world.altered else None
    if facts is None or facts.is_async:
        return False
    takes_more = any(each.kind == "star" for each in facts.parameters)
    return takes_more or not fits(formals_of(facts), arguments)


def wrapped(act: Activation, state: State, wrapper: Thing, arguments: Arguments, span: Span) -> Value:
    """The function that such a decorator makes of one; without one yet, the decorator with its options."""
    path = act.made(span, "around")
    kept = keep_call(act, state, path, of(wrapper), Arguments(named=arguments.named))
    around = Thing(path, Type(TypeKind.PARTIAL, kept))
    if not arguments.positional:
        return of(around)
    _note_unsure(act, arguments)
    return decorated(act, state, around, arguments, span)


def or_same(act: Activation, wrapper: Thing, arguments: Arguments, result: Value) -> Value:
    """What a function gives that is called as a decorator: where a library has made something else of it, and nothing
    that can be called comes of it, the decorated function.
    """
    if wrapper.type.name not in act.world.altered or not _is_function(arguments):
        return result
    if any(each.type.kind not in (TypeKind.UNKNOWN, TypeKind.CONSTANT) for each in result.things):
        return result
    _note_unsure(act, arguments)
    return arguments.positional[0]


def keep_decorated(act: Activation, state: State, made: Value, arguments: Arguments) -> None:
    """A class decorates: where nobody knows what calling its object does, the function is still called."""
    for thing in made.things if _is_function(arguments) else ():
        if thing.type.kind is not TypeKind.INSTANCE:
            continue
        classes = (act.world.program.class_(each) for each in act.world.order(thing.type.name) if "::" in each)
        if not any(facts is not None and "__call__" in facts.methods for facts in classes):
            _note_unsure(act, arguments)
            state.heap[slot(thing.path, DECORATED)] = arguments.positional[0]


def _is_function(arguments: Arguments) -> bool:
    """Whether there is one argument by position, and it is a function, or an object, of the project."""
    return (
        len(arguments.positional) == 1
        and arguments.rest is None
        and any(
            each.type.kind in (TypeKind.FUNCTION, TypeKind.PARTIAL)
            or (each.type.kind is TypeKind.INSTANCE and "::" in each.type.name)
            for each in arguments.positional[0].things
        )
    )


def _note_unsure(act: Activation, arguments: Arguments) -> None:
    """Nobody knows whether calling what is decorated still gives a coroutine."""
    functions = [each for each in arguments.positional[0].things if each.type.kind is TypeKind.FUNCTION]
    act.world.unsure.update(each.type.name for each in functions)


def _call_wrapper(
    act: Activation, state: State, wrappers: Value, inner: Value, arguments: Arguments, span: Span
) -> Solving:
    """Calls the functions around a decorated one; one that cannot be called so hands on what it is given."""
    results = []
    for each in ordered(wrappers.things):
        wrapper, options = unpacked(act, state, each)
        given = Arguments((inner, *arguments.positional), (*options.named, *arguments.named), arguments.rest)
        functions = [act.world.program.function(thing.type.name) for thing in wrapper.things]
        if all(facts is None or fits(formals_of(facts), given) for facts in functions):
            results.append((yield from apply(act, state, wrapper, given, span)))
        else:
            results.append((yield from apply(act, state, inner, arguments, span)))
    return join_all(results)


def call_within(
    act: Activation, state: State, managers: Value, inner: Value, arguments: Arguments, span: Span
) -> Solving:
    """Calls a decorated function: the manager is entered, or made anew and entered, and left when it returns."""
    entered = NOTHING
    if any(each.type.kind is TypeKind.PARTIAL for each in managers.things):
        result = yield from _call_wrapper(act, state, managers, inner, arguments, span)
        return result
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
