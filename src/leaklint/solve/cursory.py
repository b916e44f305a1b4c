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
from leaklint.ir.values import NOTHING, UNKNOWN_TYPE, Root, RootKind, Thing, Value
from leaklint.link.annotations import AWAITABLE, alternatives
from leaklint.solve.activation import Activation
from leaklint.solve.annotations import annotated, annotated_elements
from leaklint.solve.lattice import ELEMENT, extend
from leaklint.solve.state import State, Status
from leaklint.solve.world import Solving, instance

_SHARED: Final = frozenset(RootKind) - {RootKind.PARAMETER, RootKind.FREE, RootKind.MADE, RootKind.LIBRARY}
"""What a function can get at that is given nothing of it."""
_ASYNCHRONOUS: Final = frozenset({Work.COROUTINE, Work.TASK})
_NOT_FOLLOWED: Final = frozenset({*AWAITABLE, "Callable", "Never", "NoReturn"})
"""What an annotation names where more matters of a call than a class."""


def result_of_call(act: Activation, state: State, function: Thing, facts: FunctionFacts, span: Span) -> Solving:
    """What a call gives, where nothing else about it matters; None where the function has to be solved."""
    world, name = act.world, function.type.name
    if world.cursory is None or world.importing or facts.is_generator or facts.name.endswith("__"):
        return None
    if world.cursory.gives_back(name):
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
    types = {each.type for each in said.things} or {UNKNOWN_TYPE}
    return Value(frozenset(Thing(made, each) for each in types)) if named else NOTHING


def busy(act: Activation, state: State, given: Sequence[Value]) -> tuple[int, ...] | None:
    """By which of its arguments a function that is called can get at something asynchronous that is under way.

    None where it can do so without them, and where handlers are followed.
    """
    if act.busy is None:
        return None
    under_way = {*act.busy}
    for token in state.tokens.values() if act.is_judged else ():
        effect = token.effect
        if isinstance(effect, Pending) and effect.work in _ASYNCHRONOUS and token.status is not Status.SETTLED:
            if effect.path is None:
                return None
            under_way.add(effect.path.root)
    if not under_way:
        return ()
    for path, value in state.heap.items():
        if path.root.kind in _SHARED and any(thing.path.root in under_way for thing in value.things):
            return None
    return tuple(index for index, value in enumerate(given) if not under_way.isdisjoint(_roots(state, value)))


def _roots(state: State, value: Value) -> set[Root]:
    """The objects that can be reached from a value."""
    waiting = [thing.path.root for thing in value.things]
    found: set[Root] = set()
    while waiting:
        root = waiting.pop()
        if root not in found and root.kind is not RootKind.LIBRARY:
            found.add(root)
            waiting += [thing.path.root for held in state.heap.under(root).values() for thing in held.things]
    return found
