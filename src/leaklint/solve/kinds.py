"""Kinds of objects, as far as it matters for what writes do: unchanging ones, weak containers, new and empty ones."""

from __future__ import annotations

from typing import Final

from leaklint.ir.values import Path, RootKind, Thing, TypeKind, Value
from leaklint.solve.state import State
from leaklint.solve.world import World

UNCHANGING: Final = frozenset(
    f"builtins.{name}" for name in ("bool", "bytes", "complex", "float", "frozenset", "int", "str", "tuple")
)
"""Types of objects that nothing changes in place."""


def is_weak(world: World, container: Thing) -> bool:
    """Whether a container keeps nothing alive: what is in it is somebody else's, and goes with that."""
    kind = container.type
    return (
        kind.kind is TypeKind.INSTANCE
        and "::" not in kind.name
        and world.models.class_row(kind.name, "weak") is not None
    )


def is_unchanging(thing: Thing) -> bool:
    """Whether nothing changes an object in place: a constant, a number, a text, an environment variable's text."""
    if thing.type.kind is TypeKind.CONSTANT or thing.type.name in UNCHANGING:
        return True
    return thing.path.root.kind is RootKind.LIBRARY and thing.path.root.name == "os.environ" and bool(thing.path.fields)


def is_in_unchanging(world: World, path: Path) -> bool:
    """Whether the object at hand, or the one around it, is a number or a text."""
    named = world.named.get(Path(path.root)) if path.root.kind is RootKind.STATIC else None
    return named is not None and named.type in UNCHANGING


def is_new_object(value: Value) -> bool:
    """Whether it is an object of the project's that this invocation has made: another one each time."""
    return any(
        thing.path.root.kind is RootKind.MADE and thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name
        for thing in value.things
    )


def is_empty(state: State, value: Value) -> bool:
    """Whether a value is None or a new container with nothing in it: what a variable holds that nobody has used."""
    return bool(value.things) and all(
        thing.type.constant == ("NoneType", None)
        or (
            thing.type.name.startswith(("builtins.", "collections."))
            and thing.path.root.kind is RootKind.MADE
            and not state.heap.under(thing.path.root)
        )
        for thing in value.things
    )
