"""Whether a file that this Python refuses is right in a later one: LibCST reads the syntax of all of them."""

from __future__ import annotations

from typing import Final

LARGEST: Final = 300_000
"""Bytes; LibCST takes a second for as much."""
DEEPEST: Final = 150
"""Brackets within brackets: LibCST's parser recurses, and a thousand of them end the process."""


def is_later_python(source: bytes) -> bool:
    """Whether LibCST parses a file that ``ast`` does not; False where trying is not safe."""
    if len(source) > LARGEST or _depth(source) > DEEPEST:
        return False
    import libcst

    try:
        libcst.parse_module(source)
    except (libcst.ParserSyntaxError, LookupError, RecursionError, UnicodeError, ValueError):
        return False
    return True


def _depth(source: bytes) -> int:
    """The most brackets that are open at a time, those in strings and comments included."""
    depth = deepest = 0
    for byte in source:
        if byte in b"([{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b")]}":
            depth = max(0, depth - 1)
    return deepest
