"""The functions framework started by command: a ``Procfile``, or the command of a Dockerfile."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping

from leaklint.ir.handler import Platform
from leaklint.link.templates import dockerfile
from leaklint.link.templates.declaration import Declaration, Said, Tree, beside

NAME = re.compile(r"(^|/)Procfile$")
MARKER = re.compile(rb"functions[-_]framework")

_PROGRAMS = frozenset({"functions-framework", "functions-framework-python", "functions_framework"})


def read(path: str, tree: Tree) -> Said:
    """The function that the framework is told to serve."""
    if NAME.search(path):
        lines = tree.texts[path].splitlines()
        commands = [(number, _words(line.partition(":")[2])) for number, line in enumerate(lines, 1)]
        return _said(path, commands, {}, tree)
    image = dockerfile.parse(tree.texts[path])
    return _said(
        path, [(image.line, [word for text in image.command for word in _words(text)])], image.environment, None
    )


def _said(path: str, commands: list[tuple[int, list[str]]], environment: Mapping[str, str], tree: Tree | None) -> Said:
    """What commands say; ``tree`` where they are run in the folder of the file, as it lies in the project."""
    declarations: list[Declaration] = []
    for line, words in commands:
        if _PROGRAMS.isdisjoint(word.rpartition("/")[2] for word in words):
            continue
        target = _option(words, "target") or environment.get("FUNCTION_TARGET")
        source = _option(words, "source") or environment.get("FUNCTION_SOURCE") or "main.py"
        file = beside(path, posixpath.basename(source) if posixpath.isabs(source) else source)
        if target and file and file.endswith(".py") and target.isidentifier():
            is_there = tree is not None and tree.has_module("", file.removesuffix(".py"))
            declarations.append(
                Declaration(
                    template=path,
                    line=line,
                    reason=f"functions framework in {path}, line {line}",
                    handler=target,
                    target=posixpath.basename(file).removesuffix(".py"),
                    attribute=target,
                    root=posixpath.dirname(file),
                    platform=Platform.GOOGLE,
                    expected=is_there,
                )
            )
    return Said(tuple(declarations))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _option(words: list[str], name: str) -> str | None:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == f"--{name}":
            return following
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return None
