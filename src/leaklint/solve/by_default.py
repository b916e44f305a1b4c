"""What a ``defaultdict`` makes for a key that it does not have, where a function or class of the project makes it.

``defaultdict(lambda: {"users": []})`` holds, under any key, a dictionary with a list in it. The factory is tried where
the dictionary is made; what it does besides is done later, if at all, and does not count.
"""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import MAX_FIELDS, NOTHING, Path, RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import ELEMENT, FACTORY, constants, extend, is_prefix, join, ordered
from leaklint.solve.state import State
from leaklint.solve.world import Solving

MAKING: Final = "collections.defaultdict"
_FOLLOWED: Final = frozenset({TypeKind.FUNCTION, TypeKind.CLASS})
_PARTS: Final = (".", "[")


def fill(act: Activation, state: State, dictionary: Value, factory: Value, span: Span) -> Solving:
    """A dictionary is made: under any key lies what its factory makes, at a place of its own in the dictionary."""
    from leaklint.solve.calls import apply

    if len(factory.things) != 1 or any(thing.type.kind not in _FOLLOWED for thing in factory.things):
        return
    tried, fails, risks = state.copy(), act.fails, act.risks
    at = Span(span.line, span.column, span.line, span.column)
    sample: Value = yield from apply(act, tried, factory, Arguments(()), at)
    act.fails, act.risks = fails, risks
    if not sample.things or any(thing.type.kind is not TypeKind.INSTANCE for thing in sample.things):
        return
    for thing in ordered(dictionary.things):
        if thing.type.name == MAKING and not thing.path.fields:
            _put(act, state, tried, sample, extend(thing.path, ELEMENT), at)


def _put(act: Activation, state: State, tried: State, sample: Value, place: Path, span: Span) -> None:
    """Puts what has been made on trial into a place, with all that lies in it and was made with it."""
    rest, seen = [(sample, place)], set[Path]()
    while rest:
        value, at = rest.pop()
        moved = set()
        for thing in ordered(value.things):
            is_own = act.makes(thing.path, span)
            moved.add(Thing(at, thing.type) if is_own else thing)
            if not is_own or thing.path in seen:
                continue
            seen.add(thing.path)
            if thing.path in act.world.bounded:
                act.world.bounded.add(at)
            for field, inner in tried.heap.under(thing.path.root).items():
                below = field.fields[len(thing.path.fields) :]
                if len(below) != 1 or not is_prefix(thing.path, field) or len(at.fields) >= MAX_FIELDS:
                    continue
                if below[0] == FACTORY or (below[0].startswith(_PARTS) and constants(inner) is None):
                    rest.append((inner, extend(at, below[0])))
        sources = frozenset(each for each in value.sources if each.root.kind is not RootKind.MADE)
        held = Value(frozenset(moved), sources)
        state.heap[at] = join(state.heap.get(at) or NOTHING, held)
