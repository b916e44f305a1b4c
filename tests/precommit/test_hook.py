"""The pre-commit hook, as a stranger gets it: from a repository, into an environment of its own, without a network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHEELHOUSE = Path(os.environ.get("LEAKLINT_WHEELHOUSE", ROOT / ".wheelhouse")).absolute()
NEEDED = (".pre-commit-hooks.yaml", "LICENSE", "README.md", "pyproject.toml", "src")

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


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where nothing is installed yet, and pip reaches nothing but the wheelhouse."""
    assert (WHEELHOUSE / "ready").is_file(), "`make test` fills the wheelhouse that this test installs from"
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PRE_COMMIT", "GIT_"))}
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELHOUSE), "PIP_CONFIG_FILE": os.devnull}
    return kept | pip | {"HOME": str(home), "PRE_COMMIT_HOME": str(home / "pre-commit")}


@pytest.fixture(scope="module")
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
    """A project whose leak takes two files, in one of which the leak is."""
    (tmp_path / "handler.py").write_text(HANDLER)
    (tmp_path / "seen.py").write_text(SEEN)
    (tmp_path / "notes.txt").write_text("nothing to see\n")
    return commit(tmp_path)


def try_hook(
    hook: str, repository: Path, project: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Runs a hook over a project with ``pre-commit try-repo``."""
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "try-repo", str(repository), hook, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_manifest_is_valid() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_the_hook_reports_the_whole_project(repository: Path, project: Path, environment: dict[str, str]) -> None:
    found = try_hook("leaklint", repository, project, environment, "--all-files")
    assert found.returncode == 1, found.stdout + found.stderr
    assert "seen.py:5:5" in found.stdout
    assert "LK101" in found.stdout

    # Whichever file is staged, the leak is found where it is.
    handler_only = try_hook("leaklint", repository, project, environment, "--files", "handler.py")
    assert handler_only.returncode == 1
    assert "seen.py:5:5" in handler_only.stdout

    no_code = try_hook("leaklint", repository, project, environment, "--files", "notes.txt")
    assert no_code.returncode == 0
    assert "Skipped" in no_code.stdout


def test_a_mended_project_passes(repository: Path, project: Path, environment: dict[str, str]) -> None:
    (project / "seen.py").write_text("def remember(item):\n    return [item]\n")
    git("add", "--all", cwd=project)
    ended = try_hook("leaklint", repository, project, environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Passed" in ended.stdout
