"""``leaklint check --confirm``: handlers that have events in the settings are run, and findings joined with what is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from frontends.conftest import Command

SETTINGS = """
events = { "bot.main:handler" = "event.json" }
"""
HIDDEN = """
KEPT = []


def handler(event, context):
    exec("KEPT.append(event['id'])")
"""
"""A leak that only execution shows."""


@pytest.fixture
def with_event(project: Path) -> Path:
    """The project with an event for its handler."""
    (project / "event.json").write_text('{"id": "{{unique}}"}')
    (project / "leaklint.toml").write_text(SETTINGS)
    return project


def test_findings_are_confirmed(with_event: Path, leaklint: Command) -> None:
    ended = leaklint("check", "--confirm")
    assert ended.status == 1
    assert ended.err == ""
    findings, summary, run = ended.out.partition(
        "Found 1 error in 3 files; 1 handler. Fixes: 1 by --fix --unsafe-fixes.\n"
    )
    assert findings.startswith("LK101 error [unsafe fix]: ")
    assert summary
    assert run.startswith("\nbot.main:handler was run 3 times: frozen after each return, thawed for the next event\n")
    assert "confirmed  LK101 bot/log.py:5:5 request data" in run
    assert "    data of invocation 1 is still in bot.log.MESSAGES[0] after invocation 2\n" in run
    assert run.endswith("\n1 confirmed, 0 not seen, 0 only seen at run time.\n")


def test_output_for_machines_stays_what_it_is(with_event: Path, leaklint: Command) -> None:
    ended = leaklint("--confirm", "--output-format", "json")
    assert [each["code"] for each in json.loads(ended.out)] == ["LK101"]
    assert "1 confirmed, 0 not seen" in ended.err


def test_a_leak_that_is_only_seen_is_something_found(project: Path, leaklint: Command) -> None:
    (project / "bot/main.py").write_text(HIDDEN)
    (project / "leaklint.toml").write_text(SETTINGS)
    (project / "event.json").write_text('{"id": "{{unique}}"}')
    assert leaklint().status == 0
    ended = leaklint("--confirm")
    assert ended.status == 1
    assert "only seen at run time  LK10" in ended.out
    assert leaklint("--confirm", "--exit-zero").status == 0


SUPPRESSED = "MESSAGES.append(text)  # leaklint: ignore[LK101] wanted"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (SUPPRESSED, []),
        ("MESSAGES.append(text)", ["--ignore", "LK101"]),
        ("MESSAGES.append(text)", ["--select", "LK2"]),
        ("MESSAGES.append(text)", ["bot/main.py"]),
        ("MESSAGES.append(text)", ["--baseline", "accepted.json"]),
    ],
)
def test_a_leak_that_nobody_wants_to_see_is_not_found_anew(
    with_event: Path, leaklint: Command, line: str, words: list[str]
) -> None:
    log = with_event / "bot/log.py"
    log.write_text(log.read_text().replace("MESSAGES.append(text)", line))
    leaklint("--update-baseline", "--baseline", "accepted.json", "-q")
    ended = leaklint("--confirm", *words)
    assert ended.out.endswith(
        "\n0 confirmed, 0 not seen, 0 only seen at run time. (1 finding was seen that is suppressed, accepted or left out.)\n"
    )
    assert ended.status == 0


def test_a_leak_beside_a_suppressed_one_is_found(with_event: Path, leaklint: Command) -> None:
    log = with_event / "bot/log.py"
    log.write_text(
        log.read_text().replace("MESSAGES.append(text)", f"{SUPPRESSED}\n    exec('KEPT.append(text)')")
        + "\n\nKEPT = []\n"
    )
    ended = leaklint("--confirm")
    assert "only seen at run time  LK101 state bot.log.KEPT" in ended.out
    assert "bot.log.MESSAGES" not in ended.out
    assert ended.status == 1


def test_a_sound_handler_is_clean(project: Path, leaklint: Command) -> None:
    (project / "bot/main.py").write_text("def handler(event, context):\n    return event\n")
    (project / "leaklint.toml").write_text(SETTINGS)
    (project / "event.json").write_text("{}")
    assert leaklint("--confirm").status == 0


def test_the_folder_before_the_slash_is_where_it_runs(project: Path, leaklint: Command) -> None:
    for name in ("orders", "users"):
        (project / name).mkdir()
        (project / name / "kept.py").write_text(f"{name.upper()} = []\n")
        (project / name / "app.py").write_text(
            f"import kept\n\ndef handler(event, context):\n    kept.{name.upper()}.append(event['id'])\n"
        )
    (project / "one.json").write_text('{"id": "{{unique}}"}')
    (project / "leaklint.toml").write_text(
        'events = { "orders/app:handler" = ["one.json", "one.json"], "users/app:handler" = "one.json" }\n'
    )
    out = leaklint("--confirm", "--output-format", "concise").out
    assert out.count("app:handler was run 3 times") == 2
    assert "data of invocation 1 is still in kept.ORDERS[0] after invocation 2" in out
    assert "data of invocation 1 is still in kept.USERS[0] after invocation 2" in out


def test_the_set_up_runs_first(with_event: Path, leaklint: Command) -> None:
    (with_event / "bot/main.py").write_text("import cloud\n\ndef handler(event, context):\n    return cloud.NAME\n")
    broken = leaklint("--confirm")
    assert broken.status == 2
    assert "the handler was never called: Runtime.ImportModuleError" in broken.out
    (with_event / "stubs.py").write_text(
        "import sys, types\nsys.modules['cloud'] = types.ModuleType('cloud')\nsys.modules['cloud'].NAME = 'stub'\n"
    )
    (with_event / "leaklint.toml").write_text(f'confirm-setup = "stubs.py"\n{SETTINGS}')
    assert leaklint("--confirm").status == 0


def test_a_platform_with_an_open_loop_gets_one(project: Path, leaklint: Command) -> None:
    (project / "bot/main.py").write_text("async def handler(event, context):\n    return event['id']\n")
    (project / "leaklint.toml").write_text(f'platforms = "azure"\nhandlers = ["bot.main:handler"]\n{SETTINGS}')
    (project / "event.json").write_text('{"id": 1}')
    ended = leaklint("--confirm")
    assert "was run 3 times: an event loop that stays open, never frozen" in ended.out
    assert ended.status == 0


@pytest.mark.parametrize(
    ("settings", "words", "says"),
    [
        ("", ["--confirm"], "--confirm: no handler has an event"),
        (
            'events = { "bot.main:handelr" = "good.json" }',
            ["--confirm"],
            "leaklint.toml:1:12: `events`: there is no handler `bot.main:handelr`; did you mean `bot.main:handler`?\n",
        ),
        (
            'events = { "bot/main:handelr" = "good.json" }',
            ["--confirm"],
            "leaklint.toml:1:12: `events`: there is no handler `bot/main:handelr`; did you mean `bot/main:handler`?\n",
        ),
        (
            'events = { "bot.main:handler" = "god.json" }',
            ["--confirm"],
            "leaklint.toml:1:33: `events`: no such file `god.json`; did you mean `good.json`?\n",
        ),
        (
            'events = { "bot.main:handler" = ["good.json", "bad.json"] }',
            ["--confirm"],
            "error: bad.json:2:20: not valid JSON: Expecting property name",
        ),
        ('confirm-setup = "no.py"', ["--confirm"], "leaklint.toml:1:17: `confirm-setup`: no such file `no.py`\n"),
        ("events = { bot = 1 }", [], 'a handler is written "module:function", found `bot`'),
        ("events = []", [], "`events`: expected a table of files, found a list"),
        (SETTINGS, ["--confirm", "--watch"], "--watch and --confirm do not go together"),
    ],
)
def test_wrong_use_is_explained(project: Path, leaklint: Command, settings: str, words: list[str], says: str) -> None:
    (project / "good.json").write_text('{"id": "{{unique}}"}')
    (project / "bad.json").write_text('{\n"id": "{{unique}}",n}')
    (project / "leaklint.toml").write_text(settings)
    ended = leaklint(*words)
    assert ended.status == 2
    assert says in ended.err


def test_the_linter_never_imports_what_runs_code(project: Path) -> None:
    script = (
        "import sys; from leaklint.frontends.cli import main; status = main(['check']);"
        "sys.exit(9 if any(name.startswith('leaklint.confirm') for name in sys.modules) else status)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 1


def test_without_linux_findings_are_printed_and_the_reason(
    with_event: Path, leaklint: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    ended = leaklint("--confirm")
    assert ended.status == 1
    assert "Found 1 error" in ended.out
    assert "error: --confirm: confirm needs Linux" in ended.err
