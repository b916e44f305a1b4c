"""What a trace says of a recursion."""

import pytest

from leaklint.ir.location import Place, Span
from leaklint.solve import without_rounds


def trace(lines: str) -> tuple[Place, ...]:
    return tuple(Place("app.py", Span(ord(each), 1, ord(each), 2)) for each in lines)


@pytest.mark.parametrize(
    ("lines", "shorter"),
    [
        ("", ""),
        ("abc", "abc"),
        ("abbbbc", "abc"),
        ("abcbcbcd", "abcd"),
        ("abcbd", "abd"),
        ("abcbcdada", "a"),
        ("aa", "a"),
    ],
)
def test_a_call_stands_once_in_a_trace(lines: str, shorter: str) -> None:
    assert without_rounds(trace(lines)) == trace(shorter)
