"""What an effect is about, in the words of the code that it is in: names, request data, kinds of guards."""

from __future__ import annotations

import re
from typing import Final

import msgspec.structs

from leaklint.ir.effects import (
    CLOSED,
    AnyEffect,
    Cached,
    Close,
    Consume,
    Defer,
    Guard,
    How,
    Lifetime,
    Pending,
    Read,
    Regime,
    Settled,
    Subject,
    Work,
    Write,
)
from leaklint.ir.location import Place
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Sources
from leaklint.solve.concerning import (
    bound_by,
    concerns,
    holder_of,
    is_along,
    is_bound_under,
    is_constant,
    is_limited,
    is_said_otherwise,
    is_said_where_kept,
    keys_of_elements,
    keys_on_the_way,
    looks_into,
    made_for_entry,
    read_first,
    takes_what_was_fed,
    what_is_fed,
)
from leaklint.solve.consuming import is_lazy
from leaklint.solve.context_variables import counts
from leaklint.solve.handlers import Invoked
from leaklint.solve.kinds import held_at_import, is_bound_nowhere, is_never_set, is_nothing, takes_an_entry
from leaklint.solve.labels import UNNAMED, most_exact, part_of, shown, shown_all, shown_place
from leaklint.solve.lattice import (
    CLOCK,
    CONSTANT_CONTEXT,
    CONSTANT_PATH,
    MISSING,
    ROOM,
    TEMPORARY,
    context_of,
    extend,
    is_prefix,
    is_within,
    survives,
)
from leaklint.solve.passing import passed_on
from leaklint.solve.replacing import opened_when_found_closed
from leaklint.solve.setting_up import settled_at_import
from leaklint.solve.undoing import is_taken_for_good
from leaklint.solve.unread import is_unread
from leaklint.solve.uses import CACHED, is_renewed, snapshot_read
from leaklint.solve.world import World, span_in

MAX_OWNERS: Final = 4
_CAPTURED: Final = re.compile(r"<([^\W\d]\w*)>")
"""The field of a function that holds a variable of the scope around it."""
THREAD_LOCALS: Final = frozenset({"threading.local", "_thread._local", "_threading_local.local"})


class Describer:
    """Turns the symbolic effects of one invocation into effects that rules can judge."""

    def __init__(
        self, world: World, invoked: Invoked, written: frozenset[Path], read_by_others: Sources = frozenset()
    ) -> None:
        self.world = world
        self.invoked = invoked
        self.reads = invoked.reads | read_by_others
        """Surviving places that an invocation reads before it writes them, of this handler or of one beside it."""
        self.changing = written
        """Surviving places that some invocation writes."""
        facts = invoked.function
        names = [each.name for each in facts.parameters] if facts is not None else []
        self.parameters = names[invoked.bound :]
        effects = [effect for effect, _, _, _ in invoked.effects]
        self.fed, self.keys, self.bound = what_is_fed(effects), keys_of_elements(effects), bound_by(effects)
        self.passed_on = passed_on(invoked, self.reads)

    def request(self, sources: Sources) -> tuple[str, ...]:
        """The request data among sources, as the reader knows it."""
        labels: set[tuple[str, ...]] = set()
        through: Sources = frozenset().union(*(self.passed_on.get(source, frozenset()) for source in sources))
        for source in sources | through:
            if source.root.kind is RootKind.LIBRARY and source.root.owner == "request":
                if source.fields and source.fields[0] in CONSTANT_CONTEXT:
                    continue  # of the platform's context, as a framework gives it
                row = self.world.models.row(source.root.name)
                if row and not row.request_data and not is_within(source, self.world.put_for_request):
                    continue  # of ``g``, into which nothing of the request has been put under this name
                name = source.root.name if source.root.name.startswith("self.") else source.root.name.rpartition(".")[2]
                labels.add((name, *shown_all(source.fields)))
            if source.root.kind is not RootKind.PARAMETER:
                continue
            index = int(source.root.name)
            if index == 1 and source.fields and source.fields[0] in CONSTANT_CONTEXT:
                continue
            name = self.parameters[index] if index < len(self.parameters) else f"argument {index + 1}"
            if index == 0 and name in ("self", "cls"):
                continue
            labels.add((name, *shown_all(source.fields)))
        return most_exact(labels)

    def subject(self, path: Path, depth: int = 0) -> Subject:
        """What a path denotes; objects that hold each other are named through ``MAX_OWNERS`` owners at most."""
        root = path.root
        rest = shown_place(path.fields)
        world = self.world
        if root.kind is RootKind.VARIABLE:
            facts = world.program.files.get(root.owner)
            span = facts.module_names.get(root.name) if facts is not None else None
            place = Place(root.owner, span) if span is not None else None
            return Subject(Lifetime.MODULE, root.name + rest, "", place)
        if root.kind is RootKind.MODULE:
            module = root.owner.removesuffix(".py").replace("/", ".")
            return Subject(Lifetime.MODULE, f"{module}{rest}" if rest else f"a variable of module {module}", "", None)
        if root.kind is RootKind.STATIC:
            named = world.named.get(path) or world.named.get(Path(root))
            if named is not None:
                kind = "" if rest else re.split(r"[.:]", named.type)[-1].strip("<>")
                local = world.is_subclass(named.type, THREAD_LOCALS)
                lifetime = Lifetime.CLASS if named.of_class else Lifetime.MODULE
                return Subject(Lifetime.THREAD_LOCAL if local else lifetime, named.name + rest, kind, named.place)
            owner = world.owner_of(Path(root)) if depth < MAX_OWNERS else None
            if owner is not None:
                above = self.subject(owner[0], depth + 1)
                captured = _CAPTURED.match(owner[1])
                if captured is not None:
                    return Subject(Lifetime.CLOSURE, captured[1] + rest, "", above.defined)
                name = part_of(above.name, (shown(owner[1]) if rest else shown_place((owner[1],))) + rest)
                held = world.field(extend(owner[0], owner[1])) or NOTHING
                local = any(world.is_subclass(thing.type.name, THREAD_LOCALS) for thing in held.things)
                return Subject(Lifetime.THREAD_LOCAL if local else above.lifetime, name, "", above.defined)
            if path.fields and path.fields[0].startswith("<cell "):
                rest = shown_place(path.fields[1:])
                return Subject(Lifetime.CLOSURE, path.fields[0][6:-1] + rest, "", None)
            lifetime = Lifetime.CLOSURE if "<locals>" in root.name else Lifetime.MODULE
            span = span_in(root.name)
            place = Place(root.owner, span) if span is not None else None
            return Subject(lifetime, part_of(UNNAMED, rest), "", place)
        if root.kind is RootKind.CLASS:
            known = world.program.class_(f"{root.owner}::{root.name}")
            attribute = world.named.get(Path(root, path.fields[:1]))
            if attribute is not None:
                lifetime = Lifetime.THREAD_LOCAL if self._is_local(root, path.fields[0]) else Lifetime.CLASS
                return Subject(lifetime, root.name.rpartition(".")[2] + rest, "", attribute.place)
            place = Place(root.owner, known.name_span) if known is not None else None
            return Subject(Lifetime.CLASS, root.name.rpartition(".")[2] + rest, "", place)
        if root.kind is RootKind.FUNCTION:
            facts_ = world.program.function(f"{root.owner}::{root.name}")
            place = Place(root.owner, facts_.name_span) if facts_ is not None else None
            if path.fields and path.fields[0].startswith("<default "):
                return Subject(Lifetime.DEFAULT, path.fields[0][9:-1], "", place)
            return Subject(Lifetime.FUNCTION, root.name.rpartition(".")[2] + rest, "", place)
        if root.kind is RootKind.LIBRARY:
            if root.owner == "process":
                return Subject(Lifetime.PROCESS, root.name + rest, "", None)
            return Subject(Lifetime.LIBRARY, root.name + ("" if context_of(path) else rest), "", None)
        return Subject(Lifetime.INVOCATION, rest.lstrip("."), "", None)

    def _is_local(self, root: Root, field: str) -> bool:
        """Whether a class attribute is an object that keeps its attributes for each thread apart."""
        known = self.world.classes.get(f"{root.owner}::{root.name}")
        value = known.attributes.get(field.removeprefix(".")) if known is not None else None
        return value is not None and any(
            self.world.is_subclass(thing.type.name, THREAD_LOCALS) for thing in value.things
        )

    def constant(self, sources: Sources) -> bool:
        """Whether a value made from these sources is the same in every invocation."""
        for source in sources:
            owner = source.root.owner if source.root.kind is RootKind.LIBRARY else ""
            if owner == "varies" or owner.startswith("snapshot"):
                return False
            if owner == "request" or source.root.kind is RootKind.PARAMETER:
                if self.request(frozenset({source})):
                    return False
                continue
            if source.root.kind is RootKind.LIBRARY:
                continue
            if source.root.kind is RootKind.FREE:
                return False
            if any(is_prefix(changed, source) or is_prefix(source, changed) for changed in self.changing):
                return False
        return True

    def resolve(self, effect: AnyEffect) -> AnyEffect | None:
        """The effect as rules see it; None where it does not outlive the invocation."""
        path = effect.path
        subject = self.subject(path) if path is not None else effect.subject
        request = self.request(effect.sources)
        if isinstance(effect, Write):
            return self._write(effect, subject, request)
        if isinstance(effect, Pending):
            if subject.lifetime is not Lifetime.INVOCATION and effect.work in (Work.TASK, Work.COROUTINE):
                effect = msgspec.structs.replace(effect, held=True)
            if path is not None and settled_at_import(self.world, self.invoked, path):
                return None
            if effect.work is Work.FILE:
                once = effect.guarded or self._made_once(effect)
                if TEMPORARY not in effect.sources or (once and not request):
                    return None
                effect = msgspec.structs.replace(effect, constant_name=self.constant(effect.sources))
            if effect.only_with and not self.world.overview.is_imported(*effect.only_with):
                return None
            of_state = effect.work in (Work.TOKEN, Work.LIBRARY_CONTEXT)
            counted = counts(effect, (each for each, *_ in self.invoked.effects))
            as_ever = (self.constant(effect.sources) and not counted) or self._is_once(effect.tests)
            if of_state and not request and as_ever:
                return None
            return msgspec.structs.replace(effect, subject=subject, request=request)
        if isinstance(effect, Read) and effect.origin == "loop":
            seen_again = effect.regime in CLOSED and path is not None and survives(path) and not self._closed(path)
            return msgspec.structs.replace(effect, subject=subject, request=request) if seen_again else None
        if isinstance(effect, Read) and effect.origin == "needed":
            gone = (
                path in self.invoked.trimmed - self.invoked.written
                and effect.regime is Regime.NONE
                and not self.invoked.handler.awaited
            )
            return msgspec.structs.replace(effect, subject=subject) if gone else None
        if isinstance(effect, Defer) and effect.api == "parameter" and not self._lasts(effect, request):
            return None
        if isinstance(effect, Defer) and effect.api == "context" and not effect.to_work:
            return None
        if isinstance(effect, Read) and effect.origin == "unset" and path is not None:
            subject = self.subject(Path(path.root, path.fields[:-1]))
        if isinstance(effect, Read) and effect.origin == "snapshot":
            renewed = is_renewed(self.world, effect, (each for each, *_ in self.invoked.effects))
            return snapshot_read(effect) if not renewed else None
        if isinstance(effect, Cached):
            hidden = {self.subject(place).name for place in effect.reads if self._tainted(place)}
            effect = msgspec.structs.replace(effect, missing=tuple(sorted({*effect.missing, *hidden})))
        if isinstance(effect, Consume | Close) and path is not None and not survives(path):
            return None
        if isinstance(effect, Consume) and is_lazy(effect, [each for each, *_ in self.invoked.effects], self.request):
            return None
        if isinstance(effect, Close) and opened_when_found_closed(path, self.invoked.effects):
            effect = msgspec.structs.replace(effect, settled=Settled.ALWAYS)
        return msgspec.structs.replace(effect, subject=subject, request=request)

    def _closed(self, path: Path) -> bool:
        """Whether an invocation closes a resource, and the next one opens it again because it finds it closed."""
        effects = self.invoked.effects
        closed = any(isinstance(each, Close) and each.path == path for each, *_ in effects)
        return closed and opened_when_found_closed(path, effects)

    def _lasts(self, effect: Defer, request: tuple[str, ...]) -> bool:
        """Whether somebody may call a callback parameter after the invocation."""
        if effect.to_work:
            return bool(effect.operation)
        return effect.path is not None and survives(effect.path) and bool(request)

    def _tainted(self, place: Path) -> bool:
        """Whether this invocation puts request data into a place."""
        return any(
            isinstance(effect, Write)
            and effect.path is not None
            and is_prefix(effect.path, place)
            and self.request(effect.sources)
            for effect, _, _, _ in self.invoked.effects
        )

    def _write(self, effect: Write, subject: Subject, request: tuple[str, ...]) -> Write | None:
        """A write as the rules see it: guarded, reset, constant or not; None where it changes nothing that survives."""
        path = effect.path
        assert path is not None
        # of the object of a method that an invocation keeps, it is said that it is kept
        nothing = is_nothing(self.world, path) or is_bound_nowhere(self.world, path, self.invoked.effects)
        nothing = nothing or is_never_set(self.world, path, self.invoked.effects)
        if not survives(path) or effect.assumed or "<self>" in path.fields or nothing:
            return None
        if is_said_where_kept(effect, path, (each for each, *_ in self.invoked.effects), self.request):
            return None
        asked = frozenset(each for each in effect.sources if request and self.request(frozenset({each})))
        held, key_request = keys_on_the_way(path, self.keys), self.request(effect.key_sources)
        of_entry = made_for_entry(effect, path, asked, held)
        if key_request or of_entry:
            key_request = self.request(effect.key_sources | held)
        if (request or key_request) and path not in self.fed and takes_an_entry(self.world, effect, path):
            return None  # what another handler has put there is said where it does so
        if effect.operation == MISSING and (
            is_said_otherwise(effect, path, (each for each, *_ in self.invoked.effects), self.constant)
            or self.constant(effect.key_sources)
        ):
            return None
        again = not (effect.distinct and effect.operation == "add")
        constant = again and (effect.constant or self.constant(effect.sources))
        if constant and not self._as_at_import(effect, path) and self.request(effect.chosen):
            constant = False
        how = effect.how
        if how is How.GROW and constant and effect.operation in ("add", "update") and "Counter" not in subject.type:
            how = How.SET_ITEM  # a set has the same element once
        guard = self._guard(effect, path, bool(key_request))
        overwritten = self._overwritten(effect, path, keeps=bool(request or key_request))
        # emptied under the same test: whoever finds the test answered otherwise sees what this invocation put there
        reset_before = effect.reset_before and not (guard in (Guard.LAZY, Guard.KEYED) and request)
        skipped = reset_before and bool(request or key_request) and looks_into(self.reads, path)
        return msgspec.structs.replace(
            effect,
            subject=Subject(Lifetime.PROCESS, effect.state) if effect.state else subject,
            how=how,
            request=request,
            key_request=key_request,
            constant=constant,
            guard=guard,
            vacant=frozenset(place for place in effect.vacant if concerns(place, path, None)),
            overwritten_first=overwritten,
            fed=takes_what_was_fed(effect, self.fed),
            unread=is_unread(self.world, path, how, self.reads | self.invoked.reread),
            reset_before=reset_before and not skipped,
            settled=max(effect.settled, Settled.SOME_PATHS) if skipped else effect.settled,
            surely=not effect.tests,
            bounded=effect.bounded
            or bool(of_entry)
            or path in self.world.bounded
            or path in self.invoked.trimmed
            or self._is_table(effect.tables)
            or path in effect.tables  # what is put under a key that is there makes it no larger
            or is_limited(path, effect.tests),
            drained=path in self.world.drained,
        )

    def _is_table(self, tables: Sources) -> bool:
        """Whether one of the containers in which a key has been found never changes."""
        return any(table == CONSTANT_PATH or (survives(table) and not self._changes(table)) for table in tables)

    def _as_at_import(self, effect: Write, path: Path) -> bool:
        """Whether the place gets back what it held after import, or nothing."""
        first = self.world.initial(path) or held_at_import(self.world, path)
        held = {thing.type.constant for thing in first.things} if first is not None else set()
        return effect.empties or (effect.becomes is not None and held == {effect.becomes})

    def _overwritten(self, effect: Write, path: Path, *, keeps: bool) -> bool:
        """Whether every invocation binds the place before anything reads what an earlier one left there."""
        if is_within(path, self.world.of_libraries):
            return False  # the library reads it, and so does whoever uses the object next
        reads = self.reads
        if effect.of_own and any(
            is_prefix(bound, path) and not read_first(bound, reads) for bound in self.invoked.written
        ):
            return True
        if effect.how is How.SET_ITEM:
            keys = [key.root.name for key in effect.key_sources if key.root.owner == "constant"]
            if not keys or len(keys) != len(effect.key_sources):
                return False
            reads -= {path}  # to reach for the container is not to read what is in it
            return all(self._bound_first(extend(path, f"[{key}]"), effect, reads, keeps=keeps) for key in keys)
        if effect.how not in (How.REBIND, How.SET_ATTRIBUTE):
            # what changes is part of an object that this invocation has put there
            return any(
                is_prefix(bound, path) and bound.fields != path.fields and not read_first(bound, reads)
                for bound in self.invoked.written
            )
        return self._bound_first(path, effect, reads, keeps=keeps)

    def _bound_first(self, place: Path, effect: Write, reads: Sources, *, keeps: bool) -> bool:
        """Whether nothing reads a place before it is bound; what ``keeps`` request data, on every path."""
        bound = any(is_prefix(place, each) for each in self.invoked.written) or place in self.invoked.reread
        return (bound or not (effect.tests or keeps)) and not read_first(place, reads)

    def _guard(self, effect: Write, path: Path, keyed: bool) -> Guard:
        """Which tests the write stands under: only those of state that survives count."""
        tested = [place for place in effect.guards if survives(place) and not is_constant(place)]
        if not tested:
            return Guard.NONE
        holder = holder_of(path, self.bound)
        same = [place for place in tested if concerns(place, path, holder)]
        if effect.how is How.COUNT:
            return Guard.NONE  # a count is not made once, whatever its test asks
        if not same:
            # what is too old is fetched anew, and so it may be where the request asks for it
            lazily = (test for test in effect.tests if CLOCK in test or not self.request(test))
            return Guard.LAZY if any(self._changes(place, holder) for test in lazily for place in test) else Guard.NONE
        if any(self._is_guard(test, path, holder) for test in effect.tests if ROOM not in test):
            for_good = self.request(effect.chosen) and is_taken_for_good(effect, self.invoked.effects)
            return Guard.REQUEST if for_good else Guard.LAZY
        if self.request(effect.guards):
            return Guard.KEYED if keyed and effect.how is How.SET_ITEM else Guard.REQUEST
        return Guard.LAZY

    def _is_guard(self, test: Sources, path: Path, holder: Path | None) -> bool:
        """Whether a test reads the place that is written, and nothing of the request."""
        own = any(survives(place) and concerns(place, path, holder) and not is_constant(place) for place in test)
        return own and not self.request(test)

    def _made_once(self, made: Pending) -> bool:
        """Whether a file is made under a test of surviving state that asks nothing else, and binds what it asks for."""
        cached = (place for test in made.tests if not self.request(test) for place in test)
        return any(place.fields[-1:] == (CACHED,) for place in cached) or self._is_once(made.tests)

    def _is_once(self, tests: frozenset[Sources]) -> bool:
        """Whether one of the tests asks nothing but surviving state, which is bound under it."""
        lazily = {test for test in tests if not self.request(test)}
        return any(is_bound_under(lazily, effect) for effect, *_ in self.invoked.effects)

    def _changes(self, place: Path, holder: Path | None = None) -> bool:
        """Whether an invocation changes a place: more than that it makes the object of its holder."""
        changing = self.changing if holder is None or place == holder else self.changing - {holder}
        return place.fields[-1:] == (CACHED,) or any(is_along(changed, place) for changed in changing)
