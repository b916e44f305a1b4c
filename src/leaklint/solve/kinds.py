"""Kinds of objects, as far as it matters for what writes do: unchanging ones, weak containers, new and empty ones."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable
from typing import Final

from leaklint.ir.effects import AnyEffect, How, Pending, Work, Write
from leaklint.ir.values import Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve.lattice import ELEMENT, FACTORY, HELD, KEYS, NONE, SYMBOLIC, extend, survives
from leaklint.solve.lineages import OF_NOTHING
from leaklint.solve.state import State
from leaklint.solve.world import World

ATOMIC: Final = frozenset(f"builtins.{name}" for name in ("bool", "bytes", "complex", "float", "int", "str"))
"""Types of objects in which nothing lies."""
UNCHANGING: Final = ATOMIC | {"builtins.frozenset", "builtins.tuple"}
"""Types of objects that nothing changes in place."""
BINDING: Final = frozenset({How.SET_ATTRIBUTE, How.REBIND, How.COUNT})
"""Ways of writing that concern a place, whatever it held before."""
_NUMBERS: Final = frozenset({"bool", "float", "int", "builtins.bool", "builtins.float", "builtins.int"})
_BUILT_IN: Final = {f"builtins.{name}": dir(each) for name, each in vars(builtins).items() if isinstance(each, type)}
"""What the objects of Python's own classes have."""
_UNBOUNDED: Final = ("builtins.", "collections.")
_OF_THE_IMPORT: Final = frozenset({RootKind.STATIC, RootKind.CLASS})


def having(things: Iterable[Thing], name: str) -> list[Thing]:
    """Those of several things that may have an attribute or a method: a text has no ``append``.

    All elements of what a function is given lie at one place, and are told apart by what is done with them.
    """
    every = list(things)
    if not any(name in _BUILT_IN.get(each.type.name, ()) for each in every):
        return every
    return [each for each in every if name in _BUILT_IN.get(each.type.name, [name])]


def holding(world: World, state: State, things: list[Thing], name: str) -> list[Thing]:
    """Those of several things that may have an attribute, where one is known to have it.

    Objects of other classes may stand beside it: of a project's class that knows no such name, none has it.
    """
    if len(things) < 2:
        return things
    places = [(each, extend(each.path, f".{name}")) for each in things]
    known = {each for each, place in places if (state.heap.get(place) or world.field(place)) is not None}
    return [each for each in things if each in known or not _is_without(world, each.type, name)] if known else things


def _is_without(world: World, kind: Type, name: str) -> bool:
    """Whether the objects of a project's class have no attribute of that name, as far as its text and its bases say."""
    if kind.kind is not TypeKind.INSTANCE or "::" not in kind.name:
        return False
    for each in world.order(kind.name):
        facts = world.program.class_(each) if "::" in each else None
        if facts is None and each not in OF_NOTHING:
            return False
        if facts is not None and (
            name in facts.instance_attributes
            or name in facts.attributes
            or name in facts.annotations
            or not facts.methods.keys().isdisjoint((name, "__getattr__", "__getattribute__"))
        ):
            return False
    return True


def is_weak(world: World, container: Thing) -> bool:
    """Whether a container keeps nothing alive: what is in it is somebody else's, and goes with that."""
    kind = container.type
    name = kind.name if kind.kind is TypeKind.INSTANCE else _type_at_import(world, container.path)
    return bool(name) and "::" not in name and world.models.class_row(name, "weak") is not None


def is_bounded(world: World, container: Thing) -> bool:
    """Whether a container has a bound whoever makes it, as its class or a base of that says."""
    kind = container.type
    if kind.kind is not TypeKind.INSTANCE or kind.name.startswith(_UNBOUNDED):
        return False
    return any(
        "::" not in each and world.models.class_row(each, "always_bounded") is not None
        for each in world.order(kind.name)
    )


def is_of_request(world: World, container: Thing) -> bool:
    """Whether a container of the import has other contents in each request, as its class or a base of that says."""
    kind = container.type
    return kind.kind is TypeKind.INSTANCE and any(
        "::" not in each and world.models.class_row(each, "per_request") is not None for each in world.order(kind.name)
    )


def _type_at_import(world: World, path: Path) -> str:
    """The type of an object of the import, or of what an attribute of a class holds; empty where it is not known."""
    if path.root.kind not in _OF_THE_IMPORT or world.importing:
        return ""
    named, owner = world.named.get(path), world.owner_of(path)
    if named is not None and named.type:
        return named.type
    held = _held(world, extend(*owner) if owner is not None else path)
    return min((thing.type.name for thing in held.things), default="") if held is not None else ""


def _held(world: World, place: Path) -> Value | None:
    """What a field of an object, or an attribute of a class, holds after import."""
    held = world.field(place)
    if held is None and place.root.kind is RootKind.CLASS and len(place.fields) == 1:
        known = world.classes.get(f"{place.root.owner}::{place.root.name}")
        held = known.attributes.get(place.fields[0][1:]) if known is not None else None
    return held


def held_at_import(world: World, place: Path) -> Value | None:
    """What a field of an object holds after import: what the class says where the object has none of its own."""
    held = _held(world, place)
    if held is None and place.fields:
        owner, name = Path(place.root, place.fields[:-1]), place.fields[-1].removeprefix(".")
        classes = (world.classes.get(each) for each in world.order(_type_at_import(world, owner)))
        held = next((each.attributes[name] for each in classes if each is not None and name in each.attributes), None)
    return held


def keeps(world: World, container: Thing) -> bool:
    """Whether an object that others know keeps alive what is put into it."""
    others = survives(container.path) or container.path.root.kind in SYMBOLIC
    return others and not is_weak(world, container)


def is_unchanging(thing: Thing) -> bool:
    """Whether nothing changes an object in place: a constant, a number, a text, an environment variable's text."""
    if thing.type.kind is TypeKind.CONSTANT or thing.type.name in UNCHANGING:
        return True
    return thing.path.root.kind is RootKind.LIBRARY and thing.path.root.name == "os.environ" and bool(thing.path.fields)


def is_number(value: Value) -> bool:
    """Whether it is certainly a number, with which no container of Python's own grows."""
    kinds = {thing.type.constant[0] if thing.type.constant else thing.type.name for thing in value.things}
    return bool(kinds) and kinds <= _NUMBERS


def is_nothing(world: World, path: Path) -> bool:
    """Whether there is no object that anything could change: a number, a text, or where nothing puts or keeps any."""
    return _is_in_unchanging(world, path) or _is_absent(world, path) or _is_in_weak(world, path)


def _is_in_unchanging(world: World, path: Path) -> bool:
    """Whether the object at hand, or the one around it, is a number or a text."""
    named = world.named.get(Path(path.root)) if path.root.kind is RootKind.STATIC else None
    return named is not None and named.type in UNCHANGING


def _is_in_weak(world: World, path: Path) -> bool:
    """Whether the object at hand, or the one around it, has been found in a container that keeps nothing alive."""
    return any(
        field == ELEMENT and is_weak(world, Thing(Path(path.root, path.fields[:at])))
        for at, field in enumerate(path.fields)
    )


def is_bound_nowhere(world: World, path: Path, effects: Iterable[tuple[AnyEffect, *tuple[object, ...]]]) -> bool:
    """Whether it is, or lies in, what a name means that neither its module nor an invocation binds to anything."""
    variable = Path(path.root)
    facts = world.program.files.get(path.root.owner) if path.root.kind is RootKind.VARIABLE else None
    if facts is None or variable in world.rebound:
        return False
    if path.root.name in facts.module_names or path.root.name in facts.global_writers:
        return False
    return not any(isinstance(each, Write) and each.path == variable and each.how in BINDING for each, *_ in effects)


def is_never_set(world: World, path: Path, effects: Iterable[tuple[AnyEffect, *tuple[object, ...]]]) -> bool:
    """Whether it is, or lies in, what a context variable holds which neither the import nor the invocation sets.

    What ``get`` gives then is what the invocation falls back on.
    """
    variable = variable_of(world, path)
    if variable is None or world.field(extend(variable, HELD)):
        return False
    return not any(
        isinstance(each, Pending) and each.work is Work.TOKEN and each.path == variable for each, *_ in effects
    )


def variable_of(world: World, path: Path) -> Path | None:
    """The context variable that holds what the path denotes, or in whose object that lies."""
    if HELD not in path.fields:
        return None
    variable = Path(path.root, path.fields[: path.fields.index(HELD)])
    return variable if _type_at_import(world, variable) == "contextvars.ContextVar" else None


def note_change(world: World, changed: Write) -> None:
    """Remembers what an invocation binds, and the elements of an object that it changes, by their keys."""
    path = changed.path
    if path is None or path.root.kind not in _OF_THE_IMPORT:
        return
    named = [key.root.name for key in changed.key_sources if key.root.owner == "constant"]
    if changed.how is How.SET_ITEM and named and len(named) == len(changed.key_sources):
        world.changed.update(extend(path, f"[{name}]") for name in named)
    else:
        world.changed.add(path if changed.how in BINDING else extend(path, ELEMENT))


def _is_absent(world: World, path: Path) -> bool:
    """Whether an object would lie where nothing of the project puts any.

    That is an attribute that holds None after import, or a key that a dictionary of the import does not have, where no
    invocation puts anything there: whatever a library may put there is none of its own.
    """
    if path.root.kind not in _OF_THE_IMPORT or not path.fields:
        return False
    return _is_missing(world, path) or any(
        _is_none(world, Path(path.root, path.fields[:count])) for count in range(1, len(path.fields))
    )


def takes_an_entry(world: World, effect: Write, path: Path) -> bool:
    """Whether a single element is taken out of a container of Python's own in which nothing has been at import."""
    own = _type_at_import(world, path).startswith(("builtins.", "collections."))
    if not own or effect.how not in (How.SHRINK, How.DELETE) or path.root.kind is not RootKind.STATIC:
        return False
    return not any(place.fields[:1] > ("[",) for place in world.fields_below(path))


def _is_missing(world: World, path: Path) -> bool:
    if path.fields[0][:2] not in ("['", '["'):
        return False
    known = {field.fields[0] for field in world.fields_below(path) if field.fields}
    return (
        KEYS in known
        and known.isdisjoint({path.fields[0], ELEMENT, FACTORY})
        and world.changed.isdisjoint({Path(path.root, (ELEMENT,)), Path(path.root, path.fields[:1])})
    )


def _is_none(world: World, place: Path) -> bool:
    if not world.changed.isdisjoint({place, extend(place, ELEMENT)}) or not place.fields[-1].startswith("."):
        return False
    held = _held(world, place)
    return held is not None and bool(held.things) and held.things <= NONE.things


_OWN_EQUALITY: Final = frozenset({"__eq__", "__hash__", "__new__"})
"""Methods by which an object may equal another one, or be one that was made before."""


def is_new_object(value: Value) -> bool:
    """Whether it is an object of the project's that this invocation has made: another one each time."""
    return any(
        thing.path.root.kind is RootKind.MADE and thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name
        for thing in value.things
    )


def is_distinct(world: World, value: Value) -> bool:
    """Whether it is a new object of a class of the project's own that leaves it to Python what its objects equal."""
    if len(value.things) != 1 or not is_new_object(value):
        return False
    (thing,) = value.things
    for each in world.order(thing.type.name):
        facts, known = world.program.class_(each), world.classes.get(each)
        if facts is None or known is None:
            return each == "builtins.object"
        if facts.decorators or known.metaclass or not _OWN_EQUALITY.isdisjoint(facts.methods):
            return False
    return True


def is_composed(value: Value) -> bool:
    """Whether it is an object that this invocation has made, in which more than one thing may lie."""
    return any(
        thing.path.root.kind is RootKind.MADE and thing.type.kind is TypeKind.INSTANCE and thing.type.name not in ATOMIC
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


def is_from_elsewhere(class_name: str) -> bool:
    """Whether a class is neither the project's nor the standard library's."""
    return "::" not in class_name and class_name.partition(".")[0] not in sys.stdlib_module_names
