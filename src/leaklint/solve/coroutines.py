"""Coroutines that are awaited, and callables that are run after they were handed over."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import Work
from leaklint.ir.location import Span
from leaklint.ir.summary import Moment
from leaklint.ir.values import RootKind, TypeKind, Value
from leaklint.link.annotations import AWAITABLE
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, bind, formals_of, unpacked
from leaklint.solve.calls import apply, call_project
from leaklint.solve.lattice import VARIES, extend, join_all, of, ordered, unknown, with_sources
from leaklint.solve.library_calls import run_row, unknown_result
from leaklint.solve.lookup import read_field
from leaklint.solve.members import class_member
from leaklint.solve.state import State
from leaklint.solve.world import Solving

GOES_ON: Final = (Work.FUTURE, Work.SIBLINGS)
"""Work that goes on where a timeout ends the waiting for it: in a thread, or behind a shield."""


def awaited(act: Activation, state: State, value: Value, span: Span) -> Solving:
    """``await value``: a coroutine's body runs, a task or future is waited for, anything else is opaque."""
    results = []
    for thing in ordered(value.things):
        if thing.type.kind is TypeKind.COROUTINE:
            pending.settle_at(state, thing.path, single=True)
            callee, arguments = unpacked(act, state, thing)
            result = yield from run_coroutine(act, state, callee, arguments, span)
            results.append(result)
            continue
        if state.timeouts:
            pending.settle_at(state, thing.path, GOES_ON, times_out=True, single=True)
        pending.settle_at(state, extend(thing.path, ".siblings"), (Work.SIBLINGS,), times_out=True)
        pending.settle_at(state, thing.path, single=True)
        if thing.type.kind is TypeKind.UNKNOWN:
            act.wonder(thing.path)
        if thing.type.kind is TypeKind.INSTANCE:
            awaits = act.world.models.class_row(thing.type.name, "awaited") if "::" not in thing.type.name else None
            if "::" in thing.type.name:
                method = yield from class_member(
                    act, state, thing.type.name, "__await__", bound_to=thing, on_class=False
                )
                if method is not None:
                    yield from apply(act, state, method, Arguments(), span)
            if awaits is not None:
                stored = read_field(act, state, extend(thing.path, ".result"))
                if stored is not None:
                    results.append(stored)
                    continue
        results.append(unknown(act.made(span), frozenset({VARIES})))
    result = join_all(results) if results else unknown(act.made(span))
    return with_sources(result, value.sources)


def run_coroutine(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Solving:
    """The body of a coroutine function runs to its end."""
    results = []
    for thing in ordered(callee.things):
        kind = thing.type.kind
        if kind is TypeKind.FUNCTION:
            facts = act.world.program.function(thing.type.name)
            if facts is None:
                continue
            bound = bind(act, state, formals_of(facts), arguments, span)
            result = yield from call_project(act, state, thing, bound, span)
        elif kind is TypeKind.LIBRARY or (kind is TypeKind.LIBRARY_METHOD and act.world.models.row(thing.type.name)):
            result = yield from run_row(act, state, act.world.models.canonical(thing.type.name), arguments, span)
        else:
            result = unknown_result(act, state, of(thing), arguments, span)
        results.append(result)
    return join_all(results)


def invoked(
    act: Activation,
    state: State,
    value: Value,
    arguments: Arguments,
    moment: Moment,
    span: Span,
) -> Solving:
    """A callable (or a coroutine) that was handed over is run."""
    results = []
    for thing in ordered(value.things):
        kind = thing.type.kind
        if kind is TypeKind.COROUTINE:
            pending.settle_at(state, thing.path)
            callee, kept = unpacked(act, state, thing)
            result = yield from run_coroutine(act, state, callee, kept, span)
        elif kind is TypeKind.UNKNOWN or thing.type.name.rpartition(".")[2] in AWAITABLE:
            if thing.path.root.kind is RootKind.PARAMETER and moment in (Moment.LOOP, Moment.WORK):
                state.handed_over |= {thing.path}  # a coroutine perhaps, which runs then
            continue
        elif kind is TypeKind.CONSTANT:
            continue
        else:
            result = yield from apply(act, state, of(thing), arguments, span)
            for made in ordered(result.things):
                if made.type.kind is TypeKind.COROUTINE and moment is Moment.LOOP:
                    pending.settle_at(state, made.path)
                    callee, kept = unpacked(act, state, made)
                    result = yield from run_coroutine(act, state, callee, kept, span)
        results.append(result)
    return join_all(results)
