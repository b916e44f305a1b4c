"""Origins: what a value was made from, through what was put into the objects that it denotes."""

from __future__ import annotations

from typing import Final

from leaklint.ir.values import Path, Sources, Thing, Value
from leaklint.solve.heap import is_apart, made_here
from leaklint.solve.lattice import ELEMENT, is_from_outside, is_part_of_sources, is_prefix, of, prolong, slot
from leaklint.solve.state import State

MAX_OBJECTS: Final = 32
"""Objects that are looked into for what a value holds."""
GIVEN: Final = "<given>"
"""The field of an object for what a base takes that nobody has seen: each attribute may be made from it."""


def deep_sources(state: State, value: Value) -> Sources:
    """What a value was made from, and what was put into the objects it denotes."""
    made = made_here(value)
    if not made:
        return value.sources
    known = state.heap.origins.get(value)
    if known is None:
        known = state.heap.origins[value] = _deep_sources(state, value, made)
    return known


def _deep_sources(state: State, value: Value, made: list[Path]) -> Sources:
    sources = set(value.sources)
    seen = dict.fromkeys(made)
    for path in made:
        inside, more = state.heap.under(path.root).inside(path)
        sources |= inside
        for each in more:
            if each not in seen and len(seen) < MAX_OBJECTS:
                seen[each] = None
                made.append(each)
    return frozenset(sources)


def sources_through(state: State, value: Value, fields: tuple[str, ...]) -> Sources:
    """What the part of a value to which fields lead was made from: of what was put elsewhere into it, nothing.

    Where nothing is known to be in the part, it may be anything of the whole. Of an object of the project, what nobody
    has put into an attribute is that of the class.
    """
    known = state.heap.origins.get((value, fields))
    if known is None:
        known = state.heap.origins[value, fields] = _sources_through(state, value, fields)
    return known


def _sources_through(state: State, value: Value, fields: tuple[str, ...]) -> Sources:
    found = _prolonged(value, fields)
    own = {thing.path for thing in value.things if "::" in thing.type.name} if fields and fields[0][0] == "." else ()
    reached = [(path, fields) for path in made_here(value)]
    seen: set[tuple[Path, tuple[str, ...]]] = set()
    while reached and len(seen) < MAX_OBJECTS:
        path, rest = at = reached.pop(0)
        if at in seen:
            continue
        seen.add(at)
        known, following = False, set[tuple[Path, tuple[str, ...]]]()
        for key, below in state.heap.under(path.root).items():
            if len(key.fields) <= len(path.fields) or not is_prefix(path, key):
                continue
            way = key.fields[len(path.fields) :]
            if is_apart(way) or not all(map(_may_be_same, way, rest)):
                continue
            known = True
            if len(way) >= len(rest):
                found |= deep_sources(state, below)
            else:
                found |= _prolonged(below, rest[len(way) :])
                following.update((each, rest[len(way) :]) for each in made_here(below))
        reached += sorted(following)
        if not known and path in own:
            taken = state.heap.get(slot(path, GIVEN))
            found |= taken.sources if taken is not None else frozenset()
        elif not known:
            whole = deep_sources(state, of(Thing(path)))
            found |= {prolong(each, rest) if is_from_outside(each) else each for each in whole}
    return found


def _prolonged(value: Value, fields: tuple[str, ...]) -> Sources:
    if not is_part_of_sources(value):
        return value.sources
    return frozenset(prolong(each, fields) if is_from_outside(each) else each for each in value.sources)


def _may_be_same(one: str, other: str) -> bool:
    """Whether two fields may lead to the same: any element is each of them."""
    return one == other or (ELEMENT in (one, other) and one[0] == other[0])
