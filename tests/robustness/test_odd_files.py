"""Pipes and devices under every name that is read: none is waited for, or read without end, and what can be is analysed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LEAK = "SEEN = []\n\n\ndef handler(event, context):\n    SEEN.append(event)\n"
IGNORING = (
    ".gitignore",
    "below/.gitignore",
    ".flake8",
    "setup.cfg",
    "tox.ini",
    "pyproject.toml",
    "below/pyproject.toml",
)
PACKED = ("below/six-1.0.dist-info/RECORD", "below/boto3-1.0.egg-info/top_level.txt")
INSTALLED = (".venv/lib/python3.11/site-packages/client/__init__.py", ".venv/lib/python3.11/site-packages/other.py")
TEMPLATES = ("template.yaml", "template.json", "serverless.yml", "main.tf", "Dockerfile", "cdk.json", "function.json")
SOURCES = ("below/pipe.py", "below/requests/__init__.py")
KINDS = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": lambda path: os.mknod(path, 0o140600),
}


def found(project: Path, cache: Path) -> list[tuple[str, str]]:
    """Codes and files of what is found, in bounded time and memory."""
    ended = subprocess.run(
        [sys.executable, "-m", "leaklint", "check", "--exit-zero", "--output-format", "json"],
        cwd=project,
        env={**os.environ, "LEAKLINT_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
    return [(each["code"], each["path"]) for each in json.loads(ended.stdout)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_that_is_none_is_read(tmp_path: Path, kind: str) -> None:
    make: Callable[[Path], None] = KINDS[kind]
    project = tmp_path / "project"
    for name in (*IGNORING, *PACKED, *INSTALLED, *TEMPLATES, *SOURCES):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        make(project / name)
    (project / "leaklint.toml").touch()
    (project / "app.py").write_text(
        "import client\nimport other\n" + LEAK + "    client.call(event)\n    other.call()\n"
    )
    expected = [("LK101", "app.py"), *(("LK901", path) for path in SOURCES)]
    for _ in range(2):
        assert [each for each in found(project, tmp_path / "cache") if each[1].endswith(".py")] == expected


def test_a_pipe_in_the_place_of_an_empty_file_that_the_cache_knows(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "leaklint.toml").touch()
    (project / "app.py").write_text(LEAK)
    (project / "empty.py").touch()
    assert found(project, tmp_path / "cache") == [("LK101", "app.py")]
    (project / "empty.py").unlink()
    os.mkfifo(project / "empty.py")
    assert found(project, tmp_path / "cache") == [("LK101", "app.py"), ("LK901", "empty.py")]
