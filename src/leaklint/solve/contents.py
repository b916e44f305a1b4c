"""Contents: reads of all that is in an object, written as a path through ``<content>``.

What follows it are the places in the object that the invocation has bound before, each as one field: what is read of
them is its own.
"""

from __future__ import annotations

from leaklint.ir.values import Path, Root, RootKind, Sources
from leaklint.solve.lattice import CONTENT, is_prefix


def but_for_what_is_new(content: Path, written: Sources) -> Path:
    """A read of all that is in an object, but for the places in it that this invocation has bound before."""
    at = content.fields.index(CONTENT)
    bound = {"".join(each.fields[at:]) for each in written_within(content, written)}
    return Path(content.root, (*content.fields[: at + 1], *sorted(bound.union(content.fields[at + 1 :]))))


def written_within(content: Path, written: Sources) -> Sources:
    """The places in an object, all of which is read, that this invocation has bound before."""
    at = content.fields.index(CONTENT)
    below = Path(content.root, content.fields[:at])
    return frozenset(each for each in written if len(each.fields) > at and is_prefix(below, each))


def reads_all_around(read: Path, place: Path) -> bool:
    """Whether what is read is all that is in an object that the place lies in."""
    if CONTENT not in read.fields:
        return False
    at = read.fields.index(CONTENT)
    if not is_prefix(Path(read.root, read.fields[:at]), place):
        return False
    # what this invocation has bound before (it follows) is not what was there
    ways = {"".join(place.fields[at:end]) for end in range(at + 1, len(place.fields) + 1)}
    return bool(ways) and ways.isdisjoint(read.fields[at + 1 :])


def in_dictionary(path: Path) -> Path:
    """What a path through ``__dict__`` leads to: a variable of a module, or all that is in an object."""
    at = path.fields.index(".__dict__")
    if path.root.kind is not RootKind.MODULE:
        return Path(path.root, (*path.fields[:at], CONTENT))
    key = path.fields[at + 1 :]
    return Path(Root(RootKind.VARIABLE, path.root.owner, key[0][2:-2])) if key else path
