"""Elements that a container makes when they are looked up and it does not have them."""

from __future__ import annotations

from typing import Final

from leaklint.ir.effects import How
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, TypeKind, Value
from leaklint.solve import effects
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.calls import apply
from leaklint.solve.guards import Tested
from leaklint.solve.lattice import MISSING, constant_keys, join, of, ordered
from leaklint.solve.members import class_member
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving

DICTIONARIES: Final = frozenset({"builtins.dict", "collections.defaultdict", "collections.UserDict"})
"""Classes that call ``__missing__``."""


def make_missing(act: Activation, state: State, target: Value, key: Value, span: Span) -> Solving:
    """Reading a container under a key that it does not have: a ``defaultdict`` keeps it, ``__missing__`` is called.

    Gives what such methods give.
    """
    made = NOTHING
    for thing in ordered(target.things):
        looked_up = any(tested.truth and thing.path in tested.reads for tested in state.guards)
        if thing.type.name == "collections.defaultdict" and not looked_up:
            keys = constant_keys(key) | deep_sources(state, key)
            effects.mutate(act, state, of(thing), How.SET_ITEM, MISSING, span, key=keys)
        elif thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name and not looked_up:
            method = yield from class_member(act, state, thing.type.name, "__missing__", bound_to=thing, on_class=False)
            if method is not None and act.world.is_subclass(thing.type.name, DICTIONARIES):
                before = state.guards
                state.guards |= {Tested(frozenset({thing.path, *key.sources}), False, span)}
                made = join(made, (yield from apply(act, state, method, Arguments((key,)), span)))
                state.guards = before
    return made
