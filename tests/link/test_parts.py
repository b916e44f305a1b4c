"""Parts: files that can see each other are in one, and only those."""

from __future__ import annotations

import pytest

from leaklint.facts import Source
from leaklint.link.modules import Modules
from leaklint.link.parts import parts_of


def parts(files: dict[str, str], *joined: tuple[str, str]) -> list[tuple[str, ...]]:
    """The files of each part."""
    facts = {path: Source(text.encode()).facts for path, text in files.items()}
    return [part.files for part in parts_of(facts, Modules(facts), joined)]


@pytest.mark.parametrize(
    "statement",
    [
        "import b",
        "from b import x",
        "from b import *",
        "def f():\n    import b",
        "import b as other",
        "from . import b",
        "from .b import x",
    ],
)
def test_an_import_joins(statement: str) -> None:
    assert parts({"a.py": statement, "b.py": "x = 1", "c.py": "x = 1"}) == [("a.py", "b.py"), ("c.py",)]


def test_files_that_import_the_same_file_are_joined() -> None:
    assert parts({"a.py": "import c", "b.py": "import c", "c.py": ""}) == [("a.py", "b.py", "c.py")]


def test_files_that_use_the_same_library_are_not() -> None:
    assert parts({"a.py": "import boto3", "b.py": "import boto3"}) == [("a.py",), ("b.py",)]


def test_each_package_on_the_way_is_joined() -> None:
    files = {"a.py": "import p.q.r", "p/__init__.py": "", "p/q/__init__.py": "", "p/q/r.py": "", "z.py": ""}
    assert parts(files)[0] == ("a.py", "p/__init__.py", "p/q/__init__.py", "p/q/r.py")
    files["a.py"] = "from p.q.r import x"
    assert parts(files)[0] == ("a.py", "p/__init__.py", "p/q/__init__.py", "p/q/r.py")


def test_what_lies_in_an_imported_package_may_be_reached_through_it() -> None:
    files = {"a.py": "import p", "p/__init__.py": "", "p/q.py": "", "p/r/__init__.py": ""}
    assert parts(files) == [("a.py", "p/__init__.py", "p/q.py", "p/r/__init__.py")]


def test_pairs_are_joined() -> None:
    assert parts({"a.py": "", "b.py": "", "c.py": ""}, ("a.py", "c.py")) == [("a.py", "c.py"), ("b.py",)]


def test_parts_say_what_imports_mean() -> None:
    facts = {path: Source(text.encode()).facts for path, text in {"a.py": "import b", "b.py": ""}.items()}
    (part,) = parts_of(facts, Modules(facts))
    assert part.imports == (("b.py",), ())
