"""User lines: which lines of the project a call came through, innermost first.

A frame belongs to the *project* when its file lies under the project's root and not in an installed package, to the
*machinery* when it is the standard library's or ours, and else to a *library*.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from types import CodeType, FrameType

PROJECT, LIBRARY, MACHINERY, OURS = "project", "library", "machinery", "ours"
INSTALLED = ("site-packages", "dist-packages", "node_modules")
DEPTH = 80
KEPT = 8

Line = tuple[str, int, str]
"""Path relative to the root, line, function."""


def is_installed(path: str) -> bool:
    """Whether a file belongs to an installed package."""
    return any(part in INSTALLED for part in path.split(os.sep))


class Frames:
    """Tells whose a frame is; remembers the answer for each file."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root) + os.sep
        library = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
        self._library = tuple(os.path.realpath(path) + os.sep for path in sorted(library))
        self._ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep
        self._owners: dict[str, tuple[str, str]] = {}

    def owner(self, filename: str) -> tuple[str, str]:
        """Whose the file is, and its path relative to the root if it is the project's."""
        known = self._owners.get(filename)
        if known is None:
            known = self._owners[filename] = self._find(filename)
        return known

    def _find(self, filename: str) -> tuple[str, str]:
        if filename.startswith("<") and not filename.startswith("<string"):
            return MACHINERY, ""
        path = os.path.realpath(filename)
        if path.startswith(self._ours):
            return OURS, ""
        if path.startswith(self.root) and not is_installed(path[len(self.root) :]):
            return PROJECT, path[len(self.root) :].replace(os.sep, "/")
        if path.startswith(self._library) and not is_installed(path):
            return MACHINERY, ""
        return LIBRARY, ""

    def lines(self, frame: FrameType | None) -> tuple[list[Line], str]:
        """The project's lines on the stack, and whose the nearest frame is that is not the standard library's."""
        found: list[Line] = []
        nearest = ""
        for code, line in walk(frame):
            owner, path = self.owner(code.co_filename)
            if owner == OURS and not nearest and not is_wrapper(code):
                nearest = OURS
            elif owner in (PROJECT, LIBRARY):
                nearest = nearest or owner
            if owner == PROJECT and len(found) < KEPT:
                found.append((path, line, code.co_qualname))
        return found, nearest


def walk(frame: FrameType | None) -> Iterator[tuple[CodeType, int]]:
    """The code and line of a frame and its callers."""
    for _ in range(DEPTH):
        if frame is None:
            return
        yield frame.f_code, frame.f_lineno
        frame = frame.f_back


def is_wrapper(code: CodeType) -> bool:
    """Whether code of ours merely stands around an entry point that the user called."""
    return code.co_name.startswith("watched")


def caller(depth: int = 1) -> FrameType | None:
    """The frame so many calls above the function that asks."""
    try:
        return sys._getframe(depth + 1)
    except ValueError:
        return None
