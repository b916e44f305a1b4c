"""Overriding: elements that a copy, or an update, is given under known keys, in place of what was there before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leaklint.ir.location import Span
from leaklint.ir.values import Path, Root, RootKind, Sources, Thing, Value
from leaklint.solve import effects
from leaklint.solve.activation import Activation
from leaklint.solve.binding import is_fresh, overwrites
from leaklint.solve.escaping import escape
from leaklint.solve.lattice import DICTS, ELEMENT, extend, is_prefix, ordered
from leaklint.solve.lookup import read_field
from leaklint.solve.state import State


def override(act: Activation, state: State, targets: Value, given: Value, span: Span) -> None:
    """What ``given`` holds under constant keys, ``targets`` hold under them from now on, and nothing else."""
    if len(given.things) != 1:
        return
    (thing,) = given.things
    single = len(targets.things) == 1
    for field in _fields(state, thing, act.world.fields_below(thing.path)):
        value = read_field(act, state, extend(thing.path, field))
        if value is None or field == ELEMENT:
            continue
        for target in ordered(targets.things):
            place = extend(target.path, field)
            if single:
                overwrites(act, state, place)
            effects.bind_field(act, state, target, field, value, certain=single)
            if single and target.path.root.kind is not RootKind.MADE and is_fresh(value, value.sources):
                effects.reset_field(act, state, place, span)
                escape(state, value, place)


def take_over(act: Activation, state: State, name: str, copies: Value, original: Value, span: Span) -> None:
    """A dictionary that a class, or ``copy``, makes of another one holds under each known key what that holds there."""
    kinds = {thing.type.name for thing in copies.things}
    like = {thing.type.name for thing in (*copies.things, *original.things)} <= DICTS
    if like and name in kinds | {f"{kind}.copy" for kind in kinds}:
        override(act, state, copies, original, span)


def keys_of(state: State, given: Sequence[Value]) -> Sources:
    """The constant keys of all that is given, as sources; nothing where there may be other keys."""
    found: set[str] = set()
    for value in given:
        for thing in value.things:
            fields = _fields(state, thing)
            if thing.path.root.kind is not RootKind.MADE or not fields or ELEMENT in fields:
                return frozenset()
            found.update(field[1:-1] for field in fields)
    return frozenset(Path(Root(RootKind.LIBRARY, "constant", key)) for key in found)


def _fields(state: State, thing: Thing, lasting: Iterable[Path] = ()) -> list[str]:
    """The fields of a dictionary's elements: under constant keys, and under any."""
    depth = len(thing.path.fields)
    known = (*state.heap.under(thing.path.root), *lasting)
    below = {key.fields[-1] for key in known if len(key.fields) == depth + 1 and is_prefix(thing.path, key)}
    return sorted(field for field in below if field.startswith("["))
