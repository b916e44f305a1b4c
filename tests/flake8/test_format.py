"""``flake8 --format=leaklint`` shows each of our findings with its trace, and the others as ever."""

import subprocess
import sys
from pathlib import Path


def output(*arguments: str, cwd: Path, module: str = "flake8") -> str:
    """What a command prints on standard output."""
    command = [sys.executable, "-m", module, *arguments]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in ended.stdout + ended.stderr
    return ended.stdout


def test_our_findings_are_shown_as_the_command_shows_them(project: Path) -> None:
    alone = ["--isolated", "--select", "LK", "bot/log.py"]
    shown = output("--format=leaklint", *alone, cwd=project)
    assert shown == output("check", "--quiet", "bot/log.py", cwd=project, module="leaklint")
    assert "bot/handler.py:8:5" in shown


def test_every_job_count_shows_traces(project: Path) -> None:
    shown = [output("--isolated", "--format=leaklint", "-j", jobs, "--select", "LK", cwd=project) for jobs in "12"]
    assert shown[0] == shown[1]
    assert "--> ./bot/log.py:9:5" in shown[0] or "--> bot/log.py:9:5" in shown[0]


def test_the_findings_of_others_keep_their_form(project: Path) -> None:
    (project / "bot/handler.py").write_text("import os\nx=1\n")
    plain, ours = (
        output("--isolated", *arguments, "--extend-ignore", "LK", "bot/handler.py", cwd=project)
        for arguments in ([], ["--format=leaklint"])
    )
    assert "bot/handler.py:1:1: F401" in plain
    assert ours == plain


def test_source_is_shown_once(project: Path) -> None:
    (project / "bot/log.py").write_text((project / "bot/log.py").read_text() + "\nimport os\n")
    shown = output("--isolated", "--format=leaklint", "--show-source", "--select", "LK,F", "bot/log.py", cwd=project)
    assert shown.count("    MESSAGES.append(text)\n") == 1
    assert "import os\n^" in shown
