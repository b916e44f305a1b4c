"""Stamps: whether files are what they were when an entry of the cache was made, without reading those that are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from leaklint.pipeline.cache import digest
from leaklint.pipeline.regular import regular

GRANULARITY: Final = 2_000_000_000
"""Nanoseconds within which a file may change twice and keep one time of change, on the coarsest file systems."""


class Stamp(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a file looked like: its size, time of change and inode, and what its bytes are known by."""

    size: int
    mtime_ns: int
    inode: int
    mark: bytes


def now() -> int:
    """The time, as files have it."""
    return time.time_ns()


def stamps_of(root: Path, paths: Iterable[str], contents: Mapping[str, bytes]) -> dict[str, Stamp] | None:
    """The stamps of files that have just been read; None where one of them has changed since.

    A file without content was too large to be read: it stays so as long as it looks the same.
    """
    top = f"{root}{os.sep}"
    found: dict[str, Stamp] = {}
    for path in paths:
        content = contents.get(path)
        try:
            state = os.stat(top + path)
        except OSError:
            return None
        if content is not None and state.st_size != len(content):
            return None
        mark = b"" if content is None else digest(content)
        found[path] = Stamp(state.st_size, state.st_mtime_ns, state.st_ino, mark)
    return found


def unchanged(root: Path, stamps: Mapping[str, Stamp], made: int) -> bool:
    """Whether all files are still what they were at the time ``made``: those that look the same are not read."""
    top = f"{root}{os.sep}"
    for path, stamp in stamps.items():
        try:
            state = os.stat(top + path)
            looks_the_same = (
                state.st_size == stamp.size
                and state.st_mtime_ns == stamp.mtime_ns
                and state.st_ino == stamp.inode
                and state.st_mtime_ns < made - GRANULARITY
            )
            if looks_the_same:
                continue
            if state.st_size != stamp.size:
                return False
            if digest(regular(top + path)) != stamp.mark:
                return False
        except OSError:
            return False
    return True
