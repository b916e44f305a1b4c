"""Annotations: the classes that they name."""

from __future__ import annotations

from leaklint.ir.values import NOTHING, Thing, TypeKind, Value
from leaklint.solve.lookup import BUILTINS, library, module_name
from leaklint.solve.world import Solving, World, instance


def annotated(world: World, module: str, text: str) -> Solving:
    """A value of the type that an annotation names: ``Optional[X]`` and ``X | None`` mean X."""
    names = annotation_names(text)
    things = set()
    for dotted in names:
        head, *rest = dotted.split(".")
        value = yield from module_name(world, module, head)
        if value is None:
            value = library(f"builtins.{head}") if head in BUILTINS else None
        for thing in value.things if value is not None else ():
            if thing.type.kind is TypeKind.CLASS and not rest:
                things.add(Thing(thing.path, instance(thing.type.name)))
            elif thing.type.kind is TypeKind.LIBRARY:
                full = world.models.canonical(".".join([thing.type.name, *rest]))
                if world.models.is_class(full):
                    things.add(Thing(thing.path, instance(full)))
            elif thing.type.kind is TypeKind.MODULE and len(rest) == 1:
                inner = yield from module_name(world, thing.type.name, rest[0])
                for each in inner.things if inner is not None else ():
                    if each.type.kind is TypeKind.CLASS:
                        things.add(Thing(each.path, instance(each.type.name)))
    return Value(frozenset(things)) if len(things) <= 3 else NOTHING


def annotation_names(text: str) -> list[str]:
    """Dotted names of the classes that an annotation allows, without None and without type arguments."""
    text = text.strip().strip("'\"")
    for wrapper in ("Optional[", "typing.Optional[", "t.Optional[", "Annotated[", "Final[", "ClassVar["):
        if text.startswith(wrapper) and text.endswith("]"):
            text = text[len(wrapper) : -1]
            if wrapper == "Annotated[":
                text = text.partition(",")[0]
    names = []
    depth, current = 0, ""
    for character in text:
        if character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == "|" and depth == 0:
            names.append(current)
            current = ""
        elif depth == 0:
            current += character
    names.append(current)
    cleaned = [name.strip().strip("'\"") for name in names]
    return [name for name in cleaned if name and name != "None" and all(p.isidentifier() for p in name.split("."))]
