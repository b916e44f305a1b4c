"""Fields that a class has without saying so: those of dataclasses and named tuples."""

from __future__ import annotations

from leaklint.ir.values import RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import constants, extend
from leaklint.solve.lookup import kept
from leaklint.solve.members import CLASS_VARIABLES
from leaklint.solve.state import State


def keep_fields(act: Activation, state: State, thing: Thing, class_name: str, arguments: Arguments) -> None:
    """A dataclass or a named tuple keeps its arguments in its fields, or their plain defaults."""
    facts = act.world.program.class_(class_name)
    known = act.world.classes.get(class_name)
    if facts is None:
        return
    names = [name for name, text in facts.annotations.items() if not text.startswith(CLASS_VARIABLES)]
    given = dict(zip(names, arguments.positional, strict=False)) | dict(arguments.named)
    for name, value in given.items():
        state.heap[extend(thing.path, f".{name}")] = value
    if "typing.NamedTuple" in act.world.order(class_name):
        for position, name in enumerate(names):
            if name in given:
                state.heap[extend(thing.path, f"[{position}]")] = given[name]
    for name in names if known is not None and not arguments.rest else ():
        default = known.attributes.get(name) if known is not None else None
        snapshot = default is not None and any(source.root.owner.startswith("snapshot") for source in default.sources)
        if default is None or name in given:
            continue
        if snapshot or constants(default) is not None or all(_is_shared(thing) for thing in default.things):
            state.heap[extend(thing.path, f".{name}")] = Value(default.things, kept(default.sources))


def _is_shared(default: Thing) -> bool:
    """Whether a default is an object of the project's with a name of its own, which all instances then share."""
    return default.path.root.kind is RootKind.STATIC and default.type.kind is TypeKind.INSTANCE
