"""Callables that are handed over: callbacks kept by an object, contexts that do not follow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from leaklint.ir.effects import Defer
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.effects import callee_name, open_effect
from leaklint.solve.lattice import HELD, extend, is_prefix, of, ordered, parameter, slot
from leaklint.solve.lookup import read_field
from leaklint.solve.state import State

CALLBACK: Final = re.compile(r"(.*_)?(callback|cb|listener|subscriber)|on_\w+|then|(.*_)?(done|complete)_fn")
"""Names of parameters that take a callback."""
DATA: Final = ("builtins.str", "builtins.int", "builtins.float", "builtins.dict", "builtins.list", "builtins.tuple")
CARRIERS: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.PARTIAL, TypeKind.COROUTINE})
CALLABLES: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.PARTIAL})


def unwrapped(act: Activation, state: State, thing: Thing) -> Thing:
    """The function that a partial or a coroutine runs; anything else is what it is."""
    if thing.type.kind not in (TypeKind.COROUTINE, TypeKind.PARTIAL):
        return thing
    inner = read_field(act, state, slot(thing.path, "<func>")) or NOTHING
    return next(iter(ordered(inner.things)), thing)


def context_lost(act: Activation, state: State, target: Value, span: Span) -> None:
    """A function runs where the context does not follow, and reads context variables.

    That is a leak where this invocation has set the variable: here, or in a caller (``to_work`` then).
    """
    runs = [unwrapped(act, state, thing) for thing in ordered(target.things)]
    names = [callee_name(of(thing)) for thing in runs if not _passes_on(act, thing)]
    if target.things and not names:
        return
    for place in sorted(state.reads):
        variable = Path(place.root, place.fields[:-1])
        if place.fields[-1:] == (".context",):
            effect = Defer(
                site=act.site(span),
                path=variable,
                api="context",
                callee=names[0] if names else "",
                to_work=state.is_reset(extend(variable, HELD)),
            )
            open_effect(act, state, effect)


def _passes_on(act: Activation, thing: Thing) -> bool:
    """Whether a library's function only calls what its object was given: ``Thread.run``."""
    row = act.world.models.row(thing.type.name) if thing.type.kind is TypeKind.LIBRARY_METHOD else None
    return row is not None and bool(row.invokes)


def defer_parameters(act: Activation, state: State, given: Sequence[Value], span: Span, work: Sequence[Path]) -> None:
    """Callables with their arguments are handed to work: parameters of this function may be among them.

    One whose name says that it is a callback is named here; of any other, the callers have to say what it is.
    """
    for index in sorted(frozenset().union(*(_parameters_in(act, state, value) for value in given))):
        name = act.facts.parameters[index].name
        for path in work:
            open_effect(
                act,
                state,
                Defer(
                    site=act.site(span),
                    path=path,
                    api="parameter",
                    operation=name if CALLBACK.fullmatch(name) else "",
                    sources=frozenset({parameter(index)}),
                    to_work=True,
                ),
            )


def keep_parameter(act: Activation, state: State, value: Value, span: Span, kept_in: Path) -> None:
    """A callback parameter of the project's own function is kept in an object."""
    for index in sorted(_parameters_in(act, state, value)):
        name = act.facts.parameters[index].name
        if CALLBACK.fullmatch(name):
            open_effect(
                act,
                state,
                Defer(
                    site=act.site(span),
                    path=kept_in,
                    api="parameter",
                    operation=name,
                    sources=frozenset({parameter(index)}),
                ),
            )


def _parameters_in(act: Activation, state: State, value: Value) -> frozenset[int]:
    """Positions of the parameters that a value is, or that a callable carries: captured, bound, as the receiver."""
    positions = {parameter(index): index for index in range(len(act.facts.parameters))}
    found: set[int] = set()
    pending = [*ordered(value.things)]
    seen: set[Thing] = set()
    while pending and len(seen) < 32:
        thing = pending.pop()
        if thing in seen:
            continue
        seen.add(thing)
        kind = thing.type.kind
        if thing.path in positions and kind is not TypeKind.CONSTANT and not thing.type.name.startswith(DATA):
            found.add(positions[thing.path])
        if kind in CARRIERS:
            for key, below in state.heap.under(thing.path.root).items():
                if is_prefix(thing.path, key) and key.fields[-1:] and key.fields[-1].startswith("<"):
                    pending.extend(ordered(below.things))
    return frozenset(found)


def callback_attribute(act: Activation, state: State, thing: Thing, name: str, value: Value, span: Span) -> None:
    """A callback is set as an attribute of a library's object (``client.on_message = f``), as a row says."""
    full = act.world.models.method(thing.type.name, name)
    row = act.world.models.row(full) if full is not None else None
    for defers in row.defers if row is not None else ():
        if any(each.type.kind in CALLABLES for each in value.things):
            open_effect(
                act,
                state,
                Defer(
                    site=act.site(span),
                    path=extend(thing.path, f".{name}"),
                    api=defers.api,
                    row=full or "",
                    instead=defers.instead,
                    operation=name,
                ),
            )
