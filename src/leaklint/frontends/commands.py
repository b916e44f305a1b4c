"""The subcommands by name, each imported only when it runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TypeAlias

Command: TypeAlias = Callable[[list[str]], int]

COMMANDS = {
    "check": ("leaklint.frontends.check", "find leaks (the default: `leaklint PATH` is `leaklint check PATH`)"),
    "handlers": ("leaklint.frontends.handlers", "list the handlers, and why each is one"),
    "why": ("leaklint.frontends.why", "say who reaches a line, and why it is reported or silent"),
    "explain": ("leaklint.frontends.explain", "print the page of a rule"),
    "rules": ("leaklint.frontends.rules", "list all rules"),
    "config": ("leaklint.frontends.config", "show the settings in force, and where each was said"),
    "confirm": ("leaklint.frontends.confirm", "run a handler in a warm container and show what survives"),
    "clean": ("leaklint.frontends.clean", "remove the cache"),
    "completion": ("leaklint.frontends.completion", "print the completion script of a shell"),
}
"""Each with the module whose ``main`` runs it, and one line of help."""


def command_of(arguments: list[str]) -> tuple[Command, list[str]]:
    """The subcommand that the arguments begin with, ``check`` where they begin otherwise, and the rest."""
    named = bool(arguments) and arguments[0] in COMMANDS
    name, rest = (arguments[0], arguments[1:]) if named else ("check", arguments)
    main: Command = importlib.import_module(COMMANDS[name][0]).main
    return main, rest
