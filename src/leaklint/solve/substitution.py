"""Substitution: what the paths of a summary mean at one call, and what containers hold."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.summary import Summary
from leaklint.ir.values import (
    MAX_FIELDS,
    NOTHING,
    Path,
    Root,
    RootKind,
    Sources,
    Thing,
    TypeKind,
    Value,
)
from leaklint.solve import uses
from leaklint.solve.activation import Activation
from leaklint.solve.attributes import get_attribute
from leaklint.solve.elements import elements, keys_of
from leaklint.solve.escaping import Removal
from leaklint.solve.lattice import (
    BELOW,
    ELEMENT,
    HELD,
    KEYS,
    MEASURED,
    ORIGINAL,
    SYMBOLIC,
    VARIES,
    extend,
    is_prefix,
    is_within,
    join_all,
    of,
    prolong,
    shortened,
    slot,
    survives,
)
from leaklint.solve.lookup import kept, read_field
from leaklint.solve.observing import identities, observed_below, observed_in
from leaklint.solve.origins import deep_sources, sources_through
from leaklint.solve.state import State
from leaklint.solve.world import Solving

KNOWN_EVERYWHERE: Final = frozenset({TypeKind.CONSTANT, TypeKind.LIBRARY, TypeKind.MODULE, TypeKind.CLASS})
"""Things that are the same here as in the callee, where they are none of its parameters."""

CARRYING_NOTHING: Final = frozenset({TypeKind.CONSTANT, TypeKind.LIBRARY})
"""Kinds of what has no slots: a library's function captures nothing."""


class Substitution:
    """What the paths of a summary mean at one call."""

    def __init__(
        self,
        act: Activation,
        state: State,
        arguments: Sequence[Value],
        span: Span,
        cells: Mapping[str, Value],
        cell_paths: Mapping[str, Path],
        *,
        is_row: bool,
    ) -> None:
        self.act = act
        self.state = state
        self.arguments = arguments
        self.span = span
        self.cells = cells
        self.cell_paths = cell_paths
        self.is_row = is_row
        self.result = act.made(span)
        self.row = ""
        """The name of the row that is applied."""
        self.keys: Sources = frozenset()
        """The constants under which a row's function sets elements, where all of them are known."""
        self.new: tuple[Sources, Sources] = (state.resets, state.read_first)
        """What counts as reset before the effects of the call, and what of it has been read before that."""
        self.written = state.written
        """What had been bound on every path before the call."""
        self.before = state.heap.copy()
        """What surviving objects held before the call."""
        self.escaped = state.escaped.copy()
        """What surviving places referred to before the call."""
        self.waiting = NOTHING
        """What work of the caller hangs on that a generator finishes by its end only (see ``draining.py``)."""
        self.removals: list[Removal] = []
        """What the callee takes out of containers: only then is it known what it returns."""
        self.done: set[tuple[object, ...]] = set()
        """Keys of the writes that the call has done so far: what the callee undoes of them, it has undone itself."""
        self._brought: dict[Path, set[Path]] = {}
        """By place: what survives that the callee puts there, and was not there before the call."""
        self._walked: dict[Path, Value] = {}
        """What the paths denoted before the call that lead through a place which the callee binds anew."""
        self._got: dict[tuple[str, Value], Value] = {}
        """What properties on the way of paths have given."""
        self._deep: dict[int, Sources] = {}
        self._observed: dict[int, Sources] = {}
        self._mapped: dict[Sources, Sources] = {}
        self._mapped_one: dict[Path, Sources] = {}
        self._narrowed: dict[tuple[int, Thing], Substitution] = {}

    def narrowed(self, root: Root, thing: Thing) -> Substitution:
        """The same for one of several objects that a parameter denotes, where a thing is one of them or lies in one."""
        index = int(root.name) if root.kind is RootKind.PARAMETER else len(self.arguments)
        given = self.arguments[index] if index < len(self.arguments) else NOTHING
        own = [each for each in given.things if is_prefix(each.path, thing.path)]
        if len(given.things) < 2 or len(own) != 1:
            return self
        known = self._narrowed.get((index, own[0]))
        if known is not None:
            return known
        one = self._narrowed[index, own[0]] = copy.copy(self)
        # what has chosen an object that survives is not what it was made from
        sources = frozenset() if survives(own[0].path) else given.sources
        one.arguments = [*self.arguments[:index], Value(frozenset(own), sources), *self.arguments[index + 1 :]]
        one._deep, one._observed, one._mapped, one._mapped_one, one._narrowed = {}, {}, {}, {}, {}
        return one

    def is_new(self, place: Path) -> bool:
        """Whether a place was reset before the call, and nobody has looked at what was in it before."""
        resets, read_first = self.new
        return any(is_prefix(each, place) for each in resets) and not any(is_prefix(place, each) for each in read_first)

    def remember(self, summary: Summary) -> Solving:
        """Before the callee binds a place to what lies below it (``self.at = self.at.next``): what lies there."""
        walked = [
            store.path
            for store in summary.stores
            if any(each.path != store.path and is_prefix(store.path, each.path) for each in store.value.things)
        ]
        changed = [effect.path for effect, _ in summary.effects if effect.path is not None]
        for path in changed if walked else ():
            for each in (path, Path(path.root, path.fields[:-1])):
                if any(is_prefix(place, each) for place in walked):
                    self._walked[each] = yield from self.things(each)
        for store in summary.stores if not self.is_row else ():
            put_there = {thing.path for thing in store.value.things if survives(thing.path)}
            if put_there and any(is_prefix(store.path, each) for each in changed):
                before = yield from self.things(store.path)
                self._brought[store.path] = put_there - {thing.path for thing in before.things}

    def without_brought(self, path: Path, found: Value) -> Value:
        """What a change in the callee is about, but for what the callee has put there: that it knows by another name.

        ``if not given: options["q"] = DEFAULTS; return``, and what was given is changed further down.
        """
        brought = {each for place, paths in self._brought.items() if is_prefix(place, path) for each in paths}
        if not brought:
            return found
        return Value(frozenset(each for each in found.things if not is_within(each.path, brought)), found.sources)

    def things(self, path: Path) -> Solving:
        """The objects that a path of the summary denotes here."""
        if path in self._walked:
            return self._walked[path]
        root = path.root
        if root.kind is RootKind.PARAMETER:
            index = int(root.name)
            start = self.arguments[index] if index < len(self.arguments) else NOTHING
            value = yield from self.walk(start, path.fields)
            return value
        if root.kind is RootKind.FREE:
            if root.name in self.cells:
                value = yield from self.walk(self.cells[root.name], path.fields)
                return value
            return of(Thing(path))
        return of(Thing(self.plain(path)))

    def value(self, value: Value) -> Solving:
        """What a value of the summary is here."""
        things: set[Thing] = set()
        sources = set(self.sources(value.sources))
        for thing in value.things:
            of_callee = thing.path.root.kind in SYMBOLIC
            if not of_callee and thing.type.kind in KNOWN_EVERYWHERE:
                # an answer that tests have chosen has a path of its own (see ``choosing.py``)
                things.add(Thing(self.plain(thing.path), thing.type) if thing.type.constant is not None else thing)
                continue
            found = self._set_before(thing.path) or (yield from self.things(thing.path))
            if of_callee:
                sources |= found.sources
            for each in found.things:
                unknown = each.type.kind is TypeKind.UNKNOWN and each.type != BELOW
                things.add(Thing(each.path, thing.type) if unknown or thing.type == BELOW else each)
        return Value(frozenset(things), shortened(frozenset(sources)))

    def _set_before(self, path: Path) -> Value | None:
        """What the caller has set a context variable to on every path, where the callee has found it there."""
        held = self.before.get(path) if path.fields[-1:] == (HELD,) else None
        return held if held and held.things and all(each.type != ORIGINAL for each in held.things) else None

    def places(self, path: Path) -> Solving:
        """The places (not what they hold) that a path of the summary denotes here."""
        if path.root.kind is RootKind.FREE and not path.fields:
            return of(Thing(self.cell_paths.get(path.root.name, path)))
        if not path.fields or path.root.kind not in (RootKind.PARAMETER, RootKind.FREE):
            value = yield from self.things(path)
            return value
        *above, field = path.fields
        owners = self._carrying((yield from self.things(Path(path.root, tuple(above)))), field)
        for owner in owners.things:
            self.act.world.note_attribute(owner, extend(owner.path, field))
        return Value(frozenset(Thing(extend(thing.path, field)) for thing in owners.things))

    def plain(self, path: Path) -> Path:
        """A path that starts neither at a parameter nor at a cell."""
        kind = path.root.kind
        if kind is RootKind.RESULT:
            return prolong(self.result, path.fields)
        if kind is RootKind.MADE:
            return self.act.renamed(path, self.span)
        return path

    def walk(self, value: Value, fields: Iterable[str]) -> Solving:
        """What one reaches from a value through fields."""
        act = self.act
        for field in fields:
            if field.startswith("."):
                outer, act.got = act.got, self._got if act.got is None else act.got
                value = yield from get_attribute(act, self.state, value, field[1:])
                act.got = outer
            elif self.is_row and field == KEYS:
                value = keys_of(act, self.state, value)
            else:
                value = elements(act, self.state, self._carrying(value, field), field, keys=self.is_row)
        return value

    def _carrying(self, value: Value, field: str) -> Value:
        """Of several callables those that carry something in a slot: another one, beside them, knows nothing of it."""
        if not field.startswith("<"):
            return value
        things = frozenset(each for each in value.things if each.type.kind not in CARRYING_NOTHING)
        known = {each for each in things if read_field(self.act, self.state, slot(each.path, field)) is not None}
        asked = {each for each in things if each.path.root.kind in SYMBOLIC}  # the caller knows what it is
        return Value(frozenset(known | asked) or things, value.sources)

    def deep(self, index: int) -> Sources:
        """What an argument was made from, and what was put into it."""
        known = self._deep.get(index)
        if known is None:
            known = deep_sources(self.state, self.arguments[index]) | self._of_receivers(self.arguments[index])
            self._deep[index] = known
        return known

    def _of_receivers(self, value: Value) -> Sources:
        """The objects of a caller whose methods an argument is."""
        found: set[Path] = set()
        for thing in value.things:
            if thing.type.kind is TypeKind.METHOD:
                receiver = self.state.heap.get(slot(thing.path, "<self>"))
                found |= {each.path for each in (receiver or NOTHING).things if each.path.root.kind in SYMBOLIC}
        return frozenset(found)

    def observed(self, index: int) -> Sources:
        """The surviving objects that an argument denotes: testing it reads them.

        In the place of one made here and kept, an invocation finds that of an earlier one.
        """
        known = self._observed.get(index)
        if known is None:
            known = self._observed[index] = frozenset(observed_in(self.state, self.escaped, self.arguments[index]))
        return known

    def changed(self) -> None:
        """The objects that the arguments denote hold something else from now on."""
        self._got.clear()
        self._deep.clear()
        self._mapped.clear()
        self._mapped_one.clear()
        self._narrowed.clear()

    def whole(self, sources: Sources) -> list[int]:
        """Positions of the arguments that are, as they are, among sources of the summary."""
        found = [int(each.root.name) for each in sources if each.root.kind is RootKind.PARAMETER and not each.fields]
        return sorted(index for index in found if index < len(self.arguments))

    def sources(self, sources: Sources) -> Sources:
        """The sources of the summary in terms of the caller."""
        if not sources:
            return sources
        known = self._mapped.get(sources)
        if known is None:
            known = self._mapped[sources] = self._sources(sources)
        return known

    def key(self, sources: Sources) -> Sources:
        """The sources of a key in terms of the caller: that of an object made here is the same once it is kept."""
        return shortened(frozenset().union(*(self._source(each, of_key=True) for each in sources)))

    def _sources(self, sources: Sources) -> Sources:
        result: set[Path] = set()
        for source in sources:
            known = self._mapped_one.get(source)
            if known is None:
                known = self._mapped_one[source] = self._source(source)
            result |= known
        return shortened(frozenset(result))

    def _source(self, source: Path, *, of_key: bool = False) -> Sources:
        """One source of the summary in terms of the caller."""
        kind = source.root.kind
        fields, measured = source.fields, source.fields[-1:] == (MEASURED,)
        if measured:
            fields = fields[:-1]
        if fields and fields[0].startswith("<"):
            carried = self._carried(self._given(source.root), fields)
            if carried is not None:
                return carried
        if fields and any(field.startswith("<") for field in fields):
            fields = ()  # what a callable carries was made from what the callable was made from
        if kind is RootKind.PARAMETER:
            index = int(source.root.name)
            if index >= len(self.arguments):
                return frozenset()
            value = self.arguments[index]
            observed = frozenset(identities(value, ())) if of_key else self.observed(index)
            if not fields:
                return self.deep(index) | observed
            found = set() if measured else self._kept_in(value, fields)
            found |= self._in_field(value, fields) | observed_below(self.state, self.escaped, value, fields)
            found |= self._led_to(observed, fields)
            return frozenset(_measured(each) for each in found) if measured else frozenset(found)
        if kind is RootKind.FREE:
            value = self.cells.get(source.root.name, NOTHING)
            inner = self._in_field(value, fields) if fields else deep_sources(self.state, value)
            own = self.cell_paths.get(source.root.name)
            if own is not None and own.root.kind in SYMBOLIC:
                own = prolong(own, fields)
            held = self._led_to(identities(value, ()), fields)
            return frozenset(inner | held | ({own} if own is not None else set()))
        if kind is RootKind.MADE:
            return frozenset()
        if source.root.owner.startswith(uses.TAKEN) or (
            source.root.owner.startswith("snapshot:") and "|" not in source.root.name
        ):
            return frozenset(uses.snapshot_taken(self.act, source, self.span))
        return frozenset({source})

    def _given(self, root: Root) -> Value:
        """What a parameter, or a cell, of the callee denotes."""
        if root.kind is RootKind.PARAMETER:
            return self.arguments[int(root.name)] if int(root.name) < len(self.arguments) else NOTHING
        return self.cells.get(root.name, NOTHING) if root.kind is RootKind.FREE else NOTHING

    def _carried(self, value: Value, fields: tuple[str, ...]) -> Sources | None:
        """What a part of what a callable carries was made from; None where nobody knows what it carries."""
        while fields and fields[0].startswith("<"):
            held = []
            for thing in value.things:
                place = slot(thing.path, fields[0])
                stored = read_field(self.act, self.state, place)
                if stored is None and place.root.kind in SYMBOLIC and len(place.fields) <= MAX_FIELDS:
                    stored = of(Thing(place), sources=frozenset({place}))  # the caller knows it
                if stored is None:
                    return None
                held.append(stored)
            value, fields = join_all(held), fields[1:]
        if not value.things or any(field.startswith("<") for field in fields):
            return None
        inner = self._in_field(value, fields) if fields else deep_sources(self.state, value)
        return frozenset(inner | identities(value, fields))

    def _led_to(self, starts: Iterable[Path], fields: tuple[str, ...]) -> set[Path]:
        """The places to which fields lead from surviving objects, and the names of what the import has put there."""
        return {place for each in starts for place in (prolong(each, fields), self._reached(each, fields))}

    def _reached(self, start: Path, fields: tuple[str, ...]) -> Path:
        """The place to which fields lead from a surviving object, through other objects made at import."""
        path, field_of = start, self.act.world.field
        for at, field in enumerate(fields):
            path, following = extend(path, field), fields[at + 1 : at + 2]
            stored = field_of(path)
            there = [each.path for each in stored.things] if stored is not None else []
            if len(there) > 1 and following:
                there = [each for each in there if field_of(extend(each, following[0])) is not None]
            if len(there) == 1 and there[0].root.kind is RootKind.STATIC:
                path = there[0]
        return path

    def _in_field(self, value: Value, fields: tuple[str, ...]) -> Sources:
        """What a field was made from: what this invocation has put there, or what the value was made from."""
        for known in range(len(fields), 0, -1):
            found: Sources = frozenset()
            for thing in value.things:
                path = prolong(thing.path, fields[:known])
                heap = self.state.heap if thing.path.root.kind is RootKind.MADE else self.before
                stored = heap.get(path) if len(path.fields) == len(thing.path.fields) + known else None
                if fields[known - 1] == ELEMENT or stored is None:
                    break
                found |= sources_through(self.state, stored, fields[known:])
            else:
                return found if value.things else sources_through(self.state, value, fields)
        return sources_through(self.state, value, fields)

    def _kept_in(self, value: Value, fields: Sequence[str]) -> set[Path]:
        """What the import has put into a field of a surviving object: a folder for temporary files, a snapshot."""
        found: set[Path] = set()
        for thing in value.things if fields else ():
            place = prolong(thing.path, fields)
            stored, bound = self.act.world.field(place), self.before.get(place)
            if stored is not None and (bound is None or any(each.type == ORIGINAL for each in bound.things)):
                found |= kept(stored.sources)
        return found


def _measured(source: Path) -> Path:
    """The source of a difference: of a start mark, nothing is left in it."""
    if source.root.owner.startswith("snapshot"):
        return VARIES
    return slot(source, MEASURED) if source.root.kind in SYMBOLIC and source.fields else source
