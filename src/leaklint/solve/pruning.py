"""Pruning: a variable is bound to a container that holds some of what the one before held, and nothing else.

``CACHE = {key: value for key, value in CACHE.items() if value.until > now}`` says what a loop that deletes says.
"""

from __future__ import annotations

from typing import Final

from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, Value
from leaklint.solve.activation import Activation
from leaklint.solve.choosing import chosen_by
from leaklint.solve.lattice import CLOCK, is_from_outside, is_within, slot
from leaklint.solve.lookup import read_field
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State

CONTAINERS: Final = ("builtins.", "collections.")
SLICED: Final = "<sliced>"
"""The field of a slice in which lies what it was cut from."""


def pruned(act: Activation, state: State, place: Path, value: Value) -> Sources:
    """The containers that a variable may hold, where it is bound to those of their elements that are not too old, or
    to a slice.

    Nothing where there may be others, or where the request chooses among them.
    """
    from leaklint.solve.elements import elements

    if place.root.kind is not RootKind.VARIABLE or place.fields or act.importing:
        return frozenset()
    bound = state.heap.get(place) or act.world.initial(place) or NOTHING
    held = {thing for thing in bound.things if thing.type.name.startswith(CONTAINERS)}
    before = Value(frozenset(held | {Thing(place, thing.type) for thing in held}))
    whole = {thing.path for thing in before.things}
    if not held or not _is_new(value):
        return frozenset()
    old, new = elements(act, state, before), elements(act, state, value)
    known = old.sources | deep_sources(state, old)
    sources, chosen = deep_sources(state, value), chosen_by(state, value)
    others = [each for each in sources | chosen if is_from_outside(each) and not is_within(each, known)]
    own = any(is_within(source, whole) for source in sources)
    only = own and all(thing in old.things or is_within(thing.path, whole) for thing in new.things)
    some = CLOCK in chosen or is_slice_of(act, state, place, value)
    return frozenset(whole) if only and some and not others else frozenset()


def is_slice_of(act: Activation, state: State, place: Path, value: Value) -> bool:
    """Whether a value is a slice of what a place holds: ``self.x = self.x[-100:]``, as ``del self.x[:-100]`` does."""
    held = {place, *(thing.path for thing in (read_field(act, state, place) or NOTHING).things)}
    sliced = [state.heap.get(slot(thing.path, SLICED)) for thing in value.things]
    return bool(sliced) and all(each is not None and {thing.path for thing in each.things} <= held for each in sliced)


def _is_new(value: Value) -> bool:
    """Whether a value is a container of the language that has just been made."""
    return bool(value.things) and all(
        thing.path.root.kind is RootKind.MADE and thing.type.name.startswith(CONTAINERS) for thing in value.things
    )
