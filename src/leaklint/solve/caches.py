"""Caching functions: which functions a cache was put around, what it keeps, and what clears it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import Span
from leaklint.ir.values import MAX_FIELDS, NOTHING, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.models.schema import Row
from leaklint.solve import effects, uses
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.heap import made_here
from leaklint.solve.lattice import constants, is_prefix, join_all, of, ordered, single_constant, slot
from leaklint.solve.state import State
from leaklint.solve.world import function_path

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
    maker, decorates = state.heap[slot(act.made(span), KEY)], span in act.world.decorations(act.path)
    given: set[Thing] = set()
    for thing in value.things:
        name, around = thing.type.name, thing
        if thing.type.kind is TypeKind.FUNCTION and act.importing:
            beside = not decorates and thing.path == function_path(name)
            if beside:
                around = Thing(slot(thing.path, uses.AROUND), thing.type)
            act.world.caching[name] = (bounded, act.world.caching.get(name, (bounded, beside))[1])
            if maker.things and all(each.type.kind is TypeKind.FUNCTION for each in maker.things):
                act.world.cache_keys[name] = maker
        given.add(around)
    return Value(frozenset(given), value.sources)


def without(thing: Thing) -> Thing:
    """The function itself that a cache was put around."""
    return Thing(Path(thing.path.root), thing.type) if thing.path.fields[-1:] == (uses.AROUND,) else thing


def bound_of(act: Activation, thing: Thing) -> bool | None:
    """Whether the cache through which a function is called is bounded; None where it is called without one."""
    bounded, beside = act.world.caching.get(thing.type.name, (None, False))
    return None if beside and thing.path == function_path(thing.type.name) else bounded


def kept(act: Activation, state: State, function: Thing, facts: FunctionFacts, result: Value) -> Value:
    """What a caching function returns survives in its cache, and so does all that it has made and put in there."""
    places = {
        thing.path: uses.cache_of(function)
        for thing in ordered(result.things)
        if thing.path.root.kind is RootKind.MADE and thing.type.kind is TypeKind.INSTANCE
    }
    waiting = list(places)
    while waiting:
        made = waiting.pop()
        above = places[made]
        for path, value in list(state.heap.under(made.root).items()):
            rest = path.fields[len(made.fields) :]
            # a constant may have been replaced since the object was made
            if not rest or not is_prefix(made, path) or constants(value) is not None:
                continue
            below = Path(above.root, (*above.fields, *rest))
            for each in made_here(value):
                if each not in places:
                    places[each] = below if _has_room(state, each, below) else _alone(act, function, facts, each)
                    waiting.append(each)
            if len(below.fields) <= MAX_FIELDS:
                since = state.heap.get(below)  # what has been put there since an earlier call made it
                state.heap[below] = join_all([_kept_at(places, value), *([since] if since is not None else [])])
    return _kept_at(places, result)


def _kept_at(places: Mapping[Path, Path], value: Value) -> Value:
    """The value with the places that objects have in a cache."""
    return Value(frozenset(Thing(places.get(each.path, each.path), each.type) for each in value.things), value.sources)


def _has_room(state: State, made: Path, place: Path) -> bool:
    """Whether all that is known of an object can be said of it at a place, too."""
    deepest = max((len(path.fields) for path in state.heap.under(made.root)), default=0)
    return len(place.fields) + max(1, deepest - len(made.fields)) <= MAX_FIELDS


def _alone(act: Activation, function: Thing, facts: FunctionFacts, made: Path) -> Path:
    """The place of an object that lies too deep in what is cached to be told apart: as if the import had made it."""
    place = Path(Root(RootKind.STATIC, made.root.owner, made.root.name), made.fields)
    act.world.name_object(Thing(place), f"{facts.name}()", function.type.name.partition("::")[0], facts.name_span)
    return place


def clear(state: State, thing: Thing) -> None:
    """Clears the cache of a function, if that is what the callee does: what it keeps is gone."""
    if thing.path.fields[-1:] == (CLEARING,):
        effects.reset(state, without(Thing(Path(thing.path.root, thing.path.fields[:-1]))).path)
