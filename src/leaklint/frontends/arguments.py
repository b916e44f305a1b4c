"""What the command lines have in common: the parser, and options that stand for settings."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any, NoReturn

from leaklint.frontends.setting_options import FILES, SETTING_OPTIONS, listed
from leaklint.pipeline.run import Request
from leaklint.pipeline.wrong_use import WrongUse, did_you_mean

UNRECOGNIZED = re.compile(r"unrecognized arguments: (?P<first>\S+)")


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
        self.exit(2, f"{self.prog}: error: {message}\n(`{self.prog} --help` lists the options)\n")


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
    return given | {name: os.path.normpath(cwd / given[name]) for name in FILES if given.get(name)}


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Adds the paths to analyse."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders; the working folder by default")


def request_of(options: argparse.Namespace) -> Request:
    """What paths and settings ask for."""
    try:
        cwd = Path.cwd()
    except FileNotFoundError:
        raise WrongUse("the working folder is gone") from None
    config = options.config and Path(os.path.normpath(cwd / options.config))
    return Request(options.paths or ["."], cwd, given_settings(options, cwd), config)
