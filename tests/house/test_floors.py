"""The floors and doors of the house: who may import whom, read from the source with ``ast``."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "leaklint"

MAY_IMPORT = {
    "ir": set(),
    "facts": {"ir"},
    "models": {"ir"},
    "link": {"ir"},
    "rules": {"ir"},
    "fix": {"ir"},
    "solve": {"ir", "facts", "models", "link"},
    "report": {"ir", "rules"},
    "pipeline": {"ir", "facts", "models", "link", "rules", "fix", "solve", "report"},
    "frontends": {"ir", "rules", "fix", "report", "pipeline", "confirm"},
    "confirm": {"report"},
    # Files beside the rooms.
    "__init__": set(),
    "__main__": {"frontends"},
    "pytest_plugin": {"confirm"},
}
"""What each room may import beside itself; everybody may read the version in ``leaklint/__init__.py``."""

DOORS = {
    "astroid": ("link/library.py",),
    "awslambdaric": ("confirm/",),
    "flake8": ("frontends/flake8_plugin.py", "frontends/flake8_format.py"),
    "libcst": ("fix/",),
    "pytest": ("pytest_plugin.py",),
}
"""The only files and folders that may import each dependency."""

BELOW_PIPELINE = ("ir", "facts", "models", "link", "rules", "fix", "solve", "report")
OUTSIDE_MODULES = {
    "asyncio",
    "glob",
    "importlib.metadata",
    "importlib.resources",
    "logging",
    "multiprocessing",
    "os",
    "pathlib.Path",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "urllib.request",
}
"""Modules and names that reach out of the process: disk, environment, network, other processes."""
OUTSIDE_CALLS = {"breakpoint", "exit", "input", "open", "print", "quit"}
OUTSIDE_OF_SYS = {"argv", "exit", "stderr", "stdin", "stdout"}
RUNS_CODE = {"__import__", "eval", "exec", "runpy"}


def files(*rooms: str) -> list[Path]:
    """Every source file, of the rooms where some are named."""
    return [path for path in sorted(SOURCE.rglob("*.py")) if not rooms or room_of(path) in rooms]


def room_of(path: Path) -> str:
    """The folder right under the package, or the name of a file there."""
    parts = path.relative_to(SOURCE).parts
    return parts[0] if len(parts) > 1 else path.stem


def label(path: Path) -> str:
    """The path as it is written in the tables above."""
    return path.relative_to(SOURCE).as_posix()


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{label(path)}:{node.lineno}: imports are absolute"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, module: str) -> bool:
    """Whether a dotted name is a module or something in it."""
    return name == module or name.startswith(f"{module}.")


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(path) for path in files()}
    assert rooms - MAY_IMPORT.keys() == set(), "a new room needs a line in MAY_IMPORT, and a floor in ARCHITECTURE.md"


@pytest.mark.parametrize("path", files(), ids=label)
def test_imports_go_down(path: Path) -> None:
    room = room_of(path)
    own = {name.split(".")[1] for _, name in imports(path) if name.startswith("leaklint.")}
    above = own - MAY_IMPORT[room] - {room, "__version__"}
    assert above == set(), f"{label(path)} imports {', '.join(sorted(above))}: {room} may not, see MAY_IMPORT"


@pytest.mark.parametrize("path", files("rules"), ids=label)
def test_a_rule_knows_no_other_rule(path: Path) -> None:
    rules = [name for _, name in imports(path) if name.startswith("leaklint.rules.lk")]
    assert rules == [], "what two rules share stands beside them: wording, obligation, habits"


@pytest.mark.parametrize("dependency", sorted(DOORS))
def test_a_dependency_has_one_door(dependency: str) -> None:
    users = [path for path in files() if any(within(name, dependency) for _, name in imports(path))]
    assert [label(path) for path in users if not label(path).startswith(DOORS[dependency])] == []


@pytest.mark.parametrize("path", files(*BELOW_PIPELINE), ids=label)
def test_nothing_below_pipeline_reaches_out(path: Path) -> None:
    found = [f"line {line}: {name}" for line, name in imports(path) if name in OUTSIDE_MODULES]
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in OUTSIDE_CALLS:
                found.append(f"line {node.lineno}: {name}()")
            case ast.Attribute(value=ast.Name(id="sys"), attr=name) if name in OUTSIDE_OF_SYS:
                found.append(f"line {node.lineno}: sys.{name}")
    assert found == []


@pytest.mark.parametrize("path", [path for path in files() if room_of(path) != "confirm"], ids=label)
def test_analysed_code_is_never_run(path: Path) -> None:
    names = {node.id for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Name)}
    assert names & RUNS_CODE == set()
    assert [name for _, name in imports(path) if within(name, "runpy")] == []


@pytest.mark.parametrize("path", files("pipeline"), ids=label)
def test_pipeline_neither_prints_nor_exits(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Call(func=ast.Name(id="print" | "exit" | "quit" | "input" as name)):
                found.append(f"line {node.lineno}: {name}()")
            case ast.Attribute(value=ast.Name(id="sys"), attr="exit" | "stdout" | "stderr" as name):
                found.append(f"line {node.lineno}: sys.{name}")
    assert found == []
