"""Selection: the longest prefix wins."""

import pytest

from leaklint.pipeline.patterns import path_matcher
from leaklint.pipeline.selection import Selection, decide, known_selectors


@pytest.mark.parametrize(
    ("code", "select", "ignore", "on"),
    [
        ("LK101", ["LK"], [], True),
        ("LK101", [], [], False),
        ("LK101", ["LK2"], [], False),
        ("LK101", ["LK"], ["LK1"], False),
        ("LK101", ["LK101"], ["LK1"], True),
        ("LK101", ["LK10"], ["LK10"], False),
        ("LK101", ["ALL"], ["LK"], False),
        ("LK101", ["ALL"], ["ALL"], False),
        ("LK101", ["LK"], ["ALL"], True),
        # Off unless it is asked for.
        ("LK501", ["LK"], [], False),
        ("LK501", ["ALL"], [], True),
        ("LK501", ["LK5"], [], True),
        ("LK501", ["LK50"], [], True),
        ("LK501", ["LK501"], ["LK5"], True),
        ("LK501", ["ALL"], ["LK"], False),
        # On whatever is selected.
        ("LK901", ["LK1"], [], True),
        ("LK901", ["LK1"], ["LK9"], True),
        ("LK901", ["LK901"], ["LK901"], False),
        ("LK903", [], ["ALL"], True),
        ("LK902", ["LK1"], [], False),
    ],
)
def test_the_longest_prefix_wins(code: str, select: list[str], ignore: list[str], on: bool) -> None:
    assert decide(code, select, ignore) is on


def test_selectors_are_prefixes() -> None:
    assert known_selectors(["LK101", "LK102"]) == {"ALL", "LK", "LK1", "LK10", "LK101", "LK102"}


def test_a_file_may_ignore_codes() -> None:
    selection = Selection(
        ("LK",), (), ((path_matcher(["tests/"]), ("LK1", "LK901")), (path_matcher(["x.py"]), ("ALL",)))
    )
    assert not selection.enabled_in("LK101", "tests/a.py")
    assert selection.enabled_in("LK201", "tests/a.py")
    assert not selection.enabled_in("LK901", "tests/a.py")
    assert selection.enabled_in("LK101", "src/a.py")
    assert not selection.enabled_in("LK201", "deep/x.py")
    assert selection.enabled_in("LK903", "deep/x.py")


@pytest.mark.parametrize(
    ("patterns", "path", "covered"),
    [
        (["build"], "build/a.py", True),
        (["build"], "src/build/a.py", True),
        (["build"], "src/building/a.py", False),
        (["src/gen/"], "src/gen/deep/a.py", True),
        (["src/gen/"], "other/src/gen/a.py", False),
        (["*_pb2.py"], "x/y_pb2.py", True),
        (["tests/**/slow.py"], "tests/a/b/slow.py", True),
        (["*.py", "!keep.py"], "keep.py", False),
        (["./gen/*.py"], "gen/a.py", True),
        ([], "a.py", False),
    ],
)
def test_patterns_mean_what_gitignore_says(patterns: list[str], path: str, covered: bool) -> None:
    assert path_matcher(patterns)(path) is covered
