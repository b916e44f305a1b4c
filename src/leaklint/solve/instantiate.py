"""Instantiation: a summary, written in terms of parameters, is applied to the arguments of one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Close, Consume, Defer, How, Pending, Read, Work, Write
from leaklint.ir.location import Place, Span
from leaklint.ir.summary import CallKind, Moment, Summary
from leaklint.ir.values import MAX_FIELDS, NOTHING, Path, RootKind, Sources, TypeKind, Value
from leaklint.solve import effects as happening
from leaklint.solve import folders, fullness, handed_over, heeding, pending, removing, results, saving, serving, uses
from leaklint.solve.activation import PLATFORM, Activation
from leaklint.solve.async_generators import iterate_plainly
from leaklint.solve.budget import work_of_call
from leaklint.solve.context_variables import is_set, put_back
from leaklint.solve.earlier import tell_emptied_apart
from leaklint.solve.elements import beside, elements
from leaklint.solve.escaping import escape, let_go, take_out
from leaklint.solve.holding import take_out_when_done
from leaklint.solve.kinds import ATOMIC, BINDING, having, is_unchanging, keeps
from leaklint.solve.lattice import (
    ELEMENT,
    EMPTIED,
    HELD,
    OWN_WORK,
    POSITION,
    SYMBOLIC,
    context_of,
    extend,
    is_within,
    join_all,
    of,
    ordered,
    slot,
    survives,
    unknown,
    with_sources,
)
from leaklint.solve.looping import is_one_of_loop
from leaklint.solve.loops import LEFT
from leaklint.solve.owners import kept_elsewhere, on_loop
from leaklint.solve.reading import forget_reads, read
from leaklint.solve.registered import is_registry, keep
from leaklint.solve.run_callables import note_wakers, run_callable
from leaklint.solve.state import State, Token, Trace
from leaklint.solve.substitution import Substitution
from leaklint.solve.survivors import put_at
from leaklint.solve.terminating import terminate
from leaklint.solve.undoing import REMOVING
from leaklint.solve.world import Solving
from leaklint.solve.writes import with_status, write

MAX_TRACE: Final = 24


def instantiate(
    act: Activation,
    state: State,
    summary: Summary,
    arguments: list[Value],
    span: Span,
    *,
    cells: Mapping[str, Value] | None = None,
    cell_paths: Mapping[str, Path] | None = None,
    row: str = "",
    keys: Sources = frozenset(),
) -> Solving:
    """Applies a summary to a call: its effects, stores and settlements happen in ``state``; gives its result.

    ``keys`` are the constants under which a row's function sets elements, where all of them are known.
    """
    from leaklint.solve.draining import drain, still_waiting

    is_row = bool(row)
    act.work += work_of_call(summary, state)
    sub = Substitution(act, state, arguments, span, cells or {}, cell_paths or {}, is_row=is_row)
    of_call = results.of_call(act, summary)
    sub.keys, sub.row = keys, row
    known = (state.resets, state.read_first)
    handed_on = {thing.path for thing in summary.returns.things}
    held = {
        thing.path
        for store in summary.stores
        if store.path.fields[-2:] != OWN_WORK
        for thing in store.value.things
        if thing.path in handed_on
    }
    written: set[Path] = set()
    # first what the call takes away, then what it adds: clear() before bind()
    for path in sorted(summary.resets):
        reads = state.reads
        target = yield from sub.things(path)
        places = yield from sub.places(path)
        forget_reads(state, places, reads)
        held_before = let_go(target, places) if path in summary.writes else target.things
        for thing in ordered(held_before | places.things):
            happening.empty(act, state, thing.path)
            if is_row:  # else the callee has settled before what it empties
                tell_emptied_apart(state, thing.path)
            if happening.read_before(summary.reads, path):
                state.read_first |= {thing.path}
    # what a function of the project does after its own resets, its summary says
    sub.new = (state.resets, state.read_first) if is_row else known
    # the callee has judged its own files by what it had cleaned before it made them
    cleaned = removing.emptied_by(summary, arguments)
    for path in sorted(each for each in cleaned if each.root.owner == EMPTIED):
        removing.remove_folder(state, path.root.name, surely=path not in summary.trims)
    drained = serving.by_work(summary.trims)
    for path in sorted(summary.trims - cleaned - drained):
        reads = state.reads
        target = yield from sub.things(path)
        forget_reads(state, target, reads)
        state.trimmed |= {place for thing in target.things if (place := state.lasting(thing.path)) is not None}
        for thing in target.things:
            fullness.take(state, thing.path)
    for path in sorted(summary.writes):
        places = yield from sub.places(path)
        if len(places.things) == 1 or is_one_of_loop(state, (thing.path for thing in places.things)):
            written.update(thing.path for thing in places.things if thing.path.root.kind is not RootKind.MADE)
    yield from read(sub, summary)
    if summary.kind is CallKind.GENERATOR:
        sub.waiting = yield from still_waiting(sub, summary)
    for settle in summary.settles:
        if settle.name.sources:
            removing.remove_named(state, settle, Value(settle.name.things, sub.sources(settle.name.sources)))
            continue
        if act.working:
            yield from serving.settled_by_work(sub, settle)
        target = yield from sub.things(settle.path)
        if survives(settle.path):
            target = join_all([target, put_at(act, state, settle.path)])
        if len(settle.path.fields) >= MAX_FIELDS:
            target = join_all([target, elements(act, state, target)])  # it stands for what lies in it, too
        if Work.FILE in settle.work and settle.path.root.kind is RootKind.PARAMETER:
            given = [target] if settle.path.fields else arguments[int(settle.path.root.name) :]
            named = given[0] if given else NOTHING
            removed = Value(named.things, named.sources | sub.sources(frozenset({settle.path})))
            removing.remove_file(state, removed, every_path=settle.every_path, contents=settle.contents)
        settled = pending.with_names(state, target.things) if Work.FILE in settle.work else target.things
        if Work.FILE in settle.work:
            pending.note_removed(state, settled, every_path=settle.every_path, contents=settle.contents)
            for thing in target.things if is_row else ():
                name = with_sources(Value(frozenset({thing})), sub.sources(frozenset({settle.path})))
                removing.note_name(state, thing.path, name, every_path=settle.every_path, contents=settle.contents)
        if settle.loses:
            terminate(state, settled)
            continue
        if settle.repeats:
            act.settling.update(thing.path for thing in settled)
        for thing in ordered(settled):
            pending.settle_at(
                state,
                thing.path,
                settle.work,
                certain=settle.certain,
                every_path=settle.every_path,
                times_out=settle.times_out or (settle.goes_on and bool(state.timeouts)),
                single=not any(field.startswith("[") for field in settle.path.fields),
                cancels=settle.cancels,
            )
            if thing.path == context_of(thing.path) and settle.every_path and is_row:
                state.resets |= {thing.path}
            if act.importing:
                # a decorator or an integration that does it for every invocation
                act.world.settled.setdefault(thing.path, set()).add(Place(act.path, span))
    heeded = yield from heeding.heeded(sub, summary.heeds)
    state.heeded |= heeded
    for path in sorted(summary.drains):
        target = yield from sub.things(path)
        yield from drain(act, state, target, span)
    if written - state.written:
        state.written |= written
    yield from sub.remember(summary)
    for store in summary.stores:
        yield from _store(sub, store.path, store.value, adds=store.adds)
    sub.changed()
    kept = kept_elsewhere(summary)
    for each, trace in summary.effects:
        effect = each if of_call or each.only_if is None else msgspec.structs.replace(each, only_if=None)
        kind = effect.work if isinstance(effect, Pending) else None
        elsewhere = held if kind is Work.FUTURE else kept if kind is Work.TASK else frozenset()
        only_caller = effect.path in handed_on and effect.path not in elsewhere
        yield from _effect(sub, effect, trace, handed_on=only_caller, summary=summary)
        if is_row and isinstance(effect, Defer) and effect.api == "done-callback":
            yield from note_wakers(sub, effect)
    yield from serving.stored_by_callee(sub, summary)
    yield from serving.served_by_callee(sub, summary)
    yield from serving.drained_by_callee(sub, drained)
    yield from _fill(sub, summary)
    state.trimmed |= cleaned
    result = yield from sub.value(summary.returns)
    for removal in sub.removals:
        take_out(state, removal)
    work = heeding.opened(sub, summary) if summary.invokes and is_row else []
    for invoke in summary.invokes:
        before, state.heeded = state.heeded, frozenset()
        got = yield from run_callable(sub, invoke, work)
        sub.changed()
        if invoke.moment is not Moment.WORK:
            state.heeded |= before
        else:
            if state.heeded:
                heeding.attach(sub, summary, state.heeded)
            state.heeded = before
        if invoke.result == "returns":
            result = with_sources(Value(result.things | got.things, result.sources), got.sources)
        elif invoke.result == "elements":
            for thing in result.things:
                happening.bind_field(act, state, thing, ELEMENT, got, certain=False)
    return unknown(sub.result, result.sources) if is_row and not result.things else result


def _fill(sub: Substitution, summary: Summary) -> Solving:
    """What is known to hold something when the callee returns."""
    for path in sorted(summary.fills):
        place = fullness.place_of(path)
        found = yield from sub.things(path) if place is None else sub.places(place)
        if len(found.things) == 1:
            (thing,) = found.things
            fullness.fill(sub.state, thing.path if place is None else slot(thing.path, fullness.SOMETHING))


def _store(sub: Substitution, path: Path, stored: Value, *, adds: bool) -> Solving:
    """A field of an object that the caller knows is bound by the callee; with ``adds``, what is there stays."""
    reads = sub.state.reads
    value = yield from sub.value(stored)
    if not value.things and not value.sources:
        return
    if any(thing.path == path for thing in stored.things):
        # on some path it stays what it is
        forget_reads(sub.state, (yield from sub.places(path)), reads)
    if is_registry(path):
        yield from keep(sub.act, sub.state, path, value, sub.span)
        return
    if not path.fields:
        place = sub.cell_paths.get(path.root.name, path) if path.root.kind is RootKind.FREE else path
        old = sub.state.heap.get(place)
        sub.state.heap[place] = value if old is None else join_all([old, value])
        if path.root.kind is RootKind.VARIABLE and sub.act.importing:
            sub.act.world.rebound[path] = value
        return
    *above, field = path.fields
    owner = Path(path.root, tuple(above))
    target = yield from sub.things(owner)
    if survives(owner) and not sub.is_row:
        target = put_at(sub.act, sub.state, owner)
    if field == ELEMENT and sub.is_row:
        for thing in ordered(target.things):
            kept_in = sub.state.kept_at(thing.path) or thing.path
            handed_over.keep_parameter(sub.act, sub.state, value, sub.span, kept_in)
    if field.startswith("<"):
        if field == saving.SAVED and saving.is_changed(sub.state, value):
            return
        if field == LEFT:
            own = frozenset(each for each in stored.things if each.path.root.kind not in SYMBOLIC)
            value = join_all([(yield from sub.value(Value(own))), sub.waiting])
        for thing in target.things:
            sub.state.heap[Path(thing.path.root, (*thing.path.fields, field))] = value
        return
    certain = len(target.things) == 1
    for thing in ordered(target.things):
        if thing.type.name in ATOMIC:
            continue  # it may be another one of the objects that the callee knows by this name
        held = beside(sub.state, extend(thing.path, field), value) if adds else value
        happening.bind_field(sub.act, sub.state, thing, field, held, certain=certain)
        if keeps(sub.act.world, thing):
            escape(sub.state, value, extend(thing.path, field))


def _effect(sub: Substitution, effect: AnyEffect, trace: Trace, *, handed_on: bool, summary: Summary) -> Solving:
    """One effect of the callee happens in the caller, at each object that its path denotes here.

    ``handed_on``: the caller gets the object that it is about.
    """
    act, state, span = sub.act, sub.state, sub.span
    here = effect.site.path == ""
    path_trace = () if here else (act.place(span), *trace)[:MAX_TRACE]
    sources = sub.sources(effect.sources)
    if effect.path is None:
        happening.open_effect(act, state, msgspec.structs.replace(effect, sources=sources), path_trace)
        return
    of_cell = effect.path.root.kind is RootKind.FREE and not effect.path.fields
    in_place = isinstance(effect, Write) and (effect.how in BINDING or (of_cell and effect.of_own))
    if in_place or (isinstance(effect, Read) and effect.origin == "unset"):
        targets = yield from sub.places(effect.path)
    else:
        targets = yield from sub.things(effect.path)
    targets = sub.without_brought(effect.path, targets)
    if here and isinstance(effect, Consume) and summary.kind is CallKind.PLAIN:
        iterate_plainly(act, state, targets, span)
    done: set[Path] = set()
    meant = having(targets.things, effect.operation) if isinstance(effect, Write) else targets.things
    for thing in sorted(meant, key=lambda each: each.path):
        one = sub
        if (
            isinstance(effect, Write)
            and len(targets.things) > 1
            and any(each.root == effect.path.root for each in effect.sources)
        ):
            one = sub.narrowed(effect.path.root, thing)
            sources = one.sources(effect.sources)
        changed = msgspec.structs.replace(
            effect, path=thing.path, sources=sources, site=act.site(span) if here else effect.site
        )
        if isinstance(changed, Write) and isinstance(effect, Write):
            if changed.how not in BINDING and effect.path.root.kind in SYMBOLIC and is_unchanging(thing):
                continue
            place = (state.kept_at(thing.path) if thing.path.root.kind is RootKind.MADE else None) or thing.path
            if place in done and changed.how in REMOVING:
                continue  # what this invocation has put there, and what was there before: one of both
            done.add(place)
            write(one, changed, effect, thing, path_trace)
            if here and len(targets.things) == 1 and fullness.fills(changed):
                fullness.fill(state, thing.path)
            if here and changed.how is How.SHRINK and (summary.returns.things or summary.stores):
                fullness.take_one(state, thing.path)
            continue
        if isinstance(changed, Read) and changed.origin == "unset" and is_set(sub, thing.path):
            continue
        if isinstance(changed, Close) and state.is_bound(thing.path):
            # every invocation opens it again before it closes it
            continue
        if isinstance(changed, Read) and changed.origin == "needed" and thing.path in state.written:
            continue
        if isinstance(changed, Consume) or (isinstance(changed, Read) and changed.origin == "loop"):
            found_there = thing.path == effect.path and thing.path in sub.written
            if found_there or uses.is_new(state, thing.path, sub.written):
                continue  # this invocation has made it
        if here and isinstance(changed, Pending | Defer):
            name = yield from _called_by(sub, effect, summary)
            changed = msgspec.structs.replace(changed, callee=name)
        if isinstance(changed, Consume) or (isinstance(changed, Pending) and changed.work in happening.MADE_ONCE):
            tests = frozenset(sub.sources(test) for test in changed.tests) | happening.tests_of(state)
            changed = msgspec.structs.replace(changed, tests=tests)
        if isinstance(changed, Pending):
            if (yield from put_back(sub, summary, effect, thing)):
                continue
            of_argument = here and effect.path.root.kind is RootKind.PARAMETER
            if of_argument and changed.work is Work.FILE and not folders.is_name(act.world, thing):
                continue
            if changed.loop is not None:
                changed = yield from on_loop(sub, changed, changed.loop)
            if changed.heeds:
                changed = msgspec.structs.replace(changed, heeds=(yield from heeding.heeded(sub, changed.heeds)))
            elsewhere = handed_on and not here and act.name != PLATFORM
            if elsewhere and changed.work in (Work.TASK, Work.COROUTINE, Work.FUTURE):
                changed = msgspec.structs.replace(changed, site=act.site(span), held=False)
                path_trace = ()
            if thing.path.root.kind is RootKind.LIBRARY and state.is_reset(thing.path):
                continue
            opened = changed if not here and changed.work is not Work.FILE else pending.described(state, changed)
            if opened is None:
                continue
            changed = opened
        elif (
            isinstance(changed, Defer)
            and isinstance(effect, Defer)
            and changed.api == "parameter"
            and not changed.operation
        ):
            _handed_on(sub, changed, effect)
            continue
        elif (isinstance(changed, Close | Defer) and here and thing.type.kind is TypeKind.CONSTANT) or (
            isinstance(changed, Consume)
            and (
                (here and not uses.is_iterator(act.world, thing)) or is_within(extend(thing.path, POSITION), sub.new[0])
            )
        ):
            continue
        if isinstance(changed, Defer) and changed.api == "context" and not changed.to_work:
            changed = msgspec.structs.replace(changed, to_work=state.is_reset(extend(thing.path, HELD)))
        if isinstance(changed, Defer) and here and isinstance(effect, Defer) and changed.api == "done-callback":
            _handed_on(sub, changed, effect)
        token = Token(changed, path_trace)
        if not here:
            token = with_status(token, effect)
        state.open(token)
        if isinstance(changed, Defer) and changed.api == "done-callback":
            take_out_when_done(state, of(thing))


def _handed_on(sub: Substitution, effect: Defer, original: Defer) -> None:
    """What the callee is given is called later: perhaps a callback parameter of this function is in it."""
    found = [
        sub.arguments[int(source.root.name)]
        for source in sorted(original.sources)
        if source.root.kind is RootKind.PARAMETER and int(source.root.name) < len(sub.arguments)
    ]
    handed_over.defer_parameters(sub.act, sub.state, found, sub.span, [effect.path] if effect.path else [])


def _called_by(sub: Substitution, effect: AnyEffect, summary: Summary) -> Solving:
    """Name of the function that the work runs, or that is called back."""
    paths = [invoke.path for invoke in summary.invokes if invoke.moment is Moment.WORK]
    if isinstance(effect, Defer):
        paths = sorted(effect.sources)
    for path in paths:
        value = yield from sub.things(path)
        for each in ordered(value.things):
            thing = handed_over.unwrapped(sub.act, sub.state, each)
            if thing.type.kind in (TypeKind.FUNCTION, TypeKind.METHOD):
                return thing.type.name.partition("::")[2].replace("<locals>.", "")
            if thing.type.kind in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD) and "<" not in thing.type.name:
                row = sub.act.world.models.row(thing.type.name)
                if row is None or not row.invokes:  # else it only passes on: ``Thread.run``
                    return thing.type.name.removeprefix("builtins.")
    return ""
