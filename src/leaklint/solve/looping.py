"""What the body of a loop binds or resets for the element that it has reached, and when that is so for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from leaklint.ir.effects import Pending, Work
from leaklint.ir.values import MAX_FIELDS, Path, RootKind, Sources, Thing, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    ELEMENT,
    EMPTIED,
    NO_FILE,
    constant_keys,
    extend,
    is_prefix,
    is_within,
    slot,
    survives,
)
from leaklint.solve.lookup import read_field
from leaklint.solve.state import State, Status

VIEWS: Final = frozenset({"builtins.dict_items", "builtins.dict_values", "builtins.enumerate"})
"""What has all the elements of the container from which an invocation makes it."""

COPYING: Final = frozenset(
    {
        "builtins.dict.copy",
        "builtins.dict.items",
        "builtins.dict.keys",
        "builtins.list",
        "builtins.list.copy",
        "builtins.reversed",
        "builtins.set",
        "builtins.set.copy",
        "builtins.sorted",
        "builtins.tuple",
    }
)
"""Library functions of which the result has all the elements, or keys, of what they are given."""
ALL_OF: Final = "<all of>"
"""The field of a copy in which lies what it has all the elements of."""
_COPIES: Final = 2
"""So often may be copied what a loop goes through: ``list(X.items())``."""
_EACH: Final = "<each>"
"""Last field of the mark for a container that has lost the element which a loop under way has reached."""
_SET: Final = "<set "
"""Last field of the mark for a container in which a round has put something new under a key; the keys follow."""
_OWN: Final = "<own>"
"""The field of an object that stands for its share in a state of the process: for the handlers of one logger."""


def lose(act: Activation, state: State, container: Path, element: Value, owner: Value) -> None:
    """A container loses an element: each of them, if a loop over all of them does so in each round."""
    reached = {thing.path for thing in element.things}
    if reached and reached <= state.iterating - {CONSTANT_PATH}:
        lost = [container]
        if container.root.kind is RootKind.LIBRARY and len(owner.things) == 1:
            lost += [_share(act, state, container, thing.path) for thing in owner.things]
        state.written |= {slot(each, _EACH) for each in lost}


def share_lost(act: Activation, state: State, container: Path, owner: Thing) -> None:
    """One object loses all that it has of a state of the process, which is emptied for the others by that neither."""
    state.resets |= {container, _share(act, state, container, owner.path)}


def is_of_another(act: Activation, state: State, container: Path, owner: Value) -> bool:
    """Whether loops have emptied a state of the process for other objects only: of another logger its handlers."""
    shares = [each for each in state.resets if each.fields[-1:] == (_OWN,)]
    emptied = {each for each in state.resets if each.root == container.root and len(each.fields) == 1}
    emptied |= {_share(act, state, container, Path(each.root, each.fields[:-1])) for each in shares}
    return bool(emptied) and any(_share(act, state, container, thing.path) not in emptied for thing in owner.things)


def _share(act: Activation, state: State, container: Path, owner: Path) -> Path:
    """The place for what one object has of a state of the process: those of the same name are the same object."""
    name = read_field(act, state, extend(owner, ".name"))
    if name is None and owner.root.kind in (RootKind.MADE, RootKind.STATIC, RootKind.LIBRARY):
        return slot(container, "[]")  # the one without a name: the root logger
    if name is not None and len(name.things) == 1:
        (thing,) = name.things
        if thing.type.constant is not None or survives(thing.path):
            return slot(container, f"[{thing.type.constant or thing.path}]")
    return slot(owner, _OWN)


def forget_losses(state: State) -> None:
    """A round of a loop begins: what has been lost before was another element."""
    marked = [each for each in state.written if each.fields[-1:] == (_EACH,) or _is_set(each)]
    state.written = state.written.difference(marked)


def _is_set(place: Path) -> bool:
    return bool(place.fields) and place.fields[-1].startswith(_SET)


def note_set_item(state: State, container: Path, key: Value) -> None:
    """Something new is put into a container under one of the constants that a loop under way goes through."""
    if CONSTANT_PATH in state.iterating and survives(container) and (mark := _mark(container, key)) is not None:
        state.written |= {mark}


def _mark(container: Path, keys: Value) -> Path | None:
    """The mark for a container and all the constants that a key may be."""
    names = constant_keys(keys)
    return slot(container, _SET + " ".join(sorted(each.root.name for each in names)) + ">") if names else None


def set_in_all(
    act: Activation, entry: State, iterable: Value, items: Value, back: Sequence[State]
) -> Iterator[tuple[Path, list[Path], Value]]:
    """The containers in which each round of a loop puts something new under its key, and under no key lies another.

    Each with the places of its elements, and what is in them then.
    """
    every = [each for each in frozenset.intersection(*(each.written for each in back)) if _is_set(each)]
    if not every or not all(_has_all(entry, thing) for thing in iterable.things):
        return
    for mark in sorted(every):
        container = Path(mark.root, mark.fields[:-1])
        places = {extend(container, f"[{each.root.name}]") for each in constant_keys(items)}
        depth = len(container.fields)
        known = {
            Path(field.root, field.fields[: depth + 1])
            for heap in (entry.heap.under(container.root), act.world.fields_below(container))
            for field in heap
            if is_prefix(container, field) and len(field.fields) > depth and field.fields[depth].startswith("[")
        }
        known -= {extend(container, ELEMENT)} - act.world.fields_below(container).keys()  # that the loop has put there
        held = {thing for each in back for thing in each.heap[extend(container, ELEMENT)].things}
        new = frozenset(thing for thing in held if thing.path.root.kind is RootKind.MADE)
        if mark == _mark(container, items) and known <= places and new:
            yield container, sorted(places), Value(new)


def _has_all(entry: State, thing: Thing) -> bool:
    """Whether a loop goes through a container that is there anyway, through all of a copy, or through a display."""
    fields = entry.heap.under(thing.path.root)
    original = entry.heap.get(slot(thing.path, ALL_OF))
    if thing.path.root.kind is not RootKind.MADE:
        return True
    if original is not None:
        return all(each.path.root.kind is not RootKind.MADE for each in original.things)
    return bool(fields) and all(each.fields[-1][1:-1].isdigit() for each in fields)


def emptied(entry: State, iterable: Value, back: Sequence[State]) -> list[Path]:
    """The containers over which a loop goes and of which each round takes out its element."""
    every = frozenset.intersection(*(each.written for each in back))
    marked = {Path(place.root, place.fields[:-1]) for place in every if place.fields[-1:] == (_EACH,)}
    original = iterable
    for _ in range(_COPIES if marked else 0):
        if len(original.things) == 1:
            (thing,) = original.things
            original = entry.heap.get(slot(thing.path, ALL_OF)) or original
    if len(original.things) != 1 or marked.isdisjoint(each.path for each in original.things):
        return []
    (thing,) = original.things
    return sorted(each for each in marked if each == thing.path or thing.path.root.kind is RootKind.LIBRARY)


def is_one_of_loop(state: State, paths: Iterable[Path]) -> bool:
    """Whether several places are those of the one element that a loop under way has reached."""
    return bool(state.iterating) and all(any(is_prefix(each, path) for each in state.iterating) for path in paths)


def forget_of_one(state: State, inside: State, elements: AbstractSet[Path]) -> None:
    """A path comes out of the middle of a loop: what it has bound or reset of one element is not so for the others."""
    bound = (state.written | state.resets) - inside.whole if elements else frozenset()
    of_one = {place for place in bound if is_within(place, elements)}
    if of_one:
        state.written -= of_one
        state.resets -= of_one


def both_cleared(one: Sources, two: Sources) -> Sources:
    """The folders from which two paths of a round have both removed a file, as far as there is one on them."""
    if NO_FILE in one:
        return one | two if NO_FILE in two else two
    return one if NO_FILE in two else one & two


def keep_of_one(state: State, inside: State, elements: AbstractSet[Path]) -> None:
    """A path comes out of the middle of a loop: there, the files are left that it has not reached."""
    if NO_FILE in inside.cleared:
        return
    state.trimmed = frozenset(each for each in state.trimmed if EMPTIED not in each.fields or each in inside.trimmed)
    for key, token in inside.tokens.items():
        is_file = isinstance(token.effect, Pending) and token.effect.work is Work.FILE
        of_one = is_file and not token.effect.sources.isdisjoint(elements)
        if of_one and token.within and token.status is Status.SETTLED and state.tokens[key].status is Status.SETTLED:
            state.tokens[key] = token._replace(status=Status.MIXED, skipped_at=inside.line_for(token), within=False)


def bound_of_all(
    act: Activation, state: State, iterable: Value, items: Value, back: Sequence[State]
) -> tuple[Sources, Sources]:
    """What each round of a loop over all elements has bound, and what it has reset: it is so for all of them."""
    written = frozenset.intersection(*(each.written for each in back)) - state.written
    resets = frozenset.intersection(*(each.resets for each in back)) - state.resets
    if not (written or resets) or not is_whole(state, iterable):
        return frozenset(), frozenset()
    reached = _reached(act, state, items)
    return (
        frozenset(place for place in written if is_within(place, reached)),
        frozenset(place for place in resets if is_within(place, reached)),
    )


def is_whole(state: State, iterable: Value) -> bool:
    """Whether a value is a container itself, or has all that is in one: a slice of it, or a choice, has not."""
    return bool(iterable.things) and all(
        thing.path.root.kind is not RootKind.MADE
        or thing.type.name in VIEWS
        or not state.heap.under(thing.path.root)  # an empty one: ``settings.get("filters", [])``
        for thing in iterable.things
    )


def _reached(act: Activation, state: State, items: Value) -> set[Path]:
    """The elements of a container, and the objects in them."""
    found = {thing.path for thing in items.things}
    latest = found
    for _ in range(MAX_FIELDS):
        latest = {
            thing.path
            for path in latest
            for heap in (state.heap.under(path.root), act.world.fields_below(path))
            for field, value in heap.items()
            if is_prefix(path, field)
            for thing in value.things
        } - found
        found |= latest
    return found
