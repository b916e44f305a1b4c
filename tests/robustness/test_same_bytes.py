"""Over all fixtures, what is printed is the same to the byte, however leaklint is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
CASES = sorted(path for path in FIXTURES.glob("*/*") if path.is_dir())
SHARES = 8 if PROVE else 1
"""The tests go over all fixtures a share at a time, or over a sample of them."""


def copied(folder: Path, cases: list[Path]) -> Path:
    """Fixtures in a folder of their own, written in this order."""
    for case in cases:
        shutil.copytree(case, folder / case.parent.name / case.name, symlinks=True)
    (folder / "leaklint.toml").touch()
    return folder


@pytest.fixture(scope="module", params=range(SHARES))
def cases(request: pytest.FixtureRequest) -> list[Path]:
    """A share of the fixtures."""
    return CASES[request.param :: SHARES if PROVE else 48]


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory, cases: list[Path]) -> Path:
    """The fixtures, each in a folder of its own."""
    return copied(tmp_path_factory.mktemp("same") / "fixtures", cases)


def printed(cwd: Path, *arguments: str, cache: Path | None = None, **environment: str) -> bytes:
    """What a run prints as JSON, advice included."""
    command = [sys.executable, "-m", "leaklint", "check", "--exit-zero", "--quiet", "--output-format", "json"]
    command += ["--min-severity", "info", *(() if cache else ("--no-cache",)), *arguments]
    given = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        **environment,
        **({"LEAKLINT_CACHE_DIR": str(cache)} if cache else {}),
    }
    ended = subprocess.run(command, cwd=cwd, env=given, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr.decode()) == (0, "")
    return ended.stdout


@pytest.fixture(scope="module")
def usual(fixtures: Path, cases: list[Path]) -> bytes:
    """What is printed as a rule."""
    found = printed(fixtures)
    assert found.count(b'"code"') > len(cases) // 2
    return found


@pytest.mark.prove  # the quick tests below have seeds of their own as well
@pytest.mark.parametrize("seed", ["1", "2", "4711"])
def test_whatever_the_hash_seed(fixtures: Path, usual: bytes, seed: str) -> None:
    assert printed(fixtures, PYTHONHASHSEED=seed) == usual


def test_whatever_the_state_of_the_cache(fixtures: Path, usual: bytes, tmp_path: Path) -> None:
    assert printed(fixtures, cache=tmp_path) == usual
    assert printed(fixtures, cache=tmp_path, PYTHONHASHSEED="3") == usual
    for entry in tmp_path.rglob("*"):
        if entry.is_file() and entry.name not in (".gitignore", "CACHEDIR.TAG"):
            entry.write_bytes(entry.read_bytes()[:100])
    assert printed(fixtures, cache=tmp_path) == usual


@pytest.mark.parametrize("jobs", ["2", "5"] if PROVE else ["2"])
def test_whatever_the_number_of_processes(fixtures: Path, usual: bytes, jobs: str) -> None:
    assert printed(fixtures, "--jobs", jobs, PYTHONHASHSEED=jobs) == usual


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "no_SUCH.KOI8-R"] if PROVE else ["C"])
def test_whatever_the_locale(fixtures: Path, usual: bytes, locale: str) -> None:
    plain = dict.fromkeys(("LC_ALL", "LANG", "LC_CTYPE"), locale)
    assert printed(fixtures, PYTHONCOERCECLOCALE="0", PYTHONUTF8="0", **plain) == usual


def test_whatever_the_working_folder(fixtures: Path, usual: bytes, cases: list[Path]) -> None:
    inner = fixtures / cases[0].parent.name
    outside = printed(fixtures.parent, "fixtures")
    assert outside.replace(b'"fixtures/', b'"') == usual
    assert printed(inner, "..").replace(b'"../', b'"').count(b'"code"') == usual.count(b'"code"')


def test_whatever_the_order_of_files(usual: bytes, tmp_path: Path, cases: list[Path]) -> None:
    assert printed(copied(tmp_path / "fixtures", cases[::-1])) == usual


def test_whatever_the_line_endings(usual: bytes, tmp_path: Path, cases: list[Path]) -> None:
    folder = copied(tmp_path / "fixtures", cases)
    for path in folder.rglob("*.py"):
        source = path.read_bytes()
        if b"\r" not in source and b"\\\n" not in source:
            path.write_bytes(source.replace(b"\n", b"\r\n"))
    assert printed(folder).replace(rb"\r\n", rb"\n") == usual, "fixes keep the line endings of their file"
