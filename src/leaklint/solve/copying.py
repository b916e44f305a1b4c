"""Flat copies of objects and containers: ``copy.copy(profile)``, ``dataclasses.replace(options, owner=…)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leaklint.ir.facts import ClassFacts
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Thing, TypeKind, Value
from leaklint.solve import effects, overriding, saving
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, sources_of
from leaklint.solve.attributes import get_attribute
from leaklint.solve.elements import elements
from leaklint.solve.lattice import ELEMENT, KEYS, extend, is_prefix, of, ordered
from leaklint.solve.lookup import read_field
from leaklint.solve.members import CLASS_VARIABLES
from leaklint.solve.state import State
from leaklint.solve.world import Solving, World

_OWN_WAYS: Final = ("__copy__", "__reduce__", "__reduce_ex__", "__replace__")
"""Methods by which a class says itself what a copy is."""
_OF_THE_LANGUAGE: Final = ("builtins.", "collections.")


def copied(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """A new object whose attributes hold what those of an object of the project hold, but for those given by name.

    A new container holds what the other one holds.
    """
    originals = list(ordered((arguments.positional[0] if arguments.positional else NOTHING).things))
    if originals and all(each.type.name.startswith(_OF_THE_LANGUAGE) for each in originals):
        return _same_elements(act, state, originals, arguments, span)
    if not originals or not all(_is_copied_flat(act.world, each) for each in originals):
        return None
    changes = dict(arguments.named)
    things = set()
    for original in originals:
        made = Thing(act.made(span), original.type)
        things.add(made)
        held = dict(changes)
        for name in _attributes(act, state, original):
            if name not in changes:
                held[name] = yield from get_attribute(act, state, of(original), name)
        for name, value in sorted(held.items()):
            effects.bind_field(act, state, made, f".{name}", value, certain=len(originals) == 1)
    return Value(frozenset(things), sources_of(arguments))


def _same_elements(
    act: Activation, state: State, originals: Sequence[Thing], arguments: Arguments, span: Span
) -> Value:
    """A new container of the same type with the same elements."""
    copies = [Thing(act.made(span), original.type) for original in originals]
    for original, made in zip(originals, copies, strict=True):
        held = elements(act, state, of(original), keys=False)
        effects.bind_field(act, state, made, ELEMENT, held, certain=False)
        saving.save(state, of(made), of(original))
        keys = read_field(act, state, extend(original.path, KEYS))
        if keys is not None:
            effects.bind_field(act, state, made, KEYS, keys, certain=False)
        overriding.take_over(act, state, f"{made.type.name}.copy", of(made), of(original), span)
    return Value(frozenset(copies), sources_of(arguments))


def _is_copied_flat(world: World, thing: Thing) -> bool:
    """Whether an object is of a class of the project that leaves to Python what a copy is."""
    if thing.type.kind is not TypeKind.INSTANCE or "::" not in thing.type.name:
        return False
    return not any(name in each.methods for each in _classes(world, thing) for name in _OWN_WAYS)


def _classes(world: World, thing: Thing) -> list[ClassFacts]:
    """The classes of the project of which an object is."""
    found = [world.program.class_(each) for each in world.order(thing.type.name) if "::" in each]
    return [each for each in found if each is not None]


def _attributes(act: Activation, state: State, thing: Thing) -> list[str]:
    """The names of the attributes that an object has, as far as they are known, or its class says so."""
    depth = len(thing.path.fields)
    names = {
        path.fields[depth][1:]
        for fields in (state.heap.under(thing.path.root), act.world.fields_below(thing.path))
        for path in fields
        if len(path.fields) == depth + 1 and is_prefix(thing.path, path) and path.fields[depth].startswith(".")
    }
    for each in _classes(act.world, thing):
        names |= {name for name, text in each.annotations.items() if not text.startswith(CLASS_VARIABLES)}
    return sorted(names)
