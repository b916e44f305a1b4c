"""Edits that cannot change a report: it is taken from the cache after those, and after no others."""

import os
from pathlib import Path

import pytest

from leaklint.pipeline import analyse as analysing
from leaklint.pipeline.cache import VARIABLE
from leaklint.pipeline.run import Request, run
from leaklint.report.report import Report

FILES = {
    "leaklint.toml": "",
    "app.py": "import store\n\nSEEN = []\n\n\ndef handler(event, context):\n    SEEN.append(event)\n    store.keep(event)\n",
    "store.py": "def keep(item):\n    return item\n",
    "plain.py": '"""Tools."""\n\nSTEP = 1\n\n\ndef double(x):\n    return x * 2\n\n\nasync def work(x):\n    return x\n',
    "later.py": "import plain\n\n\ndef twice(x):\n    return plain.double(plain.double(x))\n",
    "tools.py": "async def work(x):\n    return x\n",
    "silent.py": "import tools\n\n\ndef start():\n    tools.work(1)  # leaklint: ignore[LK201]\n",
    "defaults.py": "def handler(event, context, seen=[]):\n    seen.append(event)\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with files behind a finding, and others."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    for path, text in FILES.items():
        write(root / path, text)
    return root


def write(file: Path, text: str) -> None:
    """Writes a file as one that is old, and looks changed."""
    before = file.stat().st_mtime if file.exists() else 1_600_000_000
    file.write_text(text, encoding="utf-8")
    os.utime(file, (before + 1, before + 1))


def report(root: Path, *, cached: bool = True) -> Report:
    return run(Request(["."], root, cached=cached))


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The analyses that were made."""
    made: list[object] = []
    whole = analysing._analysed

    def noted(*arguments: object, **more: object) -> object:
        made.append(arguments)
        return whole(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(analysing, "_analysed", noted)
    return made


def test_an_edit_behind_no_finding_is_not_analysed(project: Path, analysed: list[object]) -> None:
    first = report(project)
    assert {each.code for each in first.findings} == {"LK101", "LK104"}
    plain = FILES["plain.py"]
    for text in ("# at the top\n" + plain, plain.replace("x * 2", "x + x"), plain.replace('"""Tools."""', "\n")):
        write(project / "plain.py", text)
        assert report(project) == first
    assert len(analysed) == 1
    assert report(project, cached=False) == first


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("app.py", "import store", "import  store"),
        ("store.py", "return item", "return  item"),
        ("silent.py", "tools.work(1)", "tools.work(2)"),
        ("plain.py", "return x * 2", "return x * 2  # noqa"),
        ("plain.py", "return x * 2", "return x * 2  # leaklint: ignore"),
        ("plain.py", "return x * 2", "return sum(x)"),
        ("plain.py", "STEP = 1", "STEP = 2"),
        ("plain.py", "def double(x)", "def double(y)"),
        ("plain.py", "async def", "def"),
        ("plain.py", "x * 2", "x *"),
        ("plain.py", "x * 2", "x * 2  # its __defaults__ count"),
        ("plain.py", "x * 2", "x * 2  # for aws_cdk"),
        (
            "plain.py",
            "def double(x):\n    return x * 2\n\n\nasync def work(x):\n    return x\n",
            "async def work(x):\n    return x\n\n\ndef double(x):\n    return x * 2\n",
        ),
    ],
)
def test_every_other_edit_is_analysed(project: Path, analysed: list[object], path: str, old: str, new: str) -> None:
    report(project)
    assert old in FILES[path]
    write(project / path, FILES[path].replace(old, new))
    found = report(project)
    assert len(analysed) == 2
    assert found == report(project, cached=False)


def test_a_file_that_is_gone_is_analysed(project: Path, analysed: list[object]) -> None:
    report(project)
    (project / "later.py").unlink()
    assert report(project) == report(project, cached=False)
    assert len(analysed) == 3


def test_many_edits_at_once_are_analysed(project: Path, analysed: list[object]) -> None:
    paths = [project / f"more{each}.py" for each in range(6)]
    for path in paths:
        write(path, "X = 1\n")
    report(project)
    for path in paths[:5]:
        write(path, "# one\nX = 1\n")
    report(project)
    assert len(analysed) == 1
    for path in paths:
        write(path, "# one more\nX = 1\n")
    assert report(project) == report(project, cached=False)
    assert len(analysed) == 3


def test_outlines_that_are_lost_cost_an_analysis(project: Path, analysed: list[object]) -> None:
    report(project)
    for entry in (project.parent / "cache").rglob("outlines-*"):
        entry.unlink()
    write(project / "plain.py", "# new\n" + FILES["plain.py"])
    assert report(project) == report(project, cached=False)
    assert len(analysed) == 3
