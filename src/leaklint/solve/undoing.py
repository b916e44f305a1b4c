"""Undoing: what a write takes back of what this invocation has done before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Defer, How, Write
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    CROWD,
    ELEMENT,
    MEASURED,
    MISSING,
    SYMBOLIC,
    at_import,
    constant_keys,
    extend,
    is_prefix,
    is_within,
    slot,
    survives,
)
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State, Status, Token

OPPOSITE: Final = {"+=": "-=", "-=": "+="}
NONE: Final[Sources] = frozenset()
ONE_ELEMENT: Final = frozenset({"add", "append", "appendleft", "insert"})
"""Methods that put a single element into a container."""
REMOVING: Final = frozenset({How.SHRINK, How.DELETE})
_TAKING_OUT: Final = frozenset({"discard", "pop", "remove"})
"""Methods by which containers lose a certain element."""
_MAKING: Final = frozenset({MISSING, "setdefault"})
REPLACING: Final = frozenset({How.REBIND, How.SET_ATTRIBUTE, How.SET_ITEM})
_ADDING: Final = {
    How.SHRINK: (How.GROW, How.SET_ITEM),
    How.DELETE: (How.GROW, How.SET_ITEM, How.SET_ATTRIBUTE),
}
"""What a removal undoes."""


def undone_by(state: State, effect: Write, element: Value = NOTHING) -> list[tuple[object, ...]]:
    """Tokens that a write undoes: the same element is taken out again, or the old value is put back.

    ``element`` is what a removal is given, where that is known.
    """
    path, how = effect.path, effect.how
    assert path is not None
    merges = how is How.GROW and not {path, extend(path, ELEMENT)}.isdisjoint(effect.sources | effect.key_sources)
    known_key = bool(effect.key_sources) and constants_in(effect.key_sources) == effect.key_sources
    counts = effect.operation in OPPOSITE and (how is How.COUNT or (how is How.SET_ITEM and known_key))
    of_process = path.root.kind is RootKind.LIBRARY
    restores = effect.puts_back or (of_process and not effect.sources.isdisjoint({path, at_import(path)}))
    if not (how in REMOVING or merges or counts or (restores and (how is How.SET_ITEM or how in REPLACING))):
        return []
    opened = [
        token
        for token in state.tokens.values()
        if isinstance(token.effect, Write) and token.status is not Status.SETTLED and token.effect.path is not None
    ]
    if how in REMOVING:
        # ``if old is None: os.environ.pop(name)``: nothing was there before
        nothing_before = path.root.kind is RootKind.LIBRARY and any(path in tested.reads for tested in state.guards)
        kept_at = _kept_at(state, element)
        added = [
            token.key
            for token in opened
            if token.effect.path is not None
            and (token.effect.path == path or (effect.sources and _may_be(token.effect.path, path)))
            and isinstance(token.effect, Write)
            and (token.effect.how in _ADDING[how] or path.root.kind is RootKind.LIBRARY)
            and not is_other_key(token.effect, effect)
            and (
                (nothing_before and token.effect.operation not in ONE_ELEMENT)
                or _same_element(state, token.effect, effect)
                or _same_object(token.effect, effect, kept_at)
            )
        ]
        # the element goes with all that has been put into it
        inner = [
            token.key
            for token in opened
            if token.effect.path
            and (is_in_element(path, token.effect.path) or (kept_at and is_prefix(kept_at, token.effect.path)))
        ]
        if added:
            return [*added, *inner]
        # a callee that takes it out if it is empty takes nothing out of it
        asked = any(is_in_element(path, each) for test in effect.tests for each in test)
        made = _made_by_default(state, effect)
        return [*([] if asked else inner), *made] if made else []
    if merges:
        if path.root.kind is RootKind.LIBRARY:
            # what was there before is merged into it again
            return [each.key for each in opened if each.effect.path and is_prefix(path, each.effect.path)]
        taken = [token.key for token in opened if token.effect.path == path and _takes(token.effect)]
        if taken:
            return taken
    if counts:
        return [
            token.key
            for token in opened
            if token.effect.path == path
            and token.effect.operation == OPPOSITE[effect.operation]
            and _same_key(token.effect, effect)
        ]
    if how is How.SET_ITEM and restores and path.root.kind is not RootKind.LIBRARY:
        opened = [token for token in opened if _same_key(token.effect, effect)]
    if how in REPLACING and restores:
        return [
            token.key
            for token in opened
            if token.effect.path is not None
            and is_prefix(path, token.effect.path)
            and not (isinstance(token.effect, Write) and is_other_key(token.effect, effect))
        ]
    return []


def drops_when_full(state: State, container: Path, removal: Write) -> bool:
    """Whether a container loses one of its own elements, or what is under one of its keys, where it has too many.

    A method that walks over ``self`` does not tell keys and elements apart.
    """
    taken = removal.sources | removal.key_sources
    if removal.how not in REMOVING or taken.isdisjoint({container, extend(container, ELEMENT)}):
        return False
    crowds = [tested.reads for tested in state.guards if CROWD in tested.reads]
    return any(is_within(container, reads) or slot(container, MEASURED) in reads for reads in crowds)


def may_be_left_out(undoing: Write, done: AnyEffect) -> bool:
    """Whether a callee undoes something only if the request says so, or only if a container has so many elements.

    What tests of the container itself say, or of other state that survives, is taken to hold where there is something
    to undo.
    """
    path = undoing.path
    assert path is not None
    for test in undoing.tests - (done.tests if isinstance(done, Write) else frozenset()):
        of_container = any(is_prefix(path, each) or is_prefix(each, path) for each in test)
        if CROWD in test or (not of_container and any(each.root.kind is RootKind.PARAMETER for each in test)):
            return True
    return False


def _may_be(one: Path, other: Path) -> bool:
    """Whether two containers may be one: an element under some key, and that under a key which is known."""
    return (
        one.root == other.root
        and len(one.fields) == len(other.fields)
        and all(
            first == second or (ELEMENT in (first, second) and first.startswith("[") and second.startswith("["))
            for first, second in zip(one.fields, other.fields, strict=True)
        )
    )


def _made_by_default(state: State, removed: Write) -> list[tuple[object, ...]]:
    """Tokens of the ``setdefault`` that has put the element there that is taken out, though they say no more."""
    return [
        token.key
        for token in state.tokens.values()
        if isinstance(token.effect, Write)
        and token.effect.operation == "setdefault"
        and token.effect.path == removed.path
        and not is_other_key(token.effect, removed)
        and _same_element(state, token.effect, removed)
    ]


def assume_removal(act: Activation, state: State, method: Thing, element: Value, span: Span) -> None:
    """A method of an object of which nothing is known may take out what this invocation has put into it."""
    name = method.path.fields[-1].removeprefix(".") if method.path.fields else ""
    place = Path(method.path.root, method.path.fields[:-1])
    lasts = place.root.kind in SYMBOLIC or survives(place)
    if name not in _TAKING_OUT or not lasts or act.importing:
        return
    effect = Write(
        site=act.site(span),
        operation=name,
        path=place,
        how=How.SHRINK,
        sources=deep_sources(state, element) if name != "pop" else NONE,
        key_sources=deep_sources(state, element) | constant_keys(element) if name == "pop" else NONE,
        assumed=True,
    )
    undone = undone_by(state, effect, element)
    if undone:
        state.settle(with_callbacks(state, undone))
    else:
        state.open(Token(effect, ()))


def put_into(state: State, container: Path) -> list[tuple[object, ...]]:
    """Tokens of what this invocation has put into a container, or into its elements."""
    added = [
        token.key
        for token in state.tokens.values()
        if isinstance(token.effect, Write)
        and token.effect.path is not None
        and token.status is not Status.SETTLED
        and (
            (token.effect.path == container and token.effect.how in _ADDING[How.SHRINK])
            or is_in_element(container, token.effect.path)
        )
    ]
    return with_callbacks(state, added)


def made_for_others(state: State, element: Value) -> list[tuple[object, ...]]:
    """Tokens of an element that was looked up, and made where it was missing, in which a test has found something.

    If this invocation has left nothing there, others have: the element is theirs.
    """
    places = [thing.path for thing in element.things if thing.path.fields[-1:] and thing.path.fields[-1][0] == "["]
    if len(element.things) != 1 or not places:
        return []
    place, container = places[0], Path(places[0].root, places[0].fields[:-1])
    found = []
    for token in state.tokens.values():
        effect = token.effect
        if not isinstance(effect, Write) or effect.path is None:
            continue
        if is_prefix(place, effect.path) and effect.how in _ADDING[How.SHRINK] and token.status is not Status.SETTLED:
            return []
        keys = effect.key_sources - constants_in(effect.key_sources)
        if effect.path == container and effect.operation in _MAKING and keys <= element.sources:
            found.append(token.key)
    return found


def is_only_looked_up(state: State, container: Path) -> bool:
    """Whether this function looks into a container and puts nothing there: what it takes out, a caller may have put."""
    adding = [
        token.effect.operation
        for token in state.tokens.values()
        if isinstance(token.effect, Write)
        and token.effect.path is not None
        and is_prefix(container, token.effect.path)
        and token.effect.how not in REMOVING
    ]
    return bool(adding) and all(operation == MISSING for operation in adding)


def put_under(state: State, container: Path, keys: Sources) -> list[tuple[object, ...]]:
    """Tokens of what this invocation has put into a container under a key, or as an element."""
    added = []
    for token in state.tokens.values():
        effect = token.effect
        if not isinstance(effect, Write) or effect.path != container or token.status is Status.SETTLED:
            continue
        removed = msgspec.structs.replace(effect, sources=NONE, key_sources=keys)
        adds = effect.how in _ADDING[How.DELETE] or container.root.kind is RootKind.LIBRARY
        if adds and not is_other_key(effect, removed) and _same_element(state, effect, removed):
            added.append(token.key)
    return with_callbacks(state, added)


def with_callbacks(state: State, writes: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The tokens of writes, and those of the callbacks that were kept with them: what is taken out is not called."""
    sites = {state.tokens[key].effect.site for key in writes}
    kept = [
        key
        for key, token in (state.tokens.items() if sites else ())
        if isinstance(token.effect, Defer)
        and token.effect.api == "parameter"
        and not token.effect.to_work
        and token.effect.site in sites
    ]
    return [*writes, *kept]


def is_in_element(container: Path, path: Path) -> bool:
    """Whether a path leads into an element of a container."""
    below = path.fields[len(container.fields) :]
    return is_prefix(container, path) and bool(below) and below[0].startswith("[")


def _same_key(one: AnyEffect, other: Write) -> bool:
    return isinstance(one, Write) and one.key_sources == other.key_sources


def _takes(effect: AnyEffect) -> bool:
    return isinstance(effect, Write) and effect.how in REMOVING


def _kept_at(state: State, element: Value) -> Path | None:
    """Where an object that this invocation has made is kept, if it is a single one."""
    places = [state.escaped.get(thing.path) for thing in element.things]
    return places[0] if len(places) == 1 else None


def _same_object(added: Write, removed: Write, kept_at: Path | None) -> bool:
    """Whether a removal takes out the object that was added, whatever has been put into it in between."""
    if kept_at is None or not added.sources <= removed.sources | removed.key_sources:
        return False
    assert added.path is not None
    return added.path.root.kind is RootKind.LIBRARY or is_prefix(added.path, kept_at)


def is_one_of_many(state: State, removed: Write) -> bool:
    """Whether a removal is that of one of several constants, through which a loop goes."""
    return CONSTANT_PATH in state.iterating and len(constants_in(removed.key_sources)) > 1


def is_next_of_several(state: State, removed: Write) -> bool:
    """Whether this invocation has put several elements there, of which an earlier removal has taken out the first."""
    if removed.how not in REMOVING:
        return False
    taken_out = [
        token
        for token in state.tokens.values()
        if isinstance(token.effect, Write)
        and token.effect.path == removed.path
        and token.status is Status.SETTLED
        and token.effect.how in _ADDING[removed.how]
    ]
    return len(taken_out) > 1 or any(token.many for token in taken_out)


def is_from_new(state: State, removed: Write) -> bool:
    """Whether something is taken out of an object that this invocation has made, and put into a container for sure.

    No earlier one has left anything in it.
    """
    if removed.how not in REMOVING or removed.path is None:
        return False
    holds = frozenset().union(*(tested.reads for tested in state.guards))
    return any(
        isinstance(token.effect, Write)
        and token.effect.path is not None
        and is_in_element(token.effect.path, removed.path)
        and (token.effect.operation in ONE_ELEMENT or token.effect.how is How.SET_ITEM)
        and token.effect.guards <= holds
        for token in state.tokens.values()
    )


def fills_again(state: State, effect: Write) -> bool:
    """Whether a container that has been emptied gets back what was in it: ``saved = dict(X)``, put back later."""
    path, taken = effect.path, effect.sources | effect.key_sources
    if path is None or effect.how not in _ADDING[How.SHRINK] or not taken:
        return False
    if not all(is_prefix(path, source) for source in taken):
        return False
    own = [
        token.status
        for token in state.tokens.values()
        if isinstance(token.effect, Write) and token.effect.path is not None and is_prefix(path, token.effect.path)
    ]
    return state.is_reset(path) or (bool(own) and all(status is Status.SETTLED for status in own))


def constants_in(keys: Sources) -> Sources:
    """The constants among the sources of a key: how a path begins is none."""
    return frozenset(key for key in keys if _is_constant(key) and not key.root.name.startswith("/"))


def _is_constant(source: Path) -> bool:
    return source.root.kind is RootKind.LIBRARY and source.root.owner == "constant"


def is_other_key(one: Write, other: Write) -> bool:
    """Whether two writes are known to be about different keys."""
    first, second = constants_in(one.key_sources), constants_in(other.key_sources)
    return bool(first and second) and first.isdisjoint(second)


def _same_element(state: State, added: Write, removed: Write) -> bool:
    """Whether a removal takes out what was added: same key, same element, or the last one."""
    if removed.key_sources:
        known, constants = constants_in(added.key_sources), constants_in(removed.key_sources)
        if known and constants:
            return known == constants or (known <= constants and is_one_of_many(state, removed))
        others = removed.key_sources - constants
        if others:
            # the folders that are known of a path are among its sources; what lies inside an element names no other one
            assert removed.path is not None
            element = extend(removed.path, ELEMENT)
            named = frozenset(each for each in removed.key_sources if each == element or not is_prefix(element, each))
            return others in (added.key_sources - known, added.sources) or (bool(named) and named == added.sources)
        if added.key_sources - known:
            return False
        return added.operation not in ONE_ELEMENT or all(_is_constant(each) for each in added.sources)
    if removed.sources:
        return removed.sources in (added.sources, added.key_sources) or _is_any_element(state, added, removed)
    return True


def _is_any_element(state: State, added: Write, removed: Write) -> bool:
    """Whether a removal takes out any element (``popitem``), as long as there is one: not where there are too many."""
    container, tests = removed.path, removed.tests.union(tested.reads for tested in state.guards) - added.tests
    if container is None or removed.sources != {extend(container, ELEMENT)}:
        return False
    return all(container in test and CROWD not in test for test in tests)


def is_taken_for_good(effect: Write, effects: Iterable[tuple[AnyEffect, Any, Any, Any]]) -> bool:
    """Whether a certain element is taken out, and an invocation puts nothing there again."""
    if effect.how not in REMOVING or not constants_in(effect.sources | effect.key_sources):
        return False
    return all(each.how in REMOVING for each, *_ in effects if isinstance(each, Write) and each.path == effect.path)
