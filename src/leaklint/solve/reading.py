"""Reading: what a call looks at of what its caller knows, and what an expression looks at as a whole."""

from __future__ import annotations

from typing import Final

from leaklint.ir.summary import Summary
from leaklint.ir.values import Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve.activation import PLATFORM, Activation
from leaklint.solve.lattice import CONTENT, DICTS, ELEMENT, SIZE, SYMBOLIC, is_prefix, join_all, slot
from leaklint.solve.state import State
from leaklint.solve.substitution import Substitution
from leaklint.solve.world import Solving

DEEPEST: Final = 4
"""How many containers within containers are looked for."""
THROUGHOUT: Final = "<throughout>"
"""Follows ``<content>`` where what is in the containers in it is read too."""
MOST_NEW: Final = 50
"""With more places in an object that are new, nothing is known of the containers in it."""
NESTING: Final = DICTS | {"builtins.list", "builtins.tuple"}
"""Types of containers that other containers are put into."""


def read(sub: Substitution, summary: Summary) -> Solving:
    """The surviving places that a callee reads are read here."""
    state = sub.state
    if state.quiet:
        return
    for each in summary.reads:
        at = next((at for at, field in enumerate(each.fields) if field in (CONTENT, SIZE)), len(each.fields))
        place, part = Path(each.root, each.fields[:at]), each.fields[at:]
        if place.root.kind is RootKind.FREE and not place.fields:
            state.read(sub.cell_paths.get(place.root.name, place))
        elif place.root.kind in SYMBOLIC:
            value = yield from sub.things(place)
            if place.fields and place.fields[-1].startswith(("[", ".")):
                value = join_all([value, (yield from sub.places(place))])
            for thing in value.things:
                if thing.path.root.kind is not RootKind.MADE:
                    _read_within(sub.act, state, thing, part)
                else:
                    state.read_in_place(Path(thing.path.root, (*thing.path.fields, *part)))
            if state.written and place.fields and place.fields[-1].startswith("."):
                bound = yield from sub.places(place)
                state.reread |= {thing.path for thing in bound.things if thing.path in state.written}
        else:
            state.read(each)
    for bound_before, each in sorted(summary.reads_after):
        bound = yield from sub.places(bound_before)
        if len(bound.things) == 1 and all(is_prefix(thing.path, each) for thing in bound.things):
            state.reread |= {each}
        else:
            state.read(each)
    state.reread |= summary.shows_new
    if sub.act.name == PLATFORM:
        state.reads |= summary.shows
    for each in sorted(summary.rereads):
        at_once = yield from sub.places(each)
        state.reread |= {thing.path for thing in at_once.things if thing.path.root.kind is not RootKind.MADE}
    for place in sorted(_looked_up(summary) if sub.is_row else ()):
        if place.root.kind is RootKind.PARAMETER and place.fields and place.fields[-1].startswith("["):
            looked_up = yield from sub.places(place)
            for thing in looked_up.things:
                every = thing.path.fields[-1:] == (ELEMENT,)
                above = Path(thing.path.root, thing.path.fields[:-1])
                state.read_in_place(slot(above, CONTENT) if every else thing.path)


def forget_reads(state: State, places: Value, before: Sources) -> None:
    """What has been looked up since then was not to be read, but to be replaced, or to stay as it is."""
    state.reads -= {thing.path for thing in places.things} - before


def throw_away(act: Activation, state: State, callee: Value, before: Sources) -> None:
    """Nobody uses what a method has taken out of a container (``rows.pop()``): what lies in that has not been read."""
    for thing in callee.things:
        row = act.world.models.row(thing.type.name)
        if row is not None and row.mutates.get("self") == "shrink":
            owner = state.heap[slot(thing.path, "<self>")]
            state.reads -= {slot(each.path, CONTENT) for each in owner.things} - before


def _looked_up(summary: Summary) -> set[Path]:
    """What a row hands out of what it is given: an element, or all of them."""
    handed_out = [summary.returns, *(store.value for store in summary.stores)]
    return {thing.path for value in handed_out for thing in value.things}


def read_contents(state: State, value: Value, part: str = CONTENT, *, keys: bool = False) -> None:
    """What surviving containers hold is read as a whole, or a part of it; with no part, perhaps.

    With ``keys``, of a dictionary only those are.
    """
    for thing in value.things:
        if thing.type.kind is TypeKind.INSTANCE and thing.path.root.kind is not RootKind.MADE:
            read = SIZE if keys and thing.type.name in DICTS else part
            state.read(slot(thing.path, read) if read else thing.path)


def read_throughout(act: Activation, state: State, value: Value) -> None:
    """All that surviving containers hold is read, and what the containers in them hold."""
    for thing in value.things:
        if thing.type.kind is TypeKind.INSTANCE and thing.path.root.kind is not RootKind.MADE:
            _read_within(act, state, thing, (CONTENT, THROUGHOUT))


def _read_within(act: Activation, state: State, thing: Thing, part: tuple[str, ...], depth: int = DEEPEST) -> None:
    """Reads a part of an object, and the same of the containers in it, but for what ``part`` says is new in them."""
    state.read(Path(thing.path.root, (*thing.path.fields, *part)))
    if THROUGHOUT not in part or len(part) > MOST_NEW or thing.type.name not in NESTING:
        return
    if thing.path.root.kind is not RootKind.STATIC or not depth:
        return
    at = len(thing.path.fields)
    inside = {
        key.fields[at]: held
        for heap in (act.world.fields_below(thing.path), state.heap.under(thing.path.root))
        for key, held in heap.items()
        if len(key.fields) == at + 1 and is_prefix(thing.path, key)
    }
    for field, held in inside.items():
        if field in part:
            continue
        new = [each.removeprefix(field) for each in part if each.startswith(field)]
        for inner in held.things:
            if inner.type.name in NESTING:
                _read_within(act, state, inner, (CONTENT, *sorted((THROUGHOUT, *new))), depth - 1)
