"""What is called around a framework's handlers, or before them, sets the context variables that these read.

It may also clean the folders into which they write files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Defer, Pending, Read, Work
from leaklint.ir.handler import Source
from leaklint.ir.location import Place, Span
from leaklint.ir.values import Sources
from leaklint.solve.filenames import lies_in_emptied
from leaklint.solve.handlers import Invoked
from leaklint.solve.lattice import HELD, extend, names_in
from leaklint.solve.world import World


class _Setter(NamedTuple):
    """A call that sets context variables."""

    call: Invoked
    asked_at: tuple[Place, ...]
    """Where a dependency is asked for."""


def surrounded(world: World, calls: Sequence[Invoked]) -> list[Invoked]:
    """The calls, of which each knows what is set by the time that it is made, without the files that are cleaned."""
    setters = [
        _Setter(call, tuple(sorted(world.registered_at.get(f"{call.path}::{call.handler.attribute}", ()))))
        for call in calls
        if call.sets
    ]
    result = []
    for call in calls:
        found = [each.call.sets for each in setters if each.call is not call and _is_before(world, calls, each, call)]
        known = _knowing(call, frozenset().union(*found)) if found else call
        result.append(_without_cleaned(known, [each for each in calls if _hands_on_to(world, each, call)]))
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
        return _hands_on_to(world, setter.call, call)
    if around.platform is not inner.platform:
        return False
    in_thread = around.copies_context and setter.call.function is not None and not setter.call.function.is_async
    if in_thread:
        return False
    if around.surrounds and around.receiver == "request" and not around.registered:
        return _inherits(world, call, setter.call)
    return around.surrounds or (around.injected and _is_asked_for(world, calls, setter, call))


def _hands_on_to(world: World, entry: Invoked, call: Invoked) -> bool:
    """Whether what the platform calls hands the event on to an application of a framework, whose files it imports."""
    around, inner = entry.handler, call.handler
    return (
        (around.source is not Source.DECORATOR or around.entry)
        and inner.source is Source.DECORATOR
        and not inner.entry
        and inner.path in world.overview.loaded_with(around.path)
    )


def _without_cleaned(call: Invoked, entries: Sequence[Invoked]) -> Invoked:
    """A call without the files in folders that whatever leads to it cleans, before it or when it is done."""

    def is_cleaned(effect: AnyEffect) -> bool:
        names = names_in(effect.sources) if isinstance(effect, Pending) and effect.work is Work.FILE else ()
        return any(all(lies_in_emptied(each.trimmed | each.resets, name) for each in entries) for name in names)

    return call._replace(effects=tuple(each for each in call.effects if not is_cleaned(each[0]))) if entries else call


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
