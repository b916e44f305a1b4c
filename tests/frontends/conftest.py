"""The command, run within the test's own process, over a small project."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.frontends.cli import main


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a handler that keeps request data in a list of another module."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/__init__.py").touch()
    (tmp_path / "bot/log.py").write_text("MESSAGES = []\n\n\ndef write(text):\n    MESSAGES.append(text)\n")
    (tmp_path / "bot/main.py").write_text(
        'from bot import log\n\n\ndef handler(event, context):\n    log.write(event["id"])\n    return "ok"\n'
    )
    (tmp_path / "leaklint.toml").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def leaklint(project: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``leaklint`` with arguments in the working folder."""

    def run(*arguments: str) -> Ended:
        try:
            status = main(list(arguments))
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 1
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    return run
