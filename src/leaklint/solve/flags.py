"""Flags: places that have been bound, or reset, where a local name is true, or where it is false.

``found = False`` … ``X = each; found = True`` … ``if not found: X = None`` binds ``X`` on every path.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from leaklint.ir.values import Path, Value
from leaklint.solve.lattice import is_none, truth


class Flagged(NamedTuple):
    """Where a name has this truth, a place has been reset (else: bound)."""

    name: str
    holds: bool
    place: Path
    is_reset: bool


class Side(Protocol):
    """One of two paths that meet: its state."""

    env: dict[str, Value]
    written: frozenset[Path]
    resets: frozenset[Path]
    flagged: frozenset[Flagged]


def _knows(side: Side, flagged: Flagged) -> bool:
    """Whether it is so on a path, be it that the name has the other truth there."""
    if flagged in side.flagged or flagged.place in (side.resets if flagged.is_reset else side.written):
        return True
    value = side.env.get(flagged.name)
    return value is not None and truth(value) is (not flagged.holds)


def met(left: Side, right: Side) -> frozenset[Flagged]:
    """What flags say where two paths meet."""
    found = left.flagged | right.flagged
    if left.written != right.written or left.resets != right.resets:
        for one, other in ((left, right), (right, left)):
            places = [(each, False) for each in one.written - other.written]
            places += [(each, True) for each in one.resets - other.resets]
            for name, holds in deciding(one, other) if places else ():
                found |= {Flagged(name, holds, place, is_reset) for place, is_reset in places}
    return frozenset(each for each in found if _knows(left, each) and _knows(right, each)) if found else found


def deciding(one: Side, other: Side) -> list[tuple[str, bool]]:
    """Local names that are surely true on one of two paths, and surely false on the other."""
    found = []
    for name, value in one.env.items():
        there = other.env.get(name)
        if name[0] == "%" or there is None or there is value:
            continue
        here, elsewhere = truth(value), truth(there)
        if here is not None and elsewhere is not None and here is not elsewhere:
            found.append((name, here))
    return found


def conditions(one: Side, other: Side) -> list[tuple[str, str, bool]]:
    """Tests of local names, choices among them, that surely hold on one of two paths, and surely not on the other."""
    found = [(name, "true", holds) for name, holds in deciding(one, other)]
    for name, value in one.env.items():
        there = other.env.get(name)
        if there is not None and there is not value:
            here, elsewhere = is_none(value), is_none(there)
            if here is not None and elsewhere is not None and here is not elsewhere:
                found.append((name, "none", here))
    return found
