"""Python's own library and its tests, each file as a project of its own in which every public function is an entry.

The quick profile takes every tenth file of the library, the full one every file, with those of the library's tests.
"""

from __future__ import annotations

import ast
import os
import sysconfig
from pathlib import Path

import pytest

from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.solving import solved

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
LIBRARY = Path(sysconfig.get_path("stdlib"))
FILES = sorted(path for path in LIBRARY.rglob("*.py") if "site-packages" not in path.parts)
TESTS = {"test", "tests", "idle_test"}
"""Folders of the library's tests."""
PIECES = 40 if PROVE else 8
"""Tests of about as many files each, so that processes can share them."""


def taken() -> list[Path]:
    """The files of this profile."""
    return FILES if PROVE else [path for path in FILES if not TESTS & set(path.relative_to(LIBRARY).parts)][9::10]


def is_python(source: bytes) -> bool:
    """Whether the parser of this Python reads it; the compiler refuses some more, which are analysed as they are."""
    try:
        compile(source, "x.py", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("piece", range(PIECES))
def test_every_file_of_the_library_is_analysed(piece: int) -> None:
    files = taken()[piece::PIECES]
    assert len(files) > 5
    for path in files:
        source = path.read_bytes()
        found = solved(
            Path("/project"), Settings(scope="all"), {path.name: source}, frozenset(), {}, lambda _: Place(".", NOWHERE)
        )
        said = [each.message for each in found.findings if each.code == "LK901"]
        refused = [message for message in said if not message.startswith("too large, analysed in part: ")]
        assert len(refused) == (0 if is_python(source) else 1), f"{path}: {refused}"
