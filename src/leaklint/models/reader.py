"""One row as a summary: what it says, for one set of given arguments, in terms of access paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from leaklint.ir.effects import (
    AnyEffect,
    Close,
    Consume,
    Defer,
    How,
    Outcome,
    Pending,
    Read,
    Regime,
    Site,
    Work,
    Write,
)
from leaklint.ir.location import NOWHERE
from leaklint.ir.summary import CallKind, Formal, Invoke, Moment, Settle, Store, Summary
from leaklint.ir.values import NEW, TEMPORARY, UNKNOWN_CALL, VARIES, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.models import terms
from leaklint.models.conditions import GIVEN, holds
from leaklint.models.schema import MADE_FROM, Condition, Opens, Row

AT_CALL: Final = Site("", "", NOWHERE)
"""Site of a row's effects; the call takes its place."""
RESULT: Final = Path(Root(RootKind.RESULT))
ELEMENTS: Final = Path(RESULT.root, ("[]",))
WOKEN: Final = ".woken"
"""The field of an object that says that whoever waits for it goes on."""
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
    "set-missing": How.SET_ITEM,
    "delete": How.DELETE,
    "reorder": How.REORDER,
}
_OUTCOME: Final = {outcome.value: outcome for outcome in Outcome}


_FILLED: Final = ("builtins.dict", "builtins.list")
"""Classes of new objects in which something may be though no row says what."""


class ModelError(Exception):
    """A table of rows is wrong: the message names file, row and cure."""


def _context(name: str, under: str = "") -> Path:
    """The place that stands for a library's context, or for what is in it under a name."""
    return Path(Root(RootKind.LIBRARY, "context", name), (f"[{under!r}]",) if under else ())


def _process(state: str, *, per_request: bool = False) -> Path:
    """The path of a piece of the state of the process, or of what is another one in each request."""
    return Path(Root(RootKind.LIBRARY, "request" if per_request else "process", state))


class Reader:
    """Turns one row into a summary for one set of given arguments."""

    def __init__(
        self,
        name: str,
        row: Row,
        formals: tuple[Formal, ...],
        given: Mapping[str, object],
        *,
        makes_itself: bool,
        asks_outside: bool,
    ) -> None:
        self.name = name
        self.row = row
        self.asks_outside = asks_outside
        self.given = given
        self.formals = formals
        self.positions = {formal.name: index for index, formal in enumerate(self.formals)}
        self.parts = {"[]": row.elements, **row.parts} if row.elements else row.parts
        variants = [variant.type for variant in row.types if self.applies(variant)]
        self.makes = next(iter(variants), row.type) or (name if makes_itself and not row.returns else "")

    def path(self, term: str) -> Path:
        """The access path that a term of the row means."""
        name, given = terms.split(term)
        fields = [self.field(field) for field in given]
        if name == "result":
            return Path(RESULT.root, tuple(fields))
        if name not in self.positions:
            raise ModelError(f'["{self.name}"]: {terms.unknown_name(name, tuple(self.positions))}')
        star = self.formals[self.positions[name]].kind in ("star", "double_star")
        if star and fields[:1] not in (["[*]"], ["[**]"]):
            fields.insert(0, "[]")
        return Path(Root(RootKind.PARAMETER, "", str(self.positions[name])), tuple(fields))

    def field(self, field: str) -> str:
        """A field of a term, with the constant that is given for a parameter in brackets."""
        named = terms.key_of(field)
        if not named:
            return field
        key = self.given.get(named, GIVEN)
        plain = isinstance(key, str | int) and not isinstance(key, bool) and key is not GIVEN and len(str(key)) <= 60
        return f"[{key!r}]" if plain else "[]"

    def applies(self, condition: Condition) -> bool:
        """Whether a part of the row holds for the given arguments."""
        return holds(condition, self.given)

    def summary(self) -> Summary:
        row = self.row
        kind = CallKind.COROUTINE if row.coroutine else CallKind.PLAIN
        return Summary(
            name=self.name,
            formals=self.formals if row.params is not None else None,
            kind=kind,
            returns=self.returned(),
            effects=tuple((effect, ()) for effect in self.effects()),
            settles=tuple(self.settled()),
            drains=frozenset(self.path(term) for term in row.drains),
            heeds=frozenset(self.path(term) for term in row.heeds),
            stores=(*self.stored(), *self.tells()),
            invokes=tuple(self.invoked()),
            resets=frozenset(map(self.path, self.cleared())),
            writes=frozenset(_process(state) for state in row.sets),
            trims=frozenset(_process(state) for state in row.unsets),
        )

    def sources(self, terms: Iterable[str]) -> frozenset[Path]:
        """The paths of terms as what a value is made from: what is made from any of ``*args`` is made from all."""
        starred = {formal.name for formal in self.formals if formal.kind in ("star", "double_star")}
        paths = [(self.path(term.replace("{}", "[]")), term in starred) for term in terms]
        return frozenset(Path(path.root) if star else path for path, star in paths)

    def returned(self) -> Value:
        row = self.row
        things = [Thing(self.path(term)) for term in row.returns]
        if self.makes:
            path = _process(row.current, per_request=row.per_request) if row.current else RESULT
            things.append(Thing(path, Type(TypeKind.INSTANCE, self.makes)))
        elif row.returns and row.reads:
            things.append(Thing(RESULT))  # what the state of the process says, else the default
        sources: frozenset[Path] = frozenset()
        if row.request and not row.constant:
            sources = frozenset(Path(Root(RootKind.PARAMETER, "", str(index))) for index in range(len(self.formals)))
        sources |= {_process(state) for state in row.reads}
        if row.snapshot and not any(self.given.get(name) is not None for name in row.snapshot_unless_given):
            sources |= {Path(Root(RootKind.LIBRARY, f"snapshot:{row.snapshot}", self.name))}
        if not row.constant and not row.returns and not row.reads and not self.makes.startswith(PLAIN):
            new = row.handle or self.makes == self.name
            sources |= {NEW if new else VARIES if self.asks_outside else UNKNOWN_CALL}
        return Value(frozenset(things), sources)

    def stored(self) -> Iterable[Store]:
        for field, kind in self.parts.items():
            path = self.path(f"result{field}")
            # a number that counts what the iterator goes through tells of that
            counted = self.row.consumes if field.startswith("[]") and kind == "builtins.int" else ()
            sources = self.sources(f"{term}[]" for term in counted)
            yield Store(path, Value(frozenset({Thing(path, Type(TypeKind.INSTANCE, kind))}), sources))
        if self.makes in _FILLED and self.makes != self.name and not self._fills():
            path = self.path("result[]")
            yield Store(path, Value(frozenset({Thing(path)})))  # nobody says what is in it, not that nothing is
        for term, kept in self.row.stores.items():
            stored = Value(frozenset(self.thing(each) for each in kept), self.sources(kept))
            yield Store(self.path(term), stored, adds="set-missing" in self.row.mutates.values())
        if self.row.wakes:
            woken = self.path(self.row.wakes)
            yield Store(Path(woken.root, (*woken.fields, WOKEN)), Value(frozenset({Thing(woken)})))
        for term in self.row.copies:
            element = self.path(f"{term}[]")
            yield Store(ELEMENTS, Value(frozenset({Thing(element)}), frozenset({self.path(term)})))

    def _fills(self) -> bool:
        """Whether the row says what is in the new object."""
        return bool(self.row.copies) or any(term.startswith("result[") for term in (*self.row.stores, *self._parts()))

    def _parts(self) -> Iterable[str]:
        return (f"result{field}" for field in self.parts)

    def tells(self) -> Iterable[Store]:
        """That the result tells whether work has ended, or whether something is empty.

        The work is the receiver's, or that of which the elements tell it.
        """
        if self.row.empty_when:
            place = _process(self.row.empty_state) if self.row.empty_state else self.path(self.row.empty_of)
            container = Value(frozenset({Thing(place)}))
            yield Store(Path(RESULT.root, (f"<empty {self.row.empty_when}>",)), container)
        if self.row.ended_when:
            field = f"<ended {self.row.ended_when}>"
            each = self.row.ended_each
            above = self.path(each or self.row.ended_of)
            receiver = Path(above.root, (*above.fields, "[]", field)) if each else above
            yield Store(Path(RESULT.root, (field,)), Value(frozenset({Thing(receiver)})))

    def thing(self, term: str) -> Thing:
        """What a term denotes; only of the result and its parts is the type known."""
        path = self.path(term)
        parts = {**self.parts, "": self.makes}
        kind = parts.get(term.removeprefix("result"), "") if path.root == RESULT.root else ""
        return Thing(path, Type(TypeKind.INSTANCE, kind)) if kind else Thing(path)

    def cleared(self) -> Iterable[str]:
        """The terms of what is empty after the call."""
        yield from (term for term, how in self.row.mutates.items() if how == "clear")
        yield from (change.of for change in self.row.changes if change.how == "clear" and self.applies(change))

    def effects(self) -> Iterable[AnyEffect]:
        """What the row says the call does, each as an effect at the call: ``opens``, ``mutates``, ``closes``, …"""
        row, operation = self.row, self.name.rpartition(".")[2]
        kept = [term for terms in row.stores.values() for term in terms]
        key = self.sources([row.key]) if row.key else frozenset()
        for term in row.consumes:
            yield Consume(site=AT_CALL, operation=operation, path=self.path(term))
        for term, how in row.mutates.items():
            if how == "clear":
                continue
            asked = frozenset({self.path(term)}) | key if how == "set-missing" else frozenset()
            yield Write(
                site=AT_CALL,
                operation=operation,
                path=self.path(term),
                how=_HOW[how],
                sources=self.sources(kept),
                key_sources=key,
                guards=asked,
                tests=frozenset({asked}) if asked else frozenset(),
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
        for change in row.changes:
            if change.how != "clear" and self.applies(change):
                yield Write(
                    site=AT_CALL,
                    operation=operation,
                    path=self.path(change.of),
                    how=_HOW[change.how],
                    sources=self.sources(change.value),
                    unique=change.unique,
                    state=change.state,
                )
        for process in row.process:
            if self.applies(process):
                yield Write(
                    site=AT_CALL,
                    operation=operation,
                    path=_process(process.state),
                    how=How.REBIND if process.how == "set" else _HOW[process.how],
                    sources=self.sources(process.value),
                    key_sources=self.sources([process.key]) if process.key else frozenset(),
                    constant=not process.value or not process.duplicates,
                    unique=process.unique,
                    row=self.name,
                )
        for opens in row.opens:
            for place in self.opened_at(opens):
                yield Pending(
                    site=AT_CALL,
                    operation=operation,
                    path=place,
                    work=Work(opens.work),
                    outcome=_OUTCOME.get(opens.outcome, Outcome.UNKNOWN),
                    callee=opens.runs,
                    row=self.name,
                    instead=opens.instead,
                    cure=opens.cure,
                    holder=self.holder(opens),
                    guarded=opens.unless_there,
                    by_hand=opens.by_hand,
                    until_loop=opens.until_loop,
                    until_run=opens.until_run,
                    ends_with_context=opens.ends_with_context,
                    only_with=tuple(opens.only_with),
                    sources=self.made_from(opens),
                )
        for state in row.needs:
            yield Read(site=AT_CALL, operation=operation, path=_process(state), origin="needed")
        yield from (Close(site=AT_CALL, operation=operation, path=self.path(one), row=self.name) for one in row.closes)
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
                    gives=defers.gives,
                )

    def opened_at(self, opens: Opens) -> list[Path]:
        """The places on which the work hangs: in a library's context one for each name that is given."""
        if not self.applies(opens):
            return []
        if not opens.context:
            return [self.path(opens.held_by)]
        return [_context(opens.context, name) for name in self.names_given()] or [_context(opens.context)]

    def names_given(self) -> list[str]:
        """The names that ``**rest`` takes; none where it takes some that nobody knows."""
        rest = {formal.name for formal in self.formals if formal.kind == "double_star"}
        return sorted(self.given.keys() - self.positions.keys()) if rest and rest.isdisjoint(self.given) else []

    def holder(self, opens: Opens) -> str:
        """Which argument names the file that a call makes."""
        name, _ = terms.split(opens.held_by)
        if opens.work != "file" or opens.held_by != name:
            return ""
        given = [formal.name for formal in self.formals if formal.name != "self"]
        return f"{given.index(name)}:{name}" if name in given else name if name == "self" else ""

    def made_from(self, opens: Opens) -> frozenset[Path]:
        """What the work is made from; a file is where its name says, whatever is written to it."""
        names = [formal.name for formal in self.formals if formal.name != "self"]
        holder, _ = terms.split(opens.held_by)
        if opens.work == "file" and holder in self.positions:
            names = [holder]
        found = self.sources(names)
        if opens.temporary or opens.new_name:
            found |= {VARIES}
        return found | {TEMPORARY} if opens.temporary else found

    def settled(self) -> Iterable[Settle]:
        for state in self.row.restores:
            yield Settle(_process(state))
        for opens in self.row.opens:
            # what is put into a context takes the place of what was there under the same names
            yield from (Settle(place) for place in self.opened_at(opens) if opens.context and place.fields)
        for settles in self.row.settles:
            if self.applies(settles):
                certain = settles.certain and not self.any_given(settles.uncertain_if_given)
                path = _context(settles.context) if settles.context else self.path(settles.of)
                work = tuple(Work(each) for each in settles.work)
                times_out = self.any_given(settles.raises_if_given)
                yield Settle(
                    path,
                    work,
                    certain,
                    times_out=times_out,
                    goes_on=settles.goes_on,
                    cancels=settles.cancels,
                    loses=settles.loses,
                    contents=settles.contents,
                )

    def any_given(self, names: Iterable[str]) -> bool:
        """Whether one of these arguments is given, and is not None."""
        return any(self.given.get(name) is not None for name in names)

    def invoked(self) -> Iterable[Invoke]:
        for opens in self.row.opens:
            if opens.runs and self.applies(opens):
                yield Invoke(
                    self.path(opens.runs),
                    self.values(opens.arguments),
                    Moment.WORK,
                    context_follows=opens.context_follows,
                    keeps_context=opens.keeps_context,
                    in_context=self.path(opens.in_context) if opens.in_context else None,
                )
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
                    self.any_given(invokes.raises_if_given),
                    invokes.copies_context,
                    self.path(invokes.in_context) if invokes.in_context else None,
                    invokes.through,
                )

    def values(self, terms: Iterable[str] | None) -> tuple[Value, ...] | None:
        """What terms denote, and that it is made from it."""
        if terms is None:
            return None
        return tuple(self._argument(term.split(MADE_FROM)) for term in terms)

    def _argument(self, terms: list[str]) -> Value:
        """What one term denotes, or an object that is made from several."""
        things = {Thing(self.path(term)) for term in terms} if len(terms) == 1 else ()
        return Value(frozenset(things), self.sources(terms))
