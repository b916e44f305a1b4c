"""Consuming a surviving iterator once: where all that it gives is kept, and a test sees to it, that is lazy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Consume, How, Write
from leaklint.ir.values import RootKind, Sources, Value
from leaklint.solve.lattice import CLOCK, is_prefix
from leaklint.solve.state import State, Token, Trace


def keep_consumed(state: State, write: Write, trace: Trace) -> None:
    """Something takes in what iterators have given so far on this path; of its own, a callee has said so itself."""
    if write.path is None or write.path.root.kind is RootKind.MADE:
        return
    taken = write.sources | write.key_sources
    for key, token in state.tokens.items() if taken else ():
        used = token.effect
        if not isinstance(used, Consume) or used.kept or (trace and token.trace[:1] == trace[:1]):
            continue
        if used.path is not None and any(is_prefix(used.path, each) for each in taken):
            state.tokens[key] = token._replace(effect=msgspec.structs.replace(used, kept=True))


def chosen_by(token: Token, paths: Sequence[State]) -> Token:
    """The token of a use of an iterator where paths meet of which perhaps not all keep what it gives."""
    differing = frozenset.union(*(each.guards for each in paths)) - frozenset.intersection(
        *(each.guards for each in paths)
    )
    reads = frozenset().union(*(tested.reads for tested in differing))
    if reads <= token.effect.sources:
        return token
    return token._replace(effect=msgspec.structs.replace(token.effect, sources=token.effect.sources | reads))


def chosen_in_rounds(state: State, iterable: Value, back: Sequence[State]) -> State:
    """The state after a loop over an iterator: the rounds that keep what it gives may be some of them only."""
    after = state
    for key, token in state.tokens.items():
        if isinstance(token.effect, Consume) and any(thing.path == token.effect.path for thing in iterable.things):
            after = state.copy() if after is state else after
            after.tokens[key] = chosen_by(token, back)
    return after


def is_lazy(used: Consume, effects: Sequence[AnyEffect], request: Callable[[Sources], object]) -> bool:
    """Whether an iterator is used up, and what it gives is kept, where a test finds unset what is set there alone."""
    if not used.kept or request(used.sources):
        return False
    lazily = {test for test in used.tests if CLOCK not in test and not request(test)}
    bindings = [each for each in effects if isinstance(each, Write) and each.how in (How.REBIND, How.SET_ATTRIBUTE)]
    under = {each.path for each in bindings if any(each.path in test for test in lazily & each.tests)}
    elsewhere = {each.path for each in bindings if not any(each.path in test for test in lazily & each.tests)}
    return not under <= elsewhere
