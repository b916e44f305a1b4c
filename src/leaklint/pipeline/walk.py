"""The files below a folder without git: a walk that follows no links and honours ``.gitignore``."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leaklint.pipeline.regular import regular

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.pattern import Pattern


_PLAIN: Final = re.compile(r"[\w.$~@+=-]+")
_ONE_OF: Final = re.compile(r"\*([\w.$~@+=-]*)\[(\w+)\]")
"""One star and then letters, the last of which may be one of several: ``*.py[cod]``."""
_WILD: Final = re.compile(r"\*+|\?|\\|\[!?\w[\w-]*\]")


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """Files below a folder, relative to it, and the folders and files that could not be listed, with the reason."""

    files: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    """What ignore files leave out, among the files that matter."""


@dataclasses.dataclass(frozen=True, slots=True)
class _IgnoreFile:
    """The patterns of one ``.gitignore`` and the folder that it stands in; absolute, with a slash at the end."""

    base: str
    patterns: _Patterns


class _Patterns:
    """The patterns of an ignore file, which are understood once a path has a name that one of them may mean.

    Nearly all patterns hold a name, or a piece of one, that some part of the path has to have: ``build/``, ``*.log``.
    """

    __slots__ = ("_endings", "_lines", "_mentioned", "_names", "_others", "_pieces", "_spec", "_starts")

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._names: set[str] = set()
        self._starts: tuple[str, ...] = ()
        self._endings: tuple[str, ...] = ()
        self._pieces: tuple[str, ...] = ()
        self._others = False
        """Whether there are patterns that may mean any name."""
        self._mentioned: dict[str, bool] = {}
        self._spec: GitIgnoreSpec | None = None
        for line in lines:
            if line[:1].isspace():
                self._others = True
            elif line and not line.startswith("#"):
                self._note(line.rstrip().removeprefix("!").split("/"))

    def _note(self, parts: list[str]) -> None:
        """Notes what a name has to have for a pattern to mean it."""
        plain = next(filter(_PLAIN.fullmatch, parts), None)
        if plain:
            self._names.add(plain)
            return
        part = next(filter(lambda each: each.strip("*"), parts), "")
        one_of = _ONE_OF.fullmatch(part)
        pieces = _WILD.split(part)
        if one_of:
            self._endings += tuple(one_of[1] + each for each in one_of[2])
        elif not any(pieces) or any("[" in each or "]" in each for each in pieces):
            self._others = True
        elif pieces[0]:
            self._starts += (pieces[0],)
        elif pieces[-1]:
            self._endings += (pieces[-1],)
        else:
            self._pieces += (max(pieces, key=len),)

    def decision(self, path: str) -> bool | None:
        """Whether the path is ignored; None where no pattern says anything about it."""
        if not self._others and not any(map(self._mentions, path.split("/"))):
            return None
        if self._spec is None:
            self._spec = _spec(self._lines)
        return self._spec.check_file(path).include

    def _mentions(self, name: str) -> bool:
        """Whether a pattern may mean a file or folder of this name, or what lies in it."""
        found = self._mentioned.get(name)
        if found is None:
            found = self._mentioned[name] = (
                name in self._names
                or name.startswith(self._starts)
                or name.endswith(self._endings)
                or any(piece in name for piece in self._pieces)
            )
        return found


def walk(folder: Path, leave_out: Callable[[str], bool], matters: Callable[[str], bool] = lambda _: True) -> Listing:
    """Every file below the folder, except below folders that ``leave_out`` names (by relative path).

    Files whose relative path does not matter are not even compared with ignore files, which is most of the work.
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
            with os.scandir(top + below) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            unreadable.append((below.rstrip("/") or ".", error.strerror or str(error)))
            continue
        if any(entry.name == ".gitignore" for entry in found):
            ignoring = (*ignoring, *_ignore_file(top + below))
        for entry in found:
            path = below + entry.name
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
            except OSError:
                is_folder = False
            if not is_folder and not matters(path):
                continue
            if ignoring and _is_ignored(f"{top}{path}/" if is_folder else top + path, ignoring):
                ignored.append(path)
                continue
            if not is_folder:
                files.append(path)
            elif entry.name != ".git" and not leave_out(path):
                pending.append((path + "/", ignoring))
    return Listing(tuple(sorted(files)), tuple(sorted(unreadable)), tuple(sorted(ignored)))


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
        return (_IgnoreFile(folder, _patterns(regular(f"{folder}.gitignore"))),)
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
