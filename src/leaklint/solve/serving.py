"""Serving: work under way that takes out of a container what others put into it, and waits for that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from leaklint.ir.summary import Settle, Summary
from leaklint.ir.values import NOTHING, Path, Sources, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import NONE, ordered, slot
from leaklint.solve.lookup import read_field
from leaklint.solve.pending import ONE_BY_ONE, hand_over, tokens_at
from leaklint.solve.several import is_of_several
from leaklint.solve.state import State, Status
from leaklint.solve.substitution import Substitution
from leaklint.solve.world import Solving

BY_WORK: Final = "<by work>"
"""The field of a container, among those that are trimmed, out of which work that has begun takes elements."""


def settled_by_work(sub: Substitution, settle: Settle) -> Solving:
    """Work that begins settles what lies at a path: what is put into the containers on the way there later on, too."""
    path = settle.path
    for index, field in enumerate(path.fields):
        if field.startswith("["):
            containers = yield from sub.things(Path(path.root, path.fields[:index]))
            _serves(sub, containers, sub.act.working, repeats=settle.repeats)


def served_by_callee(sub: Substitution, summary: Summary) -> Solving:
    """The work that a callee has started takes from containers that the caller knows."""
    for container, work, repeats in sorted(summary.serves):
        works = yield from sub.things(work)
        paths = [thing.path for thing in ordered(works.things)]
        _serves(sub, (yield from sub.things(container)), paths, repeats=repeats)


def _serves(sub: Substitution, containers: Value, works: list[Path], *, repeats: bool) -> None:
    state = sub.state
    taking = {
        work: repeats or any(state.tokens[key].many for key in tokens_at(state, work))  # it has been started many times
        for work in works
    }
    places = [thing.path for thing in containers.things if thing.type.kind is not TypeKind.CONSTANT]
    state.served |= {(place, work, all_of_it) for place in places for work, all_of_it in taking.items()}


def stored_by_callee(sub: Substitution, summary: Summary) -> Solving:
    """What a callee has put into a container from which work takes is handed on to that work."""
    state = sub.state
    for store in summary.stores if state.served else ():
        if store.path.fields and store.path.fields[-1].startswith("["):
            containers = yield from sub.things(Path(store.path.root, store.path.fields[:-1]))
            value = yield from sub.value(store.value)
            serving = {each for each in state.served if _serves_one_of(state, each, containers)}
            if value.things == NONE.things:
                state.served -= serving  # it tells the work to end: what comes after it, nobody takes
            elif any(repeats for _, _, repeats in serving):
                hand_over(state, value, ONE_BY_ONE)
            elif serving and not is_of_several(state, value):
                hand_over(state, value, ONE_BY_ONE)
                state.served -= serving  # it takes one thing only, and this is it


def _serves_one_of(state: State, serving: tuple[Path, Path, bool], containers: Value) -> bool:
    """Whether work that is still under way takes from one of the containers."""
    container, work, _ = serving
    return any(container == thing.path for thing in containers.things) and _is_under_way(state, work)


def _is_under_way(state: State, work: Path) -> bool:
    tokens = [state.tokens[key] for key in tokens_at(state, work)]
    return not tokens or any(token.status is not Status.SETTLED for token in tokens)


def by_work(places: Sources) -> Sources:
    """Those of the places that are trimmed which say that work does it."""
    return frozenset(place for place in places if place.fields[-1:] == (BY_WORK,))


def drained_by_callee(sub: Substitution, drained: Sources) -> Solving:
    """The work that a callee has started takes elements out of containers that the caller knows."""
    for place in sorted(drained):
        containers = yield from sub.things(Path(place.root, place.fields[:-1]))
        drained_by_work(sub.act, sub.state, (thing.path for thing in containers.things))


def drained_by_work(act: Activation, state: State, containers: Iterable[Path]) -> None:
    """Work has begun that takes elements out of containers; what begins at import does so for every invocation."""
    lasting = {place for each in containers if (place := state.lasting(each)) is not None}
    state.trimmed |= {slot(place, BY_WORK) for place in lasting}
    for place in sorted(lasting) if act.importing else ():
        held = read_field(act, state, place) or NOTHING
        act.world.drained |= {place, *(thing.path for thing in held.things)}
