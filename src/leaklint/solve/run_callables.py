"""Callables that a call is given, and that it, or the work that it opens, calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Defer, Pending, Read, Regime, Work, Write
from leaklint.ir.location import Span
from leaklint.ir.summary import Invoke, Moment
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.models.reader import WOKEN
from leaklint.solve import handed_over, holding, serving
from leaklint.solve.arguments import Arguments
from leaklint.solve.elements import elements
from leaklint.solve.lattice import ELEMENT, HELD, SYMBOLIC, extend, join_all, of, ordered, slot, survives
from leaklint.solve.lookup import read_field
from leaklint.solve.pending import WAKERS, settle_at, tokens_at
from leaklint.solve.state import State, Status, Token
from leaklint.solve.substitution import Substitution
from leaklint.solve.undoing import REMOVING
from leaklint.solve.world import Solving, span_in

MAX_OF_ROW: Final = 3
"""Rows may say that something calls itself, or that two things call each other: so many of one are followed within each
other."""
EXECUTED: Final = ".executed"
"""The field of a loop, or of what runs one, in which lies what its default executor runs: leaving a runner waits."""


def run_callable(sub: Substitution, invoke: Invoke, work: Sequence[Path]) -> Solving:
    """A callable that the callee was given is called, as part of ``work`` where the call opens some."""
    from leaklint.solve.applications import start_up
    from leaklint.solve.coroutines import invoked

    act, state = sub.act, sub.state
    if sub.is_row and act.rows.count(sub.row) >= MAX_OF_ROW:
        return NOTHING
    target = yield from sub.things(invoke.path)
    given = yield from _arguments(sub, invoke)
    if invoke.moment is Moment.STARTUP:
        yield from start_up(act, state, target, given, sub.span)
        return NOTHING
    regime = invoke.regime
    loop = None
    if regime is Regime.OPEN and sub.arguments:
        loop = next((thing.path for thing in sub.arguments[0].things if thing.path.root.kind in SYMBOLIC), None)
        if of_invocation(sub.arguments[0], state):
            regime = Regime.ENDS
    before = dict(state.tokens)
    reads, state.reads = state.reads, frozenset()
    resets = state.resets
    if not invoke.context_follows:  # where it runs, context variables hold nothing of this invocation
        state.resets = frozenset(place for place in resets if place.fields[-1:] != (HELD,))
        if invoke.moment is Moment.WORK:
            yield from _begin(sub)
    woken = _woken(state) if invoke.moment is Moment.WORK else set()
    timeouts = state.timeouts
    if invoke.times_out:
        state.timeouts |= {sub.result}
    working = act.working
    if invoke.moment is Moment.WORK or (invoke.moment is Moment.LOOP and invoke.result != "returns"):
        act.working = [*work] or [sub.result]
    act.rows.append(sub.row)
    trimmed = state.trimmed
    result = yield from invoked(act, state, target, given, invoke.moment, sub.span)
    act.rows.pop()
    if invoke.moment is Moment.WORK:
        serving.drained_by_work(act, state, state.trimmed - trimmed - serving.by_work(state.trimmed))
    act.working = working
    state.timeouts = timeouts
    if invoke.copies_context or invoke.moment in (Moment.WORK, Moment.LATER):  # what it sets is not there for others
        state.resets = frozenset(place for place in state.resets if place.fields[-1:] != (HELD,))
    state.resets |= resets
    if invoke.moment is Moment.WORK:
        _never_awaited(state, result, [*work, sub.result])
    if invoke.moment is Moment.WORK and not (invoke.context_follows or _is_own(sub, invoke.through)):
        at = handed_over_at(sub) if invoke.path.fields else sub.span
        handed_over.context_lost(act, state, target, at)
    if invoke.moment is Moment.NOW and invoke.regime is not Regime.NONE:
        # a context of its own, such as that of copy_context().run
        state.reads = frozenset(place for place in state.reads if place.fields[-1:] != (".context",))
    state.reads |= reads
    if invoke.moment in (Moment.WORK, Moment.LATER):
        at = handed_over_at(sub) if invoke.path.fields else sub.span
        handed_over.defer_parameters(act, state, [target, *given.everything()], at, work)
    if invoke.moment is Moment.WORK:
        _wakes(state, _woken(state), [path for path in work if tokens_at(state, path, (Work.TIMER,))])
        for path in woken:
            state.heap[extend(path, WOKEN)] = of(Thing(path))
    own_context = invoke.moment is not Moment.NOW or not invoke.context_follows
    lasting = yield from _context_lasts(sub, invoke)
    if own_context and not lasting:  # what it takes out, it takes out of a context of its own
        state.tokens.update({key: token for key, token in before.items() if ends_with_context(token.effect)})
    for key in [key for key, token in state.tokens.items() if _is_opened(token, before.get(key))]:
        token = state.tokens[key]
        effect = token.effect
        if isinstance(effect, Read) and effect.origin in ("loop", "needed") and effect.regime is Regime.NONE:
            state.tokens[key] = token._replace(effect=msgspec.structs.replace(effect, regime=regime))
        if not isinstance(effect, Pending):
            continue
        if effect.ends_with_context and lasting:
            continue  # its context is there for the next one
        if effect.until_run and effect.path is not None and invoke.moment is Moment.LOOP:
            for thing in sub.arguments[0].things:
                place = extend(extend(thing.path, EXECUTED), ELEMENT)
                state.heap[place] = join_all([state.heap[place], of(Thing(effect.path))])
        ended = (effect.until_loop and invoke.moment is Moment.LOOP) or (effect.until_run and regime is Regime.RUN)
        if ended or (effect.ends_with_context and own_context):
            del state.tokens[key]
        elif regime is not Regime.NONE and effect.regime is Regime.NONE:
            del state.tokens[key]
            changed = token._replace(effect=msgspec.structs.replace(effect, regime=regime, loop=loop))
            state.tokens[changed.key] = changed
    return result


def _is_opened(token: Token, before: Token | None) -> bool:
    """Whether a callable has opened it: for the first time, or again, where an earlier round of a loop had run it."""
    if before is None:
        return True
    effect, earlier = token.effect, before.effect
    if not isinstance(effect, Pending) or not isinstance(earlier, Pending):
        return False
    return effect.regime is Regime.NONE and earlier.regime is not Regime.NONE


def ends_with_context(effect: AnyEffect) -> bool:
    """Whether what is opened lies in a context variable, and goes with its context."""
    return isinstance(effect, Pending) and effect.ends_with_context


def _context_lasts(sub: Substitution, invoke: Invoke) -> Solving:
    """Whether the context in which a callable runs is there for the next invocation: that of the receiver, or given."""
    given = (yield from sub.things(invoke.in_context)) if invoke.in_context is not None else NOTHING
    contexts = [thing for thing in given.things if thing.type.kind is not TypeKind.CONSTANT]
    if not contexts and invoke.keeps_context:
        contexts = [*sub.arguments[0].things]
    return any(survives(thing.path) for thing in contexts)


def _is_own(sub: Substitution, method: str) -> bool:
    """Whether the receiver is of a class of the project that overrides a method of the library's."""
    world = sub.act.world
    return bool(method) and any(
        world.program.function(f"{owner}.{method}") is not None
        for thing in sub.arguments[0].things
        for owner in world.order(thing.type.name)
        if "::" in owner
    )


def _begin(sub: Substitution) -> Solving:
    """What the object that runs the work was told to call first, where that happens in this invocation."""
    from leaklint.solve.coroutines import invoked

    for thing in ordered(sub.arguments[0].things) if sub.arguments else ():
        row = sub.act.world.models.class_row(thing.type.name, "begins_with")
        if row is None or survives(thing.path):
            continue
        first, arguments = (
            read_field(sub.act, sub.state, extend(thing.path, f".{name}")) or NOTHING for name in row.begins_with
        )
        if first.things:
            given = Arguments(tuple(_in_order(sub.state, arguments)))
            yield from invoked(sub.act, sub.state, first, given, Moment.WORK, sub.span)


def _woken(state: State) -> set[Path]:
    """Takes note of what has been woken so far, and forgets it."""
    found = {path for path, _ in state.heap.items() if path.fields[-1:] == (WOKEN,)}
    for path in found:
        state.heap.pop(path)
    return {Path(path.root, path.fields[:-1]) for path in found}


def _wakes(state: State, woken: Iterable[Path], work: Sequence[Path]) -> None:
    """Work that wakes who waits for an object is done when somebody has waited for that."""
    for path in woken:
        place = slot(path, WAKERS)
        state.heap[place] = join_all([state.heap[place], *(of(Thing(each)) for each in work)])


def note_wakers(sub: Substitution, defer: Defer) -> Solving:
    """A callback that is called once work has ended may wake somebody: who waits for that has waited for the work.

    What it leaves behind is left behind, but what it undoes is not undone: it happens later.
    """
    from leaklint.solve.coroutines import invoked

    work = (yield from sub.things(defer.path)) if defer.path is not None else NOTHING
    trial = sub.state.copy()
    _woken(trial)
    for thing in work.things:
        settle_at(trial, thing.path)
    for path in sorted(defer.sources):
        callback = yield from sub.things(path)
        yield from invoked(sub.act, trial, callback, Arguments((sub.arguments[0],)), Moment.LATER, sub.span)
    for key, token in trial.tokens.items():
        if key not in sub.state.tokens and token.status is not Status.SETTLED and _leaves_behind(token.effect):
            sub.state.tokens[key] = token
    _wakes(sub.state, _woken(trial), [thing.path for thing in ordered(work.things)])
    holding.take_out_when_done(sub.state, work)


def _leaves_behind(effect: AnyEffect) -> bool:
    """Whether a callback adds something that outlives it: state that is changed, other than by taking out, or work."""
    if isinstance(effect, Pending):
        return not effect.ends_with_context
    return isinstance(effect, Write) and effect.how not in REMOVING


def _never_awaited(state: State, result: Value, work: Sequence[Path]) -> None:
    """The work is to call a coroutine function: waiting for the work gives its coroutine, and runs nothing of it."""
    for thing in ordered(result.things):
        if thing.type.kind is TypeKind.COROUTINE and thing.path in work:
            for key in tokens_at(state, thing.path, (Work.COROUTINE,)):
                token = state.tokens.pop(key)
                own = token._replace(effect=msgspec.structs.replace(token.effect, path=slot(thing.path, "<coroutine>")))
                state.tokens[own.key] = own


def of_invocation(loop: Value, state: State) -> bool:
    """Whether a loop was made by this invocation and is kept nowhere."""
    return bool(loop.things) and all(
        thing.path.root.kind is RootKind.MADE
        and thing.type.kind is TypeKind.INSTANCE
        and state.kept_at(thing.path) is None
        for thing in loop.things
    )


def _arguments(sub: Substitution, invoke: Invoke) -> Solving:
    """What the callable is called with; where the row does not say, with something made of all that is given."""
    if invoke.arguments is None:
        sources: Sources = frozenset()
        for index in range(len(sub.arguments)):
            sources |= sub.deep(index)
        return Arguments((), (), Value(frozenset(), sources) if sources else None)
    given: list[Value] = []
    named: list[tuple[str, Value]] = []
    rest: Value | None = None
    for argument in invoke.arguments:
        spread = [thing.path for thing in argument.things if thing.path.fields[-1:] in (("[*]",), ("[**]",))]
        if not spread:
            value = yield from sub.value(argument)
            given.append(value)
            continue
        container = yield from sub.things(Path(spread[0].root, spread[0].fields[:-1]))
        known = _in_order(sub.state, container) if spread[0].fields[-1] == "[*]" else []
        named += _by_name(sub.state, container) if spread[0].fields[-1] == "[**]" else []
        given += known
        if not known and spread[0].fields[-1] == "[*]":
            inner = elements(sub.act, sub.state, container)
            if inner.things or inner.sources:
                rest = join_all([*([rest] if rest else []), inner])
    return Arguments(tuple(given), tuple(named), rest)


def _by_name(state: State, mapping: Value) -> list[tuple[str, Value]]:
    """The elements of a dictionary that was written out, by key."""
    found: dict[str, Value] = {}
    for thing in ordered(mapping.things):
        for key, stored in state.heap.under(thing.path.root).items():
            field = key.fields[-1] if key.fields else ""
            if key.fields[:-1] == thing.path.fields and field.startswith("['"):
                found[field[2:-2]] = stored
    return sorted(found.items(), key=lambda item: item[0])


def _in_order(state: State, sequence: Value) -> list[Value]:
    """The elements of a sequence that was written out, by position."""
    found: list[Value] = []
    for thing in ordered(sequence.things):
        while (stored := state.heap.get(extend(thing.path, f"[{len(found)}]"))) is not None and len(found) < 12:
            found.append(stored)
    return found


def handed_over_at(sub: Substitution) -> Span:
    """Where the callable was handed over: where the thread was made, if that is in this function, else the call."""
    for thing in ordered(sub.arguments[0].things) if sub.arguments else ():
        root = thing.path.root
        made_here = root.kind is RootKind.MADE and root.name.startswith(f"{sub.act.name}@") and "/" not in root.name
        span = span_in(root.name) if made_here else None
        if span is not None:
            return span
    return sub.span
