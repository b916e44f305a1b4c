"""Places and texts of syntax nodes in characters, where ``ast`` counts bytes of UTF-8."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from leaklint.ir.location import Span

_NAME_AFTER_KEYWORD = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)")


def _plain_span(node: Any) -> Span:
    return Span(node.lineno, node.col_offset + 1, node.end_lineno, node.end_col_offset + 1)


def _spans_in(lines: list[str]) -> Callable[[Any], Span]:
    """Gives the place of a node in lines of which some are not ASCII."""
    wide = frozenset(number for number, line in enumerate(lines, 1) if not line.isascii())

    def column(line: int, offset: int) -> int:
        if line not in wide:
            return offset + 1
        return len(lines[line - 1].encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1

    def span(node: Any) -> Span:
        line, end_line = node.lineno, node.end_lineno
        return Span(line, column(line, node.col_offset), end_line, column(end_line, node.end_col_offset))

    return span


class Positions:
    """The lines of one file; ``span`` gives a node's place and ``text`` its source."""

    __slots__ = ("lines", "span")

    span: Callable[[Any], Span]

    def __init__(self, text: str) -> None:
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if text.isascii():
            self.span = _plain_span
        else:
            self.span = _spans_in(self.lines)

    def text(self, node: ast.AST) -> str:
        """The source text of a node, as it is written."""
        line, column, end_line, end_column = _parts(self.span(node))
        if line == end_line:
            return self.lines[line - 1][column - 1 : end_column - 1]
        first, last = self.lines[line - 1][column - 1 :], self.lines[end_line - 1][: end_column - 1]
        return "\n".join([first, *self.lines[line : end_line - 1], last])

    def name_span(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
        """The place of the name in a ``def`` or ``class`` line."""
        found = _NAME_AFTER_KEYWORD.match(self.lines[node.lineno - 1], node.col_offset)
        if found is None:
            return Span(node.lineno, node.col_offset + 1, node.lineno, node.col_offset + 1 + len(node.name))
        return Span(node.lineno, found.start(1) + 1, node.lineno, found.end(1) + 1)

    def whole(self) -> Span:
        """The span of the whole file."""
        return Span(1, 1, len(self.lines), len(self.lines[-1]) + 1)


def _parts(span: Span) -> tuple[int, int, int, int]:
    return span.line, span.column, span.end_line, span.end_column
