"""Binding anew: what a place held before is gone, unless a name of the function still has it."""

from __future__ import annotations

from leaklint.ir.values import NOTHING, Path, RootKind, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import NEW, SYMBOLIC, constants, survives
from leaklint.solve.lookup import read_field
from leaklint.solve.reading import read_contents
from leaklint.solve.state import State


def overwrites(act: Activation, state: State, place: Path, value: Value = NOTHING) -> None:
    """What a place held before is gone from here on, if it is not bound to that again: ``x = x or new()``."""
    if survives(place) or place.root.kind in SYMBOLIC:
        _read_what_is_kept(act, state, place)
    again = any(thing.path == place for thing in value.things)
    if place.root.kind is not RootKind.MADE and place not in state.written and not again:
        state.written |= {place}


def _read_what_is_kept(act: Activation, state: State, place: Path) -> None:
    """``old, X = X, []``: what X has held can still be looked at."""
    before = read_field(act, state, place)
    held = (
        {place, *(thing.path for thing in before.things if thing.path.root.kind is not RootKind.MADE)}
        if before is not None
        else {place}
    )
    for name, value in state.env.items():
        if not name.startswith("%") and any(thing.path in held for thing in value.things):
            read_contents(state, Value(frozenset(thing for thing in value.things if thing.path in held)))


def is_fresh(value: Value, sources: frozenset[Path]) -> bool:
    """Whether the value is a constant or a new empty object: binding it throws the old content away."""
    return (sources <= {NEW} or len(constants(value) or ()) == 1) and all(
        thing.type.kind is TypeKind.CONSTANT
        or (thing.type.kind is TypeKind.INSTANCE and thing.path.root.kind in (RootKind.MADE, RootKind.STATIC))
        for thing in value.things
    )
