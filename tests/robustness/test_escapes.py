"""Names and text from the analysed project that would move a terminal's cursor: no command passes them on."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

ESCAPE = "\x1b]0;x\x07\x1b[2J"
LEAK = f"import threading\nSEEN = []\n\n\ndef handler(event, context):\n    SEEN.append(event)  # {ESCAPE}\n"
THREAD = "    threading.Thread(target=print).start()\n"
NAMES = [f"a{ESCAPE}.py", f"d{ESCAPE}/a.py", "b\u202e.py", "c\udcff.py", "line\nbreak.py", "<script>.py", "`|*.py"]
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which every file has a name that is an attack."""
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(LEAK + THREAD)
    (tmp_path / f"broken{ESCAPE}.py").write_text("def f(:\n")
    (tmp_path / f"bad{ESCAPE}.py").write_text("x = 1  # noqa: LK999 \x1b[31m\n")
    (tmp_path / f"link{ESCAPE}.py").symlink_to("nowhere")
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  A: {Type: AWS::Serverless::Function, Properties: "
        '{Handler: "gone\\e[31m.handler", Runtime: python3.12}}\n'
    )
    (tmp_path / "leaklint.toml").touch()
    return tmp_path


FORMATS = ["text", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "markdown", "html"]
COMMANDS = [
    *(["check", "--no-cache", "--output-format", name] for name in FORMATS),
    ["check", "--verbose", "--jobs", "2"],
    ["check", "--statistics"],
    ["check", "--color", "never", NAMES[0]],
    ["handlers"],
    ["handlers", "--output-format", "json"],
    ["why", f"{NAMES[0]}:6"],
    ["why", f"nothing{ESCAPE}.py:6"],
    ["config"],
    ["check", f"nothing{ESCAPE}"],
    ["check", "--select", ESCAPE],
    ["check", "--output-format", ESCAPE],
    ["check", f"--{ESCAPE}"],
    ["check", "--add-ignore", f"why {ESCAPE}"],
    ["explain", ESCAPE],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: " ".join(map(repr, arguments)))
def test_no_command_moves_the_cursor(project: Path, tmp_path: Path, arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "leaklint", *arguments],
        cwd=project,
        env={**os.environ, "LEAKLINT_CACHE_DIR": str(tmp_path / "cache"), "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
    )
    for printed in (ended.stdout, ended.stderr):
        text = printed.decode("utf-8")
        assert "Traceback" not in text
        assert UNSAFE.findall(text) == []
    assert ended.returncode in (0, 1, 2)


@pytest.mark.parametrize("text", [f"x{ESCAPE} = 1\n", f'select = ["{chr(92)}u001b[31m"]\n', f"'{chr(92)}u001b' = 1\n"])
def test_no_mistake_in_the_settings_does(project: Path, text: str) -> None:
    (project / "leaklint.toml").write_text(text)
    command = [sys.executable, "-m", "leaklint", "check", "--no-cache"]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert UNSAFE.findall(ended.stdout + ended.stderr) == []


def test_a_name_that_is_no_text_costs_nothing_but_the_cache(project: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "leaklint", "check", "--output-format", "json"]
    environment = {**os.environ, "LEAKLINT_CACHE_DIR": str(tmp_path / "cache")}
    said = {
        subprocess.run([*command, *more], cwd=project, env=environment, capture_output=True, check=False).stdout
        for more in ([], [], ["--no-cache"], ["--jobs", "2"])
    }
    assert len(said) == 1
    assert said.pop().count(b'"LK101"') == len(NAMES)


def test_a_patch_is_exact_in_a_pipe_and_harmless_on_a_terminal(project: Path) -> None:
    source = LEAK.replace("\n\n\n", "\n\f\n\n") + THREAD.replace("()", "()  # \x1b[31m")
    (project / "app.py").write_text(source)
    command = [sys.executable, "-m", "leaklint", "check", "--no-cache", "--diff", "--unsafe-fixes", "app.py"]
    patch = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False).stdout
    assert "\x1b[31m" in patch
    assert "No newline" not in patch
    subprocess.run(["git", "apply", "-p0", "--check", "-"], cwd=project, input=patch, text=True, check=True)
    reader, writer = pty.openpty()
    running = subprocess.Popen(
        command, cwd=project, stdout=writer, stderr=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "1"}
    )
    os.close(writer)
    shown = b""
    while running.poll() is None or select.select([reader], [], [], 0)[0]:
        try:
            shown += os.read(reader, 1 << 16) if select.select([reader], [], [], 0.1)[0] else b""
        except OSError:
            break
    os.close(reader)
    running.wait()
    assert b"\\x1b[31m" in shown
    assert b"\x1b" not in shown
