"""Work that is ended before it is done: nobody gets what it would have given."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec.structs

from leaklint.ir.effects import Outcome, Pending
from leaklint.ir.values import Thing
from leaklint.solve import pending
from leaklint.solve.state import State


def terminate(state: State, things: Iterable[Thing]) -> None:
    """What hangs on these objects, and nobody has waited for, is lost."""
    for key in [key for thing in things for key in pending.tokens_at(state, thing.path)]:
        token = state.tokens[key]
        if isinstance(token.effect, Pending):
            state.tokens[key] = token._replace(effect=msgspec.structs.replace(token.effect, outcome=Outcome.LOST))
