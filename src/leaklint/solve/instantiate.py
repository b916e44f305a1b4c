"""Instantiation: a summary, written in terms of parameters, is applied to the arguments of one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Close, Consume, Defer, How, Pending, Read, Regime, Settled, Work, Write
from leaklint.ir.location import Span
from leaklint.ir.summary import CallKind, Invoke, Moment, Summary
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve import effects as happening
from leaklint.solve import handed_over, pending, uses
from leaklint.solve.activation import PLATFORM, Activation
from leaklint.solve.lattice import ELEMENT, extend, join_all, of, ordered, slot, survives, unknown
from leaklint.solve.lookup import read_field
from leaklint.solve.registered import is_registry, keep
from leaklint.solve.state import State, Status, Token, Trace
from leaklint.solve.substitution import Substitution, elements
from leaklint.solve.world import Solving, span_in

MAX_TRACE: Final = 24


STATUS: Final = {
    Settled.NEVER: Status.OPEN,
    Settled.SOME_PATHS: Status.MIXED,
    Settled.UNCERTAIN: Status.UNCERTAIN,
    Settled.NORMAL_PATHS: Status.SETTLED,
    Settled.ALWAYS: Status.SETTLED,
}
BINDING: Final = frozenset({How.SET_ATTRIBUTE, How.REBIND, How.COUNT})
"""Ways of writing that concern a place, whatever it held before."""


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
) -> Solving:
    """Applies a summary to a call: its effects, stores and settlements happen in ``state``; gives its result."""
    is_row = bool(row)
    sub = Substitution(act, state, arguments, span, cells or {}, cell_paths or {}, is_row=is_row)
    returned_paths = {thing.path for thing in summary.returns.things}
    written: set[Path] = set()
    # first what the call takes away, then what it adds: clear() before bind()
    for path in sorted(summary.resets):
        target = yield from sub.things(path)
        places = yield from sub.places(path)
        for thing in target.things | places.things:
            happening.reset(state, thing.path)
    for path in sorted(summary.trims):
        target = yield from sub.things(path)
        state.trimmed |= {thing.path for thing in target.things if thing.path.root.kind is not RootKind.MADE}
    for path in sorted(summary.writes):
        places = yield from sub.places(path)
        if len(places.things) == 1:
            written.update(thing.path for thing in places.things if thing.path.root.kind is not RootKind.MADE)
    for place in summary.reads:
        if place.root.kind is RootKind.FREE:
            state.read(sub.cell_paths.get(place.root.name, place))
        elif place.root.kind is RootKind.PARAMETER:
            value = yield from sub.things(place)
            for thing in value.things:
                if thing.path.root.kind is not RootKind.MADE:
                    state.read(thing.path)
        else:
            state.read(place)
    for settle in summary.settles:
        target = yield from sub.things(settle.path)
        if survives(settle.path):
            target = join_all([target, *_kept_at(act, state, settle.path)])
        if Work.FILE in settle.work and settle.path.root.kind is RootKind.PARAMETER:
            named = arguments[int(settle.path.root.name)] if int(settle.path.root.name) < len(arguments) else NOTHING
            pending.remove_file(state, named, every_path=settle.every_path)
        for thing in target.things:
            pending.settle_at(state, thing.path, settle.work, certain=settle.certain, every_path=settle.every_path)
            of_context = thing.path.root.kind is RootKind.LIBRARY and thing.path.root.owner == "context"
            if of_context and settle.every_path and is_row:
                state.resets |= {thing.path}
            if act.importing:
                # a decorator or an integration that does it for every invocation
                act.world.settled.setdefault(thing.path, set()).add(act.path)
    if written - state.written:
        state.written |= written
    for store in summary.stores:
        yield from _store(sub, store.path, store.value)
    sub.changed()
    for effect, trace in summary.effects:
        yield from _effect(sub, effect, trace, returned=effect.path in returned_paths, summary=summary)
    result = yield from _value(sub, summary.returns)
    for invoke in summary.invokes:
        got = yield from _invoke(sub, invoke)
        sub.changed()
        if invoke.result == "returns":
            result = Value(result.things | got.things, result.sources | got.sources)
        elif invoke.result == "elements":
            for thing in result.things:
                happening.bind_field(act, state, thing, ELEMENT, got, certain=False)
    if not result.things and is_row:
        return unknown(sub.result, result.sources)
    return result


def _kept_at(act: Activation, state: State, path: Path) -> list[Value]:
    """What this invocation has put where a callee settles what it finds."""
    if path.fields[-1:] == (ELEMENT,):
        owner = of(Thing(Path(path.root, path.fields[:-1])))
        return [elements(act, state, owner)]
    stored = read_field(act, state, path)
    return [stored] if stored is not None else []


def handed_over_at(sub: Substitution) -> Span:
    """Where the callable was handed over: where the thread was made, if that is in this function, else the call."""
    for thing in sub.arguments[0].things if sub.arguments else ():
        root = thing.path.root
        made_here = root.kind is RootKind.MADE and root.name.startswith(f"{sub.act.name}@") and "/" not in root.name
        span = span_in(root.name) if made_here else None
        if span is not None:
            return span
    return sub.span


def _in_order(state: State, sequence: Value) -> list[Value]:
    """The elements of a sequence that was written out, by position."""
    found: list[Value] = []
    for thing in sequence.things:
        while (stored := state.heap.get(extend(thing.path, f"[{len(found)}]"))) is not None and len(found) < 12:
            found.append(stored)
    return found


def _value(sub: Substitution, value: Value) -> Solving:
    things: set[Thing] = set()
    sources = set(sub.sources(value.sources))
    for thing in value.things:
        if thing.type.kind in (TypeKind.CONSTANT, TypeKind.LIBRARY, TypeKind.MODULE, TypeKind.CLASS):
            things.add(thing)
            continue
        found = yield from sub.things(thing.path)
        if thing.path.root.kind in (RootKind.PARAMETER, RootKind.FREE):
            sources |= found.sources
        for each in found.things:
            things.add(Thing(each.path, thing.type) if each.type.kind is TypeKind.UNKNOWN else each)
    return Value(frozenset(things), frozenset(sources))


def _store(sub: Substitution, path: Path, stored: Value) -> Solving:
    """A field of an object that the caller knows is bound by the callee."""
    value = yield from _value(sub, stored)
    if not value.things and not value.sources:
        return
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
    target = yield from sub.things(Path(path.root, tuple(above)))
    if field == ELEMENT:
        for thing in target.things:
            handed_over.defer_parameter(sub.act, sub.state, value, sub.span, thing.path)
    if field.startswith("<"):
        for thing in target.things:
            sub.state.heap[Path(thing.path.root, (*thing.path.fields, field))] = value
        return
    certain = len(target.things) == 1
    for thing in target.things:
        happening.bind_field(sub.act, sub.state, thing, field, value, certain=certain)


def _effect(sub: Substitution, effect: AnyEffect, trace: Trace, *, returned: bool, summary: Summary) -> Solving:
    """One effect of the callee happens in the caller, at each object that its path denotes here."""
    act, state, span = sub.act, sub.state, sub.span
    here = effect.site.path == ""
    path_trace = () if here else (act.place(span), *trace)[:MAX_TRACE]
    sources = sub.sources(effect.sources)
    if effect.path is None:
        happening.open_effect(act, state, msgspec.structs.replace(effect, sources=sources), path_trace)
        return
    if isinstance(effect, Write) and effect.how in BINDING:
        targets = yield from sub.places(effect.path)
    else:
        targets = yield from sub.things(effect.path)
    if here and isinstance(effect, Consume) and summary.kind is CallKind.PLAIN:
        happening.iterate_plainly(act, state, targets, span)
    for thing in sorted(targets.things, key=lambda each: each.path):
        changed = msgspec.structs.replace(
            effect, path=thing.path, sources=sources, site=act.site(span) if here else effect.site
        )
        if isinstance(changed, Write):
            _write(sub, changed, thing, path_trace, _arguments_in(effect.sources, len(sub.arguments)))
            continue
        if isinstance(changed, Read) and changed.origin == "unset" and state.is_reset(thing.path):
            continue
        if isinstance(changed, Close) and state.is_reset(thing.path):
            # every invocation opens it again before it closes it
            continue
        if isinstance(changed, Read) and changed.origin == "needed" and thing.path in state.written:
            continue
        if here and isinstance(changed, Pending | Defer):
            name = yield from _called_by(sub, effect, summary)
            changed = msgspec.structs.replace(changed, callee=name)
        if isinstance(changed, Pending):
            handed_on = returned and not here and act.name != PLATFORM
            if handed_on and changed.work in (Work.TASK, Work.COROUTINE, Work.FUTURE):
                changed = msgspec.structs.replace(changed, site=act.site(span), held=False)
                path_trace = ()
            if thing.path.root.kind is RootKind.LIBRARY and state.is_reset(thing.path):
                continue
            if here:
                opened = pending.described(act, state, changed, sub.arguments)
                if opened is None:
                    continue
                changed = opened
        elif (isinstance(changed, Close | Defer) and here and not _concerns(thing)) or (
            isinstance(changed, Consume) and here and not uses.is_iterator(act.world, thing)
        ):
            continue
        token = Token(changed, path_trace)
        if not here:
            token = _with_status(token, effect)
        state.open(token)


def _called_by(sub: Substitution, effect: AnyEffect, summary: Summary) -> Solving:
    """Name of the function that the work runs, or that is called back."""
    paths = [invoke.path for invoke in summary.invokes if invoke.moment is Moment.WORK]
    if isinstance(effect, Defer):
        paths = sorted(effect.sources)
    for path in paths:
        value = yield from sub.things(path)
        for each in ordered(value.things):
            thing = each
            if each.type.kind in (TypeKind.COROUTINE, TypeKind.PARTIAL):
                inner = read_field(sub.act, sub.state, slot(each.path, "<func>")) or NOTHING
                thing = next(iter(ordered(inner.things)), each)
            if thing.type.kind in (TypeKind.FUNCTION, TypeKind.METHOD):
                return thing.type.name.partition("::")[2].replace("<locals>.", "")
            # A method that the object has by its class, such as `Thread.run`, only runs what the object was given.
            inherited = bool(path.fields) and thing.type.name.endswith(path.fields[-1])
            if thing.type.kind in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD) and not inherited:
                return thing.type.name.removeprefix("builtins.")
    return ""


def _concerns(thing: Thing) -> bool:
    return thing.type.kind is not TypeKind.CONSTANT


def _with_status(token: Token, effect: AnyEffect) -> Token:
    """The token of a callee's effect, as far as the callee has settled it."""
    status = STATUS[effect.settled]
    return token._replace(
        status=status, skipped_at=effect.skipped_at, settled_with_exception=effect.settled is Settled.NORMAL_PATHS
    )


def _arguments_in(sources: Sources, count: int) -> list[int]:
    """Positions of the arguments that are, as they are, among the sources of what a callee writes."""
    found = [int(each.root.name) for each in sources if each.root.kind is RootKind.PARAMETER and not each.fields]
    return sorted(index for index in found if index < count)


def _write(sub: Substitution, effect: Write, thing: Thing, trace: Trace, written: Sequence[int]) -> None:
    act, state = sub.act, sub.state
    effect = msgspec.structs.replace(
        effect,
        key_sources=sub.sources(effect.key_sources),
        guards=sub.sources(effect.guards),
        chosen=sub.sources(effect.chosen),
    )
    place = thing.path
    if place.root.kind is RootKind.MADE:
        kept = state.escaped.get(Path(place.root))
        if kept is None:
            return
        place = Path(kept.root, (*kept.fields, *place.fields)[:3])
        effect = msgspec.structs.replace(effect, path=place)
    if thing.type.kind is TypeKind.CONSTANT or (place.root.kind is RootKind.LIBRARY and place.root.owner == "constant"):
        return
    if not trace and any(pending.holds_task(state, value) for value in sub.arguments[1:]):
        return
    if trace and any(pending.holds_task(state, sub.arguments[index]) for index in written):
        return
    undone = happening.undone_by(state, effect)
    if undone:
        state.settle(undone)
        return
    if effect.settled and trace:
        guards = frozenset().union(*(tested.reads for tested in state.guards)) if state.guards else frozenset()
        reset_before = effect.reset_before or state.is_reset(place)
        effect = msgspec.structs.replace(effect, guards=effect.guards | guards, reset_before=reset_before)
        state.open(_with_status(Token(effect, trace), effect))
        return
    happening.open_effect(act, state, effect, trace)


def _of_invocation(loop: Value, state: State) -> bool:
    """Whether a loop was made by this invocation and is kept nowhere."""
    return bool(loop.things) and all(
        thing.path.root.kind is RootKind.MADE
        and thing.type.kind is TypeKind.INSTANCE
        and thing.path not in state.escaped
        and Path(thing.path.root) not in state.escaped
        for thing in loop.things
    )


def _invoke(sub: Substitution, invoke: Invoke) -> Solving:
    """A callable that the callee was given is called."""
    from leaklint.solve.coroutines import invoked

    act, state = sub.act, sub.state
    target = yield from sub.things(invoke.path)
    given = []
    for argument in invoke.arguments:
        spread = [thing.path for thing in argument.things if thing.path.fields[-1:] == ("[*]",)]
        if spread:
            sequence = yield from sub.things(Path(spread[0].root, spread[0].fields[:-1]))
            given.extend(_in_order(state, sequence))
            continue
        value = yield from _value(sub, argument)
        given.append(value)
    fallback: Sources = frozenset()
    for index in range(len(sub.arguments)):
        fallback |= sub.deep(index)
    regime = invoke.regime
    if regime is Regime.OPEN and sub.arguments and _of_invocation(sub.arguments[0], state):
        regime = Regime.ENDS
    before = set(state.tokens)
    reads, state.reads = state.reads, frozenset()
    result = yield from invoked(act, state, target, given, invoke.moment, sub.span, fallback)
    if invoke.moment is Moment.WORK and not invoke.context_follows:
        at = handed_over_at(sub) if invoke.path.fields else sub.span
        handed_over.context_lost(act, state, target, at)
    if invoke.moment is Moment.NOW and invoke.regime is not Regime.NONE:
        # a context of its own, such as that of copy_context().run
        state.reads = frozenset(place for place in state.reads if place.fields[-1:] != (".context",))
    state.reads |= reads
    if invoke.moment in (Moment.WORK, Moment.LATER):
        handed_over.defer_parameter(act, state, target, sub.span, None)
    own_context = invoke.moment is not Moment.NOW or not invoke.context_follows
    for key in [key for key in state.tokens if key not in before]:
        token = state.tokens[key]
        effect = token.effect
        if isinstance(effect, Read) and effect.origin in ("loop", "needed") and effect.regime is Regime.NONE:
            state.tokens[key] = token._replace(effect=msgspec.structs.replace(effect, regime=regime))
        if not isinstance(effect, Pending):
            continue
        if effect.work is Work.TOKEN and own_context and not invoke.keeps_context:
            del state.tokens[key]
        elif regime is not Regime.NONE and effect.regime is Regime.NONE:
            del state.tokens[key]
            changed = token._replace(effect=msgspec.structs.replace(effect, regime=regime))
            state.tokens[changed.key] = changed
    return result
