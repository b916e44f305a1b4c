"""Serving: work under way that takes out of a container what others put into it, and waits for that."""

from __future__ import annotations

from leaklint.ir.summary import Summary
from leaklint.ir.values import Path, Thing, TypeKind, Value
from leaklint.solve.lattice import ordered
from leaklint.solve.pending import ONE_BY_ONE, hand_over, tokens_at
from leaklint.solve.state import State, Status
from leaklint.solve.substitution import Substitution
from leaklint.solve.world import Solving


def settled_by_work(sub: Substitution, path: Path) -> Solving:
    """Work that begins settles what lies at a path: what is put into the containers on the way there later on, too."""
    for index, field in enumerate(path.fields):
        if field.startswith("["):
            containers = yield from sub.things(Path(path.root, path.fields[:index]))
            _serves(sub, containers, sub.act.working)


def served_by_callee(sub: Substitution, summary: Summary) -> Solving:
    """The work that a callee has started takes from containers that the caller knows."""
    for container, work in sorted(summary.serves):
        works = yield from sub.things(work)
        _serves(sub, (yield from sub.things(container)), [thing.path for thing in ordered(works.things)])


def _serves(sub: Substitution, containers: Value, works: list[Path]) -> None:
    sub.state.served |= {
        (thing.path, work) for thing in containers.things if thing.type.kind is not TypeKind.CONSTANT for work in works
    }


def stored_by_callee(sub: Substitution, summary: Summary) -> Solving:
    """What a callee has put into a container from which work takes is handed on to that work."""
    for store in summary.stores if sub.state.served else ():
        if store.path.fields and store.path.fields[-1].startswith("["):
            containers = yield from sub.things(Path(store.path.root, store.path.fields[:-1]))
            if any(is_served(sub.state, thing) for thing in containers.things):
                hand_over(sub.state, (yield from sub.value(store.value)), ONE_BY_ONE)


def is_served(state: State, container: Thing) -> bool:
    """Whether work that is still under way takes from a container."""
    return any(served == container.path and _is_under_way(state, work) for served, work in state.served)


def _is_under_way(state: State, work: Path) -> bool:
    tokens = [state.tokens[key] for key in tokens_at(state, work)]
    return not tokens or any(token.status is not Status.SETTLED for token in tokens)
