"""Draining: who walks through an iterator to its end has waited for what the iterator gives."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import Work
from leaklint.ir.location import Span
from leaklint.ir.summary import Summary
from leaklint.ir.values import Path, Thing, TypeKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.elements import elements
from leaklint.solve.lattice import SYMBOLIC, of, ordered, prolong, slot
from leaklint.solve.loops import LEFT, waits
from leaklint.solve.state import State, Status
from leaklint.solve.substitution import Substitution
from leaklint.solve.world import Solving

DRAINED: Final = "<drained>"
"""Name under which a class has the row that says what draining its objects does."""
WORK: Final = (Work.FUTURE, Work.GENERATOR, Work.SIBLINGS)
OVER: Final = (".over",)
"""Where an iterator keeps what it walks through itself, such as ``zip``."""
DEPTH: Final = 4


def take_all(act: Activation, state: State, value: Value, span: Span) -> Solving:
    """All that ``value`` gives is taken at once: by ``*``, by names on the left, by ``+=`` or a slice."""
    if waits(act, value):
        yield from drain(act, state, value, span)


def still_waiting(sub: Substitution, summary: Summary) -> Solving:
    """What work of the caller hangs on, still under way, that a generator finishes by its end only."""
    found: set[Thing] = set()
    for store in summary.stores:
        if store.path.fields[-1:] != (LEFT,):
            continue
        for path in sorted(thing.path for thing in store.value.things if thing.path.root.kind in SYMBOLIC):
            meant = yield from sub.things(path)
            found |= {Thing(thing.path) for thing in meant.things if _is_under_way(sub.state, thing.path)}
    return of(*found)


def _is_under_way(state: State, path: Path) -> bool:
    if path.root.kind in SYMBOLIC:
        return path not in state.settled
    return any(
        state.tokens[key].status is not Status.SETTLED for key in pending.tokens_at(state, path, pending.ONE_BY_ONE)
    )


def drain(act: Activation, state: State, value: Value, span: Span) -> Solving:
    """Something walks through ``value`` to its end."""
    from leaklint.solve.instantiate import instantiate

    below: list[tuple[Thing, int]] = [(thing, 0) for thing in ordered(value.things)]
    seen: set[Path] = set()
    while below:
        thing, depth = below.pop()
        if thing.path in seen:
            continue
        seen.add(thing.path)
        if not _calls_for_elements(act, thing):
            pending.settle_at(state, thing.path, WORK)
        for work in state.heap[slot(thing.path, LEFT)].things:
            pending.settle_at(state, work.path, pending.ONE_BY_ONE)
        if thing.type.kind is not TypeKind.INSTANCE or "::" in thing.type.name:
            continue
        row = act.world.models.method(thing.type.name, DRAINED)
        summary = act.world.summary_of_row(row, {}) if row is not None else None
        if summary is not None and row is not None:
            yield from instantiate(act, state, summary, [of(thing)], span, row=row)
        if depth < DEPTH:
            over = state.heap.get(prolong(thing.path, OVER))
            inner = elements(act, state, over).things if over is not None else frozenset()
            below += [(each, depth + 1) for each in ordered(inner)]


def _calls_for_elements(act: Activation, iterator: Thing) -> bool:
    """Whether an iterator gives what it calls gives: the futures of ``map(pool.submit, …)`` are not waited for by it.

    No work of its own hangs on it, and what is made in the same call lies in the same place.
    """
    if iterator.type.kind is not TypeKind.INSTANCE or "::" in iterator.type.name:
        return False
    row = act.world.models.class_row(iterator.type.name, "invokes")
    return row is not None and not row.opens and any(each.result == "elements" for each in row.invokes)
