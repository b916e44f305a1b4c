"""Concerning: which places one has in view who writes, tests or reads another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from leaklint.ir.effects import AnyEffect, How, Settled, Write
from leaklint.ir.values import Path, RootKind, Sources
from leaklint.solve.contents import reads_all_around
from leaklint.solve.lattice import (
    CLOCK,
    CROWD,
    ELEMENT,
    MISSING,
    ROOM,
    VARIES,
    extend,
    is_from_outside,
    is_prefix,
    is_within,
    survives,
)

_BINDING: Final = frozenset({How.REBIND, How.SET_ATTRIBUTE})
_FEEDING: Final = frozenset({How.GROW, How.SET_ITEM})
_REPLACING: Final = frozenset({How.COUNT, How.SET_ATTRIBUTE, How.SET_ITEM})


def read_first(place: Path, reads: Sources) -> bool:
    """Whether an invocation reads what an earlier one left in a place before it binds the place."""
    return any(is_prefix(place, read) or is_prefix(read, place) or reads_all_around(read, place) for read in reads)


def may_be_same(of_parameter: Path, read: Path) -> bool:
    """Whether a surviving place lies in one of a parameter, if the caller gives the object that it starts from."""
    fields = of_parameter.fields
    given = of_parameter.root.kind is RootKind.PARAMETER and read.root.kind is RootKind.STATIC
    return given and bool(fields) and fields == read.fields[: len(fields)]


def looks_into(reads: Sources, container: Path) -> bool:
    """Whether an invocation looks at what an earlier one left in a container, on some path on which it is not reset."""
    depth = len(container.fields)
    return any(
        len(read.fields) > depth and is_prefix(container, read) and read.fields[depth].startswith(("[", "<", "{"))
        for read in reads
    )


def what_is_fed(effects: Iterable[AnyEffect]) -> dict[Path, Sources]:
    """The containers that an invocation puts elements into, with what these and their keys are made from."""
    fed: dict[Path, Sources] = {}
    for effect in effects:
        if not isinstance(effect, Write) or effect.path is None or effect.assumed:
            continue
        if effect.how in _FEEDING and effect.settled is not Settled.ALWAYS:
            known = fed.get(effect.path, frozenset())
            fed[effect.path] = known | effect.key_sources | effect.sources | {effect.path}
    return fed


def takes_what_was_fed(effect: Write, fed: Mapping[Path, Sources]) -> bool:
    """Whether a write takes something out of a container into which the same invocation may have put it.

    ``fed`` are the containers that it puts elements into, with what these and their keys are made from.
    """
    if effect.prunes:
        return not effect.prunes.isdisjoint(fed)
    path = effect.path
    if path is None or path not in fed:
        return False
    put = fed[path] | {VARIES}
    if effect.sources and not _is_of_too_many(effect, path, put):
        return False
    return not effect.key_sources or any(each in put or is_prefix(path, each) for each in effect.key_sources)


def _is_of_too_many(effect: Write, path: Path, put: Sources) -> bool:
    """Whether a container that has too many elements loses one of them: perhaps what has just been ``put`` there."""
    own = extend(path, ELEMENT) in effect.sources and all(each in put or survives(each) for each in effect.sources)
    return own and any(CROWD in test and any(is_along(place, path) for place in test) for test in effect.tests)


def keys_of_elements(effects: Iterable[AnyEffect]) -> dict[Path, Sources]:
    """The containers in which an invocation sets elements, with what all of their keys are made from."""
    keys: dict[Path, Sources] = {}
    for effect in effects:
        if isinstance(effect, Write) and effect.path is not None and effect.how is How.SET_ITEM:
            keys[effect.path] = effect.key_sources & keys.get(effect.path, effect.key_sources)
    return keys


def keys_on_the_way(path: Path, keys: Mapping[Path, Sources]) -> Sources:
    """What the keys are made from under which one comes to a place; ``keys`` are those of all containers."""
    above = [index for index, field in enumerate(path.fields) if field == ELEMENT]
    return frozenset().union(*(keys.get(Path(path.root, path.fields[:index]), ()) for index in above))


def made_for_entry(effect: Write, path: Path, request: Sources, held: Sources) -> Sources:
    """The keys of an entry of which a part is made of no more ``request`` than they hold: once, or in the same place.

    ``held`` are the keys under which one comes to the place.
    """
    lazily = any(is_along(place, path) for test in effect.tests for place in test)
    # a key that may also be another one does not tell what was put there from what others put there
    replaced = effect.how in _REPLACING and all(map(is_from_outside, held))
    # under a key of its own each new one takes room
    replaced = replaced and all(is_within(each, held) or each.root.owner == "constant" for each in effect.key_sources)
    separated = (lazily or replaced) and all(is_within(each, held) for each in request)
    return held if request and separated else frozenset()


def is_bound_under(tests: Iterable[Sources], effect: AnyEffect) -> bool:
    """Whether an effect binds, under one of the tests, what that test asks for."""
    return (
        isinstance(effect, Write)
        and effect.how in _BINDING
        and effect.path is not None
        and any(effect.path in test for test in tests if test in effect.tests)
    )


def is_said_otherwise(
    looked_up: Write, path: Path, effects: Iterable[AnyEffect], constant: Callable[[Sources], bool]
) -> bool:
    """Whether a container that makes what is missing is changed by more than this, or looked up in before."""
    return any(
        isinstance(each, Write)
        and each.path is not None
        and is_prefix(path, each.path)
        and (
            (each.operation != MISSING and not each.assumed and not _is_part_of_entry(each, path, looked_up))
            or (each.path == path and each.site < looked_up.site and not constant(each.key_sources))
        )
        for each in effects
    )


def _is_part_of_entry(effect: Write, container: Path, looked_up: Write) -> bool:
    """Whether a part of the entry is replaced that is made of no more than its key: nothing is said of that."""
    known = all(is_within(each, looked_up.key_sources) for each in effect.sources if is_from_outside(each))
    replaces = effect.how in _REPLACING
    return effect.path != container and replaces and known and not any(map(is_from_outside, effect.key_sources))


def is_said_where_kept(
    effect: Write, path: Path, effects: Iterable[AnyEffect], asks: Callable[[Sources], object]
) -> bool:
    """Whether a change of an object of the invocation's own adds nothing to what is said where a container keeps it.

    That request data stays, where the change ``asks`` for such data, is said there only if what is kept has some.
    """
    if not effect.of_own or effect.how in (How.CLEAR, How.DELETE, How.SHRINK):
        return False
    asking = asks(effect.sources | effect.key_sources)
    return any(
        isinstance(each, Write)
        and each.how in _FEEDING
        and each.settled <= effect.settled
        and each.tests <= effect.tests
        and each.path not in (None, path)
        and is_prefix(each.path, path)
        and (not asking or (asks(each.sources) and not asks(each.key_sources)))
        for each in effects
    )


def is_limited(container: Path, tests: Iterable[Sources]) -> bool:
    """Whether something is put into a container only if there is room, or if what was there is too old."""
    for test in tests:
        if CLOCK in test and any(is_along(place, container) for place in test):
            return True
        if ROOM in test and any(_is_measured(place, container) for place in test):
            return True
    return False


def _is_measured(place: Path, container: Path) -> bool:
    """Whether a length that was made from a place may be that of the container: not of an object that has it.

    Of a value made from very much, only the objects are known in which that lies.
    """
    depth = len(place.fields)
    inside = is_prefix(place, container) and depth < len(container.fields)
    return container.fields[depth].startswith("[") if inside else is_prefix(container, place)


def is_along(place: Path, path: Path) -> bool:
    """Whether one of the two lies below the other, or is the other: many sources are kept with fewer fields."""
    return is_prefix(place, path) or is_prefix(path, place)


def concerns(place: Path, path: Path, holder: Path | None) -> bool:
    """Whether a test of a place may be about what is written: it is that, or begins with the same field.

    Of an object that an invocation makes and keeps, in its ``holder``, both have a field.
    """
    count = 1 + (len(holder.fields) if holder is not None else 0)
    return is_along(place, path) or (place.root == path.root and place.fields[:count] == path.fields[:count])


def bound_by(effects: Iterable[AnyEffect]) -> frozenset[Path]:
    """The variables and attributes that an invocation binds."""
    binding = (each for each in effects if isinstance(each, Write) and each.how in _BINDING and not each.assumed)
    return frozenset(each.path for each in binding if each.path is not None)


def holder_of(path: Path, bound: Sources) -> Path | None:
    """The nearest of the places that an invocation binds in whose object a place lies."""
    above = (Path(path.root, path.fields[:count]) for count in range(len(path.fields) - 1, -1, -1))
    return next((each for each in above if each in bound), None)


def is_constant(place: Path) -> bool:
    """Whether a source is none that anything changes: the library's, but for the state of the process."""
    return place.root.kind is RootKind.LIBRARY and place.root.owner != "process"
