"""Objects made here that survive because a surviving place refers to them, until nothing does any more."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec.structs

from leaklint.ir.effects import Write
from leaklint.ir.location import Span
from leaklint.ir.values import MAX_FIELDS, Path, RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import KEYS, ORIGINAL, SYMBOLIC, is_prefix, is_within, ordered, survives
from leaklint.solve.state import State, Token

_BY_ELEMENT: Final = ("discard", "remove")
"""Methods that are given what they take out, and neither a key nor a position."""


def escape(state: State, value: Value, place: Path) -> None:
    """A surviving place refers to objects made here from now on, and through them to what they hold."""
    reached = [(value, place)]
    while reached:
        held, at = reached.pop()
        for thing in ordered(held.things):
            path = thing.path
            if path.root.kind in SYMBOLIC:
                state.kept |= {path}
            if path.root.kind is not RootKind.MADE or thing.type.kind is not TypeKind.INSTANCE:
                continue
            if path in state.escaped:
                continue
            state.escaped[path] = at
            for field, below in state.heap.under(path.root).items():
                rest = field.fields[len(path.fields) :]
                deeper = (*at.fields, *rest)
                inside = is_prefix(path, field) and rest and not any(each.startswith("<") for each in rest)
                if inside and len(deeper) <= MAX_FIELDS:
                    reached.append((below, Path(at.root, deeper)))


def make_anew(act: Activation, state: State, span: Span) -> None:
    """An expression makes an object: nothing refers to it yet, whatever became of that of an earlier round."""
    for path in [each for each in state.escaped if act.makes(each, span)]:
        del state.escaped[path]


class Removal(NamedTuple):
    """What this invocation has put into a container is taken out again."""

    container: Path
    operation: str
    undone: list[Token]
    """What it undoes, as it was before."""
    element: Value
    """What the removal is given: perhaps a key."""


def take_out(state: State, removal: Removal) -> None:
    """A container lets go of the object that is taken out of it, where that is known to be the one put there."""
    container, operation, undone, element = removal
    put = [token for token in undone if token.effect.path == container]
    depth = len(container.fields)
    held = {
        path: value
        for path, value in state.heap.under(container.root).items()
        if len(path.fields) == depth + 1 and is_prefix(container, path) and path.fields[depth].startswith(("[", KEYS))
    }
    elements = [value for path, value in held.items() if path.fields[depth] != KEYS]
    gone = {thing.path for value in elements for thing in value.things if thing.type != ORIGINAL}
    if operation in _BY_ELEMENT and element.things:
        gone &= {thing.path for thing in element.things}
    if len(put) != 1 or put[0].many or len(gone) != 1:
        return  # which one it is, or whether it was the only one, nobody knows
    for path, value in held.items():
        rest = frozenset(thing for thing in value.things if thing.path not in gone)
        if all(thing.path == path for thing in rest):
            state.heap.pop(path)
        else:
            state.heap[path] = Value(rest, value.sources)
    _let_go(state, gone.pop(), undone)


def _let_go(state: State, path: Path, undone: list[Token]) -> None:
    """An object, with what is in it, survives only where another place that does refers to it, too."""
    kept_at = state.escaped.get(path)
    lost = {path} | {each for each, place in state.escaped.items() if kept_at is not None and is_prefix(kept_at, place)}
    for each in lost & state.escaped.keys():
        del state.escaped[each]
    state.kept -= lost
    for place, value in list(state.heap.items()):
        again = frozenset(thing for thing in value.things if thing.path in lost)
        lasts = survives(place) or place.root.kind in SYMBOLIC
        owner = place if lasts or not again else state.kept_at(place, whole=True)
        if again and owner is not None and not is_within(place, lost):
            escape(state, Value(again, value.sources), owner)
    now_at = state.escaped.get(path)
    if kept_at is not None and now_at is not None:
        _move(state, undone, kept_at, now_at)
    if path.root.kind in SYMBOLIC and not is_within(path, state.kept):
        for key, token in state.tokens.items():
            if isinstance(token.effect, Write) and token.effect.path and is_prefix(path, token.effect.path):
                effect = msgspec.structs.replace(token.effect, once_kept=False)
                state.tokens[key] = token._replace(effect=effect)


def _move(state: State, undone: list[Token], kept_at: Path, now_at: Path) -> None:
    """What has been put into an object lasts with it where another place keeps the object."""
    for token in undone:
        written = token.effect.path
        if written is not None and is_prefix(kept_at, written):
            moved = Path(now_at.root, (*now_at.fields, *written.fields[len(kept_at.fields) :])[:MAX_FIELDS])
            state.open(token._replace(effect=msgspec.structs.replace(token.effect, path=moved)))


def let_go(held: Value, places: Value) -> frozenset[Thing]:
    """What nobody finds any more once attributes are bound anew: not what a class still has for other objects."""
    if all(thing.path.root.kind is RootKind.MADE for thing in places.things):
        return frozenset(thing for thing in held.things if not survives(thing.path))
    of_class = any(thing.path.root.kind is RootKind.CLASS for thing in places.things)
    return frozenset(thing for thing in held.things if of_class or thing.path.root.kind is not RootKind.CLASS)
