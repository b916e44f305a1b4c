"""Work whose object nothing refers to any more: whoever has lost the object cannot wait for its work.

Where two paths meet and only one of them has lost the object, waiting for what its name denotes settles the work of
the other path alone. The work of the path that has lost it goes on as a token of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from leaklint.ir.cfg import SNAPSHOT
from leaklint.ir.effects import AnyEffect, Pending, Work
from leaklint.ir.values import Path, RootKind, Thing, Value
from leaklint.solve.heap import Heap
from leaklint.solve.lattice import OWN_WORK, slot

LOST: Final = "<lost>"
EARLIER: Final = "<earlier>"
"""The field that stands for an object which an earlier round of a loop has made (see ``earlier.py``)."""
PRUNED: Final = "%"
"""First character of temporaries, which are dropped where no later block uses them."""
RETURNED: Final = "<returned>"
"""Name of what a path returns: where it ends, no other name counts."""
MOST_OWNERS: Final = 2
"""So many objects, each of which owns the next, are looked through for what refers to the work of the last."""
_WAITED_FOR_ONE_BY_ONE: Final = frozenset({Work.COROUTINE, Work.PROCESS, Work.TASK, Work.THREAD, Work.TIMER})
"""Work that only its own object can wait for."""


def made_here(effect: AnyEffect, escaped: Mapping[Path, Path]) -> Path | None:
    """The object that alone can wait for the work of an effect, where this function has made it and not given away."""
    path = effect.path
    if path is None or not isinstance(effect, Pending) or effect.work not in _WAITED_FOR_ONE_BY_ONE:
        return None
    return path if path.root.kind is RootKind.MADE and path not in escaped else None


def submitted(effect: AnyEffect, escaped: Mapping[Path, Path]) -> Path | None:
    """The future of an effect that nobody but its executor knows, beside this function, which has made it."""
    path = effect.path
    if path is None or not isinstance(effect, Pending) or effect.work is not Work.FUTURE or path.fields:
        return None
    known = escaped.get(path)
    return path if path.root.kind is RootKind.MADE and (known is None or known.fields[-2:] == OWN_WORK) else None


def names_of(env: Mapping[str, Value], path: Path, *, passing: bool = True) -> int:
    """How many names denote an object: those that pass (temporaries, but for what a variable held) among them."""
    return sum(denotes(value, path) for name, value in env.items() if passing or not _passes(name))


def _passes(name: str) -> bool:
    return name[0] == PRUNED and name[-1] != SNAPSHOT


def denotes(value: Value, path: Path) -> bool:
    """Whether a value may be the object."""
    return any(thing.path == path for thing in value.things)


def lies_in_object(heap: Heap, path: Path) -> bool:
    """Whether a field of some other object holds the object for longer than the moment."""
    return any(True for _ in holders(heap, path))


def holders(heap: Heap, path: Path) -> Iterator[Path]:
    """The fields of other objects that hold the object for longer than the moment."""
    for field, value in heap.items():
        if denotes(value, path) and not _is_passing(heap, field) and not _is_own(field, path):
            yield field


def only_owner(heap: Heap, path: Path, escaped: Mapping[Path, Path]) -> Path | None:
    """The object made here of which an attribute holds another one, where no other field does."""
    owners = {
        field.root if len(field.fields) == 1 and field.fields[0].startswith(".") else None
        for field in holders(heap, path)
    }
    root = owners.pop() if len(owners) == 1 else None
    owner = Path(root) if root is not None and root.kind is RootKind.MADE and root != path.root else None
    return owner if owner not in escaped else None


def is_lone(
    env: Mapping[str, Value], heap: Heap, path: Path | None, escaped: Mapping[Path, Path], *, owners: int
) -> bool:
    """Whether at most one name refers to an object, or to what alone owns it, over so many owners."""
    for _ in range(1 + owners):
        if path is None or names_of(env, path, passing=False) > 1:
            return False
        if not lies_in_object(heap, path):
            return True
        path = only_owner(heap, path, escaped)
    return False


def _is_own(field: Path, path: Path) -> bool:
    """Whether it is an attribute of the object itself, which leads back to it: ``process.stdout`` knows its process."""
    return field.root == path.root and not path.fields and not any(each.startswith("<") for each in field.fields)


def _is_passing(heap: Heap, field: Path) -> bool:
    """Whether a field holds what it does for the moment only: a captured name, or a method that is just called.

    So does what an executor knows of its own work: nobody asks it for a single future.
    """
    last = field.fields[-1] if field.fields else ""
    if last.startswith("<cell ") or field.fields[-2:] == OWN_WORK:
        return True
    if any("/" not in thing.path.root.name for thing in _cell_beside(heap, field, last)):
        return True  # a function that this one makes finds under the name what it is bound to by then
    method = Path(field.root, field.fields[:-1])
    return last == "<self>" and not any(thing.path == method for _, value in heap.items() for thing in value.things)


def _cell_beside(heap: Heap, field: Path, last: str) -> frozenset[Thing]:
    """Where the name lives that a function has captured: with a ``/`` in a call that is over."""
    cell = heap.get(Path(field.root, (*field.fields[:-1], f"<cell {last[1:]}"))) if last.startswith("<") else None
    return cell.things if cell is not None else frozenset()


def lost(path: Path) -> Path:
    """What stands for an object that nothing refers to."""
    return slot(path, LOST)
