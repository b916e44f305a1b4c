"""Projects made for a test, and runs of their handlers."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leaklint.confirm.plan import Engine, Plan, Regime
from leaklint.confirm.record import Record
from leaklint.confirm.run import run
from leaklint.confirm.verdict import Report, judge

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
PATIENCE = 60.0
"""Seconds for what never hangs, however busy the machine is."""
HAS_REAL = importlib.util.find_spec("awslambdaric") is not None
NO_REAL = "awslambdaric is not installed: pip install 'leaklint[confirm]'"
ENGINES = [Engine.BUILTIN, pytest.param(Engine.REAL, marks=pytest.mark.skipif(not HAS_REAL, reason=NO_REAL))]
"""For the parameters of tests: without the real runtime its tests are skipped."""
BEST = Engine.REAL if HAS_REAL else Engine.BUILTIN

Observe = Callable[..., Report]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says aloud that the half of it was not tested."""
    if not HAS_REAL:
        terminalreporter.write_line(f"confirm was tested with its built-in engine only: {NO_REAL}", yellow=True)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes files into a folder of its own, which the test takes for a project."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def runs() -> Iterator[list[Record]]:
    """The records of a test; when it is over, nothing of its runs may be left."""
    records: list[Record] = []
    yield records
    for record in records:
        assert left_of(record.run) == []


@pytest.fixture
def observe(project: Callable[..., Path], runs: list[Record]) -> Observe:
    """Runs ``app:handler`` of a project that consists of one file, and says what was seen."""

    def go(
        source: str,
        event: str = '{"id": "{{unique}}"}',
        times: int = 3,
        regime: Regime = Regime.LAMBDA,
        engine: Engine = Engine.BUILTIN,
        timeout: float = PATIENCE,
        **more: object,
    ) -> Report:
        root = project(app=source)
        plan = Plan(root=root, handler="app:handler", regime=regime, engine=engine, timeout=timeout, **more)  # type: ignore[arg-type]
        record = run(plan, [event], times)
        runs.append(record)
        return judge(plan, record, None)

    return go


def left_of(run_name: str) -> list[str]:
    """Processes and files that a run has left behind."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                state = (folder / "stat").read_text().rpartition(") ")[2][0]
            except OSError:
                continue
            if run_name.encode() in words and state != "Z":
                found.append(f"process {folder.name}: {words[:200]!r}")
    return found + [str(path) for path in Path("/tmp").iterdir() if run_name in path.name]
