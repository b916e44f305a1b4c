"""The reader of notes takes every documented form and refuses everything that only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from notes import Note, NoteError, comments, notes_of, notes_of_line


def read(comment: str) -> list[Note]:
    return notes_of_line(comment, "app.py", 7)


@pytest.mark.parametrize(
    ("comment", "note"),
    [
        ("# LK101 error", Note("app.py", 7, "LK101", "expected", "error")),
        ('# LK101 error "request data"', Note("app.py", 7, "LK101", "expected", "error", "request data")),
        ("# LK203 any", Note("app.py", 7, "LK203", "expected", "any")),
        ("# LK202|LK203 any", Note("app.py", 7, "LK202|LK203", "expected", "any")),
        ("# LK101 via", Note("app.py", 7, "LK101", "step", text="via")),
        ("# LK101 from", Note("app.py", 7, "LK101", "step", text="from")),
        ("# LK101 defined", Note("app.py", 7, "LK101", "step", text="defined")),
        (
            "# missed LK206 error: executor kept in a dict",
            Note("app.py", 7, "LK206", "missed", "error", "executor kept in a dict"),
        ),
        (
            "# false alarm LK101 warning: the pool is bounded",
            Note("app.py", 7, "LK101", "false alarm", "warning", "the pool is bounded"),
        ),
        (
            "# either LK206 any: the callback API says it already",
            Note("app.py", 7, "LK206", "either", "any", "the callback API says it already"),
        ),
    ],
)
def test_every_form_is_read(comment: str, note: Note) -> None:
    assert read(comment) == [note]


def test_a_note_may_leave_the_code_open() -> None:
    assert read("# LK202|LK203 any")[0].codes == ("LK202", "LK203")
    assert read("# LK101 error")[0].codes == ("LK101",)


def test_several_notes_stand_in_one_comment() -> None:
    assert read("# LK101 via  # LK203 error # noqa: LK110") == [
        Note("app.py", 7, "LK101", "step", text="via"),
        Note("app.py", 7, "LK203", "expected", "error"),
    ]


@pytest.mark.parametrize("comment", ["# a remark", "# noqa: LK101", "# leaklint: ignore[LK101] on purpose", "# LK10"])
def test_other_comments_and_suppressions_are_no_notes(comment: str) -> None:
    assert read(comment) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# LK101",
        "# LK101 eror",
        "# LK101 error request data",
        "# see LK101",
        "# missed LK206 error",
        "# missed LK206 error: ",
        "# false alarm LK101: no severity",
        "# LK101 error, LK102 error",
        "# LK101|error",
    ],
)
def test_a_comment_that_names_a_code_and_is_no_note_is_a_mistake(comment: str) -> None:
    with pytest.raises(NoteError, match=r"app\.py:7"):
        read(comment)


def test_a_hash_in_a_string_is_no_comment() -> None:
    assert list(comments(b'tag = "# LK101 error"  # LK102 error\n', "app.py")) == [(1, "# LK102 error")]


def test_what_does_not_parse_is_searched_line_by_line() -> None:
    assert list(comments(b"def broken(:  # LK901 error\n", "app.py")) == [(1, "# LK901 error")]
    assert list(comments(b"x = '\xff'  # LK901 error\n", "app.py")) == [(1, "# LK901 error")]
    assert list(comments(b"Handler: app.gone  # LK903 error\n", "template.yaml")) == [(1, "# LK903 error")]


def test_notes_of_a_case_are_sorted_and_relative(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "keep.py").write_text("SEEN = []  # LK101 defined\n")
    (tmp_path / "app.py").write_text("import store.keep\nstore.keep.SEEN.append(1)  # LK101 warning\n")
    (tmp_path / "README.md").write_text("# LK101 is not read here\n")
    assert notes_of(tmp_path) == [
        Note("app.py", 2, "LK101", "expected", "warning"),
        Note("store/keep.py", 1, "LK101", "step", text="defined"),
    ]
