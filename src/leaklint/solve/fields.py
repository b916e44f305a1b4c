"""Fields that a class has without saying so: those of dataclasses and named tuples."""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, RootKind, Thing, TypeKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import constants, extend, join_all, slot
from leaklint.solve.lookup import kept
from leaklint.solve.members import CLASS_VARIABLES
from leaklint.solve.origins import GIVEN
from leaklint.solve.state import State
from leaklint.solve.world import Solving, instance

FACTORY: Final = ".default_factory"
"""The field of what declares a field in which lies what makes its default, anew for each instance."""


def keep_fields(
    act: Activation, state: State, thing: Thing, class_name: str, arguments: Arguments, span: Span
) -> Solving:
    """A dataclass or a named tuple keeps its arguments in its fields, or their plain defaults, or new objects.

    Where there are more of them than fields, a base that nobody has seen takes the rest.
    """
    facts = act.world.program.class_(class_name)
    known = act.world.classes.get(class_name)
    if facts is None:
        return
    names = [name for name, text in facts.annotations.items() if not text.startswith(CLASS_VARIABLES)]
    given = dict(zip(names, arguments.positional, strict=False)) | dict(arguments.named)
    if surplus := arguments.positional[len(names) :]:
        state.heap[slot(thing.path, GIVEN)] = Value(frozenset(), join_all(surplus).sources)
        for name, value in known.attributes.items() if known is not None else ():
            if constants(value) is not None:
                state.heap[extend(thing.path, f".{name}")] = value
    for name, value in given.items():
        state.heap[extend(thing.path, f".{name}")] = value
        pending.entrust(state, value)
    if "typing.NamedTuple" in act.world.order(class_name):
        for position, name in enumerate(names):
            if name in given:
                state.heap[extend(thing.path, f"[{position}]")] = given[name]
    for name in names if known is not None and not arguments.rest else ():
        default = known.attributes.get(name) if known is not None else None
        if default is None or name in given:
            continue
        place = extend(thing.path, f".{name}")
        factory = join_all([act.world.field(extend(each.path, FACTORY)) or NOTHING for each in default.things])
        if factory.things:
            state.heap[place] = yield from _made_by(act, state, factory, place, span)
            continue
        snapshot = any(source.root.owner.startswith("snapshot") for source in default.sources)
        if snapshot or constants(default) is not None or all(_is_shared(thing) for thing in default.things):
            state.heap[place] = Value(default.things, kept(default.sources))


def _made_by(act: Activation, state: State, factory: Value, place: Path, span: Span) -> Solving:
    """The new object that each instance gets: one of a library's class lies in the field that holds it."""
    from leaklint.solve.calls import apply

    functions = {thing for thing in factory.things if thing.type.kind is TypeKind.FUNCTION}
    made: Value = (
        (yield from apply(act, state, Value(frozenset(functions)), Arguments(), span)) if functions else NOTHING
    )
    plain = {
        Thing(place, instance(act.world.models.canonical(thing.type.name)))
        for thing in factory.things
        if thing.type.kind is TypeKind.LIBRARY
    }
    unseen = {Thing(place)} if len(functions) + len(plain) < len(factory.things) else frozenset()
    return Value(made.things | plain | unseen, made.sources)


def _is_shared(default: Thing) -> bool:
    """Whether a default is an object of the project's with a name of its own, which all instances then share."""
    return default.path.root.kind is RootKind.STATIC and default.type.kind is TypeKind.INSTANCE
