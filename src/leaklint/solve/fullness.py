"""Containers that hold something at a point: what fills them, and what may have taken it out again."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import How, Write
from leaklint.ir.values import Path, RootKind, Value
from leaklint.solve.lattice import SYMBOLIC, is_prefix, survives
from leaklint.solve.state import State
from leaklint.solve.undoing import ONE_ELEMENT

_KEEPING: Final = frozenset({How.GROW, How.REORDER, How.SET_ITEM})
"""Ways of writing that take nothing out."""


def fills(effect: Write) -> bool:
    """Whether at least one element is in a container after a method of it."""
    return effect.how is How.SET_ITEM or (effect.how is How.GROW and effect.operation in ONE_ELEMENT)


def fill(state: State, path: Path) -> None:
    """Something has been put into a container, for certain."""
    if _is_followed(path):
        state.full |= {path}


def take(state: State, path: Path, how: How = How.CLEAR) -> None:
    """Something may be gone from a container, or from what is in it."""
    if state.full and how not in _KEEPING:
        state.full = frozenset(each for each in state.full if not is_prefix(each, path) and not is_prefix(path, each))


def found(state: State, tested: Value) -> None:
    """A test says that something is in the container that a value denotes."""
    for thing in tested.things if len(tested.things) == 1 else ():
        if _is_followed(thing.path) and thing.type.name.startswith(("builtins.", "collections.")):
            state.full |= {thing.path}


def is_full(state: State, tested: Value) -> bool:
    """Whether something is in each container that a value may denote."""
    return bool(state.full) and bool(tested.things) and all(thing.path in state.full for thing in tested.things)


def _is_followed(path: Path) -> bool:
    return path.root.kind is not RootKind.LIBRARY and (survives(path) or path.root.kind in SYMBOLIC)
