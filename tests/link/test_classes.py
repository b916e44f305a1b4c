"""The order in which attributes of a class are looked up."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from leaklint.link.classes import linearize


@st.composite
def hierarchies(draw):
    """Classes by number, each with bases among the earlier ones."""
    count = draw(st.integers(1, 9))
    return {
        number: draw(st.lists(st.sampled_from(range(number)), unique=True, max_size=3)) if number else []
        for number in range(count)
    }


@given(hierarchies())
def test_as_python_does(bases):
    real = {}
    for number, names in bases.items():
        if all(base in real for base in names):
            try:
                real[number] = type(str(number), tuple(real[base] for base in names), {})
            except TypeError:  # Python refuses the order
                continue
    for number, each in real.items():
        expected = tuple(int(ancestor.__name__) for ancestor in each.__mro__[:-1])
        assert linearize(number, bases.__getitem__) == expected


@given(hierarchies())
def test_each_ancestor_once_whatever_the_hierarchy(bases):
    for number in bases:
        order = linearize(number, bases.__getitem__)
        assert order[0] == number
        assert len(set(order)) == len(order)
        assert set(order) >= set(itertools.chain(bases[number]))


def test_conflict_keeps_the_first_order():
    bases = {"A": ["B", "C"], "B": ["X", "Y"], "C": ["Y", "X"]}
    assert linearize("A", lambda name: bases.get(name, [])) == ("A", "B", "C", "X", "Y")


def test_circle_comes_to_an_end():
    assert linearize("A", {"A": ["B"], "B": ["C"], "C": ["A", "B"]}.__getitem__) == ("A", "B", "C")
    assert linearize("A", {"A": ["A"]}.__getitem__) == ("A",)


def test_deep_and_wide_hierarchies():
    chain = linearize(5_000, lambda number: [number - 1] if number else [])
    assert chain == tuple(range(5_000, -1, -1))
    ladder = linearize(5_000, lambda number: [number - 1, -number] if number > 0 else [])
    assert ladder[:2] == (5_000, 4_999)
    assert len(ladder) == 10_001
