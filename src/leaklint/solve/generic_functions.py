"""Generic functions (``functools.singledispatch``): one name for several functions, each for arguments of some class.

Such a function is a partial without arguments that carries all of them: which one runs, the argument decides.
"""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, keep_call
from leaklint.solve.lattice import NONE, join, of, ordered, slot, unknown
from leaklint.solve.lookup import read_field
from leaklint.solve.members import TAKES_RECEIVER
from leaklint.solve.state import State
from leaklint.solve.world import Solving

REGISTERS: Final = "functools.singledispatch.register"
"""The name of what adds a function for a class."""
_CLASSES: Final = frozenset({TypeKind.CLASS, TypeKind.LIBRARY, TypeKind.CONSTANT, TypeKind.UNKNOWN})


def made(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``singledispatch(f)``."""
    if not arguments.positional:
        return unknown(act.made(span))
    path = act.made(span, "generic")
    generic = Thing(path, Type(TypeKind.PARTIAL, keep_call(act, state, path, arguments.positional[0], Arguments())))
    state.heap[slot(path, ".register")] = of(_registering(state, path, of(generic)))
    return of(generic)
    yield


def made_as_method(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``singledispatchmethod(f)`` in the body of a class: it takes the receiver when it is read."""
    result = yield from made(act, state, arguments, span)
    for thing in result.things:
        state.heap[slot(thing.path, TAKES_RECEIVER)] = NONE
    return result


def register(act: Activation, state: State, receiver: Value, arguments: Arguments, span: Span) -> Solving:
    """``generic.register(C, f)``, or ``@generic.register`` with or without the class: one more function."""
    given = arguments.positional[-1] if arguments.positional else NOTHING
    functions = frozenset(thing for thing in given.things if thing.type.kind not in _CLASSES)
    if not functions:
        # the class alone: the function comes with the next call
        path = act.made(span, "registering")
        kept = keep_call(act, state, path, of(_registering(state, path, receiver)), arguments)
        return of(Thing(path, Type(TypeKind.PARTIAL, kept)))
    for thing in ordered(receiver.things):
        place = slot(thing.path, "<func>")
        known = read_field(act, state, place)
        if thing.type.kind is TypeKind.PARTIAL and known is not None:
            state.heap[place] = join(known, Value(functions))
            if act.importing:
                act.world.keep_field(place, state.heap[place])
    return given
    yield


def _registering(state: State, path: Path, generic: Value) -> Thing:
    """The method that adds a function to a generic one."""
    method = Thing(slot(path, ".register"), Type(TypeKind.LIBRARY_METHOD, REGISTERS))
    state.heap[slot(method.path, "<self>")] = generic
    return method
