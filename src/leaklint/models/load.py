"""Rows as the solver asks for them: summaries of functions and facts of classes whose source nobody reads.

A row may depend on how it is called (``join`` with or without a timeout). As the project's own functions are
summarised once for each shape of their arguments, a row is turned into one summary for each set of given arguments.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from leaklint.ir.cfg import ConstantValue
from leaklint.ir.summary import Formal, Summary
from leaklint.models import terms
from leaklint.models.checks import check_texts
from leaklint.models.conditions import GIVEN
from leaklint.models.form import KEYS, PARTS, in_our_words
from leaklint.models.reader import ModelError, Reader
from leaklint.models.schema import Row
from leaklint.models.verbs import Verbs, VerbsOfPackages
from leaklint.models.words import Words, needed_words

_LEAVING: Final = ("__aexit__", "__exit__")
_COROUTINE: Final = Row(coroutine=True)
_CLOSES: Final = Row(closes=["self"])
_HEADER: Final = re.compile(r'(?m)^\["([^"]+)"\]$')
ELEMENTS: Final = "[]"
"""In a path: the elements of what stands before it."""
_MAY_RUN_LATER: Final = re.compile(r"alias-of|runs|moment")
_MAY_BE_ASYNCHRONOUS: Final = re.compile(r"coroutine|task|alias-of")


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
        if not any(key in KEYS for key in table) and any(isinstance(each, dict) for each in table.values()):
            raise ModelError(f'{file}: [{name}.…]: the name of a row stands in quotes: write ["{name}.…"]')
        for key in PARTS:
            if isinstance(table.get(key), dict):
                table[key] = [table[key]]
        try:
            rows[name] = msgspec.convert(table, Row)
            terms.check(rows[name])
            check_texts(rows[name])
        except msgspec.ValidationError as error:
            raise ModelError(f'{file}: ["{name}"]: {in_our_words(str(error))}') from error
        except terms.TermError as error:
            raise ModelError(f'{file}: ["{name}"]: {error}') from error
    return rows


class Models:
    """All rows that are in force.

    The packaged tables are handed in as text, and a row of them is parsed when somebody asks for its name: a run asks
    for few of them, and reading all would cost more than analysing a small project.
    """

    def __init__(self, tables: Iterable[Mapping[str, Row]], packaged: Iterable[tuple[str, str]] = ()) -> None:
        self._texts: dict[str, tuple[str, str]] = {}
        for file, text in packaged:
            parts = _HEADER.split(text)
            for name, body in zip(parts[1::2], parts[2::2], strict=True):
                self._texts[name] = (file, body)
        self._rows: dict[str, Row | None] = {}
        for table in tables:
            self._rows.update(table)
        for name in self._rows:
            self._texts.pop(name, None)
        self._in_package: dict[str, list[str]] = {}
        for name in self._texts.keys() | self._rows.keys():
            self._in_package.setdefault(name.partition(".")[0], []).append(name)
        self._summaries: dict[tuple[str, tuple[tuple[str, object], ...]], Summary] = {}
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._canonical: dict[str, str] = {}
        self._methods: dict[tuple[str, str], str | None] = {}
        self._class_rows: dict[tuple[str, str], Row | None] = {}
        self._asynchronous: dict[str, dict[Words, frozenset[str]]] = {}
        self._running_later: dict[str, frozenset[str]] = {}
        self._verbs: VerbsOfPackages | None = None
        self._own = frozenset(self._rows)
        """Rows of the project itself."""
        for name, row in list(self._rows.items()):
            if row is not None and terms.uses_receiver(row) and not self.is_method(name):
                raise ModelError(f'["{name}"]: it speaks of self, but {name.rpartition(".")[0]} is no class of a row')

    def has(self, name: str) -> bool:
        """Whether there is a row of this name, or one of something below it."""
        below = f"{name}."
        return name in self or any(each.startswith(below) for each in self._in_package.get(name.partition(".")[0], ()))

    def written(self, name: str) -> Row | None:
        """The row under exactly this name, or the one that the row of its class says in short."""
        return self._row(name)

    def _row(self, name: str) -> Row | None:
        """The row under exactly this name, or the one that the row of its class says in short."""
        try:
            return self._rows[name]
        except KeyError:
            row = self._rows[name] = self._written(name) or self._implied(name)
            return row

    def _written(self, name: str) -> Row | None:
        if name not in self._texts:
            return None
        file, body = self._texts[name]
        return parse(f'["{name}"]{body}', file)[name]

    def _implied(self, name: str) -> Row | None:
        """A method that the row of a class lists among its ``coroutines``, or that comes with another key of it."""
        owner, _, last = name.rpartition(".")
        above = self._row(owner) if owner in self._texts or owner in self._rows else None
        if above is None:
            return None
        if last in above.coroutines:
            return _COROUTINE
        if last == "<drained>" and above.drained:
            return Row(settles=above.drained)
        return _CLOSES if above.closeable and last in _LEAVING else None

    def decorates(self, name: str) -> bool:
        """Whether a coroutine function is still one under a decorator of this name, as the row above it says."""
        owner, _, last = self.canonical(name).rpartition(".")
        above = self._row(owner)
        return above is not None and last in above.decorators

    def __contains__(self, name: str) -> bool:
        return self._row(name) is not None

    def asynchronous(self, package: str, named: Collection[str] | None = None) -> frozenset[str]:
        """Last segments of the names in a package that may leave something asynchronous behind.

        They give a coroutine, start a task, or declare a context variable.
        ``named`` are all words that a file names: only what it can get hold of with them counts.
        """
        known = self._asynchronous.get(package)
        if known is None:
            goals = list(self._giving_asynchronous(package))
            known = self._asynchronous[package] = needed_words(package, goals, self._bodies()) if goals else {}
        found = (names for words, names in known.items() if named is None or words.issubset(named))
        return frozenset[str]().union(*found)

    def verbs(self, packages: frozenset[str] | None) -> Verbs:
        """What calls may do by whose plain names, in a program that imports these packages, or whichever."""
        if self._verbs is None:
            self._verbs = VerbsOfPackages({name: body for name, (_, body) in self._texts.items()}, self._own)
        return self._verbs.of(packages)

    def running_later(self, package: str) -> frozenset[str]:
        """Last segments of the names in a package that hand a callable to work, which awaits nothing."""
        known = self._running_later.get(package)
        if known is None:
            known = self._running_later[package] = frozenset(
                name.rpartition(".")[2]
                for name in self._in_package.get(package, ())
                if name not in self._texts or _MAY_RUN_LATER.search(self._texts[name][1])
                if (row := self.row(name)) is not None and _runs_later(row)
            )
        return known

    def _giving_asynchronous(self, package: str) -> Iterator[tuple[str, str]]:
        """The rows of a package with something asynchronous, and by which plain name it is called."""
        for name in self._in_package.get(package, ()):
            if name in self._texts and not _MAY_BE_ASYNCHRONOUS.search(self._texts[name][1]):
                continue
            written, row = self._row(name), self.row(name)
            for each in written.coroutines if written else ():
                yield name, each
            if row is not None and (row.coroutine or any(each.work == "task" for each in row.opens)):
                yield name, name.rpartition(".")[2]
        if package == "contextvars":
            yield "contextvars.ContextVar", "ContextVar"

    def _bodies(self) -> dict[str, str]:
        """The texts of all rows."""
        own = {name: msgspec.json.encode(row).decode() for name, row in self._rows.items() if row is not None}
        return own | {name: body for name, (_, body) in self._texts.items()}

    def canonical(self, name: str) -> str:
        """The name itself, or the one that it is another name for (also for the class of a method)."""
        known = self._canonical.get(name)
        if known is None:
            known = self._canonical[name] = self._meant(name)
        return known

    def _meant(self, name: str) -> str:
        row = self._row(name)
        if row is not None and row.alias_of:
            return row.alias_of
        if row is None and "." in name:
            owner, _, last = name.rpartition(".")
            above = self._row(owner)
            if above is not None and above.alias_of:
                return f"{above.alias_of}.{last}"
        return name

    def row(self, name: str) -> Row | None:
        """The row of this name, another name for it followed."""
        return self._row(self.canonical(name))

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
                    row = self._row(each)
                    pending.extend(row.bases if row else ())
            known = self._lineages[name] = tuple(order)
        return known

    def method(self, class_name: str, name: str) -> str | None:
        """Dotted name of the row for a method of a class, its bases searched too."""
        asked = class_name, name
        if asked not in self._methods:
            names = (f"{each}.{name}" for each in self.lineage(class_name))
            self._methods[asked] = next((each for each in names if each in self), None)
        return self._methods[asked]

    def attribute(self, class_name: str, name: str) -> str | None:
        """Class of an attribute of objects of the class."""
        for each in self.lineage(class_name):
            row = self._row(each)
            if row and name in row.attributes:
                return row.attributes[name]
        return None

    def class_row(self, class_name: str, key: str) -> Row | None:
        """The nearest row in the lineage that sets ``key``."""
        asked = class_name, key
        if asked not in self._class_rows:
            rows = map(self._row, self.lineage(class_name))
            self._class_rows[asked] = next((row for row in rows if row and getattr(row, key)), None)
        return self._class_rows[asked]

    def is_method(self, name: str) -> bool:
        """Whether the row of this name takes a receiver."""
        row = self.row(name)
        owner = self.canonical(name).rpartition(".")[0]
        return bool(owner) and self.is_class(owner) and not (row and row.static)

    def asks_outside(self, name: str) -> bool:
        """Whether a function asks the outside world, as the row of its class, or of a module above it, says."""
        return self._is_listed(name, "outside")

    def writes_down(self, name: str) -> bool:
        """Whether a function only writes down what it is given, as that of a logger does."""
        return self._is_listed(name, "writes_down")

    def _is_listed(self, name: str, key: str) -> bool:
        """Whether the row of a function's class, or of a module above it, names it under ``key``."""
        owner, _, last = self.canonical(name).rpartition(".")
        while owner:
            row = self.class_row(owner, key)
            if row is not None and not {"*", last}.isdisjoint(getattr(row, key)):
                return True
            owner = owner.rpartition(".")[0]
        return False

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

    def _formals(self, name: str) -> tuple[Formal, ...]:
        return self.parameters(name) or ((Formal("self"),) if self.is_method(name) else ())

    def summary(self, name: str, given: Mapping[str, ConstantValue | object]) -> Summary | None:
        """What the function does when these arguments are given: constants by value, others as ``GIVEN``."""
        name = self.canonical(name)
        row = self._row(name)
        if row is None:
            return None
        key = (name, tuple(sorted(((k, _keyed(v)) for k, v in given.items()), key=repr)))
        known = self._summaries.get(key)
        if known is None:
            known = self._summaries[key] = Reader(
                name,
                row,
                self._formals(name),
                given,
                makes_itself=self.is_class(name),
                asks_outside=self.asks_outside(name),
            ).summary()
        return known


def _keyed(value: object) -> object:
    return (type(value).__name__, value)


__all__ = ["GIVEN", "ModelError", "Models", "parse"]


def _runs_later(row: Row) -> bool:
    """Whether what is handed to a call may be run as work; the methods of objects that lie somewhere are not handed.

    Nor is what a task runs: it awaits a coroutine.
    """
    work = (each.callable for each in row.invokes if each.moment == "work")
    handed = any(opens.runs and opens.work != "task" for opens in row.opens)
    return handed or any(ELEMENTS not in each for each in work)
