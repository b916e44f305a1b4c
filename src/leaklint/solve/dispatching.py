"""Dispatching by name: which functions ``getattr(self, "do_" + kind)`` may mean."""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.attributes import get_attribute
from leaklint.solve.lattice import (
    ELEMENT,
    VARIES,
    extend,
    join_all,
    of,
    ordered,
    single_constant,
    slot,
    unknown,
    with_sources,
)
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving

BEGINS: Final = "<begins>"
"""The field of a text that is put together in which lies what it begins with."""
MAX_NAMED: Final = 8
"""Of how many functions a name may be that of one; beyond, it is unknown."""


def remember_beginning(state: State, text: Thing, first: Value) -> None:
    """A text is put together, of which only the beginning is known."""
    certain, begins = single_constant(first)
    if certain and isinstance(begins, str) and begins:
        state.heap[slot(text.path, BEGINS)] = first


def named(act: Activation, state: State, target: Value, name: Value) -> Solving:
    """What an attribute may denote of whose name only the beginning is known; None where that may be too much."""
    beginnings = [single_constant(state.heap[slot(thing.path, BEGINS)])[1] for thing in name.things]
    if len(beginnings) != 1 or not isinstance(beginnings[0], str) or beginnings[0].startswith("__"):
        return None
    found = []
    for thing in ordered(target.things):
        names = [each for each in _functions_of(act, thing) if each.startswith(beginnings[0])]
        if not 0 < len(names) <= MAX_NAMED:
            return None
        for each in sorted(set(names)):
            value = yield from get_attribute(act, state, of(thing), each)
            found.append(value)
    return with_sources(join_all(found), target.sources) if found else None


def _functions_of(act: Activation, thing: Thing) -> list[str]:
    """Names of the methods of an object of the project, or of the functions of a module."""
    program = act.world.program
    if thing.type.kind in (TypeKind.INSTANCE, TypeKind.CLASS) and "::" in thing.type.name:
        classes = [program.class_(owner) for owner in act.world.order(thing.type.name) if "::" in owner]
        return [name for facts in classes if facts is not None for name in facts.methods]
    facts = program.files.get(thing.type.name) if thing.type.kind is TypeKind.MODULE else None
    return [name for name in facts.functions if name.isidentifier()] if facts is not None else []


def attribute_of_any_name(act: Activation, state: State, target: Value, name: Value, span: Span) -> Value:
    """One of the attributes of an object: what is set under such a name, and a test of it is one of that."""
    kept = {extend(each.path, ELEMENT) for each in target.things if each.path.root.kind is not RootKind.MADE}
    asked = deep_sources(state, name) if kept else frozenset()
    found = of(*map(Thing, kept)) if kept else unknown(act.made(span))
    return Value(found.things, target.sources.union({VARIES}, kept, asked))
