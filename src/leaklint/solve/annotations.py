"""Annotations: the classes that they name, of a value itself and of its elements."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

from leaklint.ir.values import NOTHING, Thing, Type, TypeKind, Value
from leaklint.solve.lattice import extend
from leaklint.solve.lookup import BUILTINS, library, module_name
from leaklint.solve.world import Solving, World, instance

TRANSPARENT: Final = frozenset({"Annotated", "ClassVar", "Final", "NotRequired", "Optional", "Required", "Unpack"})
"""Forms that say something about the type that is their first argument."""
OF_MAPPING: Final = frozenset(
    {"DefaultDict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "dict"}
)
OF_FIRST: Final = frozenset(
    {
        "AsyncGenerator",
        "AsyncIterable",
        "AsyncIterator",
        "Collection",
        "Deque",
        "FrozenSet",
        "Generator",
        "Iterable",
        "Iterator",
        "KeysView",
        "List",
        "MutableSequence",
        "MutableSet",
        "Reversible",
        "Sequence",
        "Set",
        "Tuple",
        "ValuesView",
        "deque",
        "frozenset",
        "list",
        "set",
        "tuple",
    }
)
AWAITABLE: Final = frozenset({"Awaitable", "Coroutine", "CoroutineType"})
COROUTINE_FUNCTION: Final = Type(TypeKind.LIBRARY, "typing.<coroutine function>")
"""What ``Callable[..., Awaitable[X]]`` names."""


class Named(NamedTuple):
    """One alternative of an annotation: a dotted name and its type arguments, as text."""

    name: str
    arguments: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        """The last segment of the name."""
        return self.name.rpartition(".")[2]


def annotated(world: World, module: str, text: str) -> Solving:
    """A value of the type that an annotation names: ``Optional[X]`` and ``X | None`` mean X."""
    things: set[Thing] = set()
    for each in alternatives(text):
        if each.last in ("type", "Type") and len(each.arguments) == 1:
            for thing in (yield from _named(world, module, each.arguments[0])):
                things.add(Thing(thing.path, thing.type))
        elif each.last == "Callable" and _gives_coroutine(each):
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
    for each in alternatives(text):
        if each.last in OF_MAPPING and len(each.arguments) == 2:
            found.append((yield from annotated(world, module, each.arguments[1])))
        elif each.last in OF_FIRST and each.arguments:
            found.append((yield from annotated(world, module, each.arguments[0])))
    things: frozenset[Thing] = frozenset().union(*(value.things for value in found))
    return Value(things) if len(things) <= 3 else NOTHING


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


def _gives_coroutine(callable_: Named) -> bool:
    """Whether calling what is annotated so always gives something to be awaited."""
    if len(callable_.arguments) != 2:
        return False
    given = callable_.arguments[1]
    certain = all(part.strip() != "None" for part in _split(given, "|")) and not given.startswith(("Optional", "Union"))
    named = alternatives(given)
    return certain and bool(named) and all(each.last in AWAITABLE for each in named)


@functools.lru_cache(maxsize=8192)
def alternatives(text: str) -> tuple[Named, ...]:
    """What an annotation allows, without None: ``Optional[X]``, ``X | None`` and ``Union[X, None]`` allow X."""
    pending = [text]
    found: list[Named] = []
    while pending:
        for part in _split(pending.pop(0).strip().strip("'\""), "|"):
            name, bracket, rest = part.strip().strip("'\"").partition("[")
            name = name.strip()
            if not name or name == "None" or not all(each.isidentifier() for each in name.split(".")):
                continue
            arguments = tuple(each.strip() for each in _split(rest.rstrip()[:-1], ",")) if bracket else ()
            last = name.rpartition(".")[2]
            if last in TRANSPARENT and arguments:
                pending.append(arguments[0])
            elif last == "Union":
                pending.extend(arguments)
            else:
                found.append(Named(name, arguments))
    return tuple(found)


def leaves_open(text: str) -> bool:
    """Whether a function says that it gives something to be awaited in some calls, and something else in others."""
    kinds = {each.last in AWAITABLE for each in alternatives(text)}
    return len(kinds) == 2


def _split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand outside of all brackets."""
    parts: list[str] = []
    depth, start = 0, 0
    for index, character in enumerate(text):
        if character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]
