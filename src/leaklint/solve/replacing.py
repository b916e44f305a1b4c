"""What is put in the place of something: what was there before, or what wraps it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Close, Write
from leaklint.ir.values import Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import CLOCK, NONE, UNKNOWN_CALL, VARIES, is_prefix
from leaklint.solve.state import State
from leaklint.solve.undoing import REPLACING


def puts_back(place: Path, value: Value) -> bool:
    """Whether a value is what the place held before, or None for nothing: ``getattr(local, "user", None)``."""
    own = [thing for thing in value.things if _is_of(place, thing)]
    if own:
        return all(thing in own or thing in NONE.things for thing in value.things)
    # a constant that was read from there
    read = bool(value.sources) and all(is_prefix(place, source) for source in value.sources)
    return read and all(thing.type.kind is TypeKind.CONSTANT for thing in value.things)


def _is_of(place: Path, thing: Thing) -> bool:
    """Whether an object is what the place held before."""
    if place.root.kind is RootKind.LIBRARY and thing.path.root.kind is RootKind.LIBRARY:
        name = thing.type.name if thing.type.kind is TypeKind.LIBRARY else thing.path.root.name
        return name == place.root.name + "".join(place.fields) or is_prefix(place, thing.path)
    return is_prefix(place, thing.path)


def wraps(act: Activation, state: State, place: Path, value: Value) -> bool:
    """Whether a function made here carries what is in its place: each invocation wraps that once more.

    Not so where a test looks at a library, which may find the function of an earlier one, or where a variable of the
    module still has what was there at import.
    """
    if any(read.root.owner == place.root.owner for tested in state.guards for read in tested.reads):
        return False
    module = act.world.modules.get(act.path)
    saved = module.names.values() if module is not None else ()
    if any(_is_of(place, thing) for held in saved for thing in held.things):
        return False
    carried = [
        held
        for thing in value.things
        if thing.type.kind in (TypeKind.FUNCTION, TypeKind.PARTIAL) and thing.path.root.kind is RootKind.MADE
        for field, held in state.heap.under(thing.path.root).items()
        if is_prefix(thing.path, field)
    ]
    return any(_is_of(place, thing) for held in carried for thing in held.things)


def opened_when_found_closed(path: Path | None, effects: Iterable[tuple[AnyEffect, Any, Any, Any]]) -> bool:
    """Whether an invocation binds a resource anew where a look into it says that it no longer works."""
    return path is not None and any(
        isinstance(each, Write)
        and each.how in REPLACING
        and each.path is not None
        and is_prefix(each.path, path)
        and any(_looks_into(test, each.path) for test in each.tests)
        for each, *_ in effects
    )


def closed_where_kept(state: State, effect: AnyEffect) -> AnyEffect:
    """What closes a resource made here, said of the place where the next invocation finds it: a lazy singleton.

    Not so where some path binds the place anew without a look at what is there, or takes out what is in it.
    """
    if not isinstance(effect, Close) or effect.path is None or effect.path.root.kind is not RootKind.MADE:
        return effect
    place = state.kept_at(effect.path, whole=True)
    if place is None or state.is_bound(place) or any(is_prefix(gone, place) for gone in state.trimmed):
        return effect
    bound = [
        each
        for each in (token.effect for token in state.tokens.values())
        if isinstance(each, Write) and each.path is not None and is_prefix(each.path, place)
    ]
    if not bound or not all(_asks_for(each) for each in bound):
        return effect
    return msgspec.structs.replace(effect, path=place)


def _asks_for(write: Write) -> bool:
    """Whether a write stands under a test of what it writes: the next invocation takes what it finds there."""
    place = write.path
    return place is not None and any(
        read.root == place.root and (is_prefix(read, place) or is_prefix(place, read))
        for test in write.tests
        for read in test
    )


def _looks_into(test: Sources, place: Path) -> bool:
    """Whether a test reads what an object says of itself (an attribute, a method), beyond whether it is there."""
    below = any(is_prefix(place, each) and each != place for each in test)
    return below or (place in test and not test.isdisjoint({CLOCK, UNKNOWN_CALL, VARIES}))
