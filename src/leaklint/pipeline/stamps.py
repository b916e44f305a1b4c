"""Stamps: whether files are what they were when an entry of the cache was made, without reading those that are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

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


class Mark(NamedTuple):
    """What the content of a file is known by: its size and its digest."""

    size: int
    digest: bytes


def mark_of(content: bytes) -> Mark:
    """What a content is known by."""
    return Mark(len(content), digest(content))


def now() -> int:
    """The time, as files have it."""
    return time.time_ns()


def stamps_of(root: Path, paths: Iterable[str], marks: Mapping[str, Mark]) -> dict[str, Stamp] | None:
    """The stamps of files that have just been read; None where one of them has changed since.

    A file without a mark was too large to be read: it stays so as long as it looks the same.
    """
    top = f"{root}{os.sep}"
    found: dict[str, Stamp] = {}
    for path in paths:
        mark = marks.get(path)
        try:
            state = os.stat(top + path)
        except OSError:
            return None
        if mark is not None and state.st_size != mark.size:
            return None
        found[path] = Stamp(state.st_size, state.st_mtime_ns, state.st_ino, mark.digest if mark else b"")
    return found


def _looks_like(stamp: Stamp, state: os.stat_result, made: int) -> bool:
    """Whether a file need not be read to know that it is what it was: it is older than what was made from it."""
    return (
        state.st_size == stamp.size
        and state.st_mtime_ns == stamp.mtime_ns
        and state.st_ino == stamp.inode
        and state.st_mtime_ns < made - GRANULARITY
    )


def changed(root: Path, stamps: Mapping[str, Stamp], made: int) -> set[str]:
    """The files that are not what they were at the time ``made``: those that look the same are not read."""
    top = f"{root}{os.sep}"
    found: set[str] = set()
    for path, stamp in stamps.items():
        try:
            state = os.stat(top + path)
            if _looks_like(stamp, state, made):
                continue
            if state.st_size == stamp.size and digest(regular(top + path)) == stamp.mark:
                continue
        except OSError:
            pass
        found.add(path)
    return found
