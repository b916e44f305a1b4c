"""Whether a file that this Python refuses is right in a later one: LibCST reads the syntax of all of them."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Final

LARGEST: Final = 100_000
"""Bytes; LibCST takes half a second for as much."""
LONGEST_CHAIN: Final = 500
"""Operators, calls or attributes in a row: LibCST's time and memory grow with the square of their number."""
_SIGNS: Final = tuple(b"+ - * / % @ | & ^ ~ ). )( )[ ]. ]( ][".split())
_WORDS: Final = re.compile(rb"\b(?:lambda|and|or|not|if)\b")
_NAMES: Final = re.compile(rb"(?:\.\w+){%d}" % LONGEST_CHAIN)
DEEPEST: Final = 150
"""Brackets within brackets: LibCST's parser recurses, and a thousand of them end the process."""


_QUOTED_AGAIN: Final = re.compile(rb"""\b[fF](["'])((?:[^{}\n\\"']|\{[^{}\n\\:!=]*\}|(?!\1)["'])*)\1""")
"""A formatted string of one line; what stands in its braces may hold the quote that it is written with."""
_FIELD: Final = re.compile(rb"\{([^{}]*)\}")


def is_later_python(source: bytes) -> bool:
    """Whether LibCST parses a file that ``ast`` does not; False where trying is not safe."""
    if len(source) > LARGEST or _depth(source) > DEEPEST or _chain(source) > LONGEST_CHAIN:
        return False
    if _is_python(_QUOTED_AGAIN.sub(_unquoted, source)):
        return True  # most files are refused for this alone, and importing LibCST takes longer than all else here
    import libcst

    try:
        libcst.parse_module(source)
    except libcst.CSTLogicError:
        return True  # its parser has read it; its nodes do not expect template strings beside other strings
    except (libcst.ParserSyntaxError, LookupError, RecursionError, UnicodeError, ValueError):
        return False
    return True


def _unquoted(found: re.Match[bytes]) -> bytes:
    """A formatted string as the tuple of what it formats, where only a later Python reads it."""
    fields = _FIELD.findall(found[2])
    return b"(" + b"".join(each + b"," for each in fields) + b")" if found[1] in b"".join(fields) else found[0]


def _is_python(source: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (MemoryError, OverflowError, RecursionError, SyntaxError, ValueError):
        return False
    return True


def _chain(source: bytes) -> int:
    """No chain is longer than this: how many links a statement has, or how many ``elif`` the file."""
    longest = source.count(b"elif ")
    for statement in _statements(source):
        if len(statement) > LONGEST_CHAIN:
            close = statement.translate(None, b" \t\r\n\f\\")
            links = sum(map(close.count, _SIGNS)) + len(_WORDS.findall(statement))
            longest = max(longest, links, LONGEST_CHAIN + 1 if _NAMES.search(close) else 0)
    return longest


def _statements(source: bytes) -> Iterator[bytes]:
    """Lines, joined where a bracket is open or a backslash stands at the end."""
    begun: list[bytes] = []
    depth = 0
    for line in source.splitlines(keepends=True):
        begun.append(line)
        opened = sum(map(line.count, (b"(", b"[", b"{")))
        depth = max(0, depth + opened - sum(map(line.count, (b")", b"]", b"}"))))
        if not depth and not line.endswith((b"\\\n", b"\\\r\n", b"\\\r")):
            yield b"".join(begun)
            begun = []
    yield b"".join(begun)


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
