"""Reports in the cache, and what they rest on."""

from __future__ import annotations

import msgspec

from leaklint.pipeline.stamps import Mark, Stamp
from leaklint.report.report import Report


class Rests(msgspec.Struct, frozen=True):
    """What a report rests on besides the outlines of all files."""

    read: tuple[str, ...]
    """The files of which more was read than the outline, sorted."""
    words: tuple[bytes, ...]
    """What was looked for in all files, and is in none but those that were read."""


class Kept(msgspec.Struct, frozen=True):
    """A report in the cache, with the time at which it was begun and what it was made from."""

    made: int
    stamps: dict[str, Stamp]
    report: Report
    rests: Rests
    outlined: dict[str, bytes] = {}
    """The files that have changed since they were outlined, and what they were known by then."""

    def mark(self, path: str) -> Mark | None:
        """What a file was known by; None where that is not known."""
        stamp = self.stamps.get(path)
        return Mark(stamp.size, stamp.mark) if stamp is not None and stamp.mark else None
