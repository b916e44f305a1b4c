"""Callables that are handed over: callbacks kept by an object, contexts that do not follow."""

from __future__ import annotations

import re
from typing import Final

from leaklint.ir.effects import Defer
from leaklint.ir.location import Span
from leaklint.ir.values import Path, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.effects import callee_name, open_effect
from leaklint.solve.lattice import extend, of, ordered, parameter
from leaklint.solve.state import State

CALLBACK: Final = re.compile(r"(.*_)?(callback|cb|listener|subscriber)|on_\w+|then|(.*_)?(done|complete)_fn")
"""Names of parameters that take a callback."""
CALLABLES: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.PARTIAL})


def context_lost(act: Activation, state: State, target: Value, span: Span) -> None:
    """A function runs where the context does not follow, and reads variables that this invocation has set."""
    names = [callee_name(of(thing)) for thing in ordered(target.things)]
    for place in sorted(state.reads):
        variable = Path(place.root, place.fields[:-1])
        if place.fields[-1:] == (".context",) and state.is_reset(extend(variable, ".value")):
            open_effect(
                act,
                state,
                Defer(site=act.site(span), path=variable, api="context", callee=names[0] if names else ""),
            )


def defer_parameter(act: Activation, state: State, value: Value, span: Span, kept_in: Path | None) -> None:
    """A callback parameter of the project's own function is handed to deferred work, or kept in an object."""
    for index, formal in enumerate(act.facts.parameters):
        if not CALLBACK.fullmatch(formal.name):
            continue
        if any(
            thing.path == parameter(index) and thing.type.kind in (*CALLABLES, TypeKind.UNKNOWN)
            for thing in value.things
        ):
            open_effect(act, state, Defer(site=act.site(span), path=kept_in, api="parameter", operation=formal.name))


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
