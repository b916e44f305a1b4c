"""Tests of the class of an object: what ``isinstance`` answers, and what its answer says of a name."""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.awaitable_tests import answer_for, asked_by_classes
from leaklint.solve.elements import elements
from leaklint.solve.lattice import constant, observed, of, slot, with_sources
from leaklint.solve.state import State
from leaklint.solve.uses import ENUMS
from leaklint.solve.world import Solving, World, instance

CLASSES: Final = "<classes>"
"""The field of a test in which lie the classes of which it asks whether an object is of one."""
OF: Final = "of "
NOT_OF: Final = "not of "
"""Start of the field of a global name that says of which classes its object is, or is not."""
HAS: Final = "<has>"
"""The field of the answer of ``hasattr`` in which lie the attributes that are asked for."""


def is_instance(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``isinstance(value, classes)``: a constant where the answer is certain."""
    if len(arguments.positional) != 2:
        return None
    value, classes = arguments.positional
    answer = is_of(act, state, value, classes)
    if answer is not None:
        return with_sources(constant(answer), value.sources)
    path = act.made(span)
    state.heap[slot(path, CLASSES)] = classes
    return of(Thing(path, instance("builtins.bool")), sources=observed(value))
    yield


def is_of(act: Activation, state: State, value: Value, classes: Value) -> bool | None:
    """Whether a value is of the classes that another one denotes; None where that is not certain."""
    names = class_names(act, state, classes)
    answers = {belongs(act.world, thing, names) for thing in value.things}
    return answers.pop() if len(answers) == 1 else None


def class_names(act: Activation, state: State, classes: Value) -> frozenset[str]:
    """The classes that the second argument of ``isinstance`` names; none where they are not known."""
    found: set[str] = set()
    for thing in classes.things:
        if thing.type.kind in (TypeKind.CLASS, TypeKind.LIBRARY):
            found.add(thing.type.name)
            continue
        inner = elements(act, state, of(thing)) if thing.type.name == "builtins.tuple" else NOTHING
        if not inner.things or any(each.type.kind not in (TypeKind.CLASS, TypeKind.LIBRARY) for each in inner.things):
            return frozenset()
        found |= {each.type.name for each in inner.things}
    return frozenset(found)


def belongs(world: World, thing: Thing, names: frozenset[str]) -> bool | None:
    """Whether an object is of one of the classes; None where that is not certain."""
    kind = thing.type
    asked = asked_by_classes(names)
    if asked:
        return answer_for(world, thing, asked)
    if kind.kind is TypeKind.COROUTINE and names:
        is_any = "builtins.object" in names
        return is_any if is_any or all(each.startswith("builtins.") for each in names) else None
    name = _class_of(world, thing)
    if not names or kind.kind not in (TypeKind.INSTANCE, TypeKind.CONSTANT):
        return None
    if any(each in names for each in world.order(name)):
        return True
    own = "::" in name
    comparable = all(("::" in each) is own and (own or each.startswith("builtins.")) for each in names)
    return False if comparable and not any(name in world.order(each) for each in names) else None


def _class_of(world: World, thing: Thing) -> str:
    """The class of an object; of a member of an enumeration, which lies in its class as its value, that class."""
    root, constant_value = thing.path.root, thing.type.constant
    if constant_value is None:
        return thing.type.name
    owner = f"{root.owner}::{root.name}"
    is_member = root.kind is RootKind.CLASS and world.is_subclass(owner, ENUMS)
    return owner if is_member else f"builtins.{constant_value[0]}"


def note_class(state: State, variable: Path, names: frozenset[str], holds: bool) -> None:
    """What a global name denotes is, or is not, of one of the classes, until the name is bound anew."""
    state.full |= {slot(variable, f"<{OF if holds else NOT_OF}{' '.join(sorted(names))}>")}


def of_noted_class(world: World, state: State, variable: Path, value: Value) -> Value:
    """What a global name denotes, without what tests have excluded on the way here."""
    for each in state.full:
        said = each.fields[0][1:-1] if each.root == variable.root and len(each.fields) == 1 else ""
        if said.startswith((OF, NOT_OF)):
            holds, names = said.startswith(OF), frozenset(said.removeprefix(OF).removeprefix(NOT_OF).split(" "))
            kept = frozenset(thing for thing in value.things if belongs(world, thing, names) is not (not holds))
            value = Value(kept or value.things, value.sources)
    return value
