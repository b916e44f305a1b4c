"""Markers: found wherever they are, and never taken for another's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leaklint.confirm import marks

RUNS = st.text("0123456789abcdef", min_size=8, max_size=8)
NUMBERS = st.integers(1, 5000)


@given(RUNS, NUMBERS, NUMBERS, st.text(), st.text())
def test_a_marker_is_found_in_any_text(run: str, number: int, other: int, before: str, after: str) -> None:
    text = before + marks.marker(run, number) + after + marks.request_id(run, other)
    assert {number, other} <= marks.found_in(run, text)


@given(RUNS, NUMBERS, NUMBERS)
def test_markers_of_two_invocations_differ(run: str, one: int, two: int) -> None:
    assert (marks.found_in(run, marks.marker(run, one)) == {two}) is (one == two)


@given(RUNS, NUMBERS)
def test_a_request_id_tells_its_number(run: str, number: int) -> None:
    assert marks.number_of(run, marks.request_id(run, number)) == number
    assert len(marks.request_id(run, number)) == 36


def test_the_markers_of_another_run_are_not_found() -> None:
    assert marks.found_in("00000000", marks.marker("11111111", 1)) == frozenset()
    assert marks.number_of("00000000", "something else") == 0


def test_placeholders_are_filled() -> None:
    assert marks.filled('["{{unique}}", {{number}}]', "0a0a0a0a", 3) == '["u0a0a0a0an3e", 3]'
