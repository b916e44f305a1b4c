"""What was tested to decide what a container holds, or which of two answers a function or a flag gives.

``try: CONNECTION.ping(); return True`` … ``except Error: return False`` answers with constants, which are made from
nothing. A test of the answer still asks what has chosen it.
"""

from __future__ import annotations

from leaklint.ir.values import Path, RootKind, Sources, Thing, Value
from leaklint.solve.activation import Activation
from leaklint.solve.heap import CHOSEN
from leaklint.solve.lattice import slot, with_sources
from leaklint.solve.state import State


def put_under_tests(state: State, made: Path) -> None:
    """What is in an object made here depends on tests: so does whether anything is in it."""
    if made.root.kind is RootKind.MADE:
        asked = frozenset().union(*(tested.reads for tested in state.guards))
        known = state.heap[slot(made, CHOSEN)]
        if not asked <= known.sources:
            state.heap[slot(made, CHOSEN)] = with_sources(known, asked)


def answer(act: Activation, state: State, value: Value) -> Value:
    """The value; where it is True or False, and tests stand on the way here, it is one that they have chosen."""
    if not state.guards or act.importing or not is_answer(value):
        return value
    path = act.made(act.facts.name_span, "answer")
    put_under_tests(state, path)
    return Value(frozenset(Thing(path, thing.type) for thing in value.things), value.sources)


def is_answer(value: Value) -> bool:
    """Whether a value is True or False as they are written."""
    kinds = {thing.type.constant[0] if thing.type.constant is not None else "" for thing in value.things}
    return kinds == {"bool"}


def chosen_by(state: State, value: Value) -> Sources:
    """What has decided whether a value is true."""
    found: Sources = frozenset()
    for thing in value.things:
        if thing.path.root.kind is RootKind.MADE:
            found |= state.heap[slot(thing.path, CHOSEN)].sources
    return found
