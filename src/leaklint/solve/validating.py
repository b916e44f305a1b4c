"""Validators: methods that a base class of a library calls with what an object is made of (``@field_validator``).

Fields whose annotations name such classes hold objects of these, which are made of the same data and checked as well.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from leaklint.ir.facts import decorator_name
from leaklint.ir.location import Span
from leaklint.ir.values import Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.annotations import annotated, annotated_inside
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import extend, of, ordered
from leaklint.solve.state import State
from leaklint.solve.world import Solving, World, class_path, function_path


def validate(
    act: Activation, state: State, made: Thing, given: Value, span: Span, fields: Collection[str] | None = None
) -> Solving:
    """Calls the validators of a new object and of those in it; ``given`` is what they are made of.

    ``fields`` are those of the object itself in which others may have to be made; None for all.
    """
    waiting, seen = [made], set[str]()
    while waiting:
        each = waiting.pop()
        if each.type.name in seen:
            continue
        seen.add(each.type.name)
        decorators = _decorators(act.world, each.type.name)
        if decorators:
            yield from _check(act, state, each, given, span, decorators)
            waiting += yield from _inside(act.world, each, fields if each is made else None)


def unchecked(arguments: Arguments) -> Collection[str] | None:
    """The fields that an object is made with for which nobody has made an object yet; None where that may be all."""
    if arguments.rest is not None:
        return None
    return {
        name
        for name, value in arguments.named
        if value.things and all(each.type.kind is TypeKind.UNKNOWN for each in value.things)
    }


def build(act: Activation, state: State, of_class: Value, arguments: Arguments, span: Span) -> Solving:
    """An object of a class is made of the first argument: ``Model.model_validate(data)`` is ``Model(**data)``."""
    from leaklint.solve.calls import apply

    given = arguments.everything()
    result = yield from apply(act, state, of_class, Arguments((), (), given[0] if given else None), span)
    return result


def _decorators(world: World, class_name: str) -> frozenset[str]:
    """The decorators that make validators of the methods of a class."""
    rows = [world.models.class_row(each, "checked_by") for each in world.order(class_name) if "::" not in each]
    return frozenset(chain.from_iterable(row.checked_by for row in rows if row is not None))


def _check(
    act: Activation, state: State, made: Thing, given: Value, span: Span, decorators: Collection[str]
) -> Solving:
    from leaklint.solve.calls import apply

    world = act.world
    for owner in world.order(made.type.name):
        facts = world.program.class_(owner)
        for method in facts.methods.values() if facts is not None else ():
            name = f"{owner.partition('::')[0]}::{method}"
            function = world.program.function(name)
            if function is None or not any(decorator_name(each) in decorators for each in function.decorators):
                continue
            taken = [each for each in function.parameters if each.kind in ("positional", "either")]
            of_class = Thing(class_path(owner), Type(TypeKind.CLASS, owner))
            receiver = made if taken and taken[0].name == "self" else of_class
            rest = [given] * sum(not each.has_default for each in taken[1:])
            checks = Thing(function_path(name), Type(TypeKind.FUNCTION, name))
            yield from apply(act, state, of(checks), Arguments((of(receiver), *rest)), span)


def _inside(world: World, made: Thing, fields: Collection[str] | None) -> Solving:
    """The objects of the project's classes that the fields of an object hold, as their annotations say."""
    found: list[Thing] = []
    for owner in world.order(made.type.name):
        facts, module = world.program.class_(owner), owner.partition("::")[0]
        for name, text in facts.annotations.items() if facts is not None else ():
            if fields is not None and name not in fields:
                continue
            place = extend(made.path, f".{name}")
            values = [(place, (yield from annotated(world, module, text)))]
            values += yield from annotated_inside(world, module, text, place)
            found += [
                Thing(path, each.type)
                for path, value in values
                for each in ordered(value.things)
                if "::" in each.type.name
            ]
    return found
