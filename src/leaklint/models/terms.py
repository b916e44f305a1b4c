"""Terms: how a row names its arguments, its result, and what lies in them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from leaklint.models.schema import MADE_FROM, Condition, Row

_TERM: Final = re.compile(r"(\w+)((?:\.\w+|\[(?:\w*|\*\*?)\]|\{\})*)")
_FIELD: Final = re.compile(r"\.\w+|\[[^\]]*\]|\{\}")


class TermError(Exception):
    """A term is none, or names no parameter."""


def split(term: str) -> tuple[str, list[str]]:
    """The name that a term starts with, and its fields; raises ``TermError`` where it is no term."""
    match = _TERM.fullmatch(term)
    if match is None:
        raise TermError(f'"{term}" is no term: write a name and fields, as in self.items[]')
    return match[1], _FIELD.findall(match[2])


def key_of(field: str) -> str:
    """The parameter that a field in brackets names; empty where it names none."""
    inner = field[1:-1] if field.startswith("[") else ""
    return "" if inner in ("", "*", "**") or inner.isdigit() else inner


def unknown_name(name: str, known: Sequence[str]) -> TermError:
    """What to say of a name that is no parameter."""
    close = difflib.get_close_matches(name, known, 1)
    return TermError(f'"{name}" names no parameter; ' + (f"did you mean {close[0]}?" if close else f"known: {known}"))


def check(row: Row) -> None:
    """Raises ``TermError`` where a row speaks of something that is not among its parameters."""
    names = ["self", *(each.lstrip("*") for each in row.params or ()), "result"]
    for term in (*_terms(row), *(settles.of for settles in row.drained)):
        name, fields = split(term)
        for each in (name, *filter(None, map(key_of, fields))):
            if each not in names:
                raise unknown_name(each, names)
    for name in _conditions(row):
        if name not in names:
            raise unknown_name(name, names)


def uses_receiver(row: Row) -> bool:
    """Whether a row speaks of the object on which the function is called."""
    return (bool(row.ended_when) and not row.ended_each) or (
        not row.awaited and any(term.startswith("self") for term in _terms(row))
    )


def _terms(row: Row) -> Iterator[str]:
    yield from (
        *row.returns,
        *row.copies,
        *row.awaited,
        *row.closes,
        *row.consumes,
        *row.drains,
        *row.heeds,
        *row.mutates,
    )
    yield from row.overrides
    yield from row.pairs
    yield from filter(None, [row.key, row.tells_file, row.tells_folder, row.lists, row.ended_each, row.wakes])
    if row.ended_when and row.ended_of != "self":
        yield row.ended_of
    if row.empty_when:
        yield row.empty_of
    for target, kept in row.stores.items():
        yield target
        yield from kept
    for field in row.parts:
        yield f"result{field}"
    for opens in row.opens:
        yield from (opens.held_by, *filter(None, [opens.runs]), *_given(opens.arguments))
    yield from (settles.of for settles in row.settles if not settles.context)
    for invokes in row.invokes:
        yield from (invokes.callable, *_given(invokes.arguments))
    for defers in row.defers:
        yield from (defers.callable, *filter(None, [defers.held_by]))
    for process in row.process:
        yield from process.value
    for change in row.changes:
        yield from (change.of, *change.value)


def _given(arguments: Sequence[str] | None) -> list[str]:
    """The terms of arguments, one of which may be made from several."""
    return [term for argument in arguments or () for term in argument.split(MADE_FROM)]


def conditions(row: Row) -> list[Condition]:
    """The parts of a row that may depend on the arguments."""
    return [
        *row.types,
        *row.opens,
        *row.settles,
        *row.drained,
        *row.invokes,
        *row.defers,
        *row.process,
        *row.changes,
    ]


def _conditions(row: Row) -> Iterator[str]:
    for part in conditions(row):
        yield from (*part.if_given, *part.unless_given, *part.when, *part.unless, *part.matches)
    for settles in row.settles:
        yield from (*settles.uncertain_if_given, *settles.raises_if_given)
    for invokes in row.invokes:
        yield from invokes.raises_if_given
    yield from row.snapshot_unless_given
