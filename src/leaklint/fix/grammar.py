"""Whether a file that this Python refuses is right in a later one: LibCST reads the syntax of all of them."""

from __future__ import annotations

from typing import Final

LARGEST: Final = 100_000
"""Bytes; LibCST takes half a second for as much."""
LONGEST_CHAIN: Final = 500
"""Operators or calls in a row: LibCST's time and memory grow with the square of their number."""
DEEPEST: Final = 150
"""Brackets within brackets: LibCST's parser recurses, and a thousand of them end the process."""


def is_later_python(source: bytes) -> bool:
    """Whether LibCST parses a file that ``ast`` does not; False where trying is not safe."""
    if len(source) > LARGEST or _depth(source) > DEEPEST or _chain(source) > LONGEST_CHAIN:
        return False
    import libcst

    try:
        libcst.parse_module(source)
    except libcst.CSTLogicError:
        return True  # its parser has read it; its nodes do not expect template strings beside other strings
    except (libcst.ParserSyntaxError, LookupError, RecursionError, UnicodeError, ValueError):
        return False
    return True


def _chain(source: bytes) -> int:
    """No chain is longer than this: how often the file has the sign of the most frequent link."""
    return max(
        source.count(link) for link in (b"+", b"-", b"*", b"|", b"&", b").", b" and ", b" or ", b"elif ", b"not ")
    )


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
