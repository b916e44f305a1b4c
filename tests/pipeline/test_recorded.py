"""What an outcome rests on is recorded: where nothing of it has changed nothing is solved, and all is as if it were."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import random
import re
import shutil
from pathlib import Path

import msgspec
import pytest
from edits import EDITS, functions_in
from sampling import sample
from test_fixtures import CASES

from leaklint.pipeline import parts
from leaklint.pipeline.analyse import analyse
from leaklint.pipeline.cache import Cache, digest
from leaklint.pipeline.roots import Project, settings_in
from leaklint.pipeline.rule_names import rule_names
from leaklint.pipeline.settings import Settings, read_settings
from leaklint.report.report import Report
from leaklint.solve import overview

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
PACKAGES = ("pathspec", "flake8", *(("asyncio", "_pytest") if PROVE else ()))
"""Packages that are installed wherever the tests run."""
CORE = """
import asyncio


class Keeper:
    def begin(self):
        self.work = fetch()


async def fetch():
    await asyncio.sleep(0)


def main():
    fetch()
"""
TOOL = "import core\n\nLIMIT = 3\n"
CHANGES = {
    "a suspect": ("def go():\n    core.fetch()\n", 1),
    "a reader of an attribute": ("def look(keeper):\n    return keeper.work\n", -1),
    "a context variable": (
        "import contextvars\n\ndef make():\n    return contextvars.ContextVar('made')\n",
        1,
    ),
    "a declaration": ("async def nothing():\n    return 1\n", 1),
    "a handler": ("SEEN = []\n\ndef lambda_handler(event, context):\n    SEEN.append(event)\n", 1),
    "syntax": ("def go(:\n", 1),
    "a name like a module": ("fetch = core.fetch\n\ndef go():\n    fetch()\n", 1),
}
"""What is put into a file that nobody has read, and how many findings more there are."""


HANDLER = "def lambda_handler(event, context):\n    "
OUTSIDE = {
    "by its name": (
        {"app.py": f"import sys\n\n{HANDLER}sys.modules['config'].LAST = event\n", "tool.py": "import app\n"},
        {"config.py": "LAST = None\n", "tool.py": "import app\n\nLIMIT = 3\n"},
    ),
    "as a part of a package": (
        {"app.py": f"import a.b\n\n{HANDLER}a.x.LAST = event\n", "a/b.py": "LIMIT = 3\n"},
        {"a/x.py": "LAST = None\n"},
    ),
    "by an adapter": (
        {
            "shop/urls.py": "from django.urls import path\n\nSEEN = []\n\ndef view(request):\n    SEEN.append(request)\n\n"
            "urlpatterns = [path('x', view)]\n",
            "main.py": "ROOT_URLCONF = 'shop.urls'\n",
        },
        {"main.py": "from mangum import Mangum\n\nROOT_URLCONF = 'shop.urls'\nhandler = Mangum(1)\n"},
    ),
}
"""Files of a project, and what is put there that no import leads to."""


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The parts that are solved; it is recorded of all what they rest on."""
    found: list[object] = []
    solving = parts.Whole.solved

    def noted(self: parts.Whole, part: object, *given: object, **more: object) -> object:
        found.append(part)
        return solving(self, part, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(parts, "LEAST_RECORDED", 1)
    monkeypatch.setattr(parts.Whole, "solved", noted)
    return found


def report(root: Path, cache: Cache | None) -> Report:
    """What the API says of a project, all rules and advice included."""
    project = Project(root, settings_in(root, root), (root,))
    settings = (
        read_settings(project.config, project.config.name, rule_names()).settings if project.config else Settings()
    )
    return analyse(project, dataclasses.replace(settings, min_severity="info", extend_select=("LK501",)), cache=cache)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "core.py").write_text(CORE)
    (root / "tool.py").write_text(TOOL)
    return root


def test_a_file_that_was_not_read_does_not_matter(project: Path, tmp_path: Path, solved: list[object]) -> None:
    cache = Cache(tmp_path / "cache")
    first = report(project, cache)
    assert [each.code for each in first.findings] == ["LK201", "LK201"]
    (project / "tool.py").write_text("import core\n\nLIMIT = 4\n\ndef limit(each):\n    return each.limit\n")
    before = len(solved)
    assert report(project, cache).findings == first.findings
    assert len(solved) == before
    (project / "core.py").write_text(f"\n{CORE}")
    assert [each.place.span.line for each in report(project, cache).findings] == [
        each.place.span.line + 1 for each in first.findings
    ]
    assert len(solved) == before + 1


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_an_answer_is_seen(project: Path, tmp_path: Path, solved: list[object], change: str) -> None:
    cache, (text, more) = Cache(tmp_path / "cache"), CHANGES[change]
    first = report(project, cache)
    (project / "tool.py").write_text(TOOL + text)
    second = report(project, cache)
    assert second == report(project, None)
    assert len(second.findings) == len(first.findings) + more
    (project / "tool.py").write_text(TOOL)
    assert report(project, cache) == first


def test_every_question_that_is_noted_can_be_asked_again() -> None:
    noted = re.findall(r'_noted\(\s*\("(\w+)"', Path(overview.__file__).read_text(encoding="utf-8"))
    assert sorted(noted) == sorted(overview.QUESTIONS)
    assert all(callable(getattr(overview.Overview, name)) for name in noted)


@pytest.mark.parametrize("case", OUTSIDE)
def test_a_file_that_no_import_leads_to_is_seen(tmp_path: Path, solved: list[object], case: str) -> None:
    root, cache, (before, change) = tmp_path / "project", Cache(tmp_path / "cache"), OUTSIDE[case]
    for files in (before, change):
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = report(root, cache)
        assert found == report(root, None)
    assert found.findings


@pytest.mark.parametrize(
    "answers",
    [
        ((("__class__",), b""),),
        ((("is_read",), b""),),
        ((("functions", "nowhere.py", "main", "fetch"), b""),),
    ],
)
def test_answers_that_somebody_has_made_up_are_none(
    project: Path, tmp_path: Path, solved: list[object], answers: tuple[tuple[tuple[str, ...], bytes], ...]
) -> None:
    cache = Cache(tmp_path / "cache")
    first = report(project, cache)
    key = digest(os.fsencode(project))
    kept = cache.read(parts.KIND, key, dict[str, parts.Kept])
    assert kept
    entry = {
        name: msgspec.structs.replace(each, outcome=msgspec.structs.replace(each.outcome, answers=answers))
        for name, each in kept.items()
    }
    cache.write(parts.KIND, key, entry)
    (project / "tool.py").write_text(f"{TOOL}\nMORE = 4\n")
    before = len(solved)
    assert report(project, cache).findings == first.findings
    assert len(solved) == before + 1


@pytest.mark.parametrize("folder", sample(CASES, 60), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_an_edit_of_any_file_of_a_fixture(folder: Path, tmp_path: Path, solved: list[object]) -> None:
    root, cache = tmp_path / folder.name, Cache(tmp_path / "cache")
    shutil.copytree(folder, root)
    report(root, cache)
    for file in sorted(root.rglob("*.py"))[:3]:
        file.write_bytes(file.read_bytes() + b"\n# edited\n")
        assert report(root, cache) == report(root, None)


@pytest.mark.parametrize("package", PACKAGES)
def test_edits_of_real_code(package: str, tmp_path: Path, solved: list[object]) -> None:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    root, cache, chance = tmp_path / package, Cache(tmp_path / "cache"), random.Random(package)
    shutil.copytree(Path(found.origin).parent, root, ignore=shutil.ignore_patterns("__pycache__"))
    files = sorted(root.rglob("*.py"))
    names = sorted({name for file in files for name in functions_in(file.read_text(encoding="utf-8"))})
    report(root, cache)
    spared = 0
    for _ in range(30 if PROVE else 8):
        file = chance.choice(files)
        before = file.read_text(encoding="utf-8")
        file.write_text(chance.choice(EDITS)(before, chance, names), encoding="utf-8")
        solved.clear()
        with_cache = report(root, cache)
        spared += not solved
        assert with_cache == report(root, None)
        if chance.random() < 0.6:
            file.write_text(before, encoding="utf-8")
    assert spared, "each edit was of a file that matters"
