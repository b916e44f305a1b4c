"""Annotations: the classes that they name, of a value itself and of its elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leaklint.ir.values import NOTHING, Path, Thing, Type, TypeKind, Value
from leaklint.link.annotations import OF_FIRST, OF_MAPPING, alternatives, gives_coroutine
from leaklint.solve.lattice import ELEMENT, extend
from leaklint.solve.lookup import BUILTINS, library, module_name
from leaklint.solve.world import Solving, World, instance

MAX_NESTED: Final = 2
"""How deep containers in containers are followed."""
COROUTINE_FUNCTION: Final = Type(TypeKind.LIBRARY, "typing.<coroutine function>")
"""What ``Callable[..., Awaitable[X]]`` names."""


def annotated(world: World, module: str, text: str) -> Solving:
    """A value of the type that an annotation names: ``Optional[X]`` and ``X | None`` mean X."""
    things: set[Thing] = set()
    for each in alternatives(text):
        if each.last in ("type", "Type") and len(each.arguments) == 1:
            for thing in (yield from _named(world, module, each.arguments[0])):
                things.add(Thing(thing.path, thing.type))
        elif each.last == "Callable" and gives_coroutine(each):
            things.update(Thing(thing.path, COROUTINE_FUNCTION) for thing in library("typing.Callable").things)
        else:
            for thing in (yield from _named(world, module, each.name)):
                if thing.type.kind is TypeKind.CLASS or (
                    thing.type.kind is TypeKind.LIBRARY and world.models.is_class(thing.type.name)
                ):
                    things.add(Thing(thing.path, instance(thing.type.name)))
    return Value(frozenset(things)) if len(things) <= 3 else NOTHING


def annotated_elements(world: World, module: str, text: str) -> Solving:
    """A value of the type that an annotation gives the elements of a container (the values of a mapping)."""
    found = []
    for field, said in _inside(text):
        if field in (ELEMENT, "[0]"):
            found.append((yield from annotated(world, module, said)))
    things: frozenset[Thing] = frozenset().union(*(value.things for value in found))
    return Value(things) if len(things) <= 3 else NOTHING


def annotated_inside(world: World, module: str, text: str, path: Path, deep: int = MAX_NESTED) -> Solving:
    """The places below a container, with the values there, that an annotation tells of, containers in it included."""
    found: list[tuple[Path, Value]] = []
    for field, said in _inside(text):
        place = extend(path, field)
        value = yield from annotated(world, module, said)
        if value.things:
            found.append((place, Value(frozenset(Thing(place, each.type) for each in value.things))))
        if deep > 1 and "[" in said:
            found += yield from annotated_inside(world, module, said, place, deep - 1)
    return found


def _inside(text: str) -> Iterator[tuple[str, str]]:
    """The fields of a container that an annotation tells of, and the annotations of what is in them."""
    for each in alternatives(text):
        if each.last in OF_MAPPING and len(each.arguments) == 2:
            yield ELEMENT, each.arguments[1]
        elif each.last in ("tuple", "Tuple") and "..." not in each.arguments:
            yield from ((f"[{index}]", said) for index, said in enumerate(each.arguments))
        elif each.last in OF_FIRST and each.arguments:
            yield ELEMENT, each.arguments[0]


def annotated_content(world: World, module: str, text: str) -> Solving:
    """A value of the type that an annotation gives what a context variable holds."""
    for each in alternatives(text):
        if each.last == "ContextVar" and len(each.arguments) == 1:
            value = yield from annotated(world, module, each.arguments[0])
            return value
    return NOTHING


def _named(world: World, module: str, dotted: str) -> Solving:
    """The classes, the project's and libraries', that a dotted name may denote."""
    dotted = dotted.strip().strip("'\"")
    head, *rest = dotted.split(".")
    value = yield from module_name(world, module, head)
    if value is None:
        value = library(f"builtins.{head}") if head in BUILTINS else NOTHING
    found: list[Thing] = []
    for thing in value.things:
        if thing.type.kind is TypeKind.CLASS and not rest:
            found.append(thing)
        elif thing.type.kind is TypeKind.LIBRARY:
            full = world.models.canonical(".".join([thing.type.name, *rest]))
            found.append(Thing(thing.path, Type(TypeKind.LIBRARY, full)))
        elif thing.type.kind is TypeKind.MODULE and rest:
            *packages, last = rest
            inside = _submodule(world, thing.type.name, packages)
            inner = (yield from module_name(world, inside, last)) if inside is not None else None
            found += [each for each in (inner or NOTHING).things if each.type.kind is TypeKind.CLASS]
        elif thing.type.name == "typing.TypeVar" and not rest:
            bound = world.field(extend(thing.path, ".bound"))
            found += [each for each in (bound or NOTHING).things if each.type.kind is TypeKind.CLASS]
    return found


def _submodule(world: World, module: str, names: list[str]) -> str | None:
    """The module below a package of the project to which names lead."""
    for name in names:
        below = world.program.modules.submodule(module, name)
        if below is None:
            return None
        module = below
    return module
