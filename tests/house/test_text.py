"""What may not stand in the project's text: weak names, unfinished work, places of one machine, long files."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREES = (".ci", ".github", "benchmarks", "docs", "src", "tests")
SUFFIXES = {".css", ".html", ".js", ".md", ".py", ".sh", ".svg", ".toml", ".yaml", ".yml", ""}
GENERATED = {"__pycache__", "leaklint.egg-info"}
MAX_LINES = 420

WEAK = {"common", "data", "handle", "helper", "helpers", "info", "manage", "manager", "misc", "util", "utils"}
TERM = "request_data"
"""A word of the contract (the taint), and part of the name of LK105."""
UNFINISHED = re.compile(r"TODO|FIXME|XXX|pragma: no cover")
SWITCHED_OFF = re.compile(r"pytest\.skip\b|mark\.skip|xfail\b|unittest\.skip")
NEED_WHAT_MAY_BE_MISSING = [
    "tests/confirm/conftest.py",
    "tests/confirm/test_incidents.py",
    "tests/report/test_browser.py",
]
"""The only files that skip tests: without the runtime client of AWS, which is an extra, or without a browser."""
ONE_MACHINE = re.compile(r"/work/|/tmp/dev|/root/|pypi\.org|pythonhosted")


def texts() -> list[Path]:
    """Every text of the project that people wrote, without fixtures and this file, which names what it looks for."""
    kept = SUFFIXES | {".lock"}
    # `.git` is a file in a second working tree
    beside = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in kept and path.name != ".git"]
    inside = [path for tree in TREES for path in (ROOT / tree).rglob("*") if path.is_file() and path.suffix in SUFFIXES]
    return sorted(path for path in beside + inside if is_prose(path))


def is_prose(path: Path) -> bool:
    """Whether people wrote the file, and it is no analysed program, which may say what it likes."""
    parts = path.relative_to(ROOT).parts
    fixture = parts[0] == "tests" and bool({"fixtures", "project", "projects"} & set(parts[1:-1]))
    return not fixture and not GENERATED & set(parts) and path != Path(__file__)


def label(path: Path) -> str:
    """The path as it is seen from the project's root."""
    return path.relative_to(ROOT).as_posix()


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Every line that the pattern occurs in, with its place."""
    return [
        f"{label(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def words(name: str) -> set[str]:
    """The words of a name in snake or camel case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


SOURCES = [path for path in texts() if path.suffix == ".py" and label(path).startswith("src/")]


def test_nothing_is_unfinished() -> None:
    assert lines_with(UNFINISHED, SOURCES) == [], "finish it, or write it down as a fixture with a note"


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_nothing_is_a_stub(path: Path) -> None:
    raised = [node.exc for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Raise) and node.exc]
    stubs = [ast.unparse(error) for error in raised if "NotImplementedError" in ast.unparse(error)]
    assert stubs == [], f"{label(path)} raises what a stub raises"


def test_no_test_is_switched_off() -> None:
    tests = [path for path in texts() if label(path).startswith("tests/")]
    skipping = [each.partition(":")[0] for each in lines_with(SWITCHED_OFF, tests)]
    assert skipping == NEED_WHAT_MAY_BE_MISSING, "what fails on purpose is a note in a fixture, with its reason"


def test_no_text_names_one_machine() -> None:
    assert lines_with(ONE_MACHINE, texts()) == [], "write a path, or an address, that everybody has"


@pytest.mark.parametrize("path", [path for path in texts() if path.suffix == ".py"], ids=label)
def test_a_file_can_be_read_at_one_sitting(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{label(path)} has {lines} lines: move what belongs together into a file of its own"


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_names_say_something(path: Path) -> None:
    defined = {
        node.name
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    weak = {name for name in defined | {path.stem} if words(name.replace(TERM, "")) & WEAK}
    assert weak == set(), f"names in {label(path)} that would fit anything: {', '.join(sorted(WEAK))} say nothing"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.stat().st_size], ids=label)
def test_a_module_says_what_it_is(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0]
    assert first.endswith((".", ":")), f"the docstring of {label(path)} begins with a sentence on one line"
