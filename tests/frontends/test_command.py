"""The command line: options, output, and exit statuses."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leaklint import __version__
from leaklint.frontends.commands import COMMANDS
from leaklint.rules.catalogue import catalogue

FOUND = "bot/log.py:5:5: LK101"


def command(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    """Starts the command as a process of its own."""
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-m", "leaklint", *arguments], stderr=subprocess.PIPE, text=True, **more)


def read_until_it_waits(running: subprocess.Popen[str]) -> str:
    """What a watching command prints until it waits for the next change."""
    assert running.stdout
    seen = ""
    while "Waiting" not in seen:
        line = running.stdout.readline()
        assert line, "it has ended"
        seen += line
    return seen


def test_a_finding_as_text(leaklint: Any) -> None:
    ended = leaklint()
    assert ended.status == 1
    lines = ended.out.splitlines()
    assert lines[0].startswith("LK101 error [unsafe fix]: ")
    assert lines[1] == " --> bot/log.py:5:5"
    assert lines[3:5] == ["5 |     MESSAGES.append(text)", "  |     ^^^^^^^^^^^^^^^^^^^^^"]
    assert "       > def handler(event, context):" in lines
    assert '       > log.write(event["id"])' in lines
    assert lines[-1] == "Found 1 error in 3 files; 1 handler. Fixes: 1 by --fix --unsafe-fixes."
    assert ended.err == ""


@pytest.mark.parametrize(
    "arguments",
    [["bot"], ["check", "bot"], ["bot/log.py"], ["--select", "LK1", "bot"], ["bot", "--select=LK1", "leaklint.toml"]],
)
def test_paths_and_options_in_any_order(leaklint: Any, arguments: list[str]) -> None:
    assert FOUND in leaklint(*arguments, "--output-format", "concise").out


def test_findings_outside_of_the_given_paths_are_not_reported(leaklint: Any) -> None:
    assert leaklint("bot/main.py", "--output-format", "json").out == "[]\n"


def test_a_folder_called_like_a_command(project: Path, leaklint: Any) -> None:
    (project / "rules").mkdir()
    (project / "rules/a.py").write_text("def handler(event, context):\n    return 1\n")
    assert "LK101" in leaklint("rules").out
    assert leaklint("./rules").status == 0


def test_json_is_all_that_goes_to_standard_output(leaklint: Any) -> None:
    ended = leaklint("--output-format", "json")
    (finding,) = json.loads(ended.out)
    assert (finding["code"], finding["path"], finding["line"], finding["severity"]) == (
        "LK101",
        "bot/log.py",
        5,
        "error",
    )
    assert [step["kind"] for step in finding["trace"]] == ["handler", "call", "leak", "defined"]
    assert finding["handlers"] == ["bot.main:handler"]
    assert ended.err == "Found 1 error in 3 files; 1 handler. Fixes: 1 by --fix --unsafe-fixes.\n"


def test_quiet_prints_findings_only(leaklint: Any) -> None:
    ended = leaklint("-q", "--output-format", "concise")
    assert (len(ended.out.splitlines()), ended.err) == (1, "")


def test_verbose_says_what_was_left_out(project: Path, leaklint: Any) -> None:
    (project / "build").mkdir()
    (project / "build/x.py").touch()
    (project / "venv/bin").mkdir(parents=True)
    (project / "venv/pyvenv.cfg").touch()
    (project / "venv/bin/activate_this.py").touch()
    (project / "below").mkdir()
    (project / "below/leaklint.toml").touch()
    (project / "below/z.py").touch()
    (project / ".gitignore").write_text("ignored\n")
    (project / "ignored").mkdir()
    (project / "ignored/i.py").touch()
    printed = leaklint("-v").err
    assert "project: . (settings: leaklint.toml)\nread: 3 Python files, 0 files that may declare handlers\n" in printed
    assert [line for line in printed.splitlines() if line.startswith("left out")] == [
        "left out: below (a project of its own)",
        "left out: build (excluded)",
        "left out: ignored (ignored by git)",
        "left out: venv (virtual environment)",
    ]
    assert "handler: bot.main:handler, " in printed
    subprocess.run(["git", "init", "--quiet"], check=True)
    assert leaklint("-v").err == printed


def test_exit_zero(leaklint: Any) -> None:
    ended = leaklint("--exit-zero")
    assert ended.status == 0
    assert "LK101" in ended.out


def test_selection(leaklint: Any) -> None:
    assert leaklint("--select", "LK2").status == 0
    assert leaklint("--ignore", "LK1").status == 0
    assert leaklint("--ignore", "LK1", "--extend-select", "LK101").status == 1
    assert leaklint("--select", "LK101,LK102 LK201", "--select", "LK202").status == 1


def test_several_formats_at_once(project: Path, leaklint: Any) -> None:
    ended = leaklint(
        "--output-format", "sarif:out/a.sarif", "--output-format", "concise", "--output-format", "html:a.html"
    )
    assert FOUND in ended.out
    assert json.loads((project / "out/a.sarif").read_text())["version"] == "2.1.0"
    assert (project / "a.html").read_text().startswith("<!doctype html>")
    assert sorted(each.name for each in (project / "out").iterdir()) == ["a.sarif"]


def test_statistics(leaklint: Any) -> None:
    assert leaklint("--statistics", "-q").out == "1  LK101  module-state-mutated (error)\n"
    (row,) = json.loads(leaklint("--statistics", "--output-format", "json").out)
    assert row == {"count": 1, "code": "LK101", "name": "module-state-mutated", "severity": "error"}


def test_unsaved_text_overlays_the_project(project: Path, leaklint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    typed("MESSAGES = []\n\n\n\n\n\ndef write(text):\n    MESSAGES.append(text)\n")
    ended = leaklint("-", "--stdin-filename", "bot/log.py", "--output-format", "concise")
    assert "bot/log.py:8:5: LK101" in ended.out
    typed("def write(text):\n    return text\n")
    assert leaklint("-", "--stdin-filename", "bot/log.py").status == 0
    typed("SEEN = []\n\n\ndef handler(event, context):\n    SEEN.append(event)\n")
    assert "stdin.py:5:5: LK101" in leaklint("-", "--output-format", "concise").out


def test_a_baseline_from_first_to_last(project: Path, leaklint: Any) -> None:
    made = leaklint("--baseline", "known.json", "--update-baseline")
    assert (made.status, made.err) == (0, "note: baseline known.json went up by 1: 1 accepted\n")
    (project / "leaklint.toml").write_text('baseline = "known.json"\n')
    assert leaklint().out == "No leaks found in 3 files; 1 handler. Not shown: 1 in the baseline.\n"
    (project / "bot/log.py").write_text("def write(text):\n    return text\n")
    assert leaklint("--no-update").err == ""
    assert leaklint().err == "note: baseline known.json went down by 1: 0 accepted\n"


def test_suppressions_for_a_first_adoption(project: Path, leaklint: Any) -> None:
    ended = leaklint("--add-ignore", "known since spring")
    assert (ended.status, ended.out) == (0, "Added suppressions for 1 findings.\n")
    line = (project / "bot/log.py").read_text().splitlines()[4]
    assert line == "    MESSAGES.append(text)  # leaklint: ignore[LK101] known since spring"
    assert leaklint().out == "No leaks found in 3 files; 1 handler. Not shown: 1 suppressed.\n"


def test_findings_since_a_revision(project: Path, leaklint: Any) -> None:
    git = ["git", "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "m"], check=True)
    ended = leaklint("--since", "HEAD")
    assert ended.out == "No leaks found in 3 files; 1 handler. Not shown: 1 in unchanged lines.\n"
    main = project / "bot/main.py"
    main.write_text(main.read_text().replace('event["id"]', 'event["name"]'))
    assert leaklint("--since", "HEAD").status == 1


def test_code_in_a_template_has_its_place_there(project: Path, leaklint: Any) -> None:
    (project / "template.yaml").write_text(
        """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Inline:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: |
        SEEN = []

        def handler(event, context):
            SEEN.append(event["id"])
            SEEN.append(event["name"])  # noqa: LK101
            SEEN.clear  # noqa: LK202
"""
    )
    lines = leaklint("--output-format", "concise", "template.yaml").out.splitlines()
    assert [line.split(" ")[:2] for line in lines[:-1]] == [
        ["template.yaml:12:13:", "LK101"],
        ["template.yaml:14:25:", "LK902"],
    ]
    assert '12 |     SEEN.append(event["id"])' in leaklint("template.yaml").out


def test_a_missing_handler_has_its_place_in_the_settings(project: Path, leaklint: Any) -> None:
    (project / "leaklint.toml").write_text('handlers = ["bot.main:handler",\n  "bot.main:handlr"]\n')
    printed = leaklint("bot/log.py").out
    assert "leaklint.toml:2:3" in printed
    assert '2 |   "bot.main:handlr"]' in printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "error: leaklint.toml:1:11: `models`: no such file `rows.toml`\n"),
        ('["a.b"]\nopns = 3\n', "error: rows.toml: "),
        ("[", "error: rows.toml: "),
    ],
)
def test_wrong_rows_are_wrong_use(project: Path, leaklint: Any, text: str | None, message: str) -> None:
    (project / "leaklint.toml").write_text('models = ["rows.toml"]\n')
    if text is not None:
        (project / "rows.toml").write_text(text)
    ended = leaklint()
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(message)


def test_escape_sequences_are_shown_not_sent(project: Path, leaklint: Any) -> None:
    (project / "bot/log.py").write_text("SEEN = []\n\n\ndef write(text):\n    SEEN.append(text + '\x1b[2J')\n")
    for name in ("text", "concise", "json", "github", "markdown", "junit", "sarif", "html", "gitlab"):
        assert "\x1b" not in leaklint("--output-format", name).out


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "0"}, False),
    ],
)
def test_colours(leaklint: Any, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in leaklint().out) is coloured
    assert "\x1b[" in leaklint("--color", "always").out
    assert "\x1b[" not in leaklint("--color", "never").out


class TestOtherCommands:
    """Everything but ``check``."""

    def test_version(self, leaklint: Any) -> None:
        for arguments in (["--version"], ["-V"], ["bot", "--version"]):
            ended = leaklint(*arguments)
            assert (ended.status, ended.out) == (0, f"leaklint {__version__}\n")

    def test_help_names_all_commands(self, leaklint: Any) -> None:
        ended = leaklint("--help")
        assert ended.status == 0
        assert [name for name in COMMANDS if f"\n  {name}" not in ended.out] == []

    def test_handlers(self, leaklint: Any) -> None:
        ended = leaklint("handlers")
        assert ended.status == 0
        assert ended.out.startswith("bot.main:handler  bot/main.py:4\n    aws-lambda, by guess: ")
        (row,) = json.loads(leaklint("handlers", "--output-format", "json").out)
        assert {name: row[name] for name in ("module", "function", "path", "line", "platform")} == {
            "module": "bot.main",
            "function": "handler",
            "path": "bot/main.py",
            "line": 4,
            "platform": "aws-lambda",
        }
        assert row["reason"]
        assert (row["outcome"], row["overlapping"], row["awaited"]) == ("resumes-later", False, False)
        assert (row["snap_start"], row["durable"], row["request_data"]) == (False, False, ["event", "context"])

    def test_handlers_below_a_path(self, leaklint: Any, project: Path) -> None:
        (project / "other.py").write_text("def lambda_handler(event, context): ...\n")
        assert [row["path"] for row in json.loads(leaklint("handlers", "bot", "--output-format", "json").out)] == [
            "bot/main.py"
        ]
        assert leaklint("handlers", "./other.py").out.startswith("other:lambda_handler  other.py:1\n")
        assert len(json.loads(leaklint("handlers", "--output-format", "json").out)) == 2
        ended = leaklint("handlers", "bot/log.py")
        assert (ended.out, ended.err) == ("", "note: no handler is there; the project has 2\n")

    def test_handlers_of_a_platform_that_does_not_freeze(self, leaklint: Any, project: Path) -> None:
        (project / "leaklint.toml").write_text('platforms = { "bot/" = "gcp" }\n')
        out = leaklint("handlers").out
        assert "gcp, by guess" in out
        assert "pending work runs on at return; several requests at a time" in out
        (row,) = json.loads(leaklint("handlers", "--output-format", "json").out)
        assert (row["outcome"], row["overlapping"]) == ("runs-on", True)

    def test_explain(self, leaklint: Any) -> None:
        page = leaklint("explain", "LK101").out
        assert page.startswith("# LK101 module-state-mutated\n")
        assert "```python bad" in page
        assert leaklint("explain", "lk101").out == page
        assert leaklint("explain", "module-state-mutated").out == page
        family = leaklint("explain", "LK3").out
        assert [line.split()[1] for line in family.splitlines() if line.startswith("# ")] == ["LK301", "LK302", "LK303"]

    def test_rules(self, leaklint: Any) -> None:
        assert len(leaklint("rules").out.splitlines()) == len(catalogue())
        rows = json.loads(leaklint("rules", "--output-format", "json").out)
        assert [row["code"] for row in rows] == list(catalogue())
        assert leaklint("rules", "--output-format", "markdown").out.startswith("# Rules\n")
        assert [line[:5] for line in leaklint("rules", "lk3").out.splitlines()] == ["LK301", "LK302", "LK303"]
        assert leaklint("rules", "LK3", "--output-format", "markdown").out.startswith("# LK3xx Callback-style APIs\n")
        wrong = leaklint("rules", "LK7")
        assert (wrong.status, wrong.out) == (2, "")
        assert wrong.err == "error: unknown family `LK7`; families are LK1, LK2, LK3, LK4, LK5, LK9\n"

    def test_config(self, project: Path, leaklint: Any) -> None:
        (project / "leaklint.toml").write_text('# ours\nseverity = { LK1 = "warning" }\n')
        printed = leaklint("config", "--ignore", "LK2").out
        assert printed.startswith("root .   settings file: leaklint.toml\n")
        assert 'severity         = {"LK1": "warning"}  # leaklint.toml:2\n' in printed
        assert 'ignore           = ["LK2"]  # --ignore\n' in printed
        assert 'select           = ["LK"]  # default\n' in printed
        (part,) = json.loads(leaklint("config", "--output-format", "json").out)
        assert part["settings"]["severity"] == {"value": {"LK1": "warning"}, "from": "leaklint.toml:2"}

    def test_the_reference_names_every_setting(self, leaklint: Any) -> None:
        page = leaklint("config", "--output-format", "markdown").out
        assert page.count("\n## ") == 19
        assert len(re.findall(r"^- Value: (?:a|one|the) .*[a-z`]$", page, re.MULTILINE)) == 19


class TestProcess:
    """What only a process of its own can show."""

    def test_a_reader_that_goes_away(self, project: Path) -> None:
        (project / "bot/log.py").write_text(
            "M = []\n\n\ndef write(text):\n" + "".join(f"    M.append((text, {number}))\n" for number in range(3_000))
        )
        running = command("--output-format", "concise", cwd=project)
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(60) == 1
        assert running.stderr.read() == ""
        running.stderr.close()

    @pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
    def test_a_stream_that_is_closed(self, project: Path, closed: str) -> None:
        command_line = f"{shlex.quote(sys.executable)} -m leaklint check --no-cache --output-format concise {closed}"
        ended = subprocess.run(["sh", "-c", command_line], cwd=project, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stdout + ended.stderr
        assert bool(ended.stdout) == (">&-" not in closed.replace("2>&-", ""))

    def test_an_interruption(self, project: Path) -> None:
        running = command("--watch", cwd=project, env=os.environ | {"PYTHONUNBUFFERED": "1"})
        read_until_it_waits(running)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
        assert (running.returncode, errors) == (130, "\n")

    def test_an_encoding_that_lacks_letters(self, project: Path) -> None:
        (project / "bot/log.py").write_text(
            "MÜLL = []\n\n\ndef write(text):\n    MÜLL.append(text)\n", encoding="utf-8"
        )
        running = command(cwd=project, env=os.environ | {"PYTHONIOENCODING": "ascii"})
        out, errors = running.communicate(timeout=60)
        assert running.returncode == 1
        assert "M\\xdcLL.append(text)" in out
        assert "Traceback" not in errors

    def test_a_full_disk(self, project: Path) -> None:
        with Path("/dev/full").open("w") as full:
            running = command("--output-format", "json", cwd=project, stdout=full)
            _, errors = running.communicate(timeout=60)
        assert running.returncode == 2
        assert "Traceback" not in errors
        assert "No space left on device" in errors

    def test_a_working_folder_that_is_gone(self, project: Path) -> None:
        script = f"cd {project}/bot && rm -r {project}/bot && exec {sys.executable} -m leaklint"
        ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (2, "error: the working folder is gone\n")

    def test_a_bug_is_no_finding(self, project: Path, leaklint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("leaklint.pipeline.analyse._findings", lambda given: 1 / 0)
        ended = leaklint()
        assert ended.status == 2
        assert ended.err.endswith("This is a bug of leaklint: please report it with the lines above.\n")

    def test_a_change_is_seen(self, project: Path) -> None:
        running = command(
            "--watch", "--output-format", "concise", cwd=project, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
        assert FOUND in read_until_it_waits(running)
        (project / "bot/log.py").write_text("def write(text):\n    return text\n")
        assert "No leaks found" in read_until_it_waits(running)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
