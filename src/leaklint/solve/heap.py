"""The heap of a state: what the fields of objects hold, found by path and by the object's root."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from leaklint.ir.values import NOTHING, Path, Root, RootKind, Sources, Thing, Value
from leaklint.solve.lattice import ORIGINAL, is_prefix, join


class Group(dict[Path, Value]):
    """The known fields of the objects of one root. It is never changed once a heap has it: a changed one is a copy."""

    __slots__ = ("_inside",)

    def __init__(self, fields: Mapping[Path, Value] | Iterable[tuple[Path, Value]] = ()) -> None:
        super().__init__(fields)
        self._inside: dict[Path, tuple[Sources, tuple[Path, ...]]] = {}

    def inside(self, path: Path) -> tuple[Sources, tuple[Path, ...]]:
        """What has been put into an object was made from, and the objects of this invocation among it.

        Their order does not depend on hashes. What a callable runs is not in it, nor what it was chosen by.
        """
        known = self._inside.get(path)
        if known is None:
            length = len(path.fields)
            sources: set[Path] = set()
            made: set[Path] = set()
            for key, value in self.items():
                fields = key.fields
                if len(fields) > length and is_prefix(path, key) and not is_apart(fields[length:]):
                    sources |= value.sources
                    made.update(made_here(value))
            known = self._inside[path] = (frozenset(sources), tuple(sorted(made)))
        return known


_EMPTY: Final = Group()
CHOSEN: Final = "<chosen by>"
"""The field of a container made here in which lies what was looked at to decide what is put into it."""
APART: Final = ("<func", CHOSEN)
"""Fields that tell about an object, but not what it was made from."""


def is_apart(fields: tuple[str, ...]) -> bool:
    """Whether what lies there tells about an object, or about one in it, but not what it was made from."""
    return any(field.startswith(APART) for field in fields)


def made_here(value: Value) -> list[Path]:
    """The objects made by this invocation that a value denotes, in an order that does not depend on hashes."""
    found = [thing.path for thing in value.things if thing.path.root.kind is RootKind.MADE]
    return sorted(found) if len(found) > 1 else found


class Heap:
    """Fields by path, grouped by root; a copy shares the groups until one of both changes them."""

    __slots__ = ("_groups", "origins")

    def __init__(self) -> None:
        self._groups: dict[Root, Group] = {}
        self.origins: dict[object, Sources] = {}
        """What values were made from (``leaklint.solve.origins``), as long as nothing changes."""

    def copy(self) -> Heap:
        """An independent heap that says the same."""
        other = Heap.__new__(Heap)
        other._groups = self._groups.copy()
        other.origins = self.origins
        return other

    def __len__(self) -> int:
        """The number of roots below which something is known."""
        return len(self._groups)

    def __getitem__(self, path: Path) -> Value:
        """What a field holds: nothing where that is not known."""
        return self.get(path) or NOTHING

    def get(self, path: Path) -> Value | None:
        """What a field holds, as far as it is known."""
        group = self._groups.get(path.root)
        return group.get(path) if group is not None else None

    def __setitem__(self, path: Path, value: Value) -> None:
        group = self._groups.get(path.root)
        if group is None:
            self.origins = {}
            self._groups[path.root] = Group({path: value})
        elif group.get(path) is not value:
            self.origins = {}
            changed = self._groups[path.root] = Group(group)
            changed[path] = value

    def pop(self, path: Path) -> None:
        """Forgets a field."""
        group = self._groups.get(path.root)
        if group is not None and path in group:
            self.origins = {}
            changed = self._groups[path.root] = Group(group)
            del changed[path]

    def under(self, root: Root) -> Group:
        """All known fields of the objects of one root."""
        return self._groups.get(root, _EMPTY)

    def items(self) -> Iterator[tuple[Path, Value]]:
        """All fields."""
        for group in self._groups.values():
            yield from group.items()

    def update(self, other: Heap) -> None:
        """Takes over what another heap holds."""
        for path, value in other.items():
            self[path] = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Heap) and self._groups == other._groups

    __hash__ = None  # type: ignore[assignment]

    def joined(self, other: Heap) -> Heap:
        """What either heap may hold."""
        result = Heap()
        groups = self._groups.copy()
        for root, group in other._groups.items():
            mine = groups.get(root)
            if mine is None:
                groups[root] = _or_all_as_before(root, group)
            elif mine is not group:
                merged = Group(mine)
                for path, value in group.items():
                    old = merged.get(path)
                    if old is None:
                        merged[path] = _or_as_before(path, value)
                    elif old is not value:
                        merged[path] = join(old, value)
                for path in mine.keys() - group.keys():
                    merged[path] = _or_as_before(path, mine[path])
                groups[root] = merged
        for root in self._groups.keys() - other._groups.keys():
            groups[root] = _or_all_as_before(root, self._groups[root])
        result._groups = groups
        return result


def _or_all_as_before(root: Root, group: Group) -> Group:
    if root.kind is RootKind.MADE or root.kind is RootKind.LIBRARY:
        return group
    return Group((path, _or_as_before(path, value)) for path, value in group.items())


def _or_as_before(path: Path, value: Value) -> Value:
    """A field that only one path has bound: on the other it holds what it held at the start."""
    kind = path.root.kind
    if kind is RootKind.MADE or kind is RootKind.LIBRARY or (path.fields[-1:] and path.fields[-1].startswith("<")):
        return value
    return join(value, Value(frozenset({Thing(path, ORIGINAL)})))
