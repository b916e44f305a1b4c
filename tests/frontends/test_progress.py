"""Progress and watching: what is drawn, when, and that nothing of it stays."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from leaklint.frontends import progress as module
from leaklint.frontends.progress import ERASE, Progress
from leaklint.frontends.watch import Snapshot, snapshot_of, watch
from leaklint.pipeline.run import Request


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws at once and often."""
    monkeypatch.setattr(module, "PATIENCE", 0.001)
    monkeypatch.setattr(module, "PACE", 0.001)


@pytest.mark.usefixtures("hasty")
def test_the_line_is_erased_at_the_end() -> None:
    stream = io.StringIO()
    with Progress(stream, wanted=True) as progress:
        progress.say("reading \x1b[2J")
        while "reading" not in stream.getvalue():
            time.sleep(0.001)
    drawn = stream.getvalue()
    assert drawn.endswith(ERASE)
    assert "leaklint: reading \\x1b[2J (0 s)" in drawn


def test_short_work_draws_nothing() -> None:
    stream = io.StringIO()
    with Progress(stream, wanted=True):
        pass
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("hasty")
def test_nothing_is_drawn_where_it_is_not_wanted() -> None:
    stream = io.StringIO()
    with Progress(stream, wanted=False):
        time.sleep(0.01)
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
