"""Calls of which only the class of the result matters, in functions that no handler reaches.

Of such a function only that is wanted which becomes of its own calls. A function of the project that it calls, and that
can get at nothing asynchronous that is under way, can neither settle anything nor, if ``Giving`` says so, give back
anything asynchronous: what it does need not be known. Its body is solved only where nothing else says of which class
the result is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leaklint.facts.bindings import CONSTANT
from leaklint.ir.effects import Pending, Work
from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, UNKNOWN_TYPE, Path, RootKind, Thing, Value
from leaklint.link.annotations import AWAITABLE, alternatives
from leaklint.solve.activation import Activation
from leaklint.solve.annotations import annotated, annotated_elements
from leaklint.solve.context_variables import is_mutable
from leaklint.solve.lattice import ELEMENT, extend, is_prefix
from leaklint.solve.pending import ALL
from leaklint.solve.state import State, Status
from leaklint.solve.world import Busy, Solving, instance

_SHARED: Final = frozenset(RootKind) - {RootKind.PARAMETER, RootKind.FREE, RootKind.MADE, RootKind.LIBRARY}
"""What a function can get at that is given nothing of it."""
_ASYNCHRONOUS: Final = frozenset({Work.COROUTINE, Work.TASK})
_OF_ALL: Final = frozenset(name.rpartition(".")[2] for name, work in ALL.items() if work in _ASYNCHRONOUS)
"""By what a function gets at all that is under way."""
_NOT_FOLLOWED: Final = frozenset({*AWAITABLE, "Callable", "Never", "NoReturn"})
"""What an annotation names where more matters of a call than a class."""


def result_of_call(act: Activation, state: State, function: Thing, facts: FunctionFacts, span: Span) -> Solving:
    """What a call gives, where nothing else about it matters; None where the function has to be solved."""
    world, name = act.world, function.type.name
    if world.cursory is None or world.importing or facts.is_generator or facts.name.endswith("__"):
        return None
    if world.cursory.gives_back(name) or not _OF_ALL.isdisjoint(facts.calls):
        return None
    if facts.returns:
        result = yield from _declared(act, state, function, facts, span)
        return result
    kinds = world.cursory.result(name)
    if CONSTANT[0] in facts.bindings.get("return", ()):
        return None  # which one may decide what follows
    if not all(each.what in ("closed", "instance", "object") and each.name != "parameter" for each in kinds):
        return None
    types = {instance(each.name) for each in kinds if each.what != "closed"} or {UNKNOWN_TYPE}
    if len(types) > 1:
        return None  # which one, the arguments may decide
    return Value(frozenset(Thing(act.made(span), each) for each in types))


def _declared(act: Activation, state: State, function: Thing, facts: FunctionFacts, span: Span) -> Solving:
    """What a function says that it returns; None where that does not say of which class it is."""
    world, path, made = act.world, function.type.name.partition("::")[0], act.made(span)
    named = alternatives(facts.returns)
    if world.cursory is None or any(each.last in _NOT_FOLLOWED for each in named):
        return None
    kinds = world.cursory.result(function.type.name)
    if any(each.what == "any" for each in kinds):
        return None
    if any(each.what == "object" and world.cursory.is_only_said(each.name) for each in kinds):
        return None
    said = yield from annotated(world, path, facts.returns)
    inner = yield from annotated_elements(world, path, facts.returns)
    if len(said.things) > 1 or len(inner.things) > 1:
        return None
    if inner.things:
        below = extend(made, ELEMENT)
        state.heap[below] = Value(frozenset(Thing(below, each.type) for each in inner.things), frozenset({below}))
    # somebody else may know a container, too, and wait for the work that is put into it
    for_work = not any("::" in each.type.name for each in inner.things)
    types = {UNKNOWN_TYPE if for_work and is_mutable(each) else each.type for each in said.things} or {UNKNOWN_TYPE}
    return Value(frozenset(Thing(made, each) for each in types)) if named else NOTHING


def busy(act: Activation, state: State, given: Sequence[Value]) -> Busy | None:
    """Which arguments of a function that is called are, or hold, something asynchronous that is under way.

    None where it can get at such a thing without them, and where handlers are followed.
    """
    if act.busy is None:
        return None
    started: set[Path] = set()
    for token in state.tokens.values() if act.is_judged else ():
        effect = token.effect
        if isinstance(effect, Pending) and effect.work in _ASYNCHRONOUS and token.status is not Status.SETTLED:
            if effect.path is None:
                return None
            started.add(effect.path)
    for path, value in state.heap.items() if started else ():
        if path.root.kind in _SHARED and any(thing.path in started for thing in value.things):
            return None
    if not started and not act.busy:
        return ()
    found = []
    for index, value in enumerate(given):
        paths = {thing.path for thing in value.things}
        if _is_under_way(act, started, paths):
            found.append((index, False))
        if _is_under_way(act, started, _within(state, paths)):
            found.append((index, True))
    return tuple(found)


def _is_under_way(act: Activation, started: set[Path], paths: set[Path]) -> bool:
    """Whether one of these objects is something under way."""
    return not started.isdisjoint(paths) or any(
        path.root in act.busy and (not path.fields or act.busy[path.root]) for path in paths if act.busy
    )


def _within(state: State, paths: set[Path]) -> set[Path]:
    """What can be reached from objects, these aside where nothing leads back to them."""
    waiting, found = list(paths), set[Path]()
    while waiting:
        path = waiting.pop()
        if path.root.kind is RootKind.LIBRARY:
            continue
        for key, held in state.heap.under(path.root).items():
            if is_prefix(path, key):
                fresh = {thing.path for thing in held.things} - found
                found |= fresh
                waiting += fresh
    return found
