"""What a class of the project does when an attribute is bound or deleted: properties, ``__set__``, ``__setattr__``."""

from __future__ import annotations

from leaklint.ir.location import Span
from leaklint.ir.values import Thing, Type, TypeKind, Value
from leaklint.solve import effects
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.calls import apply
from leaklint.solve.descriptors import descriptor_method
from leaklint.solve.lattice import constant, of, ordered
from leaklint.solve.members import class_member
from leaklint.solve.state import State
from leaklint.solve.world import Solving, function_path


def assign(act: Activation, state: State, thing: Thing, name: str, value: Value, span: Span) -> Solving:
    """Calls the property setter, or the ``__setattr__``, of a project's class; whether there was a setter."""
    for owner in act.world.order(thing.type.name):
        known = act.world.classes.get(owner)
        member = known.attributes.get(name) if known is not None else None
        for each in ordered(member.things) if member is not None else ():
            setter = yield from descriptor_method(act, state, each, "__set__")
            if setter is not None:
                yield from apply(act, state, setter, Arguments((of(thing), value)), span)
                return True
            function = _accessor(act, each, ".setter")
            if function is not None:
                yield from apply(act, state, of(function), Arguments((of(thing), value)), span)
                return True
        if member is not None and not _adds_to_property(act, member):
            break
    general = yield from class_member(act, state, thing.type.name, "__setattr__", bound_to=thing, on_class=False)
    if general is None or not any(each.type.kind is TypeKind.METHOD for each in general.things):
        return False
    yield from apply(act, state, general, Arguments((constant(name), value)), span)
    functions = [act.world.program.function(each.type.name) for each in general.things]
    if any(each is None or "__setattr__" in each.calls for each in functions):
        return False  # it goes on to bind the attribute as any other object does
    effects.bind_field(act, state, thing, f".{name}", value, certain=False)
    return True


def delete(act: Activation, state: State, target: Value, name: str, span: Span) -> Solving:
    """Calls what a property of a project's class does where it is deleted; whether all objects have such a property."""
    found = [(thing, _deleter(act, thing, name)) for thing in ordered(target.things)]
    if not found or any(deleter is None for _, deleter in found):
        return False
    for thing, deleter in found:
        if deleter is not None:
            yield from apply(act, state, of(deleter), Arguments((of(thing),)), span)
    return True


def _deleter(act: Activation, thing: Thing, name: str) -> Thing | None:
    """What a property of the object's class does where it is deleted."""
    if thing.type.kind is not TypeKind.INSTANCE or "::" not in thing.type.name:
        return None
    for owner in act.world.order(thing.type.name):
        known = act.world.classes.get(owner)
        member = known.attributes.get(name) if known is not None else None
        for each in ordered(member.things) if member is not None else ():
            function = _accessor(act, each, ".deleter")
            if function is not None:
                return function
        if member is not None and not _adds_to_property(act, member):
            return None
    return None


def _accessor(act: Activation, member: Thing, kind: str) -> Thing | None:
    """The function of a property that is of this kind: the last one of its name that is, as each adds to the others."""
    if not _is_accessor(act, member):
        return None
    name, _, number = member.type.name.partition("#")
    for count in range(int(number or "1"), 0, -1):
        identity = f"{name}#{count}" if count > 1 else name
        function = act.world.program.function(identity)
        if function is not None and any(text.endswith(kind) for text in function.decorators):
            return Thing(function_path(identity), Type(TypeKind.FUNCTION, identity))
    return None


def _adds_to_property(act: Activation, member: Value) -> bool:
    """Whether the member of a class is a property to which that of a base belongs: ``@Base.size.setter``."""
    return any(_is_accessor(act, each) for each in member.things)


def _is_accessor(act: Activation, member: Thing) -> bool:
    """Whether the function is one of those that add to a property: a setter, or what deletes it."""
    function = act.world.program.function(member.type.name) if member.type.kind is TypeKind.FUNCTION else None
    return function is not None and any(text.endswith((".setter", ".deleter")) for text in function.decorators)
