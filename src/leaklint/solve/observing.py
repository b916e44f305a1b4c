"""What a test of a value reads: the surviving objects that it denotes, and what stands in the place of one made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from leaklint.ir.values import Path, RootKind, TypeKind, Value
from leaklint.solve.lattice import is_prefix, join_all, prolong
from leaklint.solve.state import State

OBSERVED: Final = frozenset(
    {RootKind.STATIC, RootKind.VARIABLE, RootKind.CLASS, RootKind.FUNCTION, RootKind.PARAMETER, RootKind.FREE}
)


def identities(value: Value, fields: Iterable[str]) -> set[Path]:
    """Surviving objects that a value denotes: testing the value reads them."""
    return {
        prolong(thing.path, fields)
        for thing in value.things
        if thing.type.kind in (TypeKind.INSTANCE, TypeKind.UNKNOWN, TypeKind.CLASS)
        and (thing.path.root.kind in OBSERVED or thing.path.root.owner == "process")
    }


def observed_in(state: State, escaped: Mapping[Path, Path], value: Value) -> set[Path]:
    """The surviving objects of a value, and where those are kept that were made here and kept before (``escaped``)."""
    made = (each.path for each in value.things if each.path.root.kind is RootKind.MADE)
    # not what only the callee keeps
    known_before = [path for path in made if any(is_prefix(each, path) for each in escaped)]
    kept = {place for path in known_before if (place := state.kept_at(path)) is not None}
    return identities(value, ()) | kept


def observed_below(state: State, escaped: Mapping[Path, Path], value: Value, fields: tuple[str, ...]) -> set[Path]:
    """The places to which fields lead through the surviving objects that objects made here refer to."""
    found: set[Path] = set()
    for known in range(1, len(fields)):
        made = [each.path for each in value.things if each.path.root.kind is RootKind.MADE]
        stored = [state.heap.get(prolong(path, fields[known - 1 : known])) for path in made]
        value = join_all([each for each in stored if each is not None])
        found |= {prolong(each, fields[known:]) for each in observed_in(state, escaped, value)}
    return found
