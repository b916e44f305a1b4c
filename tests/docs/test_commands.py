"""The commands that the pages show work, and print what the pages say."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from docs.pages import PAGES, ROOT, Shown, fences, inline, label, shown_commands, text_of

from leaklint.frontends.check import parser
from leaklint.frontends.cli import main
from leaklint.frontends.commands import COMMANDS
from leaklint.frontends.confirm import make_parser
from leaklint.frontends.flake8_plugin import FLAKE8_HAS
from leaklint.frontends.output import targets_of
from leaklint.frontends.setting_options import SETTING_OPTIONS

README = ROOT / "README.md"
OF_OTHERS = {"--jobs", "--leaklint-in-process", "--source"}
"""Options of other tools that the pages name."""
NOT_YET = re.compile(r"`leaklint (confirm|--fix)`")
RUN = [
    pytest.param(shown, id=f"{label(page)} {shown.command}")
    for page in PAGES
    for shown in shown_commands(page)
    if shown.command.partition(" ")[0] == "leaklint"
]
QUOTED = sorted(
    {
        each
        for page in PAGES
        for each in inline(page)
        if re.match(r"leaklint( |$)", each) and "PATH" not in each and not NOT_YET.match(f"`{each}`")
    }
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a handler, a branch to compare with, and the examples."""
    folder = tmp_path_factory.mktemp("docs") / "project"
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("def handler(event, context):\n    return event\n")
    identity = ["-c", "user.name=docs", "-c", "user.email=docs@example.org"]
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        [*identity, "commit", "--quiet", "-m", "Begin"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder


def is_shown(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether the output on a page is what is printed, with nothing but whole lines left out at ``...``."""
    runs: list[list[str]] = [[]]
    for line in shown:
        if line == "...":
            runs.append([])
        else:
            runs[-1].append(line)
    at = 0
    for number, run in enumerate(runs):
        starts = [0] if number == 0 else range(at, len(printed) - len(run) + 1)
        start = next((each for each in starts if list(printed[each : each + len(run)]) == run), None)
        if start is None:
            return False
        at = start + len(run)
    return not runs[-1] or runs[-1] == list(printed[len(printed) - len(runs[-1]) :])


@pytest.mark.parametrize("shown", RUN)
def test_a_command_works(
    shown: Shown, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    status = main(shlex.split(shown.command)[1:])
    # what the command has mended or written into the code is not for the next one
    subprocess.run(["git", "checkout", "--quiet", "."], cwd=project, check=True)
    printed = capsys.readouterr()
    assert status in (0, 1), printed.err
    if shown.output:
        assert is_shown(shown.output, printed.out.splitlines()), printed.out


def parses(command: str) -> bool:
    """Whether the command line is one: of ``check`` to the last option, of others that there is such a command."""
    words = shlex.split(command.partition(" > ")[0])[1:]
    if words == ["--version"] or (words and words[0] in COMMANDS and words[0] != "check"):
        return True
    options = parser().parse_intermixed_args(words[1:] if words[:1] == ["check"] else words)
    return bool(targets_of(options.output_format))


@pytest.mark.parametrize("command", QUOTED)
def test_a_command_within_a_sentence_parses(command: str) -> None:
    assert parses(command)


def test_commands_in_settings_of_other_tools_parse() -> None:
    lines = [line for page in PAGES for block in fences(page, "yaml") for line in block.splitlines()]
    commands = [found[1] for line in lines if (found := re.match(r"\s*- (leaklint .*)", line))]
    assert commands
    assert all(parses(command) for command in commands)


def test_options_exist() -> None:
    parsers = (parser(), make_parser())
    known = {option for each in parsers for action in each._actions for option in action.option_strings} | OF_OTHERS
    known |= {f"--leaklint-{name}" for name in SETTING_OPTIONS.keys() - FLAKE8_HAS}
    named = {
        found[0]
        for page in PAGES
        for each in inline(page)
        if (found := re.match(r"--[a-z-]+", each)) and page.name != "CONTRIBUTING.md"
    }
    of_ruff = {"--extend-select", "--fix", "--format"}
    assert named - known - of_ruff == set()


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {
        name for page in PAGES for name in re.findall(r"(?:^\$ |^ {4}|`)make ([a-z]+)", text_of(page), re.MULTILINE)
    }
    assert {"demo", "prove", "test"} <= named <= targets


def test_the_readme_is_honest_about_what_is_not_there_yet() -> None:
    missing = set(NOT_YET.findall(text_of(README).partition("Not there yet:")[2]))
    options = {option for action in parser()._actions for option in action.option_strings}
    there = {"--fix"} & options
    if importlib.util.find_spec(COMMANDS["confirm"][0]) is not None:
        there.add("confirm")
    assert missing == {"confirm", "--fix"} - there
