"""From the bytes of a file to its text and syntax tree, as Python itself reads them."""

from __future__ import annotations

import ast
import codecs
import io
import tokenize
import warnings

from leaklint.ir.facts import Trouble
from leaklint.ir.location import Span


class Unreadable(Exception):
    """The bytes are no Python module; ``trouble`` says why and where."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.trouble = Trouble(reason, span)


def _point(line: int, column: int) -> Span:
    return Span(line, column, line, column + 1)


def _place_of_byte(source: bytes, offset: int) -> Span:
    before = source[:offset].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    last = before[before.rfind(b"\n") + 1 :].removeprefix(codecs.BOM_UTF8)
    return _point(before.count(b"\n") + 1, len(last.decode("utf-8", "replace")) + 1)


def decode(source: bytes) -> str:
    """Decodes a file as Python does: byte order mark, coding cookie, else UTF-8; raises ``Unreadable``."""
    nul = source.find(b"\0")
    if nul >= 0:
        raise Unreadable("is not text: it holds a NUL byte", _place_of_byte(source, nul))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding)
    except UnicodeDecodeError as error:
        where = error.start + (3 if source.startswith(codecs.BOM_UTF8) else 0)
        reason = f"is not text: byte 0x{source[where]:02x} is not valid {error.encoding}"
        raise Unreadable(reason, _place_of_byte(source, where)) from None
    except LookupError:
        raise Unreadable(f"is not text: {encoding} is not a text encoding", _cookie(source)) from None
    except (SyntaxError, ValueError) as error:
        first = _first_undecodable(source)
        if first is not None:
            reason = f"is not text: byte 0x{source[first]:02x} is not valid utf-8"
            raise Unreadable(reason, _place_of_byte(source, first)) from None
        raise Unreadable(f"is not text: {error}", _cookie(source)) from None


def _cookie(source: bytes) -> Span:
    return _point(1 if b"coding" in source.split(b"\n", 1)[0] else 2, 1)


def _first_undecodable(source: bytes) -> int | None:
    head = b"".join(source.splitlines(keepends=True)[:2])
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def parse(text: str) -> ast.Module:
    """Parses a file's text; raises ``Unreadable``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
        end_line, end_column = error.end_lineno or line, error.end_offset or column
        if (end_line, end_column) <= (line, column):
            end_line, end_column = line, column + 1
        raise Unreadable(f"cannot be parsed: {error.msg}", Span(line, column, end_line, end_column)) from None
    except (RecursionError, MemoryError):
        raise Unreadable("cannot be parsed: it is too deeply nested", _point(1, 1)) from None
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"cannot be parsed: {error}", _point(1, 1)) from None
