"""Places that hold something at a point: containers with something in them, attributes that are not None."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import How, Write
from leaklint.ir.values import Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve.lattice import NONE, SYMBOLIC, is_made, is_prefix, slot, survives
from leaklint.solve.state import State
from leaklint.solve.undoing import ONE_ELEMENT

_KEEPING: Final = frozenset({How.GROW, How.REORDER, How.SET_ITEM})
"""Ways of writing that take nothing out."""
SOMETHING: Final = "<something>"
"""The field of a place that is full where the place itself is not None."""
TAKEN: Final = "<taken>"
"""The field of a container that is there where something has been taken out of it to be used, and nothing put in since.
"""

SOME: Final = Type(TypeKind.UNKNOWN, "something")
"""The type of what is of unknown type and not None."""


def fills(effect: Write) -> bool:
    """Whether at least one element is in a container after a method of it."""
    return effect.how is How.SET_ITEM or (effect.how is How.GROW and effect.operation in ONE_ELEMENT)


def fill(state: State, path: Path) -> None:
    """Something has been put into a container, for certain."""
    if _is_followed(path):
        state.full |= {path}


def take(state: State, path: Path, how: How = How.CLEAR) -> None:
    """Something may be gone from a container, or from what is in it."""
    if state.full and how not in _KEEPING:
        state.full = frozenset(each for each in state.full if not is_prefix(each, path) and not is_prefix(path, each))


def take_one(state: State, path: Path) -> None:
    """Somebody has got an element that is no longer in its container."""
    if path.root.kind is RootKind.MADE:
        state.heap[slot(path, TAKEN)] = NONE


def put_in(state: State, path: Path) -> None:
    """A container holds something again: where it is empty later on, that has not been taken out."""
    if state.heap.get(slot(path, TAKEN)) is not None:
        state.heap.pop(slot(path, TAKEN))


def found(state: State, tested: Value) -> None:
    """A test says that something is in the container that a value denotes."""
    for thing in tested.things if len(tested.things) == 1 else ():
        if _is_followed(thing.path) and thing.type.name.startswith(("builtins.", "collections.")):
            state.full |= {thing.path}


def bind(state: State, place: Path, value: Value) -> None:
    """A place is bound; it holds something where the value is not None for certain."""
    if value.things and all(_is_something(thing) for thing in value.things):
        fill(state, slot(place, SOMETHING))


def found_something(state: State, tested: Value) -> None:
    """A test says that what a value was read from is not None."""
    for thing in tested.things if len(tested.things) == 1 else ():
        fill(state, slot(thing.path, SOMETHING))


def place_of(path: Path) -> Path | None:
    """The place that is not None; None where a container is full."""
    return Path(path.root, path.fields[:-1]) if path.fields[-1:] == (SOMETHING,) else None


def without_none(state: State, place: Path, value: Value) -> Value:
    """What is read from a place, without the None that it is known not to be."""
    if slot(place, SOMETHING) not in state.full:
        return value
    kept = (
        Thing(place, SOME) if each.path == place and each.type.kind is TypeKind.UNKNOWN else each
        for each in value.things
        if each not in NONE.things
    )
    return Value(frozenset(kept) or value.things, value.sources)


def is_something(value: Value) -> bool:
    """Whether a value is known not to be None."""
    return bool(value.things) and all(each.type == SOME or _is_something(each) for each in value.things)


def _is_something(thing: Thing) -> bool:
    """Whether it is a constant, or an object of the project seen to be made."""
    constant = thing.type.constant is not None and thing.type.constant != ("NoneType", None)
    return constant or is_made(thing)


def is_full(state: State, tested: Value) -> bool:
    """Whether something is in each container that a value may denote."""
    return bool(state.full) and bool(tested.things) and all(thing.path in state.full for thing in tested.things)


def _is_followed(path: Path) -> bool:
    return path.root.kind is not RootKind.LIBRARY and (survives(path) or path.root.kind in SYMBOLIC)
