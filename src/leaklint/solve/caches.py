"""Caching functions: which functions a cache was put around, and what clears it."""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Thing, Type, TypeKind, Value
from leaklint.models.schema import Row
from leaklint.solve import effects
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import of, single_constant, slot
from leaklint.solve.state import State

BOUNDED: Final = "leaklint.bounded_cache"
UNBOUNDED: Final = "leaklint.unbounded_cache"
"""Decorators that put a cache around a function: what ``lru_cache(maxsize=8)`` returns."""
CLEARING: Final = ".cache_clear"


KEY: Final = "<key>"
"""The slot of such a decorator in which lies the function that makes the key."""


def decorated(
    act: Activation, state: State, row: Row, given: dict[str, Value], arguments: Arguments, span: Span
) -> Value:
    """What a caching decorator gives: the function with a cache around it, or a decorator that does that."""
    if any(each.type.kind is TypeKind.FUNCTION for value in arguments.positional for each in value.things):
        return keep(act, state, arguments, span, bounded=row.always_bounded)
    state.heap[slot(act.made(span), KEY)] = given.get("key", NOTHING)
    values = [given[name] for name in row.cached or () if given.get(name, NOTHING).things]
    bounded = any(_bounds(act, value) for value in values) if values else row.always_bounded
    return of(Thing(act.made(span), Type(TypeKind.LIBRARY, BOUNDED if bounded else UNBOUNDED)))


def _bounds(act: Activation, value: Value) -> bool:
    """Whether an argument of a caching decorator bounds the cache: a number, or a cache that has a bound itself."""
    if single_constant(value) == (True, None):
        return False
    kinds = {thing.type.name for thing in value.things}
    return "builtins.dict" not in kinds or any(thing.path in act.world.bounded for thing in value.things)


def keep(act: Activation, state: State, arguments: Arguments, span: Span, *, bounded: bool) -> Value:
    """Puts a cache around a function; one that an invocation makes dies with it."""
    value = arguments.positional[0] if arguments.positional else NOTHING
    maker = state.heap[slot(act.made(span), KEY)]
    for thing in value.things:
        if thing.type.kind is TypeKind.FUNCTION and act.importing:
            act.world.caching[thing.type.name] = bounded
            if maker.things and all(each.type.kind is TypeKind.FUNCTION for each in maker.things):
                act.world.cache_keys[thing.type.name] = maker
    return value


def clear(state: State, thing: Thing) -> None:
    """Clears the cache of a function, if that is what the callee does: what it keeps is gone."""
    if thing.path.fields[-1:] == (CLEARING,):
        effects.reset(state, Path(thing.path.root, thing.path.fields[:-1]))
