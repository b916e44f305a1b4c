"""Saving: a container is copied before it is changed, and the copy is put in its place again.

``saved = dict(LIMITS)`` … ``finally: LIMITS = saved``.
"""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import Write
from leaklint.ir.values import NOTHING, Path, RootKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import NONE, is_prefix, slot
from leaklint.solve.state import State, Status

SAVING: Final = frozenset(
    {
        "builtins.dict",
        "builtins.dict.copy",
        "builtins.list",
        "builtins.list.copy",
        "builtins.set",
        "builtins.set.copy",
        "collections.Counter.copy",
        "collections.OrderedDict.copy",
        "collections.defaultdict.copy",
        "collections.deque.copy",
        "copy.deepcopy",
    }
)
"""Library functions that copy a container, where it is all that they are given."""
SAVED: Final = "<saved>"
"""The field of a copy in which lies the container as which it can be put back: nobody has changed either before."""
LENGTH: Final = "<length>"
"""The same for a number: the list that has been as long as that."""
_AT_THE_END: Final = frozenset({"append", "extend", "+="})
"""What adds elements behind those that a list has."""


def save(state: State, copy: Value, original: Value, field: str = SAVED) -> None:
    """A container is copied: the copy is what was there before, if this invocation has not changed that yet."""
    for thing in copy.things:
        if thing.path.root.kind is RootKind.MADE and not is_changed(state, original):
            state.heap[slot(thing.path, field)] = original


def is_copy_of(state: State, copy: Value, container: Path) -> bool:
    """Whether a value is what a container has held before."""
    return _copied(state, copy) == container


def _copied(state: State, copy: Value) -> Path | None:
    """The container of which a value is an unchanged copy."""
    saved = [state.heap.get(slot(thing.path, SAVED)) for thing in copy.things]
    originals = {thing.path for each in saved if each is not None for thing in each.things}
    return min(originals) if len(originals) == 1 and None not in saved else None


def is_changed(state: State, containers: Value) -> bool:
    """Whether this invocation has changed a container, or what lies in it."""
    return any(_changes(state, thing.path) for thing in containers.things)


def forget(state: State, copy: Path) -> None:
    """A copy is changed: it is no longer what was there before."""
    if state.heap.get(slot(copy, SAVED)) is not None:
        state.heap[slot(copy, SAVED)] = NONE


def undone_by(act: Activation, state: State, place: Path, value: Value) -> list[tuple[object, ...]] | None:
    """Tokens of what is undone where a place gets back a copy of what it has held; None where it gets no such copy.

    The copy has the same elements: what has been changed in these stays.
    """
    original = _copied(state, value)
    if original is None:
        return None
    if original != place and original not in {thing.path for thing in _held_at_import(act, place).things}:
        return None
    below = _changes(state, original)
    if any(path != original for _, path in below):
        return None
    return [key for key, _ in below] + [key for key, path in _changes(state, place) if path == place]


def keep_length(state: State, rest: Path, lower: Value) -> None:
    """A slice is what lies behind a number of elements."""
    lengths = [state.heap.get(slot(thing.path, LENGTH)) for thing in lower.things]
    if len(lengths) == 1 and lengths[0] is not None:
        state.heap[slot(rest, LENGTH)] = lengths[0]


def cut_back(state: State, length: Value, place: Path) -> bool:
    """A list gets back a length that it has had: ``del stack[depth:]``; whether that undoes all that is known."""
    lists = {each.path for thing in length.things for each in state.heap[slot(thing.path, LENGTH)].things}
    changes = _changes(state, place)
    if lists != {place} or not changes:
        return False
    if any(path != place or state.tokens[key].effect.operation not in _AT_THE_END for key, path in changes):
        return False
    state.settle([key for key, _ in changes])
    return True


def _changes(state: State, place: Path) -> list[tuple[tuple[object, ...], Path]]:
    """The keys of what this invocation has changed at a place or below it, and where."""
    return [
        (token.key, token.effect.path)
        for token in state.tokens.values()
        if isinstance(token.effect, Write)
        and token.effect.path is not None
        and token.status is not Status.SETTLED
        and is_prefix(place, token.effect.path)
    ]


def _held_at_import(act: Activation, place: Path) -> Value:
    """What a variable of a module, or a field, held after import."""
    if place.root.kind is RootKind.VARIABLE and not place.fields:
        module = act.world.modules.get(place.root.owner)
        return module.names.get(place.root.name, NOTHING) if module is not None else NOTHING
    return act.world.field(place) or NOTHING
