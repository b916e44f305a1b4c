"""The order in which the attributes of a class are looked up: Python's method resolution order."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)

EXACT_UP_TO = 500
"""With more ancestors than this the order is depth first, so that hostile hierarchies cost no quadratic memory."""


def linearize(name: Name, bases_of: Callable[[Name], Sequence[Name]]) -> tuple[Name, ...]:
    """The class and its ancestors in the order of Python's C3 rule.

    Never fails: where Python would refuse the hierarchy, each class still stands once, before its own bases where
    that is possible. A base that leads back to a class below it is left out.
    """
    finished = _bases_first(name, bases_of)
    is_chain = all(len(bases) < 2 for bases in finished.values())
    if is_chain or len(finished) > EXACT_UP_TO:
        return tuple(reversed(list(finished)))
    orders: dict[Name, tuple[Name, ...]] = {}
    for each, bases in finished.items():
        orders[each] = (each, *_merge([*(orders[base] for base in bases), bases]))
    return orders[name]


def _bases_first(name: Name, bases_of: Callable[[Name], Sequence[Name]]) -> dict[Name, tuple[Name, ...]]:
    """Every ancestor with its bases, each after its bases; edges that close a circle are dropped."""
    finished: dict[Name, tuple[Name, ...]] = {}
    bases: dict[Name, tuple[Name, ...]] = {}
    stack = [(name, False)]
    while stack:
        each, is_left = stack.pop()
        if is_left:
            finished[each] = tuple(base for base in bases[each] if base in finished)
        elif each not in bases:
            bases[each] = tuple(dict.fromkeys(bases_of(each)))
            stack.append((each, True))
            stack.extend((base, False) for base in bases[each] if base not in bases)
    return finished


def _merge(sequences: Sequence[Sequence[Name]]) -> list[Name]:
    """One order that keeps the order of every sequence, as C3 does; a conflict is settled for the first sequence."""
    waiting: dict[Name, int] = {}
    for sequence in sequences:
        for each in sequence[1:]:
            waiting[each] = waiting.get(each, 0) + 1
    heads = [0] * len(sequences)
    merged: dict[Name, None] = {}
    while True:
        open_heads = [sequence[at] for sequence, at in zip(sequences, heads, strict=True) if at < len(sequence)]
        if not open_heads:
            return list(merged)
        chosen = next((each for each in open_heads if not waiting.get(each)), open_heads[0])
        merged[chosen] = None
        for index, sequence in enumerate(sequences):
            while heads[index] < len(sequence) and sequence[heads[index]] in merged:
                heads[index] += 1
                if heads[index] < len(sequence):
                    waiting[sequence[heads[index]]] -= 1
