"""Work in several processes: it says the same as work in one, whatever becomes of the others."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from leaklint.pipeline import copies as copying
from leaklint.pipeline import parts, units
from leaklint.pipeline.cache import VARIABLE
from leaklint.pipeline.copies import copies, processors, shares
from leaklint.pipeline.run import Request, run
from leaklint.report.report import Report

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Any work at all is worth a process."""
    monkeypatch.setattr(units, "LEAST_READ", 1)
    monkeypatch.setattr(parts, "LEAST_SOLVED", 1)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


def report(jobs: int, *, cached: bool = False) -> Report:
    """What is found in the examples."""
    return run(Request([str(EXAMPLES)], EXAMPLES, jobs=jobs, cached=cached))


def test_number_of_jobs_changes_nothing() -> None:
    alone = report(1)
    assert alone.findings
    assert report(2) == alone
    assert report(3) == alone
    assert report(2, cached=True) == alone
    assert report(3, cached=True) == alone


def test_copies_do_what_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr(copying, "_started", lambda _work: begun.append(1))
    report(3)
    assert len(begun) == 2, "one for reading, one for solving; the first that cannot be started is the last"


def test_copies_that_fail_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = report(1)
    here = os.getpid()
    solved, encoded = parts.Whole.solved, units.Units._encoded

    def fails_elsewhere(self: parts.Whole, *given: object, **more: object) -> object:
        if os.getpid() != here:
            raise MemoryError
        return solved(self, *given, **more)  # type: ignore[arg-type]

    def ends_elsewhere(self: units.Units, paths: list[str]) -> bytes:
        if os.getpid() != here:
            os._exit(3)
        return encoded(self, paths)

    monkeypatch.setattr(parts.Whole, "solved", fails_elsewhere)
    monkeypatch.setattr(units.Units, "_encoded", ends_elsewhere)
    assert report(3) == alone


def test_shares_hold_everything_once_and_about_the_same() -> None:
    weights = [7, 1, 1, 5, 3, 3, 1, 1]
    found = shares(weights, 3, 2)
    assert sorted(each for share in found for each in share) == list(range(len(weights)))
    assert max(sum(weights[each] for each in share) for share in found) <= 8
    assert shares(weights, 3, 2) == found
    assert len(shares(weights, 8, 11)) == 2
    assert shares(weights, 8, 12) == [list(range(len(weights)))]
    assert shares([], 2, 1) == [[]]


def test_copies_are_ended_with_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(_: int) -> bytes:
        while True:
            os.getppid()

    begun: list[int] = []
    fork = os.fork

    def noted() -> int:
        process = fork()
        begun.extend([process] * (process > 0))
        return process

    monkeypatch.setattr(os, "fork", noted)
    with pytest.raises(KeyboardInterrupt), copies([1, 2], forever):
        raise KeyboardInterrupt
    assert len(begun) == 2
    for process in begun:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


def test_all_that_is_sent_arrives() -> None:
    with copies([1, 2], lambda share: bytes([share]) * 300_000) as results:
        assert [result() for result in results] == [b"\1" * 300_000, b"\2" * 300_000]


def test_default_is_at_least_one() -> None:
    assert processors() >= 1
    assert dataclasses.replace(Request([], EXAMPLES)).jobs == 1
