"""The pre-commit hook, from a repository, into an environment of its own, without a network."""

import subprocess
import sys
from pathlib import Path

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


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
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(MANIFEST)]
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


def test_a_mended_project_passes(repository: Path, mended: Path, environment: dict[str, str]) -> None:
    ended = try_hook("leaklint", repository, mended, environment, "--all-files")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Passed" in ended.stdout
