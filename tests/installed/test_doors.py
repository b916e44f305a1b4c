"""Over all fixtures at once, every door says the same, byte for byte: place, code and message.

The doors: the command, the command with a file as unsaved text, flake8 with one worker and with two under each start
method, and the pre-commit hook. The fixtures lie side by side in one repository, where those with settings are projects
of their own. The quick profile takes a sample of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installed.conftest import commit

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path for path in FIXTURES.glob("*/*") if path.is_dir())
EVERY = 1 if os.environ.get("LEAKLINT_PROVE") else 24
LINE = re.compile(r"^(\./)?[^\s:][^:]*:\d+:\d+: LK\d{3} .*$", re.MULTILINE)
COMMAND_ONLY = re.compile(r": LK90[13] |^[^:]*(?<!\.py):")
"""What flake8 does not look at: files that cannot be read, and code in templates."""
FLAKE8 = ("--isolated", "--select", "LK", "--exclude", "blob.py", ".")
"""With all fixtures but the one with a NUL byte, over which flake8 itself stumbles on Python 3.11."""
START = """
import multiprocessing, sys
from flake8.main.cli import main
multiprocessing.set_start_method(sys.argv.pop(1))
sys.exit(main())
"""
HOOK = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: leaklint
        args: [--output-format=concise]
"""


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One repository with the fixtures."""
    folder = tmp_path_factory.mktemp("doors") / "fixtures"
    for case in CASES[::EVERY]:
        shutil.copytree(case, folder / case.parent.name / case.name, symlinks=True)
    (folder / ".gitignore").write_text(".pre-commit-config.yaml\n")
    return commit(folder)


def lines(printed: bytes) -> list[str]:
    """The findings among what a command prints, sorted."""
    text = printed.decode()
    assert "Traceback" not in text, text
    return sorted(match.group().removeprefix("./") for match in LINE.finditer(text))


def said(*arguments: str, cwd: Path, **more: object) -> list[str]:
    """The findings that a command prints, run with this Python."""
    ended = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, check=False, **more)  # type: ignore[call-overload]
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    return lines(ended.stdout)


@pytest.fixture(scope="module")
def command(fixtures: Path) -> list[str]:
    """What the command says about all of them."""
    found = said("-m", "leaklint", "check", "--quiet", "--output-format", "concise", cwd=fixtures)
    assert len(found) > len(CASES[::EVERY]) // 4
    return found


def for_flake8(found: list[str]) -> list[str]:
    return [line for line in found if not COMMAND_ONLY.search(line)]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_flake8_with_two_workers(fixtures: Path, command: list[str], method: str) -> None:
    assert said("-c", START, method, "-j2", *FLAKE8, cwd=fixtures) == for_flake8(command)


def test_flake8_with_one_worker(fixtures: Path, command: list[str]) -> None:
    assert said("-m", "flake8", "-j1", *FLAKE8, cwd=fixtures) == for_flake8(command)


def test_unsaved_text(fixtures: Path, command: list[str]) -> None:
    paths = sorted({line.partition(":")[0] for line in command if line.partition(":")[0].endswith(".py")})
    for path in paths[:: max(len(paths) // 4, 1)]:
        text = (fixtures / path).read_bytes()
        options = ["-q", "--output-format", "concise", "-", "--stdin-filename", path]
        unsaved = said("-m", "leaklint", *options, cwd=fixtures, input=text)
        of_it = [line for line in unsaved if line.startswith(f"{path}:")]
        assert of_it == [line for line in command if line.startswith(f"{path}:")]
        assert all(": LK903 " in line for line in unsaved if line not in of_it), "what is wrong with its settings"


def test_the_hook(fixtures: Path, command: list[str], repository: Path, environment: dict[str, str]) -> None:
    asked = ["git", "rev-parse", "HEAD"]
    revision = subprocess.run(asked, cwd=repository, capture_output=True, text=True, check=True).stdout.strip()
    (fixtures / ".pre-commit-config.yaml").write_text(HOOK.format(repository=repository, revision=revision))
    found = said("-m", "pre_commit", "run", "--all-files", cwd=fixtures, env=environment)
    assert found == command
