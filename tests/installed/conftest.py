"""leaklint as a stranger gets it: a repository of its own, and an environment without a network."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHEELHOUSE = Path(os.environ.get("LEAKLINT_WHEELHOUSE", ROOT / ".wheelhouse")).absolute()
NEEDED = (".pre-commit-hooks.yaml", "LICENSE", "README.md", "action.yml", "pyproject.toml", "src")

HANDLER = """\
from seen import remember


def lambda_handler(event, context):
    remember(event["id"])
"""
SEEN = """\
SEEN = []


def remember(item):
    SEEN.append(item)
"""


def git(*arguments: str, cwd: Path) -> None:
    """Runs git with a name of its own, whatever the machine says."""
    named = ["-c", "user.name=tests", "-c", "user.email=tests@example.invalid", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *named, *arguments], cwd=cwd, check=True, capture_output=True)


def commit(folder: Path) -> Path:
    """Makes a repository of a folder, with everything in it committed."""
    git("init", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "--message", "All", cwd=folder)
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where nothing is installed yet, and pip reaches nothing but the wheelhouse."""
    assert (WHEELHOUSE / "ready").is_file(), "`make test` fills the wheelhouse that this test installs from"
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PRE_COMMIT", "GIT_"))}
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELHOUSE), "PIP_CONFIG_FILE": os.devnull}
    return kept | pip | {"HOME": str(home), "PRE_COMMIT_HOME": str(home / "pre-commit")}


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """leaklint's own repository as it is now, without what git ignores."""
    folder = tmp_path_factory.mktemp("leaklint")
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=left_out)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    return commit(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a leak that takes two files, in one of which it is."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "handler.py").write_text(HANDLER)
    (folder / "seen.py").write_text(SEEN)
    (folder / "notes.txt").write_text("nothing to see\n")
    return commit(folder)


@pytest.fixture
def mended(project: Path) -> Path:
    """The same repository without the leak."""
    (project / "seen.py").write_text("def remember(item):\n    return [item]\n")
    return commit(project)
