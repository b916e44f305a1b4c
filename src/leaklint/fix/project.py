"""The project as fixes see it: its files as trees, who imports what, and where the handlers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar, cast

from leaklint.fix.tree import Tree, Unreadable
from leaklint.ir.handler import Handler

Resolve = Callable[[str, str, str, int], tuple[str, str]]
"""What ``from module import name`` means in a file: the path of a file of the project and a name in it; the name is
empty for a module, both are for what is foreign."""


T = TypeVar("T")


class _Failed(NamedTuple):
    error: Exception


class Project:
    """Files and handlers, handed in by the pipeline; trees are made when they are asked for."""

    def __init__(
        self,
        sources: Mapping[str, bytes],
        resolve: Resolve,
        handlers: Sequence[Handler],
        ends: Callable[[str], bool | None] = lambda _callee: None,
        imported: Callable[[str], frozenset[str]] = lambda _path: frozenset(),
        target: tuple[int, int] = (3, 9),
        own: Callable[[str], bool] = lambda _path: True,
    ) -> None:
        self.sources = sources
        self.resolve = resolve
        self.handlers = handlers
        self._ends = ends
        """Whether what runs, by its name, is known to end by itself, or never to; None where neither is known."""
        self.imported = imported
        """The files of the project that a file imports itself."""
        self.target = target
        """The oldest Python that the project has to run on."""
        self.own = own
        """Whether a file is the project's, so that it may be changed."""
        self._known: dict[tuple[object, ...], object] = {}
        self._importers: dict[str, set[str]] | None = None
        self._trees: dict[str, Tree | None] = {}
        self.words: set[bytes] = set()
        """What was looked for in the bytes of files."""
        self.read: set[str] = set()
        """The files that were parsed, or in which such a word was found."""

    def mentions(self, path: str, *words: str) -> bool:
        """Whether one of the words stands anywhere in a file."""
        wanted = [word.encode() for word in words]
        self.words.update(wanted)
        found = any(word in self.sources.get(path, b"") for word in wanted)
        if found:
            self.read.add(path)
        return found

    def may_import_all(self, path: str) -> bool:
        """Whether there may be a star import in a file; an outline says so as well, so that this is no word."""
        return b"*" in self.sources.get(path, b"")

    def tree(self, path: str) -> Tree:
        """The tree of a file; raises ``Unreadable`` where there is none."""
        self.read.add(path)
        if path not in self._trees:
            try:
                self._trees[path] = Tree(self.sources[path]) if path in self.sources else None
            except Unreadable:
                self._trees[path] = None
        tree = self._trees[path]
        if tree is None:
            raise Unreadable(path)
        return tree

    def ends(self, callee: str) -> bool:
        """Whether what runs is known to end by itself."""
        return self._ends(callee) is True

    def is_endless(self, callee: str) -> bool:
        """Whether what runs is known to go on until somebody stops it."""
        return self._ends(callee) is False

    def once(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What ``make`` gives, worked out the first time that a key is asked for; an exception is given each time."""
        if key not in self._known:
            try:
                self._known[key] = make()
            except Exception as error:
                self._known[key] = _Failed(error)
        found = self._known[key]
        if isinstance(found, _Failed):
            raise found.error
        return cast("T", found)

    def importers(self, path: str) -> frozenset[str]:
        """The files that import a file themselves."""
        if self._importers is None:
            self._importers = {}
            for each in self.sources:
                for other in self.imported(each):
                    self._importers.setdefault(other, set()).add(each)
        return frozenset(self._importers.get(path, ()))

    def reached(self, path: str) -> frozenset[str]:
        """A file and all that it imports, at any distance."""
        seen = {path}
        pending = [path]
        while pending:
            fresh = self.imported(pending.pop()) - seen
            seen |= fresh
            pending += fresh
        return frozenset(seen)
