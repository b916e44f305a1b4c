"""Runs that are cut short, and projects that change under them: the status, and what is left behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leaklint.pipeline import reading
from leaklint.pipeline.analyse import analyse
from leaklint.pipeline.cache import Cache
from leaklint.pipeline.roots import Project
from leaklint.pipeline.settings import Settings

LEAK = "SEEN = []\n\n\ndef handler(event, context):\n    SEEN.append(event)\n"


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A project that takes some seconds."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "leaklint.toml").touch()
    for name in ("app", "other"):
        chain = "".join(f"def f{i}(x): f{i + 1}(x)\n" for i in range(20_000))
        (project / f"{name}.py").write_text(LEAK + "    f0(event)\n" + chain)
    return project


TOLD = """
import sys
from leaklint.frontends.cli import main
from leaklint.pipeline import analyse

findings = analyse._findings

def told(*given):
    print("begun", flush=True)
    return findings(*given)

analyse._findings = told
sys.exit(main())
"""
"""The command, which says when its long work begins: until then a slow machine may take long."""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interruption_leaves_nothing_behind(
    long: Path, tmp_path: Path, number: signal.Signals, status: int, jobs: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text("the last report")
    report = f"json:{out}/report.json"
    command = [sys.executable, "-c", TOLD, "check", "--jobs", jobs, "--output-format", report]
    environment = {**os.environ, "LEAKLINT_CACHE_DIR": str(tmp_path / "cache")}
    running = subprocess.Popen(
        command, cwd=long, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert running.stdout
    assert running.stdout.readline() == b"begun\n"
    time.sleep(0.5)
    assert running.poll() is None
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors.strip()) == (status, b"")
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert (out / "report.json").read_text() == "the last report"
    assert [path for path in (tmp_path / "cache").rglob("*") if path.name.startswith((".tmp", "tmp"))] == []
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)  # no copy of the process is left


@pytest.mark.parametrize("name", ["json", "html", "sarif", "markdown"])
def test_a_report_that_does_not_fit_on_the_disk(tmp_path: Path, name: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "app.py").write_text(LEAK)
    (project / "leaklint.toml").touch()
    command = [sys.executable, "-m", "leaklint", "check", "--no-cache", "--output-format", f"{name}:{tmp_path}/out"]
    ended = subprocess.run(
        command,
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)),
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"error: {tmp_path}/out: cannot be written: File too large\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project"]


def test_a_device_that_is_full(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LEAK)
    (tmp_path / "leaklint.toml").touch()
    command = [sys.executable, "-m", "leaklint", "check", "--no-cache", "--output-format", "json:/dev/full"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "error: /dev/full: cannot be written: No space left on device\n")


def test_files_that_vanish_and_change_during_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.py").write_text(LEAK)
    (tmp_path / "template.yaml").write_text("Transform: AWS::Serverless-2016-10-31\nResources: {}\n")
    read = reading.read

    def read_and_change(file: str, largest: int | None = None) -> bytes | None:
        found = read(file, largest)
        if Path(file).name == "b.py":
            (tmp_path / "c.py").unlink()
            (tmp_path / "d.py").unlink()
            (tmp_path / "d.py").mkdir()
            (tmp_path / "a.py").write_text("changed = True\n")
            (tmp_path / "template.yaml").unlink()
        return found

    def found() -> list[tuple[str, str]]:
        report = analyse(Project(tmp_path, None, (tmp_path,)), Settings(), cache=Cache(tmp_path / "cache"))
        return [(each.code, each.place.path) for each in report.findings]

    monkeypatch.setattr(reading, "read", read_and_change)
    assert found() == [("LK101", "a.py"), ("LK101", "b.py"), ("LK901", "d.py")]
    monkeypatch.setattr(reading, "read", read)
    assert found() == [("LK101", "b.py")], "what was found in between is not taken for the truth later"
