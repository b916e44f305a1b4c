"""Callbacks that a loop calls soon (``call_soon``): it has called them when the work on which it runs has ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from leaklint.ir.effects import Pending
from leaklint.ir.values import Path
from leaklint.solve.lattice import ELEMENT, extend
from leaklint.solve.state import State

SOON: Final = ".soon"
"""The field of a loop in which lies what it calls as soon as it runs, as the rows say."""


def handles(state: State, ended: Iterable[tuple[object, ...]]) -> list[Path]:
    """The handles of what loops have called before work (given by its keys) has ended: a thread runs a loop."""
    loops = {path for key in ended if isinstance(effect := state.tokens[key].effect, Pending) for path in effect.heeds}
    return [thing.path for loop in sorted(loops) for thing in state.heap[extend(extend(loop, SOON), ELEMENT)].things]
