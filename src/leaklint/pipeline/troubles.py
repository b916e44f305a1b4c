"""LK901: files that could not be read or understood, as findings like any other."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from leaklint.ir.facts import Trouble
from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.location import NOWHERE, Place, Span
from leaklint.pipeline.cache import Cache, digest

NOT_ANALYSED = "LK901"
NOT_ANALYSED_NAME = "file-not-analysed"
REFUSED = "cannot be parsed"
"""How the reason begins where the parser refuses a file."""
LATER: Final = "later"
"""Kind of the entries of the cache that say which files are written for a later Python."""
MOST_TRIES: Final = 20
"""Files that are tried as later Python in one run: each takes some tenths of a second."""


class NotRead(Exception):
    """The bytes of a file cannot be had; the text of the exception is the reason."""


def read(file: str, largest: int | None = None) -> bytes | None:
    """The bytes of a regular file, None where it is gone or larger than wanted; raises ``NotRead``.

    With ``largest`` it may be anything, and one that is a link to nowhere says nothing.
    """
    try:
        state = os.stat(file)
        # Reading a pipe or a device could wait for ever.
        if not stat.S_ISREG(state.st_mode):
            raise NotRead("it is not a regular file")
        if largest is not None and state.st_size > largest:
            return None
        return _content(file, state.st_size)
    except FileNotFoundError:
        if largest is None and os.path.islink(file):
            raise NotRead("it is a link that leads nowhere") from None
        return None
    except OSError as error:
        raise NotRead((error.strerror or str(error)).lower()) from None


def _content(file: str, size: int) -> bytes:
    """The bytes of a file of about this size: making a stream costs more than reading a small file."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        content = os.read(descriptor, size + 1)
        if len(content) < size + 1:
            return content
        parts = [content]
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def not_understood(
    troubles: Iterable[tuple[str, Trouble]],
    sources: Mapping[str, bytes],
    cache: Cache | None = None,
    project: bytes = b"",
) -> Iterator[Finding]:
    """The findings for source with troubles, by path; syntax of a later Python is no mistake of the file.

    Whether it is that is looked at for the first ``MOST_TRIES`` files only: where all of them are, so is the tree.
    """
    troubles = list(troubles)
    refused = [path for path, each in troubles if each.reason.startswith(REFUSED) and "nested" not in each.reason]
    tried = refused[:MOST_TRIES]
    later = _later([(path, sources.get(path, b"")) for path in tried], cache, project)
    if later.issuperset(tried):
        later.update(refused)
    for path, trouble in troubles:
        if path in later and trouble.reason.startswith(REFUSED):
            host = f"Python {sys.version_info.major}.{sys.version_info.minor}"
            reason = f"it is written for a later Python than {host}, on which leaklint runs here"
            yield not_analysed(path, reason, trouble.span, "run leaklint with the Python that the file is written for")
        else:
            yield not_analysed(path, trouble.reason, trouble.span)


def _later(files: list[tuple[str, bytes]], cache: Cache | None, project: bytes) -> set[str]:
    """Those of the files that are right in a later Python, as far as the cache does not know it."""
    if not files:
        return set()
    known = (cache.read(LATER, project, dict[str, bool]) if cache is not None else None) or {}
    marks = {path: digest(source).hex() for path, source in files}
    found = {
        marks[path]: known[mark] if (mark := marks[path]) in known else _is_later_python(source)
        for path, source in files
    }
    if cache is not None and found.keys() != known.keys():
        cache.write(LATER, project, found)
    return {path for path, _ in files if found[marks[path]]}


def _is_later_python(source: bytes) -> bool:
    from leaklint.fix.grammar import is_later_python

    return is_later_python(source)


def not_analysed(
    path: str, reason: str, span: Span = NOWHERE, cure: str = "mend the file, or leave it out with `extend-exclude`"
) -> Finding:
    """The finding for a file, or a function, that is not analysed."""
    return _finding(Place(path, span), f"not analysed: {reason}", cure)


def analysed_in_part(place: Place, left_out: str) -> Finding:
    """The finding for what is followed up to a bound only, and what was left out."""
    return _finding(
        place, f"too large, analysed in part: {left_out}", "divide it, or leave it out with `extend-exclude`"
    )


def _finding(place: Place, message: str, cure: str) -> Finding:
    return Finding(
        code=NOT_ANALYSED,
        name=NOT_ANALYSED_NAME,
        severity=Severity.ERROR,
        place=place,
        message=message,
        cure=cure,
        trace=(Step(StepKind.LEAK, place),),
        statement=place.span,
    )
