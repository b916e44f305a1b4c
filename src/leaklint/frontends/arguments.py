"""What the command lines have in common: the parser, and options that stand for settings."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any, NoReturn

from leaklint.frontends.commands import COMMANDS
from leaklint.frontends.setting_options import FILES, SETTING_OPTIONS, listed
from leaklint.pipeline.run import Request
from leaklint.pipeline.wrong_use import Mistake, WrongUse, did_you_mean

UNRECOGNIZED = re.compile(r"unrecognized arguments: (?P<first>\S+)")
OF_ONE = re.compile(r"argument (?P<option>[^:]+): (?P<complaint>.*)")
CHOICE = re.compile(r"invalid choice: '(?P<word>[^']*)' \(choose from (?P<choices>.*)\)")


class Parser(argparse.ArgumentParser):
    """A parser whose complaints name the nearest option."""

    def __init__(self, command: str, description: str, **more: Any) -> None:
        super().__init__(
            prog=f"leaklint {command}".rstrip(),
            description=description,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **more,
        )

    def error(self, message: str) -> NoReturn:
        """Prints the complaint and ends with status 2."""
        unknown = UNRECOGNIZED.match(message)
        if unknown:
            word = unknown["first"].partition("=")[0]
            options = [option for action in self._actions for option in action.option_strings]
            message = f"unknown option {word}{did_you_mean(word, options)}"
        of_one = OF_ONE.match(message)
        if of_one:
            message = f"{of_one['option']}: {_in_our_words(of_one['complaint'])}"
        raise WrongUse(Mistake(f"{message}\n(`{self.prog} --help` lists the options)"))


def _in_our_words(complaint: str) -> str:
    """A complaint of argparse about one option as our settings would say it."""
    choice = CHOICE.match(complaint)
    if not choice:
        return complaint.replace("expected one argument", "a value is missing")
    words = re.findall(r"[\w-]+", choice["choices"])
    listed = "; expected one of " + ", ".join(f"`{each}`" for each in words)
    return f"unknown value `{choice['word']}`{did_you_mean(choice['word'], words) or listed}"


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds the options that stand for settings, and those that choose the settings file."""
    group = parser.add_argument_group("settings", "These go before what the settings file says.")
    group.add_argument("--config", type=Path, metavar="FILE", help="use this settings file")
    for name, options in SETTING_OPTIONS.items():
        group.add_argument(f"--{name}", action="extend" if options.get("type") is listed else "store", **options)


def given_settings(options: argparse.Namespace, cwd: Path) -> dict[str, Any]:
    """The settings that the command line gives, by name; files are meant from the working folder."""
    found = {name: getattr(options, name.replace("-", "_")) for name in SETTING_OPTIONS}
    given = {name: value for name, value in found.items() if value is not None}
    if given.get("select") == []:
        raise WrongUse("--select: no code is given; `leaklint rules` lists all codes")
    return given | {name: os.path.normpath(cwd / given[name]) for name in FILES if given.get(name)}


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Adds the paths to analyse."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders; the working folder by default")


def insist_on_paths(paths: list[str], cwd: Path, option: str = "") -> None:
    """Complains about paths that are not there, with what they may have been meant to be."""
    commands = [path for path in paths[:1] if path.isidentifier() and not option]
    mistakes = []
    for path in paths:
        if (path == "-" and not option) or os.path.lexists(cwd / path):
            continue
        guess = _near(cwd / path)
        if not guess and path in commands and (meant := did_you_mean(path, COMMANDS)):
            guess = meant.replace("did you mean", "did you mean the command")
            raise WrongUse(f"{path}: no such file or folder{guess}")
        mistakes.append(Mistake(f"{option}{path}: no such file or folder{guess}"))
    if mistakes:
        raise WrongUse(*mistakes)


def _near(path: Path) -> str:
    """The nearest name of what lies beside a path that does not exist."""
    try:
        beside = os.listdir(path.parent)
    except OSError:
        return ""
    return did_you_mean(path.name, beside)


def request_of(options: argparse.Namespace) -> Request:
    """What paths and settings ask for."""
    try:
        cwd = Path.cwd()
    except FileNotFoundError:
        raise WrongUse("the working folder is gone") from None
    config = options.config and Path(os.path.normpath(cwd / options.config))
    insist_on_paths(options.paths, cwd)
    return Request(options.paths or ["."], cwd, given_settings(options, cwd), config)
