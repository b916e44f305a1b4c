"""``leaklint --verbose``: what was read, and what was left out and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from leaklint.frontends.output import style_for
from leaklint.pipeline.discover import IGNORED
from leaklint.pipeline.git import ignored_paths
from leaklint.pipeline.roots import shown
from leaklint.pipeline.run import Part, Request, parts_of
from leaklint.report.plain import plain


def say_what_is_read(request: Request, colour: str) -> None:
    """Prints the projects of a run, on standard error: root, settings file, files, and what is left out."""
    style = style_for(sys.stderr, colour)
    for part in parts_of(request):
        for title, text in _lines(part, request.cwd):
            print(f"{style('dim', title)}: {plain(text)}", file=sys.stderr)


def _counted(files: Sequence[str], one: str, many: str) -> str:
    return f"{len(files)} {one if len(files) == 1 else many}"


def _lines(part: Part, cwd: Path) -> list[tuple[str, str]]:
    root, tree = part.project.root, part.tree
    settings = shown(part.project.config, cwd) if part.project.config else "none"
    read = [
        _counted(tree.own, "Python file", "Python files"),
        _counted(tree.templates, "file that may declare handlers", "files that may declare handlers"),
    ]
    if tree.libraries:
        foreign = _counted(tree.libraries, "file of foreign packages", "files of foreign packages")
        read.append(f"{foreign}, which are never reported")
    left_out = dict(tree.left_out)
    left_out.update((path, "a project of its own") for path in tree.nested)
    for path in ignored_paths(root):
        left_out.setdefault(path, IGNORED)
    return [
        ("project", f"{shown(root, cwd)} (settings: {settings})"),
        ("read", ", ".join(read)),
        *(("left out", f"{shown(root / path, cwd)} ({reason})") for path, reason in sorted(left_out.items())),
    ]
