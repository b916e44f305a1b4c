"""Blocks in cycles are those that a walk along the edges comes back to."""

from hypothesis import given
from hypothesis import strategies as st

from leaklint.ir.cfg import RAISE_EXIT, Block, Body, Edge
from leaklint.solve.cycles import blocks_in_cycles

GRAPHS = st.integers(1, 10).flatmap(
    lambda count: st.lists(st.lists(st.integers(0, count - 1), max_size=3), min_size=count, max_size=count)
)


def comes_back(graph: list[list[int]], index: int) -> bool:
    reached: set[int] = set()
    pending = list(graph[index])
    while pending:
        target = pending.pop()
        if target not in reached:
            reached.add(target)
            pending += graph[target]
    return index in reached


@given(GRAPHS)
def test_blocks_in_cycles_are_those_one_comes_back_to(graph: list[list[int]]) -> None:
    body = Body(tuple(Block((), tuple(Edge(target) for target in targets)) for targets in graph))
    assert blocks_in_cycles(body) == {index for index in range(len(graph)) if comes_back(graph, index)}


def test_a_chain_of_100000_blocks_ends() -> None:
    count = 100_000
    chain = [Block((), (Edge(index + 1),)) for index in range(count)]
    assert blocks_in_cycles(Body((*chain, Block((), (Edge(RAISE_EXIT),))))) == frozenset()
    assert len(blocks_in_cycles(Body((*chain, Block((), (Edge(0),)))))) == count + 1
