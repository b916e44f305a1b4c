"""Suppressions written into the source: where they land, and that nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaklint.facts.decode import decode
from leaklint.ir.finding import Finding, Severity
from leaklint.ir.location import NOWHERE, Place, Span
from leaklint.pipeline.add_ignore import add_ignores, with_ignores


def finding(line: int, last: int | None = None, code: str = "LK101", path: str = "a.py") -> Finding:
    statement = Span(line, 1, last, 1) if last else NOWHERE
    return Finding(code, "n", Severity.ERROR, Place(path, Span(line, 1, line, 2)), "m", statement=statement)


@pytest.mark.parametrize(
    ("source", "findings", "expected"),
    [
        ("x.append(1)\ny\n", [finding(1)], "x.append(1)  # leaklint: ignore[LK101] known\ny\n"),
        ("x.append(1)", [finding(1)], "x.append(1)  # leaklint: ignore[LK101] known"),
        ("x(1)  \r\ny\r\n", [finding(1)], "x(1)  # leaklint: ignore[LK101] known\r\ny\r\n"),
        (
            "x(1)\n",
            [finding(1, code="LK201"), finding(1), finding(1)],
            "x(1)  # leaklint: ignore[LK101, LK201] known\n",
        ),
        ("x(1)  # why\n", [finding(1)], "x(1)  # why  # leaklint: ignore[LK101] known\n"),
        (
            "x(1)  # leaklint: ignore[LK201] old\n",
            [finding(1)],
            "x(1)  # leaklint: ignore[LK201, LK101] old\n",
        ),
        ('x("""\n  a\n""")\n', [finding(1, 3)], 'x("""\n  a\n""")  # leaklint: ignore[LK101] known\n'),
        ("x(\\\n  1)\n", [finding(1, 2)], "x(\\\n  1)  # leaklint: ignore[LK101] known\n"),
        ("x(\n  1,\n)\n", [finding(1, 3)], "x(  # leaklint: ignore[LK101] known\n  1,\n)\n"),
    ],
)
def test_a_comment_lands_on_a_line_that_can_take_it(source: str, findings: list[Finding], expected: str) -> None:
    assert with_ignores(source.encode(), findings, "known") == expected.encode()


def test_encodings_stay() -> None:
    source = "# -*- coding: latin-1 -*-\nx('ü')\n".encode("latin-1")
    assert with_ignores(source, [finding(2)], "gründlich") is not None
    assert decode(with_ignores(source, [finding(2)], "gründlich") or b"").endswith("ignore[LK101] gründlich\n")
    assert with_ignores(source, [finding(2)], "→") is None
    with_mark = b"\xef\xbb\xbfx(1)\n"
    assert with_ignores(with_mark, [finding(1)], "") == b"\xef\xbb\xbfx(1)  # leaklint: ignore[LK101]\n"


def test_files_that_cannot_be_understood_are_left_alone() -> None:
    assert with_ignores(b"x(\n", [finding(1)], "known") is None
    assert with_ignores(b"\xff", [finding(1)], "known") is None


def test_what_got_no_comment_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x(1)\n")
    (tmp_path / "b.py").write_text("x(\n")
    found = [finding(1), finding(1, code="LK902"), finding(1, path="b.py", code="LK901"), finding(1, path="b.py")]
    added, refused, left = add_ignores(found, tmp_path, "known")
    assert left == ()
    assert (added, [(each.place.path, each.code) for each in refused]) == (
        1,
        [("a.py", "LK902"), ("b.py", "LK901"), ("b.py", "LK101")],
    )
    assert (tmp_path / "a.py").read_text() == "x(1)  # leaklint: ignore[LK101] known\n"


def test_files_that_are_read_only_are_left_alone(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x(1)\n")
    (tmp_path / "a.py").chmod(0o444)
    assert add_ignores([finding(1), finding(1, path="b.py")], tmp_path, "known") == (1, (), ("a.py",))
    assert (tmp_path / "a.py").read_text() == "x(1)\n"
