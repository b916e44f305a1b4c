"""What is wrong with the rows of a project beyond their form: texts that cannot be read, names that lead nowhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from leaklint.models import terms
from leaklint.models.reader import ModelError
from leaklint.models.schema import Row


class Known(Protocol):
    """All rows that are in force, as far as they are asked here."""

    def has(self, name: str) -> bool:
        """Whether there is a row of this name, or one below it."""

    def written(self, name: str) -> Row | None:
        """The row under exactly this name."""


def check_texts(row: Row) -> None:
    """Raises ``TermError`` where a regular expression, or a call that a fix writes, is none."""
    for part in terms.conditions(row):
        for pattern in part.matches.values():
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise terms.TermError(f'matches: "{pattern}" is no regular expression: {error}') from None
    calls = [("cure", each.cure) for each in row.opens] + [("gives", each.gives) for each in row.defers]
    for key, call in calls:
        if call and not _is_call(call):
            raise terms.TermError(f'{key}: "{call}" is no call: write one as in self.flush()')


def _is_call(text: str) -> bool:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    return isinstance(value.value if isinstance(value, ast.Await) else value, ast.Call)


def check_names(known: Known, table: Mapping[str, Row], file: str) -> None:
    """Raises ``ModelError`` where the rows of a table name rows that do not exist, or go round in a circle."""
    for name, row in table.items():
        for message in _wrong_names(known, name, row):
            raise ModelError(f'{file}: ["{name}"]: {message}')


def _wrong_names(known: Known, name: str, row: Row) -> Iterator[str]:
    if row.alias_of:
        meant = known.written(row.alias_of)
        if not known.has(row.alias_of):
            yield f'alias-of: there is no row "{row.alias_of}"'
        elif meant is not None and meant.alias_of:
            yield f'alias-of: "{row.alias_of}" is another name itself: name the row that says what it does'
    if name in _above(known, row.bases):
        yield "bases: it is its own base"


def _above(known: Known, bases: Iterable[str]) -> set[str]:
    """All bases, those of bases included."""
    found: set[str] = set()
    pending = list(bases)
    while pending:
        each = pending.pop()
        row = known.written(each)
        each = row.alias_of if row is not None and row.alias_of else each
        if each not in found:
            found.add(each)
            row = known.written(each)
            pending += row.bases if row is not None else ()
    return found
