"""Places in source text.

A *span* is a stretch of one file; it knows no path, because facts know no path (equal files share facts).
Lines and columns are 1-based, columns count characters, ends are exclusive, as flake8 and editors print them.
"""

import msgspec


class Span(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A stretch of source text: 1-based line and column of its start, and of the first character after it."""

    line: int
    column: int
    end_line: int
    end_column: int


NOWHERE = Span(1, 1, 1, 1)
"""The span of what has no place of its own in a file, such as a file as a whole."""


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """A span in a file; the path is relative to the project root and uses forward slashes."""

    path: str
    span: Span
