"""What is called around a framework's handlers, or before them, sets the context variables that these read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Defer, Read
from leaklint.ir.handler import Source
from leaklint.ir.location import Place, Span
from leaklint.ir.values import Sources
from leaklint.solve.handlers import Invoked
from leaklint.solve.lattice import HELD, extend
from leaklint.solve.world import World


class _Setter(NamedTuple):
    """A call that sets context variables."""

    call: Invoked
    asked_at: tuple[Place, ...]
    """Where a dependency is asked for."""


def surrounded(world: World, calls: Sequence[Invoked]) -> list[Invoked]:
    """The calls, of which each knows which context variables are set by the time that it is made."""
    setters = [
        _Setter(call, tuple(sorted(world.registered_at.get(f"{call.path}::{call.handler.attribute}", ()))))
        for call in calls
        if call.sets
    ]
    result = []
    for call in calls:
        found = [each.call.sets for each in setters if each.call is not call and _is_before(world, calls, each, call)]
        result.append(_knowing(call, frozenset().union(*found)) if found else call)
    return result


def _knowing(call: Invoked, variables: Sources) -> Invoked:
    """A call of a handler that finds these variables set: it may read them, and lose them to a thread."""
    values = {extend(each, HELD) for each in variables}

    def told(effect: AnyEffect) -> AnyEffect:
        is_lost = isinstance(effect, Defer) and effect.api == "context" and effect.path in variables
        return msgspec.structs.replace(effect, to_work=True) if is_lost else effect

    def is_set(effect: AnyEffect) -> bool:
        return isinstance(effect, Read) and effect.origin == "unset" and effect.path in values

    return call._replace(
        effects=tuple((told(each[0]), each[1], each[2], each[3]) for each in call.effects if not is_set(each[0]))
    )


def _is_before(world: World, calls: Sequence[Invoked], setter: _Setter, call: Invoked) -> bool:
    """Whether what a call has set is there when a handler of a framework is called."""
    around, inner = setter.call.handler, call.handler
    if inner.source is not Source.DECORATOR or inner.entry:
        return False
    if around.source is not Source.DECORATOR or around.entry:
        # what the platform calls hands the event on to the application, whose files it imports
        return inner.path in world.overview.loaded_with(around.path)
    if around.platform is not inner.platform:
        return False
    in_thread = around.copies_context and setter.call.function is not None and not setter.call.function.is_async
    if in_thread:
        return False
    if around.surrounds and around.receiver == "request" and not around.registered:
        return _inherits(world, call, setter.call)
    return around.surrounds or (around.injected and _is_asked_for(world, calls, setter, call))


def _inherits(world: World, call: Invoked, around: Invoked) -> bool:
    """Whether the object has the method, too, that is called around its others: ``dispatch`` of a view."""
    inner, outer = call.function, around.function
    return (
        inner is not None
        and outer is not None
        and f"{around.path}::{outer.in_class}" in world.order(f"{call.path}::{inner.in_class}")
    )


def _is_asked_for(world: World, calls: Sequence[Invoked], dependency: _Setter, call: Invoked) -> bool:
    """Whether a handler asks for a dependency, or an application or a router does for all of its handlers."""
    return any(
        _declares(call, place) or not (_is_alias(world, place) or any(_declares(each, place) for each in calls))
        for place in dependency.asked_at
    )


def _declares(call: Invoked, place: Place) -> bool:
    """Whether a place lies in the declaration of a handler: in its decorators or its parameters."""
    if call.function is None or call.path != place.path:
        return False
    return any(_holds(each, place.span) for each in (call.function.span, *call.function.decorator_spans))


def _is_alias(world: World, place: Place) -> bool:
    """Whether a place lies in what a name stands for that annotates parameters: ``UserDep = Annotated[...]``."""
    facts = world.program.files[place.path]
    return any(facts.module_names[name].line == place.span.line for name in facts.annotated_types)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.line <= inner.line and inner.end_line <= outer.end_line
