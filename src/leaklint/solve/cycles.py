"""Which blocks of a body may run again and again: those that lie on a cycle of normal edges.

These are the strongly connected components of more than one block, and the blocks that lead to themselves, found in
one pass over the graph (Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972), without recursion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leaklint.ir import cfg
from leaklint.ir.cfg import RAISE_EXIT, Body


def blocks_in_cycles(body: Body) -> frozenset[int]:
    """Indices of the blocks from which normal edges lead back to themselves."""
    following = [[edge.target for edge in block.next if edge.target != RAISE_EXIT] for block in body.blocks]
    found = {index for index, targets in enumerate(following) if index in targets}
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    opened: list[int] = []
    is_open: set[int] = set()
    for root in range(len(following)):
        pending: list[tuple[int, Iterator[int]]] = [] if root in number else [(root, iter(following[root]))]
        while pending:
            index, targets = pending[-1]
            if index not in number:
                number[index] = lowest[index] = len(number)
                opened.append(index)
                is_open.add(index)
            entered = next((target for target in targets if target not in number or target in is_open), None)
            if entered is not None and entered not in number:
                pending.append((entered, iter(following[entered])))
            elif entered is not None:
                lowest[index] = min(lowest[index], number[entered])
            else:
                pending.pop()
                if pending:
                    lowest[pending[-1][0]] = min(lowest[pending[-1][0]], lowest[index])
                if lowest[index] == number[index]:
                    if opened[-1] != index:
                        found.add(index)
                    while (member := opened.pop()) != index:
                        is_open.discard(member)
                        found.add(member)
                    is_open.discard(index)
    return frozenset(found)


def ends_of_loops(body: Body, rank: Mapping[int, int]) -> frozenset[cfg.Assume]:
    """The tests that say that a ``while`` does not go on: whoever comes behind the loop has passed them.

    Where a ``break`` leads there, too, what they say is lost where the paths meet.
    """
    before: dict[int, list[int]] = {}
    for index in rank:
        for edge in body.blocks[index].next:
            before.setdefault(edge.target, []).append(index)
    found: set[cfg.Assume] = set()
    for head in rank:
        rest = [each for each in before.get(head, ()) if rank[each] >= rank[head]]
        if not rest or body.blocks[head].loop is not None:
            continue
        within = {head}
        while rest:
            index = rest.pop()
            if index not in within:
                within.add(index)
                rest += before.get(index, ())
        for edge in body.blocks[head].next:
            first = body.blocks[edge.target].instructions[:1] if edge.target not in (*within, RAISE_EXIT) else ()
            found.update(step for step in first if isinstance(step, cfg.Assume))
    return frozenset(found)
