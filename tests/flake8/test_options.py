"""The settings of leaklint can be given to flake8 too: on its command line, and in its files."""

import subprocess
import sys
from pathlib import Path

import pytest

from leaklint.frontends.flake8_plugin import FLAKE8_HAS
from leaklint.frontends.setting_options import SETTING_OPTIONS

OWN = "SEEN = []\n\n\ndef remember(item, more):\n    SEEN.append(item)\n"


def run(*command: str, cwd: Path) -> str:
    """What a command prints, sorted; a traceback is never an answer."""
    ended = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    assert "Traceback" not in ended.stdout + ended.stderr, ended.stdout + ended.stderr
    return "\n".join(sorted(line.removeprefix("./") for line in ended.stdout.splitlines()))


def flake8(*arguments: str, cwd: Path) -> str:
    return run("flake8", "--select", "LK", *arguments, cwd=cwd)


def leaklint(*arguments: str, cwd: Path) -> str:
    return run("leaklint", "--output-format", "concise", "--quiet", "--ignore", "LK901,LK903", *arguments, cwd=cwd)


@pytest.mark.parametrize(
    "options", [["min-severity=error"], ["handlers=own:remember"], ["scope=all"], ["handlers=own:remember", "src=bot"]]
)
def test_same_as_our_own_options(project: Path, options: list[str]) -> None:
    (project / "own.py").write_text(OWN)
    ours = leaklint(*(f"--{option}" for option in options), cwd=project)
    assert flake8(*(f"--leaklint-{option}" for option in options), cwd=project) == ours
    assert ours != leaklint(cwd=project)


def test_in_a_file_of_flake8(project: Path) -> None:
    (project / "own.py").write_text(OWN)
    (project / "setup.cfg").write_text("[flake8]\nleaklint-handlers =\n    own:remember,\n    own:again\n")
    assert "own.py:5:5: LK101" in flake8(cwd=project)


def test_another_settings_file(project: Path) -> None:
    (project / "strict.toml").write_text('select = ["LK2"]\n')
    shown = flake8("--leaklint-config", "strict.toml", cwd=project)
    assert shown == leaklint("--config", "strict.toml", cwd=project)
    assert {line.split()[1] for line in shown.splitlines()} == {"LK201"}


def test_files_are_meant_from_the_working_folder(project: Path) -> None:
    run("leaklint", "--baseline", "accepted.json", "--update-baseline", cwd=project)
    below = project / "bot"
    assert flake8("--leaklint-baseline", "../accepted.json", cwd=below) == ""
    assert flake8(cwd=below) != ""


def test_wrong_values_are_told(project: Path) -> None:
    told = flake8("--leaklint-min-severity=eror", cwd=project)
    assert "leaklint: --leaklint-min-severity: unknown value `eror`; did you mean `error`?" in told
    told = flake8("--leaklint-scope=al", "--leaklint-handlers=own", cwd=project)
    assert "--leaklint-scope: unknown value `al`" in told
    assert "--leaklint-handlers: a handler is written" in told
    told = flake8("--leaklint-baseline=none.json", cwd=project)
    assert "none.json: no such baseline; `leaklint --baseline none.json --update-baseline` makes it" in told


def test_every_setting_has_an_option(project: Path) -> None:
    shown = run("flake8", "--help", cwd=project)
    assert [name for name in SETTING_OPTIONS.keys() - FLAKE8_HAS if f"--leaklint-{name} " not in shown] == []
