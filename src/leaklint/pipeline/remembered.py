"""A project's list of files in the cache: it holds as long as the folders, and what says what is left out, do.

A folder is known by its time of change, as a file is: it is listed anew only where that is not what it was, and what
counts then is whether the names that matter are the same, and which of them are folders or links. Where git knows the
project, it is asked each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from leaklint.pipeline.cache import digest
from leaklint.pipeline.regular import regular
from leaklint.pipeline.stamps import GRANULARITY, Stamp, changed, mark_of, stamps_of
from leaklint.pipeline.walk import IGNORE_FILE, names_that_matter


class Tree(msgspec.Struct, frozen=True):
    """The files of a project, relative to its root, sorted."""

    own: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    """Python files of foreign packages that lie beside the project's own: read, never reported."""
    templates: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    """Folders with settings of their own; their files are in none of the above."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """What could not be listed, with the reason."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Folders and files that were left out on purpose, with the reason."""


class Remembered(msgspec.Struct, frozen=True):
    """A list of files in the cache, with the time at which it was begun and what it was made from."""

    made: int
    folders: dict[str, Stamp]
    """All folders that were listed, relative to the root and with a slash at the end; the root is ``""``."""
    files: dict[str, Stamp]
    """Files that decide which others belong to the project, and how."""
    folders_by_name: dict[str, bool]
    """Whether what is named like source, and is no plain file, leads to a folder."""
    tree: Tree

    def holds(self, root: Path, matters: Callable[[str], bool]) -> bool:
        """Whether the list would be made the same today; a folder that looks the same is not listed again."""
        top = f"{root}{os.sep}"
        return (
            all(os.path.isdir(top + path) == is_folder for path, is_folder in self.folders_by_name.items())
            and not changed(root, self.files, self.made)
            and self._lists_the_same(top, matters)
        )

    def _lists_the_same(self, top: str, matters: Callable[[str], bool]) -> bool:
        try:
            for path, stamp in self.folders.items():
                state = os.stat(top + path)
                known = Stamp(state.st_mode, state.st_mtime_ns, state.st_ino, stamp.mark)
                if known == stamp and state.st_mtime_ns < self.made - GRANULARITY:
                    continue
                with os.scandir(top + path) as entries:
                    if known.size != stamp.size or _mark(names_that_matter(path, entries, matters)) != stamp.mark:
                        return False
        except OSError:
            return False
        return True


class Noted:
    """What is noted while a project is walked through, from which it is known whether the list still holds."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._top = f"{root}{os.sep}"
        self._folders: dict[str, Stamp] = {}
        self._files: set[str] = set()
        self._behind: dict[str, bool] = {}
        self._is_known = True

    def folder(self, path: str, state: os.stat_result, names: Sequence[str]) -> None:
        """Notes a folder that is being listed, with what it looked like before, and the names in it that matter."""
        # who may list it says as much as the size of a file does
        self._folders[path] = Stamp(state.st_mode, state.st_mtime_ns, state.st_ino, _mark(names))
        if IGNORE_FILE in names:
            self._files.add(path + IGNORE_FILE)

    def read(self, paths: Iterable[str]) -> None:
        """Notes files below the root whose content counts."""
        self._files.update(paths)

    def links(self, paths: Iterable[str]) -> None:
        """Notes where those of the files lead that are links."""
        behind = ((path, self._top + path) for path in paths)
        self._behind.update((path, os.path.isdir(file)) for path, file in behind if os.path.islink(file))

    def unknown(self) -> None:
        """Notes that the list rests on what cannot be looked up later."""
        self._is_known = False

    def remembered(self, made: int, tree: Tree) -> Remembered | None:
        """What to keep of a list that was begun at the time ``made``; None where nothing tells later if it holds."""
        if not self._is_known or tree.unreadable or not self._folders:
            return None
        try:
            marks = {path: mark_of(regular(self._top + path)) for path in sorted(self._files)}
            files = stamps_of(self._root, marks, marks)
        except OSError:
            return None
        # what has changed meanwhile may have been read before
        if files is None or any(each.mtime_ns >= made for each in (*files.values(), *self._folders.values())):
            return None
        return Remembered(made, self._folders, files, self._behind, tree)


def _mark(names: Iterable[str]) -> bytes:
    """What the content of a folder is known by: the names that matter, and which of them are folders."""
    return digest("\0".join(sorted(names)).encode("utf-8", "surrogateescape"))
