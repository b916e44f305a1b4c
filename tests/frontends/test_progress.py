"""Progress and watching: what is drawn, when, and that nothing of it stays."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leaklint.frontends import progress as module
from leaklint.frontends.progress import ERASE, Progress
from leaklint.frontends.watch import Snapshot, snapshot_of, watch
from leaklint.pipeline.run import Request, run


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws at once and often."""
    monkeypatch.setattr(module, "PATIENCE", 0.001)
    monkeypatch.setattr(module, "PACE", 0.001)


def drawn_until(pattern: str, stream: io.StringIO) -> None:
    """Waits for the thread that draws; nothing else does."""
    late = time.monotonic() + 60
    while not re.search(pattern, stream.getvalue()):
        assert time.monotonic() < late, stream.getvalue()
        time.sleep(0.001)


@pytest.mark.usefixtures("hasty")
def test_the_line_says_how_much_is_done_and_is_erased_at_the_end() -> None:
    stream = io.StringIO()
    with Progress(stream, wanted=True) as progress:
        drawn_until(r"leaklint: looking for files \(\d+ s\)", stream)
        progress.begins("a\x1b[2J")
        progress.hears("solving", 412, 1439)
        drawn_until(r"leaklint: solving 412/1439 files \(\d+ s\) in a\\x1b\[2J", stream)
    assert stream.getvalue().endswith(ERASE)


@pytest.mark.usefixtures("hasty")
def test_the_line_never_wraps() -> None:
    """What wraps is two lines, and only one of them would be erased."""
    stream = io.StringIO()
    with Progress(stream, wanted=True) as progress:
        progress.begins("deep/" * 100)
        drawn_until("deep/", stream)
    lines = [each for each in stream.getvalue().split(ERASE) if each]
    assert lines
    assert max(map(len, lines)) < module.USUAL_WIDTH


def test_a_run_tells_how_far_it_has_come(project: Path) -> None:
    for number in range(3):
        (project / f"other{number}.py").write_text(f"def handler(event, context):\n    return {number}\n")
    heard: list[tuple[str, int, int]] = []
    run(Request(["."], project, hears=lambda *told: heard.append(told), cached=False))
    assert list(dict.fromkeys(doing for doing, _, _ in heard)) == ["reading", "linking", "solving"]
    for doing in ("reading", "solving"):
        counts = [(done, of) for each, done, of in heard if each == doing]
        assert counts == sorted(counts), "what is done never becomes less"
        assert len({done for done, _ in counts}) > 3
        assert all(done < of == 6 for done, of in counts)


UNHURRIED = """
import sys, threading
import leaklint.frontends.progress as p

drawn = threading.Event()
p.PATIENCE = p.PACE = 0.005

class Unhurried(p.Progress):
    def _line(self, seconds):
        drawn.set()
        return super()._line(seconds)

    def __exit__(self, *error):
        assert self.thread is None or drawn.wait(60)
        super().__exit__(*error)

p.Progress = Unhurried
from leaklint.frontends.cli import main
sys.exit(main())
"""
"""The command, whose work lasts until the line is drawn, however quick or slow the machine is."""


@pytest.mark.parametrize("command", [["check"], ["check", "--fix"], ["handlers"], ["why", "bot/log.py:5"]])
def test_a_terminal_sees_it_and_a_pipe_does_not(project: Path, command: list[str]) -> None:
    run_it = [sys.executable, "-c", UNHURRIED, command[0], *command[1:]]
    if command[0] != "why":
        run_it.append(".")
    piped = subprocess.run(run_it, cwd=project, capture_output=True, text=True, check=False)
    assert "\x1b[2K" not in piped.stdout + piped.stderr
    own, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(run_it, cwd=project, stdout=subprocess.PIPE, stderr=theirs, env=environment) as at_work:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while chunk := os.read(own, 4096):
                seen += chunk
        os.close(own)
        out, _ = at_work.communicate()
    assert b"\r\x1b[2Kleaklint: " in seen
    assert seen.rpartition(b"leaklint: ")[2].count(ERASE.encode()) == 1, "erased after it was last drawn"
    assert b"leaklint: " not in out


def test_short_work_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.PATIENCE >= 0.5
    monkeypatch.setattr(module, "PATIENCE", 60)
    stream = io.StringIO()
    with Progress(stream, wanted=True):
        pass
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("hasty")
def test_nothing_is_drawn_where_it_is_not_wanted() -> None:
    stream = io.StringIO()
    with Progress(stream, wanted=False) as progress:
        assert progress.thread is None
    assert stream.getvalue() == ""


def test_an_error_ends_the_drawing() -> None:
    progress = Progress(io.StringIO(), wanted=True)
    with pytest.raises(ZeroDivisionError), progress:
        raise ZeroDivisionError
    assert progress.thread
    assert not progress.thread.is_alive()


class Enough(Exception):
    """Ends a watch that would go on for ever."""


def test_every_change_is_checked_once(capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("a.py")
    states: list[Snapshot] = [{file: (1, 1)}] * 3 + [{file: (2, 1)}] * 2 + [{}]
    checks: list[int] = []

    def look() -> Snapshot:
        if not states:
            raise Enough
        return states.pop(0)

    with pytest.raises(Enough):
        watch(lambda: checks.append(len(states)), look, lambda seconds: None)
    assert checks == [5, 2, 0]
    assert capsys.readouterr().out.count("Waiting for changes") == 3


def test_a_snapshot_holds_what_a_run_depends_on(project: Path) -> None:
    (project / "template.yaml").touch()
    request = Request(["."], project)
    before = snapshot_of(request)
    names = {each.relative_to(project).as_posix() for each in before}
    assert names == {"bot/__init__.py", "bot/log.py", "bot/main.py", "leaklint.toml", "template.yaml"}
    (project / "bot/log.py").write_text("changed")
    assert snapshot_of(request) != before
    (project / "leaklint.toml").write_text("select = 3")
    assert snapshot_of(request) == {}
