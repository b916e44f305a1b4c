"""The elements of containers, and the objects that lie in others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from leaklint.ir.values import NOTHING, UNKNOWN_TYPE, Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    BELOW,
    DICTS,
    ELEMENT,
    FACTORY,
    KEYS,
    NONE,
    SYMBOLIC,
    constants,
    extend,
    is_prefix,
    join,
    join_all,
    narrowed,
    of,
    ordered,
    survives,
    too_deep,
    truth,
    with_sources,
)
from leaklint.solve.lookup import read_field
from leaklint.solve.state import State
from leaklint.solve.world import instance


def elements(act: Activation, state: State, value: Value, field: str = ELEMENT, *, keys: bool = True) -> Value:
    """The elements of a container: those known under the key, those under any key, or unknown ones.

    With ``keys``, the keys of a dictionary are among them, as when one walks over it.
    """
    found, in_tuples = [], bool(value.things)
    for thing in ordered(value.things):
        path = extend(thing.path, field)
        stored = read_field(act, state, path) if path != thing.path else None
        in_tuple = thing.type.name == "builtins.tuple" and thing.path.root.kind is RootKind.MADE
        in_tuples = in_tuples and in_tuple and stored is not None and field != ELEMENT
        if field == ELEMENT:
            below = [
                each
                for heap in (state.heap.under(thing.path.root), act.world.fields_below(thing.path))
                for key, each in heap.items()
                if len(key.fields) == len(thing.path.fields) + 1
                and is_prefix(thing.path, key)
                and key.fields[-1].startswith(("[", KEYS) if keys else "[")
            ]
            stored = _any_of(act, state, below) if below else stored
        elif stored is None:
            stored = _from_the_end(act, state, thing, field) or read_field(act, state, extend(thing.path, ELEMENT))
        if stored is not None:
            found.append(stored)
        elif thing.type.name == "collections.defaultdict":
            made = read_field(act, state, extend(thing.path, FACTORY)) or NOTHING
            kinds = [each.type.name for each in made.things if each.type.kind is TypeKind.LIBRARY]
            kind = instance(kinds[0]) if kinds else UNKNOWN_TYPE
            found.append(Value(frozenset({Thing(path, kind), *_made_by_default(act, state, thing, kind)})))
        elif thing.type.name == "builtins.str":
            found.append(of(Thing(path, thing.type)))
        elif (
            thing.path.root.owner == "process" and (row := act.world.models.row(thing.path.root.name)) and row.elements
        ):
            found.append(of(Thing(path, instance(row.elements))))  # ``logger.handlers``
        elif thing.path.root.kind is not RootKind.MADE or thing.type in (UNKNOWN_TYPE, BELOW):
            found.append(too_deep(of(Thing(path)), thing.path))
    result = join_all(found) if found else NOTHING
    # what lies at its place in a tuple is no part of what the tuple was made from
    return result if in_tuples else with_sources(result, narrowed(value, field))


def keys_of(act: Activation, state: State, value: Value) -> Value:
    """The keys of a dictionary, where they are known; else any of its elements, or keys."""
    known = [read_field(act, state, extend(thing.path, KEYS)) for thing in value.things if thing.type.name in DICTS]
    held = [each for each in known if each is not None]
    if not held or len(held) < len(value.things):
        return elements(act, state, value)
    return with_sources(join_all(held), narrowed(value, ELEMENT))


def found_or_none(act: Activation, state: State, found: Value, container: Value, key: Value) -> Value:
    """What a look-up has found under a key, or None: what lies under other keys does not say that it is there.

    That matters where a test of it would be certain: constants, functions and classes are never None by themselves.
    """
    if constants(found) is None and not truth(found):
        return found
    fields = [f"[{each!r}]" for each in constants(key) or ()]
    places = [extend(each.path, field) for each in container.things for field in fields]
    return found if places and all(read_field(act, state, place) for place in places) else join(found, NONE)


GROWING: Final = DICTS | {"builtins.list", "builtins.set", "collections.deque"}
MOST_APART: Final = 8
"""So many containers in one that survives are told apart."""


def _any_of(act: Activation, state: State, below: Sequence[Value]) -> Value:
    """Any of the elements; many containers in one that has been made at import are an element of it, and no more."""
    inner = {thing for each in below for thing in each.things if thing.type.name in GROWING}
    if act.importing or len(inner) <= MOST_APART:
        return together(state, below)
    owners = {thing: act.world.owner_of(thing.path) for thing in inner}
    one_of = {thing: Thing(extend(owner[0], ELEMENT), thing.type) for thing, owner in owners.items() if owner}
    return together(
        state, [Value(frozenset(one_of.get(each, each) for each in value.things), value.sources) for value in below]
    )


def together(state: State, values: Sequence[Value]) -> Value:
    """Any of the values; where they are too many to be told apart, nobody sees who waits for the work among them."""
    found = join_all(values)
    if not found.things and pending.is_under_way(state):
        pending.hand_over_all(state, values, (), made=RootKind.MADE)
    return found


CARRIED: Final = 2
"""How deep callables are looked into that carry others: a partial with the method of an object."""
PARTS: Final = ("[", ".", "<")


def parts(state: State, path: Path, depth: int = CARRIED) -> list[Path]:
    """The objects that lie in an object: in its fields, or in it as elements; for a callable, in what it carries."""
    found = []
    for key, value in state.heap.under(path.root).items():
        if len(key.fields) == len(path.fields) + 1 and is_prefix(path, key) and key.fields[-1].startswith(PARTS):
            found += [thing.path for thing in value.things]
            if depth and key.fields[-1].startswith("<"):
                found += [inner for thing in value.things for inner in parts(state, thing.path, depth - 1)]
    return found


def is_element(state: State, thing: Thing) -> bool:
    """Whether a container made here holds the object."""
    return any(key.fields[-1:] > ("[",) and thing in value.things for key, value in state.heap.items())


def _made_by_default(act: Activation, state: State, thing: Thing, kind: Type) -> Iterable[Thing]:
    """What a default has put under keys, known ones or others, where something has been put into that since."""
    depth = len(thing.path.fields)
    for heap in (state.heap.under(thing.path.root), act.world.fields_below(thing.path)):
        for key in heap:
            if len(key.fields) > depth + 1 and is_prefix(thing.path, key) and key.fields[depth].startswith("["):
                yield Thing(Path(key.root, key.fields[: depth + 1]), kind)


def _from_the_end(act: Activation, state: State, thing: Thing, field: str) -> Value | None:
    """The element of a tuple at a negative position, where all its elements are known by their positions."""
    position = field[1:-1]
    if not position.startswith("-") or not position[1:].isdigit() or thing.type.name != "builtins.tuple":
        return None
    if read_field(act, state, extend(thing.path, ELEMENT)) is not None:
        return None
    places = [extend(thing.path, f"[{index}]") for index in range(8)]
    known = [each for place in places if (each := read_field(act, state, place)) is not None]
    index = len(known) - int(position[1:])
    return known[index] if index >= 0 else None


_FLAT: Final = frozenset({"builtins.list", "builtins.set", "collections.deque"})
"""What holds elements; of a dictionary of a caller nobody knows what lies under which key of the one that was there."""


def beside(state: State, place: Path, added: Value) -> Value:
    """What a place holds once an object has been put there, unless one was there already: one of the same type."""
    there = state.heap.get(place) if place.root.kind is RootKind.MADE else None
    kinds = {thing.type for thing in added.things}
    alike = _FLAT | {"builtins.dict"} if survives(place) else _FLAT
    if (place.root.kind in SYMBOLIC or survives(place)) and all(each.name in alike for each in kinds):
        there = Value(frozenset(Thing(place, each) for each in kinds))
    return added if there is None else join(there, added)
