"""Counting: how many threads or children there are, and what comparing that number says of the work of all of them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Thing, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import ELEMENT, extend, join_all, of, single_constant, slot
from leaklint.solve.state import State
from leaklint.solve.world import Solving, instance

COUNTED: Final = "<counted>"
"""The field of a number in which lies what stands for all that it counts."""
OTHERS: Final = {"multiprocessing.active_children": 0, "threading.enumerate": 1}
"""What gives all of a kind, and how many are left when all have ended: the main thread is one of its own."""
COMPARISONS: Final[dict[str, Callable[[int, int], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}
_MORE: Final = 9
"""How many more there may be, so that a comparison that holds for some number of them is not taken for an end."""


def active_threads(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``threading.active_count()``: the number of what ``threading.enumerate()`` gives."""
    return _number(act, state, of(Thing(pending.all_of("threading.enumerate"))), span)
    yield


def length(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``len(x)``: a number that counts, where ``x`` is all of a kind."""
    counted = arguments.positional[0] if arguments.positional else NOTHING
    _number(act, state, Value(frozenset(thing for thing in counted.things if _is_all(thing))), span)
    return None
    yield


def _is_all(thing: Thing) -> bool:
    return (
        thing.path.root.name in OTHERS and not thing.path.fields and thing.path == pending.all_of(thing.path.root.name)
    )


def _number(act: Activation, state: State, counted: Value, span: Span) -> Value:
    number = Thing(act.made(span), instance("builtins.int"))
    if counted.things:
        state.heap[slot(number.path, COUNTED)] = counted
    return of(number)


def ended(state: State, comparison: str, operands: list[Value]) -> dict[bool, Value]:
    """The work that has ended where a comparison does not hold, and where it does."""
    if comparison not in COMPARISONS or len(operands) != 2:
        return {}
    left, right = (join_all([state.heap[slot(thing.path, COUNTED)] for thing in each.things]) for each in operands)
    counted = left if left.things else right
    found: dict[bool, set[Thing]] = {False: set(), True: set()}
    for thing in counted.things:
        rest = OTHERS[thing.path.root.name]
        if left.things and right.things:
            bound = rest  # with the number that there were before
        else:
            certain, given = single_constant(operands[1] if left.things else operands[0])
            if not certain or not isinstance(given, int):
                continue
            bound = given
        compare = COMPARISONS[comparison]
        results = [compare(n, bound) if left.things else compare(bound, n) for n in range(rest, rest + _MORE)]
        if results[0] not in results[1:]:
            found[results[0]].add(Thing(extend(thing.path, ELEMENT)))
    return {holds: Value(frozenset(things)) for holds, things in found.items() if things}
