"""What is put in the place of something: what was there before, or what wraps it."""

from __future__ import annotations

from leaklint.ir.values import Path, RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import NONE, is_prefix
from leaklint.solve.state import State


def puts_back(place: Path, value: Value) -> bool:
    """Whether a value is what the place held before, or None for nothing: ``getattr(local, "user", None)``."""
    own = [thing for thing in value.things if _is_of(place, thing)]
    if own:
        return all(thing in own or thing in NONE.things for thing in value.things)
    # a constant that was read from there
    read = bool(value.sources) and all(is_prefix(place, source) for source in value.sources)
    return read and all(thing.type.kind is TypeKind.CONSTANT for thing in value.things)


def _is_of(place: Path, thing: Thing) -> bool:
    """Whether an object is what the place held before."""
    if place.root.kind is RootKind.LIBRARY and thing.path.root.kind is RootKind.LIBRARY:
        name = thing.type.name if thing.type.kind is TypeKind.LIBRARY else thing.path.root.name
        return name == place.root.name + "".join(place.fields) or is_prefix(place, thing.path)
    return is_prefix(place, thing.path)


def wraps(act: Activation, state: State, place: Path, value: Value) -> bool:
    """Whether a function made here carries what is in its place: each invocation wraps that once more.

    Not so where a test looks at a library, which may find the function of an earlier one, or where a variable of the
    module still has what was there at import.
    """
    if any(read.root.owner == place.root.owner for tested in state.guards for read in tested.reads):
        return False
    module = act.world.modules.get(act.path)
    saved = module.names.values() if module is not None else ()
    if any(_is_of(place, thing) for held in saved for thing in held.things):
        return False
    carried = [
        held
        for thing in value.things
        if thing.type.kind in (TypeKind.FUNCTION, TypeKind.PARTIAL) and thing.path.root.kind is RootKind.MADE
        for field, held in state.heap.under(thing.path.root).items()
        if is_prefix(thing.path, field)
    ]
    return any(_is_of(place, thing) for held in carried for thing in held.things)
