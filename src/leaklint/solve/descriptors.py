"""Attributes that a class computes: properties, cached properties, and objects with ``__get__`` and ``__set__``."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import How
from leaklint.ir.facts import FunctionFacts
from leaklint.ir.values import NOTHING, Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import effects
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, suspended
from leaklint.solve.classes import move_fields
from leaklint.solve.guards import Tested
from leaklint.solve.lattice import NONE, constant, constants, extend, of, unknown
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving, class_path, function_path

MAX_GETTING: Final = 2
"""How often a property is followed into itself: ``self.parent.root`` may ask an object that stands for its parents."""
MAX_DELEGATED: Final = 3
"""How many objects are asked, one by one, that each hand an attribute on to the next in their ``__getattr__``."""


def property_value(act: Activation, state: State, getter: str, facts: FunctionFacts | None, receiver: Value) -> Solving:
    """What a property gives: where its getter is a coroutine function, a coroutine."""
    from leaklint.solve.calls import call_project

    function = Thing(function_path(getter), Type(TypeKind.FUNCTION, getter))
    if facts is not None and facts.is_async and not facts.is_generator:
        return suspended(act, state, of(function), Arguments((receiver,)), act.at)
    if act.getting.count(getter) >= MAX_GETTING:
        return unknown(act.made(act.at))
    if act.got is not None and (known := act.got.get((getter, receiver))) is not None:
        return known
    act.getting.append(getter)
    value: Value = yield from call_project(act, state, function, [receiver], act.at)
    act.getting.pop()
    if act.got is not None:
        act.got[getter, receiver] = value
    return value


def cached_property_value(
    act: Activation, state: State, getter: str, facts: FunctionFacts | None, owner: Thing, name: str
) -> Solving:
    """What a cached property gives: the first result, which stays in the object for as long as that lives."""
    value: Value = yield from property_value(act, state, getter, facts, of(owner))
    place = extend(owner.path, f".{name}")
    if act.importing or place == owner.path:
        return value
    before = state.guards
    state.guards |= {Tested(frozenset({state.kept_at(place) or place}), False, act.at)}
    sources = deep_sources(state, value)
    effects.mutate(act, state, of(owner), How.SET_ATTRIBUTE, f".{name} =", act.at, sources=sources, field=f".{name}")
    state.guards = before
    if owner.path.root.kind is not RootKind.MADE:
        kept = set()
        for thing in value.things:
            if thing.path.root.kind is RootKind.MADE and thing.type.kind is TypeKind.INSTANCE:
                move_fields(state, thing, place)
                yield from _as_left(act, state, Thing(place, thing.type))
                kept.add(Thing(place, thing.type))
            else:
                kept.add(thing)
        value = Value(frozenset(kept), value.sources)
    state.heap[place] = value
    return value


def _as_left(act: Activation, state: State, kept: Thing) -> Solving:
    """An object that an earlier invocation has made holds what methods have bound in the place of a constant."""
    from leaklint.solve.members import rebinds_field

    for place, value in state.heap.under(kept.path.root).items():
        *above, field = place.fields or ("",)
        if tuple(above) != kept.path.fields or constants(value) is None:
            continue
        if (yield from rebinds_field(act, kept.type.name, field.removeprefix("."))):
            state.heap[place] = of(Thing(place), sources=frozenset({place}))


def descriptor_method(act: Activation, state: State, thing: Thing, name: str) -> Solving:
    """The method of a project's descriptor (``__get__``, ``__set__``); None where the object is none."""
    from leaklint.solve.members import class_member

    if thing.type.kind is not TypeKind.INSTANCE or "::" not in thing.type.name:
        return None
    method = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=False)
    known = method is not None and all(each.type.kind is TypeKind.METHOD for each in method.things)
    return method if known else None


def got_from(act: Activation, state: State, thing: Thing, bound_to: Thing, *, on_class: bool) -> Solving:
    """What the ``__get__`` of an object in a class gives; None where it has none."""
    getter = yield from descriptor_method(act, state, thing, "__get__")
    if getter is None:
        return None
    from leaklint.solve.calls import apply

    owner = of(Thing(class_path(bound_to.type.name), Type(TypeKind.CLASS, bound_to.type.name)))
    result = yield from apply(act, state, getter, Arguments((NONE if on_class else of(bound_to), owner)), act.at)
    return result if result != NOTHING else None


def computed_attribute(act: Activation, state: State, finder: Value, place: Path, name: str) -> Solving:
    """What ``__getattr__`` gives for a name that is nowhere else; None where it cannot be followed.

    It is asked only as long as nothing is in the place: what it puts there is lazy initialisation.
    """
    from leaklint.solve.calls import apply

    functions = [thing.type.name for thing in finder.things if thing.type.kind in (TypeKind.FUNCTION, TypeKind.METHOD)]
    if name.startswith("__") or len(functions) != 1 or act.getting.count(functions[0]) >= MAX_GETTING:
        return None
    if sum(each.endswith("__getattr__") for each in act.getting) >= MAX_DELEGATED:
        return None
    before = state.guards
    state.guards |= {Tested(frozenset({place}), False, act.at)}
    act.getting.append(functions[0])
    value: Value = yield from apply(act, state, finder, Arguments((constant(name),)), act.at)
    act.getting.pop()
    state.guards = before
    return value if any(thing.type.kind is not TypeKind.UNKNOWN for thing in value.things) else None
