"""What this invocation has put into surviving places, as the functions find it that it calls.

A function that does ``for worker in WORKERS: worker.join()`` is given nothing that says what a worker is: another
function has put it there. Its general summary says of which places it would have to know that (``Summary.wonders``).
Where the caller knows it, and the invocation has something under way, the function is solved once more for what lies
there, as it is for the shapes of its arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leaklint.ir.effects import Pending
from leaklint.ir.summary import Summary
from leaklint.ir.values import NOTHING, UNKNOWN_TYPE, Path, RootKind, Thing, Value
from leaklint.solve.activation import Activation, shape_of
from leaklint.solve.elements import elements
from leaklint.solve.lattice import ELEMENT, extend, join_all, of, ordered, prolong, survives
from leaklint.solve.lookup import read_field
from leaklint.solve.state import State, Status
from leaklint.solve.world import MAX_RECURSIONS, Ask, Shape, Solving, instance

MOST_PLACES: Final = 8
"""Of so many places a function is told what lies there."""


def knowing(act: Activation, state: State, question: Ask, summary: Summary, bound: Sequence[Value]) -> Solving:
    """The summary of a callee for what this invocation has put into the places of which it would have to know that."""
    places = {path: _places(path, bound) for path in sorted(summary.wonders)}
    for found in places.values():
        act.wonders.update(found)
    if not places or question.busy or act.importing or not _is_under_way(state):
        return summary
    if act.world.underway[question.name] >= MAX_RECURSIONS:
        return summary
    known: list[tuple[Path, Shape]] = []
    for path, found in places.items():
        there = join_all([put_at(act, state, place) for place in found])
        shape = shape_of(act, state, of(*(each for each in there.things if each.path.root.kind is RootKind.MADE)))
        if shape:
            known.append((path, shape))
    if not known:
        return summary
    result: Summary = yield question._replace(survivors=tuple(known[:MOST_PLACES]))
    return result


def _places(path: Path, bound: Sequence[Value]) -> list[Path]:
    """The places of which a callee would have to know what lies there, as its caller knows them."""
    if path.root.kind is not RootKind.PARAMETER:
        return [path]
    given = bound[int(path.root.name)] if int(path.root.name) < len(bound) else NOTHING
    owners = [each.path for each in given.things if survives(each.path) or each.path.root.kind is RootKind.PARAMETER]
    return [prolong(owner, path.fields) for owner in sorted(owners)]


def put_at(act: Activation, state: State, path: Path) -> Value:
    """What is known to lie at a surviving path, by way of what this invocation has put into it."""
    start = Path(path.root)
    named = act.world.named.get(start)
    value = read_field(act, state, start) or of(Thing(start, instance(named.type) if named else UNKNOWN_TYPE))
    for field in path.fields:
        if field == ELEMENT:
            value = elements(act, state, value)
            continue
        places = [extend(thing.path, field) for thing in ordered(value.things)]
        value = join_all([read_field(act, state, place) or of(Thing(place)) for place in places])
    return value


def _is_under_way(state: State) -> bool:
    return any(
        isinstance(token.effect, Pending) and token.status is not Status.SETTLED for token in state.tokens.values()
    )
