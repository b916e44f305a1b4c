"""The list of files in the cache: taken while it holds, and made anew by whatever changes it."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.pipeline import discover as discovery
from leaklint.pipeline.cache import Cache
from leaklint.pipeline.discover import discover
from leaklint.pipeline.remembered import Tree
from leaklint.pipeline.roots import find_projects
from leaklint.pipeline.settings import Settings

FILES = {
    "app.py": "",
    "pkg/__init__.py": "",
    "pkg/util.py": "",
    "pkg/deep/more.py": "",
    "template.yaml": "Resources: {}\n",
    "gen/.gitignore": "*.py\n!kept.py\n",
    "gen/kept.py": "",
    "gen/made.py": "",
    "empty/readme.txt": "",
    "vendor/six/__init__.py": "__version__ = '1'\n",
    "venv/lib/thing.py": "",
    "nested/pyproject.toml": "[project]\n",
    "nested/own.py": "",
    "layer/tool-1.0.dist-info/RECORD": "other/__init__.py,,\n",
    "layer/other/__init__.py": "",
    "layer/tool/__init__.py": "",
}
LONG_AGO = 1_700_000_000


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True)


def age(root: Path) -> None:
    """Makes everything old, so that nobody has to look twice."""
    for below, folders, files in os.walk(root):
        for name in (*folders, *files):
            os.utime(os.path.join(below, name), (LONG_AGO, LONG_AGO), follow_symlinks=False)
    os.utime(root, (LONG_AGO, LONG_AGO))


def put(root: Path, path: str, text: str = "") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with something of every kind that decides what is in it."""
    made = tmp_path / "project"
    for path, text in FILES.items():
        put(made, path, text)
    os.symlink(made / "pkg", made / "linked.py")
    age(made)
    return made


def tree(root: Path, cache: Cache | None) -> Tree:
    (project,) = find_projects([str(root)], root)
    return discover(project, Settings(), root, cache=cache)


def test_what_has_not_changed_is_not_listed_again(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    expected = tree(root, None)
    assert "gen/kept.py" in expected.own
    assert "gen/made.py" not in expected.own
    assert {"vendor/six/__init__.py", "layer/other/__init__.py"} == set(expected.libraries)
    assert tree(root, cache) == expected

    def fails(*_: object, **__: object) -> Tree:
        pytest.fail("listed again")

    monkeypatch.setattr(discovery, "_listed", fails)
    assert tree(root, cache) == expected
    put(root, "pkg/util.py", "x = 1\n")
    put(root, "pkg/new.txt")
    (root / ".leaklint_cache").mkdir()
    assert tree(root, cache) == expected


CHANGES: dict[str, Callable[[Path], None]] = {
    "a new file": lambda root: put(root, "pkg/new.py"),
    "a new file in a folder that had none": lambda root: put(root, "empty/new.py"),
    "a new folder": lambda root: put(root, "fresh/below/new.py"),
    "a file less": lambda root: (root / "pkg/util.py").unlink(),
    "a file that is ignored less": lambda root: (root / "gen/made.py").unlink(),
    "a folder less": lambda root: shutil.rmtree(root / "pkg/deep"),
    "another name": lambda root: (root / "pkg/util.py").rename(root / "pkg/tool.py"),
    "an ignore file": lambda root: put(root, "pkg/.gitignore", "*.py\n"),
    "an ignore file that says more": lambda root: put(root, "gen/.gitignore", "*\n"),
    "an ignore file less": lambda root: (root / "gen/.gitignore").unlink(),
    "settings of a folder of its own": lambda root: put(root, "pkg/leaklint.toml"),
    "settings in a file that was there": lambda root: put(root, "nested/pyproject.toml", "[tool.leaklint]\n"),
    "a package that is none of another version": lambda root: put(root, "vendor/six/__init__.py", "x = 1\n"),
    "another package": lambda root: put(root, "layer/tool-1.0.dist-info/RECORD", "tool/__init__.py,,\n"),
    "an environment": lambda root: (
        put(root, "pkg/pyvenv.cfg"),
        put(root, "pkg/lib/python3.12/site-packages/x.py"),
    )[-1],
    "a link that leads to a file": lambda root: (
        (root / "pkg").rename(root / "moved"),
        put(root, "pkg", "x = 1\n"),
    )[-1],
    "a link to a folder in place of a file": lambda root: (
        (root / "app.py").unlink(),
        (root / "app.py").symlink_to(root / "pkg"),
    )[-1],
    "a link to a file in place of a file": lambda root: (
        (root / "app.py").unlink(),
        (root / "app.py").symlink_to(root / "pkg/util.py"),
    )[-1],
    "a repository": lambda root: git(root, "init", "--quiet"),
    "a repository around it": lambda root: git(root.parent, "init", "--quiet"),
    "a file in place of a folder": lambda root: (shutil.rmtree(root / "empty"), put(root, "empty"))[-1],
}
SAME = {"a file in place of a folder", "a link to a file in place of a file"}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(root: Path, tmp_path: Path, change: str) -> None:
    cache = Cache(tmp_path / "cache")
    before = tree(root, cache)
    CHANGES[change](root)
    assert tree(root, cache) == tree(root, None)
    age(root)
    assert tree(root, cache) == tree(root, None)
    assert (tree(root, None) == before) == (change in SAME)


def test_git_is_asked_each_time(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    git(root, "init", "--quiet")
    age(root)
    cache = Cache(tmp_path / "cache")
    assert "pkg/util.py" in tree(root, cache).own
    put(tmp_path / "home", ".config/git/ignore", "util.py\n")
    assert "pkg/util.py" not in tree(root, cache).own


def test_named_files_are_looked_for_each_time(root: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    (project,) = find_projects([str(root / "app.py")], root)
    discover(project, Settings(), root, cache=cache)
    assert not (tmp_path / "cache").exists()


def test_what_changes_during_a_run_is_not_remembered(root: Path, tmp_path: Path) -> None:
    os.utime(root / "gen/.gitignore", (LONG_AGO * 2, LONG_AGO * 2))
    tree(root, Cache(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_who_may_list_a_folder_counts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    tree(root, cache)
    (root / "pkg/deep").chmod(0o711)
    listed: list[object] = []
    monkeypatch.setattr(discovery, "_listed", lambda *given, **_: listed.append(given) or Tree(()))
    tree(root, cache)
    assert len(listed) == 1


def test_a_folder_that_is_closed_is_looked_into_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    put(project, "a.py")
    put(project, "closed/b.py")
    age(project)
    scandir = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("closed/"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    cache = Cache(tmp_path / "cache")
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", closed)
        assert tree(project, cache).unreadable == (("closed", "Permission denied"),)
    assert tree(project, cache).own == ("a.py", "closed/b.py")


@pytest.mark.parametrize("seed", range(40 if os.environ.get("LEAKLINT_PROVE") else 4))
def test_any_changes_are_seen(root: Path, tmp_path: Path, seed: int) -> None:
    """What a cache of many runs says is what a run without one says."""
    chosen = random.Random(seed)
    cache = Cache(tmp_path / "cache")
    folders = ["", "pkg/", "gen/", "empty/", "new/", "new/below/", "venv/"]
    names = ["a.py", "b.py", "made.py", "template.json", ".gitignore", "pyproject.toml", "c.txt", "pyvenv.cfg"]
    patterns = ["", "*.py\n", "!made.py\n", "/a.py\n", "below/\n"]
    tables = ["", "[tool.leaklint]\n"]
    for _ in range(25):
        path = root / (chosen.choice(folders) + chosen.choice(names))
        kind = chosen.random()
        if kind < 0.6:
            put(root, str(path.relative_to(root)), chosen.choice(tables if path.suffix == ".toml" else patterns))
        elif kind < 0.8 and path.is_file():
            path.unlink()
        elif kind < 0.85 and path.parent != root and path.parent.is_dir():
            shutil.rmtree(path.parent)
        elif kind < 0.9:
            age(root)
        assert tree(root, cache) == tree(root, None)
