"""The files below a folder without git: a walk that follows no links and honours ``.gitignore``."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from leaklint.pipeline.cache import FOLDER
from leaklint.pipeline.regular import regular

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.pattern import Pattern


IGNORE_FILE: Final = ".gitignore"
_PLAIN: Final = re.compile(r"[\w.$~@+=-]+")
_ONE_OF: Final = re.compile(r"\*([\w.$~@+=-]*)\[(\w+)\]")
"""One star and then letters, the last of which may be one of several: ``*.py[cod]``."""
_WILD: Final = re.compile(r"\*+|\?|\\|\[!?\w[\w-]*\]")


class Listing(msgspec.Struct, frozen=True):
    """Files below a folder, relative to it, and the folders and files that could not be listed, with the reason."""

    files: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    """What ignore files leave out, among the files that matter."""


class _IgnoreFile(msgspec.Struct, frozen=True):
    """The patterns of one ``.gitignore`` and the folder that it stands in; absolute, with a slash at the end."""

    base: str
    patterns: _Patterns


class _Patterns:
    """The patterns of an ignore file, which are understood once a path has a name that one of them may mean.

    Nearly all patterns hold a name, or a piece of one, that some part of the path has to have: ``build/``, ``*.log``.
    """

    __slots__ = (
        "_any_ending",
        "_any_start",
        "_endings",
        "_lines",
        "_names",
        "_of_folders",
        "_of_names",
        "_others",
        "_pieces",
        "_specs",
        "_starts",
    )

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._names: dict[str, list[int]] = {}
        self._starts: dict[str, list[int]] = {}
        self._endings: dict[str, list[int]] = {}
        self._pieces: dict[str, list[int]] = {}
        self._others: list[int] = []
        """The patterns that may mean any name, by the number of their line."""
        self._of_folders: dict[str, tuple[int, ...]] = {}
        self._of_names: dict[str, tuple[int, ...]] = {}
        self._specs: dict[tuple[int, ...], GitIgnoreSpec] = {}
        for number, line in enumerate(lines):
            if line[:1].isspace():
                self._others.append(number)
            elif line and not line.startswith("#"):
                self._note(line.rstrip().removeprefix("!").split("/"), number)
        self._any_start, self._any_ending = tuple(self._starts), tuple(self._endings)

    def _note(self, parts: list[str], number: int) -> None:
        """Notes what a name has to have for a pattern to mean it."""
        plain = next(filter(_PLAIN.fullmatch, parts), None)
        if plain:
            self._names.setdefault(plain, []).append(number)
            return
        part = next(filter(lambda each: each.strip("*"), parts), "")
        one_of = _ONE_OF.fullmatch(part)
        pieces = _WILD.split(part)
        if one_of:
            for each in one_of[2]:
                self._endings.setdefault(one_of[1] + each, []).append(number)
        elif not any(pieces) or any("[" in each or "]" in each for each in pieces):
            self._others.append(number)
        elif pieces[0]:
            self._starts.setdefault(pieces[0], []).append(number)
        elif pieces[-1]:
            self._endings.setdefault(pieces[-1], []).append(number)
        else:
            self._pieces.setdefault(max(pieces, key=len), []).append(number)

    def decision(self, path: str) -> bool | None:
        """Whether the path is ignored; None where no pattern says anything about it."""
        numbers = self._meaning(path)
        if not numbers:
            return None
        spec = self._specs.get(numbers)
        if spec is None:
            spec = self._specs[numbers] = _spec([self._lines[number] for number in numbers])
        return spec.check_file(path).include

    def _meaning(self, path: str) -> tuple[int, ...]:
        """The patterns that may mean a path, or a folder that it lies in."""
        folder, _, name = path.rpartition("/")
        above, own = self.meaning_all_in(folder), self.meaning_name(name)
        return tuple(sorted({*above, *own})) if own else above

    def meaning_all_in(self, folder: str) -> tuple[int, ...]:
        """The patterns that may mean a folder, one that it lies in, or any name."""
        known = self._of_folders.get(folder)
        if known is None:
            known = self._of_folders[folder] = self._meaning(folder) if folder else tuple(self._others)
        return known

    def meaning_name(self, name: str) -> tuple[int, ...]:
        """The patterns that may mean a file or folder of this name."""
        known = self._of_names.get(name)
        if known is None:
            known = self._of_names[name] = self._meaning_name(name)
        return known

    def _meaning_name(self, name: str) -> tuple[int, ...]:
        found = [*self._names.get(name, ())]
        if name.startswith(self._any_start):
            found += [each for start, numbers in self._starts.items() if name.startswith(start) for each in numbers]
        if name.endswith(self._any_ending):
            found += [each for ending, numbers in self._endings.items() if name.endswith(ending) for each in numbers]
        for piece, numbers in self._pieces.items():
            if piece in name:
                found += numbers
        return tuple(found)


def walk(
    folder: Path,
    leave_out: Callable[[str], bool],
    matters: Callable[[str], bool] = lambda _: True,
    noted: Callable[[str, os.stat_result, list[str]], None] | None = None,
) -> Listing:
    """Every file below the folder, except below folders that ``leave_out`` names (by relative path).

    Files whose relative path does not matter are not even compared with ignore files, which is most of the work.
    ``noted`` is told of each folder that is listed: its path with a slash at the end, what it looked like before it was
    listed, and ``names_that_matter`` in it.
    """
    top = _with_slash(folder)
    files: list[str] = []
    unreadable: list[tuple[str, str]] = []
    ignored: list[str] = []
    above = _ignore_files_above(folder)
    # Patterns that leave out the folder as a whole say nothing about what is in it.
    pending: list[tuple[str, tuple[_IgnoreFile, ...]]] = [("", () if _is_ignored(top, above) else above)]
    while pending:
        below, ignoring = pending.pop()
        try:
            before = os.stat(top + below) if noted else None
            with os.scandir(top + below) as entries:
                names = names_that_matter(below, entries, matters)
        except OSError as error:
            unreadable.append((below.rstrip("/") or ".", error.strerror or str(error)))
            continue
        if noted and before:
            noted(below, before, names)
        if IGNORE_FILE in names:
            ignoring = (*ignoring, *_ignore_file(top + below))
            if not matters(below + IGNORE_FILE):
                names.remove(IGNORE_FILE)
        # most ignore files say nothing of most folders, and then of few names in them
        saying = [each for each in ignoring if each.patterns.meaning_all_in((top + below)[len(each.base) : -1])]
        meanings = [each.patterns.meaning_name for each in ignoring]
        for each in names:
            name, is_folder = each.rstrip("/\0"), each.endswith("/")
            path = below + name
            may_say = bool(saying) or [meaning for meaning in meanings if meaning(name)]
            if may_say and _is_ignored(f"{top}{path}/" if is_folder else top + path, ignoring):
                ignored.append(path)
            elif not is_folder:
                files.append(path)
            elif name != ".git" and not leave_out(path):
                pending.append((path + "/", ignoring))
    return Listing(tuple(sorted(files)), tuple(sorted(unreadable)), tuple(sorted(ignored)))


def names_that_matter(folder: str, entries: Iterable[os.DirEntry[str]], matters: Callable[[str], bool]) -> list[str]:
    """The names in a folder on which a walk depends: those of folders and of files that matter.

    Those of folders end in a slash, those of links in a null character. Our own cache is none of them.
    """
    found: list[str] = []
    for entry in entries:
        name = entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            is_folder = False
        if is_folder:
            if name != FOLDER:
                found.append(name + "/")
        elif name == IGNORE_FILE:
            found.append(name)
        elif matters(folder + name):
            found.append(name + "\0" if entry.is_symlink() else name)
    return found


def _with_slash(folder: Path) -> str:
    return folder.as_posix().rstrip("/") + "/"


def _ignore_files_above(folder: Path) -> tuple[_IgnoreFile, ...]:
    """The ignore files from the top of the repository (if there is one) down to the folder's parent."""
    chain = [folder, *folder.parents]
    top = next((position for position, each in enumerate(chain) if (each / ".git").exists()), 0)
    found: list[_IgnoreFile] = []
    for each in reversed(chain[1 : top + 1]):
        found += _ignore_file(_with_slash(each))
    return tuple(found)


def _ignore_file(folder: str) -> tuple[_IgnoreFile, ...]:
    try:
        return (_IgnoreFile(folder, _patterns(regular(folder + IGNORE_FILE))),)
    except OSError:
        return ()  # git warns about an ignore file that it cannot read, and goes on without it


@functools.lru_cache(maxsize=256)
def _patterns(text: bytes) -> _Patterns:
    """The patterns of an ignore file; collections of examples hold the same one many times."""
    return _Patterns(text.decode("utf-8", "replace").splitlines())


def _spec(lines: list[str]) -> GitIgnoreSpec:
    """The patterns as the library understands them; none where it does not: git too goes on without them."""
    import pathspec

    try:
        return pathspec.GitIgnoreSpec.from_lines(lines, _pattern)
    except ValueError:
        return pathspec.GitIgnoreSpec.from_lines(())


@functools.cache
def _pattern(line: str) -> Pattern:
    """One line of an ignore file, which other ignore files have too."""
    import pathspec

    return next(iter(pathspec.GitIgnoreSpec.from_lines([line]).patterns))


def _is_ignored(path: str, ignoring: tuple[_IgnoreFile, ...]) -> bool:
    for each in reversed(ignoring):
        decision = each.patterns.decision(path[len(each.base) :])
        if decision is not None:
            return decision
    return False
