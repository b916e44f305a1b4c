"""Comments that silence findings, read as flake8 reads its own."""

from __future__ import annotations

import pytest
from flake8.defaults import NOQA_FILE, NOQA_INLINE_REGEXP

from leaklint.facts import Source
from leaklint.ir.facts import FileFacts
from leaklint.ir.location import Span


def read(source: str) -> FileFacts:
    facts = Source(source.encode()).facts
    assert facts.troubles == ()
    return facts


NOQA = [
    "# noqa",
    "# NOQA",
    "# noqa: LK101",
    "# noqa:LK101",
    "# NOQA: LK1",
    "# NoQA: E501, LK101",
    "# noqa: E501 LK101",
    "# noqa: E501,,LK101 ,  W1",
    "# noqa: LK101 - reason",
    "# noqa: LK101 because",
    "# noqa: lk101",
    "#noqa",
    "#  noqa",
    "# noqa: LK",
    "# noqa : LK999",
    "# noqa:  LK999",
    "# noqa:\tLK999",
    "# noqa:",
    "# noqa LK101",
    "# noqa: E501  # noqa: LK101",
    "# type: ignore # noqa: LK101",
    "# noqaLK101",
    "# noqa: LK101x",
    "# nothing noqa",
    "# flake8: noqa",
    "# flake8: noqa: LK101",
    "# flake8=NOQA",
]


@pytest.mark.parametrize("comment", NOQA)
def test_noqa_means_what_it_means_to_flake8(comment: str) -> None:
    line = f"x = 1  {comment}"
    theirs = NOQA_INLINE_REGEXP.search(line)
    ours = [each for each in read(line + "\n").suppressions if each.kind == "noqa"]
    assert len(ours) == (theirs is not None)
    if theirs is not None:
        codes = (theirs["codes"] or "").replace(",", " ").split()
        assert list(ours[0].codes) == codes


@pytest.mark.parametrize("comment", NOQA)
def test_a_file_is_silenced_where_flake8_silences_it(comment: str) -> None:
    for line in (comment, f"    {comment}", f"x = 1  {comment}"):
        source = "if x:\n" + line + "\n    pass\n" if not line.startswith("x") else line + "\n"
        expected = NOQA_FILE.match(line) is not None
        assert any(each.kind == "file" for each in read(source).suppressions) == expected


def test_noqa_keeps_its_place_and_reason() -> None:
    (found,) = read("y = 2\né = 1  # noqa: LK101, E5 - for now\n").suppressions
    assert found.codes == ("LK101", "E5")
    assert found.reason == "for now"
    assert found.span == Span(2, 8, 2, 25)


def test_first_noqa_of_a_string_of_several_lines_decides() -> None:
    facts = read(
        'x = """a  # noqa: LK1\n# noqa: LK2\n"""\ny = 1 + \\\n  2  # noqa: LK3\nz = [  # noqa: LK4\n 1,  # noqa: LK5\n]\n'
    )
    assert facts.multiline_strings == ((1, 3), (4, 5))
    assert [(each.span.line, each.codes) for each in facts.suppressions] == [
        (1, ("LK1",)),
        (5, ("LK3",)),
        (6, ("LK4",)),
        (7, ("LK5",)),
    ]


@pytest.mark.parametrize(
    ("comment", "kind", "codes", "reason"),
    [
        ("# leaklint: ignore", "ignore", (), ""),
        ("#leaklint:ignore", "ignore", (), ""),
        ("# leaklint: ignore[LK101]", "ignore", ("LK101",), ""),
        ("# leaklint: ignore[LK101, LK102] a reason, here", "ignore", ("LK101", "LK102"), "a reason, here"),
        ("# leaklint: ignore - a reason", "ignore", (), "a reason"),
        ("# leaklint: ignore[LK1]: a reason", "ignore", ("LK1",), "a reason"),
        ("# leaklint: ignore-file", "file", (), ""),
        ("# leaklint: ignore-file[LK2] tests", "file", ("LK2",), "tests"),
        ("# leaklint: disable[LK101]", "disable", ("LK101",), ""),
        ("# leaklint: enable", "enable", (), ""),
        ("# leaklint: ignore[LK101", "ignore", ("?",), "ignore[LK101"),
        ("# leaklint: ignore[]", "ignore", ("?",), "ignore[]"),
        ("# leaklint: ignored", "ignore", ("?",), "ignored"),
        ("# leaklint: silence[LK1]", "ignore", ("?",), "silence[LK1]"),
        ("# leaklint:", "ignore", ("?",), ""),
    ],
)
def test_own_comments(comment: str, kind: str, codes: tuple[str, ...], reason: str) -> None:
    (found,) = read(f"x = 1  {comment}\n").suppressions
    assert (found.kind, found.codes, found.reason) == (kind, codes, reason)
    assert found.span == Span(1, 8, 1, 8 + len(comment))


def test_both_kinds_on_one_line() -> None:
    found = read("x = 1  # noqa: E501  # leaklint: ignore[LK101] ok\n").suppressions
    assert [(each.kind, each.codes) for each in found] == [("noqa", ("E501",)), ("ignore", ("LK101",))]


def test_own_comments_are_not_read_in_strings() -> None:
    assert read("x = '# leaklint: ignore'\n").suppressions == ()


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ('x = """\n# noqa\n"""\n', ((1, 3),)),
        ('x = 1  # noqa\ny = """\n"""\n', ()),
        ('"""Doc.\n\nMore.\n"""\nimport os  # noqa\n', ()),
        ("if x: \\\n    y = 1  # noqa\n", ((1, 2),)),
        ("y = a + \\\n    b + \\\n    c  # noqa\n", ((1, 3),)),
        ("y = (a +  # noqa\n    b)\n", ()),
        ('def f(  # noqa\n    a="""x\ny""",\n): ...\n', ()),
        ('def f(\n    a="""x\ny""",  # noqa\n): ...\n', ((2, 3),)),
        ('try:\n    pass\nexcept (\n    A,  # noqa\n    B["""\n"""],\n):\n    pass\n', ()),
    ],
)
def test_lines_that_count_as_one_are_known_where_a_noqa_stands_in_them(text: str, together: object) -> None:
    assert read(text).multiline_strings == together
