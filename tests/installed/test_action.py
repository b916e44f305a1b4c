"""The GitHub Action: its steps are run as a runner would run them, without a network."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ACTION = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


@dataclasses.dataclass
class Runner:
    """A runner with its folders: what the steps write is read back from them."""

    environment: dict[str, str]
    temporary: Path
    workspace: Path

    @property
    def summary(self) -> Path:
        return self.temporary / "summary.md"

    @property
    def outputs(self) -> Path:
        return self.temporary / "outputs"

    def run(self, step: dict[str, Any], **inputs: str) -> subprocess.CompletedProcess[str]:
        """Runs one step with the inputs that a workflow gives, as GitHub's runner runs bash."""
        given = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs
        filled = {name: INPUT.sub(lambda match: given[match[1]], value) for name, value in step["env"].items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env=self.environment | filled,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, repository: Path, environment: dict[str, str]) -> Runner:
    """A runner that has run the first step."""
    temporary = tmp_path_factory.mktemp("runner")
    named = {
        "GITHUB_ACTION_PATH": str(repository),
        "GITHUB_OUTPUT": str(temporary / "outputs"),
        "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
        "RUNNER_TEMP": str(temporary),
    }
    runner = Runner(environment | named, temporary, temporary)
    ended = runner.run(STEPS[0], python=sys.executable)
    assert ended.returncode == 0, ended.stderr
    return runner


@pytest.fixture
def runner(installed: Runner, project: Path) -> Runner:
    """The runner with a fresh checkout and nothing written yet."""
    installed.outputs.write_text("")
    installed.summary.write_text("")
    return dataclasses.replace(installed, workspace=project)


def check(runner: Runner, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Runs the second step."""
    return runner.run(STEPS[1], python=sys.executable, **inputs)


def test_a_leak_fails_the_job_with_an_annotation(runner: Runner) -> None:
    ended = check(runner)
    assert ended.returncode == 1
    annotation, *_ = ended.stdout.splitlines()
    assert annotation.startswith("::error title=leaklint LK101 module-state-mutated,file=seen.py,line=5,")
    assert "LK101" in runner.summary.read_text()
    name, _, path = runner.outputs.read_text().strip().partition("=")
    assert name == "sarif"
    assert json.loads(Path(path).read_text())["runs"][0]["results"][0]["ruleId"] == "LK101"


def test_a_clean_project_passes(runner: Runner, mended: Path) -> None:
    ended = check(runner)
    assert ended.returncode == 0, ended.stderr
    assert "::" not in ended.stdout


def test_inputs_are_words_and_no_shell(runner: Runner) -> None:
    ended = check(runner, args="--select LK2 --exit-zero", paths="seen.py $(touch broken) handler.py;ls *")
    assert ended.returncode == 2
    assert "$(touch" in ended.stderr
    assert not (runner.workspace / "broken").exists()
    assert runner.outputs.read_text() == ""


def test_options_and_paths_are_passed_on(runner: Runner) -> None:
    assert check(runner, args="--select LK2").returncode == 0
    assert check(runner, paths="handler.py").returncode == 0
    assert check(runner, paths="handler.py seen.py").returncode == 1


def test_the_summary_can_be_left_out(runner: Runner) -> None:
    check(runner, summary="false")
    assert runner.summary.read_text() == ""


def test_no_module_of_the_project_is_imported(runner: Runner) -> None:
    for name in ("yaml", "json", "msgspec", "leaklint"):
        (runner.workspace / f"{name}.py").write_text("raise SystemExit(7)\n")
    assert check(runner).returncode == 1


def test_every_input_is_used() -> None:
    text = json.dumps(STEPS)
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []
