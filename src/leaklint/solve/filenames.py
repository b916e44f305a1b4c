"""Names of files: whether one that was made has such a name, lies in such a folder, or may match such a pattern."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import Pending
from leaklint.ir.values import NOTHING, Path, Sources, Thing, Value
from leaklint.solve.lattice import EMPTIED, NO_FILE, VARIES, join_all, named, names_in, of, single_constant, slot
from leaklint.solve.state import State

ENDS: Final = "<ends>"
"""The field of a text that is put together in which lies what it ends with."""


def end_of(state: State, name: Value) -> Value:
    """The constant text with which a name ends; nothing where that is not known."""
    ends = name if single_constant(name)[0] else join_all(state.heap[slot(each.path, ENDS)] for each in name.things)
    return Value(ends.things) if len(name.things) == 1 and single_constant(ends)[0] else NOTHING


def remember_end(state: State, text: Thing, last: Value) -> None:
    """A text is put together, of which the end may be known."""
    ends = end_of(state, last)
    if ends.things:
        state.heap[slot(text.path, ENDS)] = ends


def may_match(state: State, name: Path, pattern: str, *, surely: bool = False) -> bool:
    """Whether a pattern may match a name, as far as its end is known: ``*.csv`` does not match ``….json``."""
    _, star, tail = pattern.rpartition("*")
    certain, end = single_constant(state.heap[slot(name, ENDS)])
    if star and tail and surely and not certain:
        return False
    return not star or not certain or str(end).endswith(tail) or tail.endswith(str(end))


def may_end_alike(state: State, file: Pending, name: Value, *, surely: bool = False) -> bool:
    """Whether a name may be that of a file, as far as the ends of both are known; ``surely``: if its own end is."""
    if file.path is None:
        return True
    (known, end), (told, other) = (single_constant(end_of(state, each)) for each in (of(Thing(file.path)), name))
    if surely and told and not known:
        return False
    return not known or not told or str(end).endswith(str(other)) or str(other).endswith(str(end))


def is_named(sources: Sources, names: list[str], rest: Sources, *, contents: bool) -> bool:
    """Whether a file was made under a name, or, with ``contents``, anywhere in a folder of that name."""
    others = names_in(sources)
    if contents:
        goes_on = VARIES in rest
        return rest <= sources and all(any(_lies_in(each, name, goes_on=goes_on) for each in others) for name in names)
    own = sources - {named(other) for other in others}
    return rest == own and {name.rstrip("/") for name in names} == {other.rstrip("/") for other in others}


def _lies_in(name: str, folder: str, *, goes_on: bool) -> bool:
    """Whether a file is in a folder, as ``/tmp/output/x`` is not in ``/tmp/out``; or may match a pattern.

    ``goes_on``: something that nobody knows follows in the name of the folder.
    """
    beginning, star, _ = folder.partition("*")
    return f"{name}/".startswith(beginning if star or goes_on else f"{folder.rstrip('/')}/")


def is_emptied(state: State, name: str) -> bool:
    """Whether the folder or pattern that holds a file has been cleaned before in this invocation."""
    return lies_in_emptied(state.trimmed | state.resets | state.cleared - {NO_FILE}, name)


def lies_in_emptied(marks: Sources, name: str) -> bool:
    """Whether a file lies in a folder, or may match a pattern, that has been cleaned, as the marks say."""
    for place in marks:
        if place.root.owner == EMPTIED:
            folder, pattern, _ = place.root.name.partition("*")
            if name == folder or name.startswith(folder if pattern else folder.rstrip("/") + "/"):
                return True
    return False
