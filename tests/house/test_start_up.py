"""Starting is cheap: what is imported before there is work to do."""

import subprocess
import sys

import pytest

EXPENSIVE = {"astroid", "asyncio", "flake8", "importlib.metadata", "libcst", "msgspec", "pathspec", "yaml"}

VERSION = """
import sys
from leaklint.frontends.cli import main
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
"""
PLUGIN = "import leaklint.frontends.flake8_format, leaklint.frontends.flake8_plugin"


def imported(code: str, *arguments: str) -> tuple[str, set[str]]:
    """What a new interpreter prints for the code, and the modules that it has imported at the end."""
    script = f"import sys; before = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - before))"
    command = [sys.executable, "-c", script, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    *output, modules = ended.stdout.splitlines()
    return "\n".join(output), set(modules.split())


def test_version_imports_nothing_expensive() -> None:
    output, modules = imported(VERSION, "--version")
    assert output == "leaklint 0.1.0"
    assert modules & (EXPENSIVE | {"argparse", "pathlib", "re"}) == set()


@pytest.mark.parametrize("module", sorted(EXPENSIVE - {"flake8", "importlib.metadata"}))
def test_flake8_starts_without(module: str) -> None:
    _, modules = imported(PLUGIN)
    assert module not in modules
