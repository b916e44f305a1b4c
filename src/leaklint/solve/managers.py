"""Context managers: what entering and leaving a ``with`` does."""

from __future__ import annotations

from typing import Final

from leaklint.ir import cfg
from leaklint.ir.effects import Pending, Work
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Thing, Type, TypeKind, Value
from leaklint.solve import effects, pending, uses
from leaklint.solve.activation import Activation, Transfer
from leaklint.solve.arguments import Arguments
from leaklint.solve.async_generators import ASYNC_GENERATOR, maker
from leaklint.solve.attributes import may_be_wrapped
from leaklint.solve.calls import apply
from leaklint.solve.coroutines import awaited
from leaklint.solve.elements import elements
from leaklint.solve.lattice import (
    NONE,
    TEMPORARY,
    extend,
    join_all,
    named,
    names_in,
    of,
    ordered,
    slot,
    unknown,
    with_sources,
)
from leaklint.solve.leaving import leave
from leaklint.solve.lookup import read_field
from leaklint.solve.members import GENERATORS, class_member
from leaklint.solve.names import value_of
from leaklint.solve.state import State
from leaklint.solve.world import Solving

MANAGER: Final = "asynccontextmanager"
"""The decorator that makes an asynchronous context manager of an asynchronous generator function."""
NO_MANAGERS: Final = frozenset(
    {
        "abc.ABC",
        "builtins.object",
        "contextlib.AbstractAsyncContextManager",
        "typing.AsyncContextManager",
        "typing.Generic",
        "typing.Protocol",
    }
)
"""Classes of libraries that are no synchronous context managers."""


def _enter(act: Activation, state: State, step: cfg.Enter) -> Solving:
    manager = value_of(act, state, step.manager)
    state.env[step.target] = yield from enter(act, state, manager, step.span, is_async=step.is_async)


def enter(act: Activation, state: State, manager: Value, span: Span, *, is_async: bool = False) -> Solving:
    """A context manager is entered; gives what is bound behind ``as``."""
    pending.use(state, manager)
    state.suppressed |= _suppressed(act, state, manager)
    state.timeouts |= _timeouts(act, manager)
    for thing in ordered(manager.things):
        uses.use_on_loop(act, state, thing, span)
    if not is_async:
        _enter_plainly(act, state, manager, span)
    name = "__aenter__" if is_async else "__enter__"
    results = []
    for thing in ordered(manager.things):
        result = yield from _managed(act, state, thing, name, Arguments(), span)
        if thing.type.kind is TypeKind.COROUTINE and not may_be_wrapped(act, state, thing):
            result = unknown(act.made(span, "entered"))  # it has no __aenter__, and nobody awaits it
        elif is_async and thing.type.kind is TypeKind.COROUTINE and _is_of_library(act, state, thing):
            # ``async with session.get(url) as response``: what can be awaited there can be entered, too
            result = yield from awaited(act, state, of(thing), span)
        elif result is None:
            inner = elements(act, state, of(thing))
            result = inner if inner.things and thing.type.name in GENERATORS else of(thing)
        elif is_async and any(each.type.kind is TypeKind.COROUTINE for each in result.things):
            result = yield from awaited(act, state, result, span)
        results.append(result)
    value, sources = join_all(results), manager.sources
    if all(thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name for thing in manager.things):
        # a folder that it was given need not be the one that it gives
        sources -= {TEMPORARY, *map(named, names_in(sources))}
    return with_sources(value, sources)


def _is_of_library(act: Activation, state: State, coroutine: Thing) -> bool:
    """Whether a call of a library has given the coroutine."""
    callee = read_field(act, state, slot(coroutine.path, "<func>")) or NOTHING
    return any(thing.type.kind in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD) for thing in callee.things)


def _enter_plainly(act: Activation, state: State, manager: Value, span: Span) -> None:
    """A plain ``with`` enters what only ``async with`` can enter: nothing of it runs."""
    names = [_only_asynchronous(act, thing) for thing in ordered(manager.things)]
    for name in names if all(names) else ():
        path = act.made(span, "entered")
        effect = Pending(
            site=act.site(span), operation="with", path=path, work=Work.COROUTINE, callee=name, how_dropped="entered"
        )
        effects.open_effect(act, state, effect)


def _only_asynchronous(act: Activation, thing: Thing) -> str:
    """The name of an asynchronous context manager that is no synchronous one; empty for all else."""
    if thing.type == ASYNC_GENERATOR:
        name = maker(thing)
        facts = act.world.program.function(f"{thing.path.root.owner}::{thing.path.root.name.partition('@')[0]}")
        decorated = facts is not None and any(each.rpartition(".")[2] == MANAGER for each in facts.decorators)
        return name if decorated else ""
    if thing.type.kind is not TypeKind.INSTANCE or "::" not in thing.type.name:
        return ""
    order = act.world.order(thing.type.name)
    own = [act.world.classes.get(each) for each in order if "::" in each]
    foreign = {each for each in order if "::" not in each}
    defined: set[str] = set().union(*(each.attributes for each in own if each is not None))
    if None in own or not foreign <= NO_MANAGERS or "__aenter__" not in defined or "__enter__" in defined:
        return ""
    return thing.type.name.rpartition("::")[2].rpartition(".")[2]


def _exit(act: Activation, state: State, step: cfg.Exit) -> Solving:
    manager = value_of(act, state, step.manager)
    yield from exit_from(act, state, manager, step.span, is_async=step.is_async, exceptional=step.exceptional)


def exit_from(
    act: Activation, state: State, manager: Value, span: Span, *, is_async: bool = False, exceptional: bool = False
) -> Solving:
    """A context manager is left."""
    state.suppressed -= _suppressed(act, state, manager)
    state.timeouts -= _timeouts(act, manager)
    name = "__aexit__" if is_async else "__exit__"
    for thing in ordered(manager.things):
        if thing.type.name == "contextvars.Token":
            variables = state.heap[slot(thing.path, "<variable>")]
            for each in variables.things:
                pending.settle_at(state, each.path, (Work.TOKEN,))
        if thing.type.name in GENERATORS:
            yield from leave(act, state, thing, span, exceptional=exceptional)
        result = yield from _managed(act, state, thing, name, Arguments((NONE, NONE, NONE)), span)
        if result is not None and is_async:
            yield from awaited(act, state, result, span)


def _suppressed(act: Activation, state: State, manager: Value) -> frozenset[str]:
    """Names of the exceptions that a context manager swallows."""
    found: set[str] = set()
    for thing in manager.things:
        if thing.type.name == "contextlib.suppress":
            given = elements(act, state, of(Thing(extend(thing.path, ".exceptions"))))
            found |= {each.type.name.rpartition(".")[2].rpartition("::")[2] for each in given.things}
    return frozenset(found)


def _timeouts(act: Activation, manager: Value) -> frozenset[Path]:
    """Those of the things that a manager may be that end what is awaited within them."""
    models = act.world.models
    return frozenset(thing.path for thing in manager.things if models.class_row(thing.type.name, "times_out"))


def _managed(act: Activation, state: State, thing: Thing, name: str, arguments: Arguments, span: Span) -> Solving:
    """Calls ``__enter__`` or ``__exit__`` of a context manager; None where nothing is known of it."""
    if thing.type.kind is not TypeKind.INSTANCE:
        return None
    if "::" in thing.type.name:
        method = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=False)
        if method is None:
            return None
        result = yield from apply(act, state, method, arguments, span)
        return result
    row = act.world.models.method(thing.type.name, name)
    if row is None:
        return None
    callee = of(Thing(thing.path, Type(TypeKind.LIBRARY, row)))
    result = yield from apply(act, state, callee, arguments.before([of(thing)]), span)
    return result


ASKING: Final[dict[type, Transfer]] = {
    cfg.Enter: _enter,
    cfg.Exit: _exit,
}
