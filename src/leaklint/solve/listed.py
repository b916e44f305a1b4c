"""Keys that have been found in a table: a container that is filled under such keys cannot outgrow the table."""

from __future__ import annotations

from typing import Final

import msgspec.structs

from leaklint.ir.effects import Write
from leaklint.ir.values import Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.elements import elements
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    DICTS,
    ELEMENT,
    KEYS,
    SYMBOLIC,
    constant_keys,
    constants,
    extend,
    is_from_outside,
    is_prefix,
    of,
    ordered,
    slot,
    survives,
)
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.undoing import put_under

TABLES: Final = frozenset({f"builtins.{name}" for name in ("dict", "frozenset", "list", "set", "tuple")})
FOUND: Final = "<found {}>"
"""The field of a test in which lie the containers in which a key is, where the test says so."""
MISSED: Final = "<missed {}>"
"""The field of a test in which lie the containers in which a key is not, where the test says so."""
OPPOSITE: Final = {"true": "false", "false": "true"}


def find(state: State, key: Value, container: Value) -> None:
    """A key is in a container: whoever sends the request can only choose among what is in that."""
    asked = outside(key.sources)
    if not asked or len(container.things) != 1:
        return
    for thing in container.things:
        if thing.type.kind is not TypeKind.INSTANCE or thing.type.name not in TABLES:
            continue
        if survives(thing.path) or thing.path.root.kind in SYMBOLIC:
            state.listed |= {(asked, thing.path)}
        elif thing.path.root.kind is RootKind.MADE and _holds_constants(state, thing.path):
            state.listed |= {(asked, CONSTANT_PATH)}


def _holds_constants(state: State, path: Path) -> bool:
    """Whether all that is in a container made here are constants."""
    held = [
        value
        for field, value in state.heap.under(path.root).items()
        if is_prefix(path, field) and field.fields[len(path.fields) :][:1] > ("[",)
    ]
    return bool(held) and all(constants(value) is not None for value in held)


def remember(state: State, test: Value, answer: str, key: Value, container: Value) -> None:
    """The result of a test says, by this answer, that a key is in a container."""
    for thing in test.things:
        state.heap[slot(thing.path, FOUND.format(answer))] = Value(container.things, outside(key.sources))
        keys = constant_keys(key) | deep_sources(state, key)
        state.heap[slot(thing.path, MISSED.format(OPPOSITE[answer]))] = Value(container.things, keys)


def told(act: Activation, state: State, test: Value, answer: str) -> None:
    """A test has given an answer: perhaps it was that a key is in a container, or that it is not."""
    for thing in ordered(test.things):
        found = state.heap.get(slot(thing.path, FOUND.format(answer)))
        if found is not None:
            find(state, Value(frozenset(), found.sources), Value(found.things))
        missed = state.heap.get(slot(thing.path, MISSED.format(answer)))
        if missed is not None and missed.sources:
            for container in ordered(missed.things):
                state.settle(put_under(state, container.path, missed.sources), absent=True)
                names = [source.root.name for source in missed.sources if source.root.owner == "constant"]
                places = {extend(container.path, f"[{name}]") for name in names}
                state.vacant |= places
                places = places or {extend(container.path, ELEMENT)}
                state.absent |= {extend(container.path, KEYS), *places} - state.settled.keys()
                if container.type.name in DICTS:
                    _nothing_under(act, state, container, missed.sources)


def _nothing_under(act: Activation, state: State, container: Thing, keys: Sources) -> None:
    """On this path nothing is in a container under a key: of what this function has put there, others may stay."""
    kept = state.heap[slot(container.path, KEYS)]
    others = kept.sources.union(*(constant_keys(of(each)) for each in kept.things)) - keys
    for thing in ordered(elements(act, state, of(container), keys=False).things):
        if thing.path.root.kind is not RootKind.MADE:
            pending.is_missing(state, thing.path)
        elif not others:
            state.settle(pending.tokens_at(state, thing.path), absent=True)


def with_tables(state: State, effect: Write) -> Write:
    """The write, and the tables in which all of its key that comes from outside has been found."""
    asked = outside(effect.key_sources)
    if not asked or effect.tables or not state.listed:
        return effect
    known = [(sources, table) for sources, table in state.listed if sources <= asked]
    if asked - frozenset().union(*(sources for sources, _ in known)):
        return effect
    return msgspec.structs.replace(effect, tables=frozenset(table for _, table in known))


def is_one_of_few(key: Value) -> bool:
    """Whether a key is one of the constants, or of the objects, that the program has, whoever chooses it."""
    return bool(key.things) and all(
        thing.path == CONSTANT_PATH
        or (thing.path.root.kind is RootKind.STATIC and not thing.path.fields)
        or (survives(thing.path) and thing.path.fields[-1:] > ("[",))
        for thing in key.things
    )


def outside(sources: Sources) -> Sources:
    """Those sources that a caller, or a framework, decides."""
    return frozenset(source for source in sources if is_from_outside(source))
