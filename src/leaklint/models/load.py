"""Rows as the solver asks for them: summaries of functions and facts of classes whose source nobody reads.

A row may depend on how it is called (``join`` with or without a timeout). As the project's own functions are
summarised once for each shape of their arguments, a row is turned into one summary for each set of given arguments.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from leaklint.ir.cfg import ConstantValue
from leaklint.ir.effects import (
    AnyEffect,
    Close,
    Consume,
    Defer,
    How,
    Outcome,
    Pending,
    Regime,
    Site,
    Work,
    Write,
)
from leaklint.ir.location import NOWHERE
from leaklint.ir.summary import CallKind, Formal, Invoke, Moment, Settle, Store, Summary
from leaklint.ir.values import Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.models.schema import Condition, Opens, Row

AT_CALL: Final = Site("", "", NOWHERE)
"""Site of a row's effects; the call takes its place."""
RESULT: Final = Path(Root(RootKind.RESULT))
ELEMENTS: Final = Path(RESULT.root, ("[]",))
GIVEN: Final = "given"
PLAIN: Final = (
    "asyncio.",
    "builtins.",
    "collections.",
    "contextvars.",
    "datetime.",
    "decimal.",
    "itertools.",
    "logging.",
    "pathlib.",
    "queue.",
    "re.",
    "threading.",
)
"""Objects of these packages are the same in every invocation, as long as nothing of the request is in them."""

_HOW: Final = {
    "grow": How.GROW,
    "shrink": How.SHRINK,
    "clear": How.CLEAR,
    "set": How.SET_ITEM,
    "delete": How.DELETE,
    "reorder": How.REORDER,
}
_TERM: Final = re.compile(r"(\w+)((?:\.\w+|\[(?:\w*|\*)\])*)")
_FIELD: Final = re.compile(r"\.\w+|\[[^\]]*\]")
_LEAVING: Final = ("__aexit__", "__exit__")
_TEMPORARY: Final = Path(Root(RootKind.LIBRARY, "process", "/tmp"))
_VARIES: Final = Path(Root(RootKind.LIBRARY, "varies"))
_OUTCOME: Final = {outcome.value: outcome for outcome in Outcome}


class ModelError(Exception):
    """A table of rows is wrong: the message names file, row and cure."""


def parse(text: str, file: str) -> dict[str, Row]:
    """The rows of one table; raises ``ModelError`` for anything that is not a row."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{file}: {error}") from error
    rows: dict[str, Row] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ModelError(f'{file}: {name}: a row is a table: write ["{name}"]')
        for key in ("opens", "settles", "invokes", "defers", "process"):
            if isinstance(table.get(key), dict):
                table[key] = [table[key]]
        try:
            rows[name] = msgspec.convert(table, Row)
        except msgspec.ValidationError as error:
            raise ModelError(f'{file}: ["{name}"]: {error}{_suggestion(str(error))}') from error
    return rows


def _suggestion(error: str) -> str:
    _, _, field = error.partition("unknown field `")
    known = [field.encode_name for field in msgspec.structs.fields(Row)]
    close = difflib.get_close_matches(field.partition("`")[0], known, 1) if field else []
    return f"; did you mean `{close[0]}`?" if close else ""


class Models:
    """All rows that are in force."""

    def __init__(self, tables: Iterable[Mapping[str, Row]]) -> None:
        self._rows: dict[str, Row] = {}
        for table in tables:
            self._rows.update(table)
        for name, row in list(self._rows.items()):
            for below in row.coroutines:
                self._rows.setdefault(f"{name}.{below}", Row(coroutine=True))
            for below in _LEAVING if row.closeable else ():
                self._rows.setdefault(f"{name}.{below}", Row(closes=["self"]))
        self._summaries: dict[tuple[str, tuple[tuple[str, object], ...]], Summary] = {}
        self._prefixes = {name.rpartition(".")[0] for name in self._rows}
        self._lineages: dict[str, tuple[str, ...]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all rows, sorted."""
        return tuple(sorted(self._rows))

    def canonical(self, name: str) -> str:
        """The name itself, or the one that it is another name for (also for the class of a method)."""
        row = self._rows.get(name)
        if row is not None and row.alias_of:
            return row.alias_of
        if row is None and "." in name:
            owner, _, last = name.rpartition(".")
            above = self._rows.get(owner)
            if above is not None and above.alias_of:
                return f"{above.alias_of}.{last}"
        return name

    def row(self, name: str) -> Row | None:
        """The row of this name, another name for it followed."""
        return self._rows.get(self.canonical(name))

    def is_class(self, name: str) -> bool:
        """Whether calling the name makes an object whose methods stand under the name."""
        row = self.row(name)
        if row is not None and (row.class_ or row.bases):
            return True
        last = name.rpartition(".")[2]
        return last[:1].isupper() and (row is None or not (row.type or row.returns or row.coroutine))

    def lineage(self, name: str) -> tuple[str, ...]:
        """The class and its bases, nearest first."""
        name = self.canonical(name)
        known = self._lineages.get(name)
        if known is None:
            order: list[str] = []
            pending = [name]
            while pending:
                each = self.canonical(pending.pop(0))
                if each not in order:
                    order.append(each)
                    row = self._rows.get(each)
                    pending.extend(row.bases if row else ())
            known = self._lineages[name] = tuple(order)
        return known

    def method(self, class_name: str, name: str) -> str | None:
        """Dotted name of the row for a method of a class, its bases searched too."""
        for each in self.lineage(class_name):
            if f"{each}.{name}" in self._rows:
                return f"{each}.{name}"
        return None

    def attribute(self, class_name: str, name: str) -> str | None:
        """Class of an attribute of objects of the class."""
        for each in self.lineage(class_name):
            row = self._rows.get(each)
            if row and name in row.attributes:
                return row.attributes[name]
        return None

    def class_row(self, class_name: str, key: str) -> Row | None:
        """The nearest row in the lineage that sets ``key``."""
        for each in self.lineage(class_name):
            row = self._rows.get(each)
            if row and getattr(row, key):
                return row
        return None

    def is_method(self, name: str) -> bool:
        """Whether the row of this name takes a receiver."""
        row = self.row(name)
        owner = self.canonical(name).rpartition(".")[0]
        return bool(owner) and self.is_class(owner) and not (row and row.static)

    def parameters(self, name: str) -> tuple[Formal, ...] | None:
        """The parameters of a row's function, the receiver first; None where any are accepted."""
        row = self.row(name)
        if row is None or row.params is None:
            return None
        formals = [Formal("self")] if self.is_method(name) else []
        for each in row.params:
            kind = "double_star" if each.startswith("**") else "star" if each.startswith("*") else "either"
            formals.append(Formal(each.lstrip("*"), kind, has_default=True))
        return tuple(formals)

    def summary(self, name: str, given: Mapping[str, ConstantValue | object]) -> Summary | None:
        """What the function does when these arguments are given: constants by value, others as ``GIVEN``."""
        name = self.canonical(name)
        row = self._rows.get(name)
        if row is None:
            return None
        key = (name, tuple(sorted(((k, _keyed(v)) for k, v in given.items()), key=repr)))
        known = self._summaries.get(key)
        if known is None:
            known = self._summaries[key] = _Reader(self, name, row, given).summary()
        return known


def _keyed(value: object) -> object:
    return (type(value).__name__, value)


def _context(name: str) -> Path:
    """The place that stands for a library's context."""
    return Path(Root(RootKind.LIBRARY, "context", name))


def _among(value: object, values: object) -> bool:
    return value in values if isinstance(values, list) else value == values


def _finds(pattern: str, value: object) -> bool:
    return isinstance(value, str) and value is not GIVEN and re.search(pattern, value) is not None


class _Reader:
    """Turns one row into a summary for one set of given arguments."""

    def __init__(self, models: Models, name: str, row: Row, given: Mapping[str, object]) -> None:
        self.name = name
        self.row = row
        self.given = given
        self.formals = models.parameters(name) or ((Formal("self"),) if models.is_method(name) else ())
        self.positions = {formal.name: index for index, formal in enumerate(self.formals)}
        self.parts = {"[]": row.elements, **row.parts} if row.elements else row.parts
        variants = [variant.type for variant in row.types if self.applies(variant)]
        self.makes = next(iter(variants), row.type) or (name if models.is_class(name) and not row.returns else "")

    def path(self, term: str) -> Path:
        """The access path that a term of the row means."""
        match = _TERM.fullmatch(term)
        if match is None:
            raise ModelError(f'["{self.name}"]: "{term}" is no term: a name and fields, as in self.items[]')
        name, rest = match.groups()
        fields = [self.field(field) for field in _FIELD.findall(rest)]
        if name == "result":
            return Path(RESULT.root, tuple(fields))
        if name not in self.positions:
            known = ", ".join((*self.positions, "result"))
            close = difflib.get_close_matches(name, (*self.positions, "result"), 1)
            hint = f"did you mean {close[0]}?" if close else f"known: {known}"
            raise ModelError(f'["{self.name}"]: "{term}" names no parameter; {hint}')
        star = self.formals[self.positions[name]].kind in ("star", "double_star")
        if star and fields[:1] != ["[*]"]:
            fields.insert(0, "[]")
        return Path(Root(RootKind.PARAMETER, "", str(self.positions[name])), tuple(fields))

    def field(self, field: str) -> str:
        """A field of a term, with the constant that is given for a parameter in brackets."""
        inner = field[1:-1]
        if not field.startswith("[") or inner in ("", "*") or inner.isdigit():
            return field
        if inner not in self.positions:
            raise ModelError(f'["{self.name}"]: "{field}" names no parameter')
        key = self.given.get(inner, GIVEN)
        plain = isinstance(key, str | int) and not isinstance(key, bool) and key is not GIVEN and len(str(key)) <= 60
        return f"[{key!r}]" if plain else "[]"

    def applies(self, condition: Condition) -> bool:
        """Whether a part of the row holds for the given arguments."""
        given = self.given
        if any(name not in given or given[name] is None for name in condition.if_given):
            return False
        if any(name in given and given[name] is not None for name in condition.unless_given):
            return False
        if any(name not in given or not _among(given[name], values) for name, values in condition.when.items()):
            return False
        if not all(_finds(pattern, given.get(name)) for name, pattern in condition.matches.items()):
            return False
        return not any(name in given and _among(given[name], values) for name, values in condition.unless.items())

    def summary(self) -> Summary:
        row = self.row
        kind = CallKind.PLAIN
        if row.coroutine:
            kind = CallKind.COROUTINE
        elif row.async_generator:
            kind = CallKind.ASYNC_GENERATOR
        return Summary(
            name=self.name,
            formals=self.formals if row.params is not None else None,
            kind=kind,
            returns=self.returned(),
            effects=tuple((effect, ()) for effect in self.effects()),
            settles=tuple(self.settled()),
            stores=tuple(self.stored()),
            invokes=tuple(self.invoked()),
            resets=frozenset(self.path(term) for term, how in row.mutates.items() if how == "clear"),
        )

    def sources(self, terms: Iterable[str]) -> frozenset[Path]:
        """The paths of terms as what a value is made from: what is made from any of ``*args`` is made from all."""
        starred = {formal.name for formal in self.formals if formal.kind in ("star", "double_star")}
        paths = [(self.path(term), term in starred) for term in terms]
        return frozenset(Path(path.root) if star else path for path, star in paths)

    def returned(self) -> Value:
        row = self.row
        things = [Thing(self.path(term)) for term in row.returns]
        if self.makes:
            things.append(Thing(RESULT, Type(TypeKind.INSTANCE, self.makes)))
        sources: frozenset[Path] = frozenset()
        if row.request and not row.constant:
            sources = frozenset(Path(Root(RootKind.PARAMETER, "", str(index))) for index in range(len(self.formals)))
        sources |= {Path(Root(RootKind.LIBRARY, "process", state)) for state in row.reads}
        if row.snapshot and not any(self.given.get(name) is not None for name in row.snapshot_unless_given):
            sources |= {Path(Root(RootKind.LIBRARY, f"snapshot:{row.snapshot}", self.name))}
        if not row.constant and not row.returns and not row.reads and not self.makes.startswith(PLAIN):
            sources |= {_VARIES}
        return Value(frozenset(things), sources)

    def stored(self) -> Iterable[Store]:
        for field, kind in self.parts.items():
            path = self.path(f"result{field}")
            yield Store(path, Value(frozenset({Thing(path, Type(TypeKind.INSTANCE, kind))})))
        for term, kept in self.row.stores.items():
            yield Store(self.path(term), Value(frozenset(self.thing(each) for each in kept), self.sources(kept)))
        for term in self.row.copies:
            element = self.path(f"{term}[]")
            yield Store(ELEMENTS, Value(frozenset({Thing(element)}), frozenset({self.path(term)})))

    def thing(self, term: str) -> Thing:
        """What a term denotes; only of parts of the result is the type known."""
        path = self.path(term)
        kind = self.parts.get(term.removeprefix("result"), "") if path.root == RESULT.root else ""
        return Thing(path, Type(TypeKind.INSTANCE, kind)) if kind else Thing(path)

    def effects(self) -> Iterable[AnyEffect]:
        row, operation = self.row, self.name.rpartition(".")[2]
        kept = [term for terms in row.stores.values() for term in terms]
        key = self.sources([row.key]) if row.key else frozenset()
        for term, how in row.mutates.items():
            if how == "clear":
                continue
            yield Write(
                site=AT_CALL,
                operation=operation,
                path=self.path(term),
                how=_HOW[how],
                sources=self.sources(kept),
                key_sources=key,
            )
        if row.registers:
            yield Write(
                site=AT_CALL,
                operation=operation,
                path=self.path("self"),
                how=How.GROW,
                row=self.name,
                sources=self.sources([formal.name for formal in self.formals if formal.name != "self"]),
            )
        for process in row.process:
            if self.applies(process):
                yield Write(
                    site=AT_CALL,
                    operation=operation,
                    path=Path(Root(RootKind.LIBRARY, "process", process.state)),
                    how=How.REBIND if process.how == "set" else _HOW[process.how],
                    sources=self.sources(process.value),
                    constant=not process.value or not process.duplicates,
                    row=self.name,
                )
        for opens in row.opens:
            if self.applies(opens):
                yield Pending(
                    site=AT_CALL,
                    operation=operation,
                    path=_context(opens.context) if opens.context else self.path(opens.held_by),
                    work=Work(opens.work),
                    outcome=_OUTCOME.get(opens.outcome, Outcome.UNKNOWN),
                    callee=opens.runs,
                    row=self.name,
                    instead=opens.instead,
                    constant_name=opens.constant_name,
                    sources=self.made_from(opens),
                )
        for term in row.closes:
            yield Close(site=AT_CALL, operation=operation, path=self.path(term), row=self.name)
        for term in row.consumes:
            yield Consume(site=AT_CALL, operation=operation, path=self.path(term))
        for defers in row.defers:
            if self.applies(defers) and self.given.get(defers.callable.partition(".")[0]) is not None:
                yield Defer(
                    site=AT_CALL,
                    operation=operation,
                    path=self.path(defers.held_by or defers.callable),
                    sources=self.sources([defers.callable]),
                    api=defers.api,
                    row=self.name,
                    instead=defers.instead,
                )

    def made_from(self, opens: Opens) -> frozenset[Path]:
        """What the work is made from; a file is where its name says, whatever is written to it."""
        holder = re.match(r"\w+", opens.held_by)
        terms = [formal.name for formal in self.formals if formal.name != "self"]
        if opens.work == "file" and holder is not None and holder[0] in self.positions:
            terms = [holder[0]]
        return self.sources(terms) | (frozenset({_TEMPORARY, _VARIES}) if opens.temporary else frozenset())

    def settled(self) -> Iterable[Settle]:
        for state in self.row.restores:
            yield Settle(Path(Root(RootKind.LIBRARY, "process", state)))
        for settles in self.row.settles:
            if self.applies(settles):
                certain = not any(self.given.get(name) is not None for name in settles.uncertain_if_given)
                path = _context(settles.context) if settles.context else self.path(settles.of)
                yield Settle(path, tuple(Work(work) for work in settles.work), certain)

    def invoked(self) -> Iterable[Invoke]:
        for invokes in self.row.invokes:
            if self.applies(invokes):
                yield Invoke(
                    self.path(invokes.callable),
                    self.values(invokes.arguments),
                    Moment(invokes.moment),
                    Regime(invokes.loop or "none"),
                    invokes.context_follows,
                    invokes.keeps_context,
                    invokes.result,
                )
        for opens in self.row.opens:
            if opens.runs and self.applies(opens):
                yield Invoke(
                    self.path(opens.runs),
                    self.values(opens.arguments),
                    Moment.WORK,
                    context_follows=opens.context_follows,
                )

    def values(self, terms: Iterable[str]) -> tuple[Value, ...]:
        """What terms denote, and that it is made from it."""
        paths = [self.path(term) for term in terms]
        return tuple(Value(frozenset({Thing(path)}), frozenset({path})) for path in paths)
