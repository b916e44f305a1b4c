"""Work that a place holds: what is said of the place waits for what becomes of the work.

``TASKS[key] = task`` leaves a task there, which grows with every new key. As long as the task is not finished, that is
said of the task, and nothing of the place.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaklint.ir.effects import Defer, Pending, Write
from leaklint.ir.values import Path, Sources, Thing, TypeKind, Value
from leaklint.solve.lattice import of
from leaklint.solve.pending import holds_task, tokens_at
from leaklint.solve.state import State, Status, Token


def work_in(state: State, values: Iterable[Value]) -> Sources | None:
    """What the work hangs on that values hold; None where a callback takes it out again once it is finished."""
    found: set[Path] = set()
    for thing in frozenset[Thing]().union(*(value.things for value in values)):
        if thing.type.kind is not TypeKind.CONSTANT and holds_task(state, of(thing)):
            waiting = [state.tokens[key].effect for key in tokens_at(state, thing.path)]
            if any(isinstance(effect, Defer) and effect.api == "done-callback" for effect in waiting):
                return None
            found.add(thing.path)
    return frozenset(found)


def take_out_when_done(state: State, work: Value) -> None:
    """Work gets a callback for its end: that is there to take it out of where it is held."""
    paths = {thing.path for thing in work.things}
    written = [(key, token.effect) for key, token in state.tokens.items() if isinstance(token.effect, Write)]
    state.settle([key for key, effect in written if not paths.isdisjoint(effect.of_work)])


def is_said_of_work(state: State, write: Token) -> bool:
    """Whether a place holds work of which all is said: it is not finished, or taken out wherever nothing raises."""
    held = write.effect.of_work if isinstance(write.effect, Write) else frozenset()
    return bool(held) and (
        write.status is Status.SETTLED
        or any(
            isinstance(token.effect, Pending) and token.effect.path in held and token.status is not Status.SETTLED
            for token in state.tokens.values()
        )
    )
