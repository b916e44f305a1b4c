"""Names of files: whether one that was made has such a name, lies in such a folder, or may match such a pattern."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import Pending
from leaklint.ir.values import Path, Sources, Thing, Value
from leaklint.solve.lattice import join_all, named, names_in, single_constant, slot
from leaklint.solve.state import State

ENDS: Final = "<ends>"
"""The field of a text that is put together in which lies what it ends with."""


def remember_end(state: State, text: Thing, last: Value) -> None:
    """A text is put together, of which the end may be known."""
    ends = last if single_constant(last)[0] else join_all(state.heap[slot(each.path, ENDS)] for each in last.things)
    if single_constant(ends)[0]:
        state.heap[slot(text.path, ENDS)] = ends


def may_match(state: State, name: Path, pattern: str, *, surely: bool = False) -> bool:
    """Whether a pattern may match a name, as far as its end is known: ``*.csv`` does not match ``….json``."""
    _, star, tail = pattern.rpartition("*")
    certain, end = single_constant(state.heap[slot(name, ENDS)])
    if star and tail and surely and not certain:
        return False
    return not star or not certain or str(end).endswith(tail) or tail.endswith(str(end))


def may_end_alike(state: State, file: Pending, name: Value) -> bool:
    """Whether a name may be that of a file, as far as the ends of both are known."""
    if file.path is None or len(name.things) != 1:
        return True
    (known, end), (told, other) = (
        single_constant(state.heap[slot(path, ENDS)]) for path in (file.path, next(iter(name.things)).path)
    )
    return not known or not told or str(end).endswith(str(other)) or str(other).endswith(str(end))


def is_named(sources: Sources, names: list[str], rest: Sources, *, contents: bool) -> bool:
    """Whether a file was made under a name, or, with ``contents``, anywhere in a folder of that name."""
    others = names_in(sources)
    if contents:
        return rest <= sources and all(any(other.startswith(name) for other in others) for name in names)
    own = sources - {named(other) for other in others}
    return rest == own and {name.rstrip("/") for name in names} == {other.rstrip("/") for other in others}
