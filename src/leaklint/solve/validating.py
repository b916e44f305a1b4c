"""Validators: methods that a base class of a library calls with what an object is made of (``@field_validator``)."""

from __future__ import annotations

from leaklint.ir.facts import decorator_name
from leaklint.ir.location import Span
from leaklint.ir.values import Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import of
from leaklint.solve.state import State
from leaklint.solve.world import Solving, class_path, function_path


def validate(act: Activation, state: State, made: Thing, given: Value, span: Span) -> Solving:
    """Calls the validators of a new object; ``given`` is what it is made of."""
    from leaklint.solve.calls import apply

    world, order = act.world, act.world.order(made.type.name)
    rows = [world.models.class_row(each, "checked_by") for each in order if "::" not in each]
    decorators = {name for row in rows if row is not None for name in row.checked_by}
    for owner in order if decorators else ():
        facts = world.program.class_(owner)
        for method in facts.methods.values() if facts is not None else ():
            name = f"{owner.partition('::')[0]}::{method}"
            function = world.program.function(name)
            if function is None or decorators.isdisjoint(map(decorator_name, function.decorators)):
                continue
            taken = [each for each in function.parameters if each.kind in ("positional", "either")]
            of_class = Thing(class_path(owner), Type(TypeKind.CLASS, owner))
            receiver = made if taken and taken[0].name == "self" else of_class
            rest = [given] * sum(not each.has_default for each in taken[1:])
            checks = Thing(function_path(name), Type(TypeKind.FUNCTION, name))
            yield from apply(act, state, of(checks), Arguments((of(receiver), *rest)), span)
