"""The files below a folder without git: a walk that follows no links and honours ``.gitignore``."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.pattern import Pattern


_WORTHWHILE: Final = 300
"""Paths from which on it pays to make one expression of all patterns."""
_NAMED_GROUP: Final = re.compile(r"\(\?P<\w+>")


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
    """The patterns of an ignore file: where many paths are compared with them, all as one expression first."""

    __slots__ = ("_any_of_them", "_asked", "_spec")

    def __init__(self, spec: GitIgnoreSpec) -> None:
        self._spec = spec
        self._asked = 0
        self._any_of_them: re.Pattern[str] | None = None

    def decision(self, path: str) -> bool | None:
        """Whether the path is ignored; None where no pattern says anything about it."""
        self._asked += 1
        if self._asked == _WORTHWHILE:
            # the library names a group of each expression, and one expression cannot have two of a name
            found = [_NAMED_GROUP.sub("(?:", each.regex.pattern) for each in self._spec.patterns if each.regex]
            self._any_of_them = re.compile("|".join(f"(?:{each})" for each in found) or r"(?!)")
        if self._any_of_them is not None and not self._any_of_them.match(path):
            return None
        return self._spec.check_file(path).include


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
        return (_IgnoreFile(folder, _spec(Path(folder, ".gitignore").read_bytes())),)
    except (OSError, ValueError):
        # git warns about an ignore file that it cannot read or understand, and goes on without it.
        return ()


@functools.lru_cache(maxsize=256)
def _spec(text: bytes) -> _Patterns:
    """The patterns of an ignore file; collections of examples hold the same one many times."""
    import pathspec

    return _Patterns(pathspec.GitIgnoreSpec.from_lines(text.decode("utf-8", "replace").splitlines(), _pattern))


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
