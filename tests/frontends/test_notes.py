"""What the command says beside the findings: counts, and notes when there is nothing to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest


def test_counts_of_one_are_singular(project: Path, leaklint: Any) -> None:
    for each in (project / "bot").iterdir():
        each.unlink()
    (project / "app.py").touch()
    (project / "template.yaml").touch()
    assert "read: 1 Python file, 1 file that may declare handlers\n" in leaklint("-v").err


def test_cleaning_says_what_it_did(project: Path, leaklint: Any) -> None:
    leaklint()
    first, second = leaklint("clean"), leaklint("clean")
    assert re.fullmatch(r"Removed \S+: [0-9.]+ MB\n", first.out)
    assert second.out == "There is no cache to remove.\n"
    assert first.status == second.status == 0


def test_without_a_python_file_a_note_says_so(project: Path, leaklint: Any) -> None:
    (project / "notes").mkdir()
    (project / "notes/leaklint.toml").touch()
    for command in ((), ("handlers",)):
        ended = leaklint(*command, "notes")
        assert ended.status == 0
        assert ended.err.startswith("note: nothing to analyse: the project has no Python file")
        assert "no handler found" not in ended.err


def test_without_a_handler_a_note_names_the_cure(project: Path, leaklint: Any) -> None:
    (project / "bot/main.py").write_text("def main():\n    return 1\n")
    ended = leaklint()
    assert ended.status == 0
    assert ended.err.startswith("note: no handler found")
    assert "handlers = [" in ended.err
    assert 'scope = "all"' in ended.err


def test_without_a_handler_a_note_names_the_framework_that_is_not_known(project: Path, leaklint: Any) -> None:
    (project / "leaklint.toml").write_text('handlers = ["web"]\n')
    (project / "bot/main.py").write_text("import klein\nimport twisted.web.server\n\napp = klein.Klein()\n")
    assert "what Klein and Twisted calls is not known" in leaklint().err
    (project / "klein.py").write_text("Klein = object\n")
    assert "what Twisted calls is not known" in leaklint().err
    (project / "leaklint.toml").write_text("")
    assert 'scope = "all"' in leaklint().err


def test_handlers_are_listed_without_a_cache(project: Path, leaklint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKLINT_CACHE_DIR", str(project / "kept"))
    listed = leaklint("handlers", "--no-cache")
    assert not (project / "kept").exists()
    assert leaklint("handlers").out == listed.out
    assert (project / "kept").exists()


def test_a_folder_of_the_settings_that_is_not_there_is_noted(project: Path, leaklint: Any) -> None:
    (project / "leaklint.toml").write_text('src = ["bto"]\n')
    assert leaklint().err == "note: leaklint.toml:1:8: `src`: no such folder `bto`; did you mean `bot`?\n"
    assert leaklint("--src", "lib").err == "note: --src: no such folder `lib`\n"
    assert leaklint("--src", "bot").err == ""


def test_an_environment_that_is_not_there_is_a_note(project: Path, leaklint: Any) -> None:
    (project / "leaklint.toml").write_text('python = "none"\n')
    assert leaklint().err == "note: leaklint.toml:1:10: `python`: no such environment `none`\n"
    assert leaklint("--python", "bot").err == "note: --python: `bot` is no environment: nothing is installed in it\n"
    (project / "env/lib/python3.12/site-packages").mkdir(parents=True)
    assert leaklint("--python", "env").err == ""
