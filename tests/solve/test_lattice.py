"""What several paths say of a value, taken together."""

from __future__ import annotations

from leaklint.ir.values import Path, Root, RootKind, Thing, Value
from leaklint.solve.lattice import MAX_FIELDS, MAX_SOURCES, MAX_THINGS, join_all, prolong


def of_paths(first: int, count: int) -> Value:
    """A value that denotes so many objects, and is made from as many others, the same ones for the same number."""
    paths = [Path(Root(RootKind.MADE, "app.py", f"f@{number}"), (".a", ".b")) for number in range(first, first + count)]
    return Value(frozenset(map(Thing, paths)), frozenset(paths))


def test_the_order_of_many_values_does_not_matter() -> None:
    most = max(MAX_THINGS, MAX_SOURCES)
    values = [of_paths(0, most - 1), of_paths(most, 1), of_paths(most + 1, 2), of_paths(most + 3, 1)]
    orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]]
    assert len({join_all([values[index] for index in order]) for order in orders}) == 1


def test_equal_values_stay_what_they_are() -> None:
    assert join_all([of_paths(0, 3), of_paths(0, 3), Value()]) == of_paths(0, 3)


def test_a_path_ends_where_paths_end() -> None:
    path = Path(Root(RootKind.PARAMETER, "", "0"), (".a",))
    assert prolong(path, (".b", ".c", ".d", ".e")).fields == (".a", ".b", ".c", ".d")[:MAX_FIELDS]
    deep = Path(path.root, (".a",) * MAX_FIELDS + ("<self>",))
    assert prolong(deep, (".b",)) == deep
