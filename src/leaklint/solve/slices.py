"""Slices: what a part of a container holds, and that waiting for a part says nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.values import Path, Thing, Value
from leaklint.solve import pending, saving
from leaklint.solve.activation import Activation
from leaklint.solve.elements import elements
from leaklint.solve.lattice import ELEMENT, NONE, extend, of, single_constant, slot
from leaklint.solve.names import value_of
from leaklint.solve.several import is_of_several
from leaklint.solve.state import State
from leaklint.solve.world import instance

WHOLE: Final = "builtins.slice of everything"
BACKWARDS: Final = "builtins.slice of everything, backwards"
FIXED: Final = "builtins.slice of constants"
"""From and to positions that are known: ``[:2]``."""
BEFORE: Final = "<before the last>"
"""The field of a tuple in which lies what it was made from by putting one element more at the end."""
BUT_LAST: Final = "<but the last>"
"""The field of a slice that is there where it leaves out the last element: ``[:-1]``."""
_KINDS: Final = frozenset({WHOLE, BACKWARDS, FIXED, "builtins.slice"})


def slice_made(act: Activation, state: State, step: cfg.Slice) -> None:
    """A slice, as a key of items."""
    sources: frozenset[Path] = frozenset()
    for part in step.parts:
        sources |= value_of(act, state, part).sources
    bounds = [single_constant(value_of(act, state, part)) for part in step.parts]
    fixed = all(certain for certain, _ in bounds)
    whole = fixed and all(bound is None for _, bound in bounds)
    backwards = fixed and [bound for _, bound in bounds] == [None, None, -1]
    rest = FIXED if fixed and _leaves_out(bounds[:2]) else "builtins.slice"
    kind = instance(WHOLE if whole else BACKWARDS if backwards else rest)
    made = act.made(step.span)
    if all(bound == (True, None) for bound in bounds[1:]):
        saving.keep_length(state, made, value_of(act, state, step.parts[0]))
    constants = [bound for _, bound in bounds]
    if fixed and constants[1] == -1 and constants.count(None) == len(constants) - 1:
        state.heap[slot(made, BUT_LAST)] = NONE
    state.env[step.target] = of(Thing(made, kind), sources=sources)


def _leaves_out(bounds: Iterable[tuple[bool, object]]) -> bool:
    """Whether something of a longer container is left out, from its beginning or its end."""
    return any(certain and bound not in (None, 0) for certain, bound in bounds)


def is_slice(key: Value, *, whole: bool = False) -> bool:
    """Whether a key of items is a slice; with ``whole``, one of all of them."""
    kinds = {thing.type.name for thing in key.things}
    return bool(kinds) and kinds <= ({WHOLE} if whole else _KINDS)


def leaves_none_out(key: Value) -> bool:
    """Whether a key of items is a slice of all elements, in whatever order."""
    return is_slice(key) and {thing.type.name for thing in key.things} <= {WHOLE, BACKWARDS}


def of_slice(act: Activation, state: State, step: cfg.GetItem, target: Value, key: Value) -> Value:
    """The elements of a slice: some of several, where the function takes no other part of the container."""
    found = elements(act, state, target)
    prepared = act.world.prepared.get(act.identity)
    fixed = bool(key.things) and all(thing.type.name == FIXED for thing in key.things)
    return _some(state, found) if fixed and prepared is not None and prepared.is_lone_pick(step) else found


def leave_out(state: State, iterator: Value, bounds: Sequence[Value]) -> None:
    """An iterator over a part of a container, ``islice(tasks, 2)``, which gives no more than some of several."""
    if not _leaves_out(single_constant(each) for each in bounds):
        return
    for thing in iterator.things:
        place = extend(thing.path, ELEMENT)
        state.heap[place] = _some(state, state.heap[place])


def put_last(state: State, made: Thing, before: Value, added: Value) -> None:
    """A tuple is made of all that is in another one and one element more: ``stack + (item,)``."""
    for thing in added.things if len(added.things) == 1 else ():
        if thing.type.name == "builtins.tuple":
            fields = {path.fields for path in state.heap.under(thing.path.root)}
            if fields == {("[0]",)}:
                state.heap[slot(made.path, BEFORE)] = before


def without_last(state: State, target: Value, key: Value) -> Value | None:
    """What a tuple was before one element was put at its end, where a slice cuts just that off; None elsewhere."""
    found = [state.heap.get(slot(thing.path, BEFORE)) for thing in target.things]
    cuts = all(state.heap.get(slot(thing.path, BUT_LAST)) is not None for thing in key.things)
    return found[0] if cuts and len(found) == 1 else None


def _some(state: State, found: Value) -> Value:
    """Some of the objects, where work hangs on several."""
    if not is_of_several(state, found):
        return found
    return Value(frozenset(Thing(slot(thing.path, pending.SOME), thing.type) for thing in found.things), found.sources)
