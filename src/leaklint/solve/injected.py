"""Dependencies: what a framework calls to get the arguments of a handler (``tracker: Tracker = Depends(current)``)."""

from __future__ import annotations

from typing import Final

from leaklint.ir.facts import Parameter
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, unpacked
from leaklint.solve.async_generators import ASYNC_GENERATOR
from leaklint.solve.attributes import get_attribute
from leaklint.solve.calls import apply
from leaklint.solve.coroutines import run_coroutine
from leaklint.solve.elements import elements
from leaklint.solve.kinds import variable_of
from leaklint.solve.lattice import UNKNOWN_CALL, extend, join, of, ordered, slot, survives
from leaklint.solve.lookup import module_name
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving, function_path, instance

_DEEPEST: Final = 10
"""Dependencies of dependencies are followed so far."""
_GENERATORS: Final = (ASYNC_GENERATOR, instance("builtins.generator"))


def injected(
    act: Activation, state: State, function: Thing, parameter: Parameter, place: Path, deep: int = 0
) -> Solving:
    """What a framework hands over for a parameter; None where it is request data (``place`` stands for that)."""
    path = function.type.name.partition("::")[0]
    called = yield from _called_for(act, function, path, parameter)
    if called is None or deep == _DEEPEST:
        return None
    found = NOTHING
    for thing in ordered(called.things):
        result = yield from _result(_asking(act, function, path), state, thing, place, parameter.span, deep)
        found = join(found, result)
    if any(_is_survivor(act, thing) or "::" in thing.type.name for thing in found.things):
        return found
    return found if _takes_nothing(act, state, called, found) else None


def _asking(act: Activation, function: Thing, path: str) -> Activation:
    """Where a dependency is asked for: in a file of its own where that of another one does so."""
    facts = act.world.program.function(function.type.name)
    if path == act.path or facts is None:
        return act
    return Activation(act.world, function.type.name, facts, importing=False)


def _is_survivor(act: Activation, thing: Thing) -> bool:
    """Whether an object survives: what a context variable holds does only where the import has said what that is."""
    known = thing.type.kind is not TypeKind.UNKNOWN
    return survives(thing.path) and (known or variable_of(act.world, thing.path) is None)


def _takes_nothing(act: Activation, state: State, called: Value, found: Value) -> bool:
    """Whether functions of the project give an object that they make of nothing from the request: a session."""
    own = all(
        each.type.kind is TypeKind.FUNCTION and act.world.program.function(each.type.name) for each in called.things
    )
    known = bool(found.things) and all(each.type.kind is not TypeKind.UNKNOWN for each in found.things)
    made_from = deep_sources(state, found).union(thing.path for thing in found.things)
    # an object of a class of a library is made by an unknown call as well
    told = UNKNOWN_CALL in made_from and any(each.type.name.startswith("builtins.") for each in found.things)
    return own and known and not told and not any(_may_be_of_request(act, each) for each in made_from)


def _may_be_of_request(act: Activation, source: Path) -> bool:
    """Whether a source is request data, or may be: what a context variable holds."""
    root = source.root
    asked = root.kind is RootKind.LIBRARY and root.owner == "request"
    return root.kind is RootKind.PARAMETER or asked or variable_of(act.world, source) is not None


def _called_for(act: Activation, function: Thing, path: str, parameter: Parameter) -> Solving:
    """What the framework calls: the default value hands it over, or the annotation does."""
    world = act.world
    if parameter.default.endswith("()") and world.overview.injects(path, parameter.default[:-2]):
        given = world.field(slot(function.path, f"<default {parameter.name}>")) or NOTHING
        if any(each.type.kind in (TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.CLASS) for each in given.things):
            return given
    unnamed = parameter.default if parameter.default_names_nothing else ""
    said = world.overview.dependency(path, parameter.annotation, unnamed)
    if said is None:
        return None
    file, (head, *rest) = said[0], said[1].split(".")
    value = yield from module_name(world, file, head)
    for name in rest if value is not None else ():
        value = yield from get_attribute(act, State(), value, name)
    return value


def _result(act: Activation, state: State, called: Thing, place: Path, span: Span, deep: int) -> Solving:
    """What a call of a dependency gives: what a coroutine returns, what a generator yields."""
    name = f"{called.type.name}.__init__" if called.type.kind is TypeKind.CLASS else called.type.name
    function = (
        called if called.type.kind is TypeKind.FUNCTION else Thing(function_path(name), Type(TypeKind.FUNCTION, name))
    )
    facts = act.world.program.function(name)
    arguments = []
    for each in facts.parameters[called.type.kind is not TypeKind.FUNCTION :] if facts is not None else ():
        if each.kind in ("either", "keyword"):
            below = extend(place, f".{each.name}")
            value = yield from injected(act, state, function, each, below, deep + 1)
            arguments.append((each.name, of(Thing(below), sources=frozenset({below})) if value is None else value))
    result: Value = yield from apply(act, state, of(called), Arguments((), tuple(arguments)), span)
    found = NOTHING
    for thing in ordered(result.things):
        if thing.type.kind is TypeKind.COROUTINE:
            pending.settle_at(state, thing.path)
            callee, given = unpacked(act, state, thing)
            found = join(found, (yield from run_coroutine(act, state, callee, given, span)))
        elif thing.type in _GENERATORS:
            found = join(found, elements(act, state, of(thing)))
        else:
            found = join(found, Value(frozenset({thing}), result.sources))
    return found
