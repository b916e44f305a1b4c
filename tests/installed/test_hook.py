"""The pre-commit hook, from a repository, into an environment of its own, without a network."""

import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
PRE_COMMIT = [sys.executable, "-m", "pre_commit"]
CONFIG = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: leaklint
"""


def run(*arguments: str, project: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs pre-commit over a project."""
    return subprocess.run(
        [*PRE_COMMIT, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def configured(repository: Path, project: Path) -> Path:
    """The project with a configuration that names our repository."""
    asked = ["git", "rev-parse", "HEAD"]
    revision = subprocess.run(asked, cwd=repository, capture_output=True, text=True, check=True).stdout.strip()
    (project / ".pre-commit-config.yaml").write_text(CONFIG.format(repository=repository, revision=revision))
    return project


def test_the_manifest_is_valid(project: Path, environment: dict[str, str]) -> None:
    ended = run("validate-manifest", str(MANIFEST), project=project, environment=environment)
    assert ended.returncode == 0, ended.stdout


def test_the_hook_can_be_tried(repository: Path, project: Path, environment: dict[str, str]) -> None:
    found = run("try-repo", str(repository), "leaklint", "--all-files", project=project, environment=environment)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "seen.py:5:5" in found.stdout
    assert "LK101" in found.stdout


@pytest.mark.parametrize("staged", ["handler.py", "seen.py"])
def test_the_leak_is_found_whichever_file_is_staged(configured: Path, environment: dict[str, str], staged: str) -> None:
    found = run("run", "--files", staged, project=configured, environment=environment)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "seen.py:5:5" in found.stdout


def test_nothing_runs_for_files_that_cannot_matter(configured: Path, environment: dict[str, str]) -> None:
    ended = run("run", "--files", "notes.txt", project=configured, environment=environment)
    assert ended.returncode == 0
    assert "Skipped" in ended.stdout


def test_a_mended_project_passes(configured: Path, mended: Path, environment: dict[str, str]) -> None:
    ended = run("run", "--all-files", project=configured, environment=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Passed" in ended.stdout


def test_the_mending_hook_mends_and_fails_once(repository: Path, mended: Path, environment: dict[str, str]) -> None:
    kept = mended / "kept.py"
    kept.write_text("def remember(item, seen=[]):\n    seen.append(item)\n    return seen\n")
    (mended / "handler.py").write_text(
        "from kept import remember\n\n\ndef lambda_handler(event, context):\n    return remember(event['id'])\n"
    )
    subprocess.run(["git", "add", "--all"], cwd=mended, check=True)
    first = run("try-repo", str(repository), "leaklint-fix", "--all-files", project=mended, environment=environment)
    assert first.returncode == 1, first.stdout + first.stderr
    assert "seen=None" in kept.read_text()
    again = run("try-repo", str(repository), "leaklint-fix", "--all-files", project=mended, environment=environment)
    assert again.returncode == 0, again.stdout + again.stderr
