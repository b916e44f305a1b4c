"""flake8 reports what the command reports: however it is started, file by file, saved or not."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

COMMAND_ONLY = {"LK901", "LK903"}
"""Findings about files and templates belong to the command and the hook."""
BY_NOQA = ("bot/log.py", 13, "LK101")
LINE = re.compile(r"(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<code>\S+) (?P<message>.*)")

# What the command line of flake8 cannot say: which start method its worker processes get.
START = """
import multiprocessing, sys
from flake8.main.cli import main
multiprocessing.set_start_method(sys.argv.pop(1))
sys.exit(main())
"""

Row = tuple[str, int, int, str, str]


def run(command: list[str], cwd: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder; a traceback is never an answer."""
    ended = subprocess.run(
        [sys.executable, *command], cwd=cwd, input=stdin, capture_output=True, text=True, check=False, timeout=120
    )
    assert "Traceback" not in ended.stdout + ended.stderr, ended.stdout + ended.stderr
    return ended


def rows(text: str) -> list[Row]:
    """The lines of flake8's report, with paths from the folder it ran in."""
    matches = [LINE.fullmatch(line) for line in text.splitlines()]
    assert all(matches), text
    found = [match.groupdict() for match in matches if match]
    return sorted(
        (row["path"].removeprefix("./"), int(row["line"]), int(row["column"]), row["code"], row["message"])
        for row in found
    )


def flake8(*arguments: str, cwd: Path, select: str | None = "LK", stdin: str | None = None) -> list[Row]:
    """What flake8 reports; only leaklint's codes unless told otherwise."""
    selected = ["--select", select] if select else []
    return rows(run(["-m", "flake8", "--isolated", *selected, *arguments], cwd, stdin).stdout)


def command(*arguments: str, cwd: Path, stdin: str | None = None) -> list[Row]:
    """What the command reports, without what belongs to it alone."""
    ended = run(["-m", "leaklint", "check", "--output-format", "json", *arguments], cwd, stdin)
    assert ended.returncode in {0, 1}, ended.stderr
    return sorted(
        (row["path"], row["line"], row["column"], row["code"], row["message"])
        for row in json.loads(ended.stdout)
        if row["code"] not in COMMAND_ONLY
    )


def places(found: list[Row]) -> list[tuple[str, int, str]]:
    """Path, line and code."""
    return [(path, line, code) for path, line, _, code, _ in found]


EXPECTED = [
    ("bot/jobs/review.py", 14, "LK101"),
    ("bot/jobs/review.py", 15, "LK201"),
    ("bot/jobs/review.py", 19, "LK902"),
    ("bot/log.py", 9, "LK101"),
]


def test_the_command_finds_what_the_project_was_written_for(project: Path) -> None:
    assert places(command(cwd=project)) == EXPECTED


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_same_as_the_command(project: Path, jobs: str) -> None:
    assert flake8("-j", jobs, cwd=project) == command(cwd=project)


def test_every_code_is_on_without_a_selection(project: Path) -> None:
    found = [row for row in flake8(cwd=project, select=None) if row[3].startswith("LK")]
    assert found == command(cwd=project)


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_one_analysis_serves_all_workers(project: Path, method: str) -> None:
    ended = run(["-c", START, method, "--isolated", "-v", "-j", "2", "--select", "LK"], project)
    reported, log = (
        [line for line in ended.stdout.splitlines() if bool(LINE.fullmatch(line)) is is_row] for is_row in (True, False)
    )
    assert rows("\n".join(reported)) == command(cwd=project)
    assert sum("leaklint: analysed" in line for line in log + ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_what_is_handed_to_workers_is_cleared_away(project: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    # pytest's own folder would make the path of the fork server's socket too long.
    with tempfile.TemporaryDirectory() as scratch:
        monkeypatch.setenv("TMPDIR", scratch)
        run(["-c", START, method, "--isolated", "-j", "2", "--select", "LK"], project)
        assert list(Path(scratch).glob("*leaklint*")) == []


def test_from_a_folder_below(project: Path) -> None:
    below = project / "bot" / "jobs"
    found = flake8(cwd=below)
    assert found == command(cwd=below)
    assert places(found) == [("review.py", 14, "LK101"), ("review.py", 15, "LK201"), ("review.py", 19, "LK902")]
    assert flake8("review.py", cwd=below) == found


def test_from_a_folder_above(project: Path) -> None:
    above = project.parent
    found = flake8("bot-project", cwd=above)
    assert found == command("bot-project", cwd=above)
    assert places(found) == [(f"bot-project/{path}", line, code) for path, line, code in EXPECTED]


def test_one_file_has_its_own_findings_only(project: Path) -> None:
    assert places(flake8("bot/log.py", cwd=project)) == [("bot/log.py", 9, "LK101")]
    assert flake8("bot/handler.py", cwd=project) == []
    assert flake8(str(project / "bot" / "quiet.py"), cwd=project) == []


def test_unsaved_text_stands_for_the_file(project: Path) -> None:
    edited = "\n\n\n" + (project / "bot/log.py").read_text()
    saved, unsaved = (
        flake8("-", "--stdin-display-name", "bot/log.py", cwd=project, stdin=text)
        for text in ((project / "bot/log.py").read_text(), edited)
    )
    assert places(saved) == [("bot/log.py", 9, "LK101")]
    assert places(unsaved) == [("bot/log.py", 12, "LK101")]
    assert unsaved == command("-", "--stdin-filename", "bot/log.py", cwd=project, stdin=edited)


def test_unsaved_text_of_another_file_changes_the_answer(project: Path) -> None:
    mended = (project / "bot/log.py").read_text().replace("def write(text):\n", "def write(text):\n    MESSAGES = []\n")
    assert flake8("-", "--stdin-display-name", "bot/log.py", cwd=project, stdin=mended) == []


def test_unsaved_text_of_a_new_file(project: Path) -> None:
    text = "SEEN = []\n\n\ndef lambda_handler(event, context):\n    SEEN.append(event)\n"
    found = flake8("-", "--stdin-display-name", "bot/new.py", cwd=project, stdin=text)
    assert places(found) == [("bot/new.py", 5, "LK101")]


def test_text_without_a_name(project: Path) -> None:
    text = "SEEN = []\n\n\ndef lambda_handler(event, context):\n    SEEN.append(event)\n"
    assert places(flake8("-", cwd=project, stdin=text)) == [("stdin", 5, "LK101")]


def test_text_with_an_encoding_of_its_own(project: Path) -> None:
    text = (
        "# -*- coding: latin-1 -*-\nSEEN = []\n\n\ndef lambda_handler(event, context):\n    'é'; SEEN.append(event)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select", "LK", "-", "--stdin-display-name", "bot/new.py"],
        cwd=project,
        input=text.encode("latin-1"),
        capture_output=True,
        check=False,
    )
    assert [(line, column) for _, line, column, _, _ in rows(ended.stdout.decode())] == [(6, 10)]


def test_noqa_is_flake8s(project: Path) -> None:
    assert BY_NOQA not in places(flake8(cwd=project))
    assert BY_NOQA in places(flake8("--disable-noqa", cwd=project))


def test_own_suppressions_hold_without_noqa(project: Path) -> None:
    kept = ("bot/log.py", 17, "LK101")
    assert kept not in places(flake8("--disable-noqa", cwd=project))


ASYNC = ("bot/jobs/review.py", 8, "LK501")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--select", "LK"], False),
        (["--ignore", "E501"], False),
        (["--extend-select", "LK"], False),
        (["--select", "LK501"], True),
        (["--select", "LK5"], True),
        (["--extend-select", "LK50"], True),
        (["--select", "LK", "--extend-select", "LK501"], True),
    ],
)
def test_async_without_await_has_to_be_asked_for(project: Path, arguments: list[str], shown: bool) -> None:
    assert (ASYNC in places(flake8(*arguments, cwd=project, select=None))) is shown


def test_settings_of_the_project_hold(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.leaklint]\nselect = ["LK2"]\nextend-select = ["LK501"]\n')
    found = flake8(cwd=project)
    assert found == command(cwd=project)
    assert {code for _, _, code in places(found)} == {"LK201", "LK501"}


def test_wrong_settings_are_two_clear_lines(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.leaklint]\nselct = ["LK2"]\n')
    ended = run(["-m", "flake8", "--isolated"], project)
    assert ended.returncode == 1
    head, message, *_ = ended.stdout.splitlines()
    assert head == "There was a critical error during execution of Flake8:"
    assert "pyproject.toml:2:1" in message
    assert "did you mean `select`?" in message


def test_nothing_is_analysed_that_nobody_asked_for(project: Path) -> None:
    ended = run(["-m", "flake8", "--isolated", "-v", "--select", "E9", "bot"], project)
    assert "leaklint: analysed" not in ended.stdout + ended.stderr
    assert ended.returncode == 0
