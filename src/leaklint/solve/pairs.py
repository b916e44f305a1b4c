"""Pairs of keys and values: what a dictionary is made of, or is given by ``update``."""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import Thing, Value
from leaklint.solve import effects, uses
from leaklint.solve.activation import Activation
from leaklint.solve.draining import take_all
from leaklint.solve.elements import elements
from leaklint.solve.lattice import DICTS, ELEMENT, KEYS, field_of_key, of, ordered, with_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving, instance

_PAIRS: Final = frozenset({"builtins.list", "builtins.tuple"})


def as_dictionary(act: Activation, state: State, given: Value, span: Span) -> Solving:
    """What is given to a dictionary: where that gives nothing but pairs, the dictionary that they make."""
    pairs = elements(act, state, given).things
    if any(thing.type.name in DICTS for thing in given.things) or not pairs:
        return given
    if not all(pair.type.name in _PAIRS for pair in pairs):
        return given
    uses.consume(act, state, given, span, "unpacking")
    yield from take_all(act, state, given, span)
    made = Thing(act.made(span, "pairs"), instance("builtins.dict"))
    for pair in ordered(pairs):
        key, value = (elements(act, state, of(pair), field) for field in ("[0]", "[1]"))
        field = field_of_key(key)
        kept = with_sources(value, key.sources) if field == ELEMENT else value
        effects.bind_field(act, state, made, KEYS, key, certain=False)
        effects.bind_field(act, state, made, field, kept, certain=False)
    return of(made, sources=given.sources)
