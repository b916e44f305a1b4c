"""Where output goes: several formats in one run, to the terminal and to files."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO, TypeAlias

from leaklint.pipeline.wrong_use import Mistake, WrongUse, did_you_mean
from leaklint.report.report import Report
from leaklint.report.style import PLAIN, Style, wants_colours, wants_links

Renderer: TypeAlias = Callable[[Report, Style], str]


def _text(report: Report, style: Style) -> str:
    from leaklint.report.text import render

    return render(report, style)


def _concise(report: Report, style: Style) -> str:
    from leaklint.report.concise import render

    return render(report, style)


def _json(report: Report, _style: Style) -> str:
    from leaklint.report.json_list import render

    return render(report)


def _json_lines(report: Report, _style: Style) -> str:
    from leaklint.report.json_list import render_lines

    return render_lines(report)


FORMATS: dict[str, Renderer] = {
    "text": _text,
    "concise": _concise,
    "json": _json,
    "json-lines": _json_lines,
}
FOR_PEOPLE = ("text", "concise")
"""Formats that may end with a summary on standard output."""


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A format and the file it goes to, standard output where there is none."""

    format: str
    file: Path | None = None


def targets_of(asked: Sequence[str]) -> tuple[Target, ...]:
    """The targets of ``FORMAT`` and ``FORMAT:FILE``; at most one may go to standard output."""
    targets: list[Target] = []
    for each in asked or ["text"]:
        name, _, file = each.partition(":")
        if name not in FORMATS:
            guess = did_you_mean(name, FORMATS) or f"; formats are {', '.join(FORMATS)}"
            raise WrongUse(Mistake(f"--output-format: unknown format `{name}`{guess}"))
        targets.append(Target(name, Path(file) if file and file != "-" else None))
    if sum(target.file is None for target in targets) > 1:
        raise WrongUse(Mistake("--output-format: only one format can go to standard output; write FORMAT:FILE"))
    return tuple(targets)


def style_for(stream: TextIO, colour: str = "auto") -> Style:
    """How text is marked up on a stream."""
    is_terminal = stream.isatty()
    colours = colour == "always" or (colour == "auto" and wants_colours(os.environ, is_terminal))
    columns = 0
    if is_terminal:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except OSError:
            columns = 0
    return Style(colours, colours and wants_links(os.environ, is_terminal), columns)


def write(targets: Sequence[Target], report: Report, style: Style) -> None:
    """Writes every target; files first, so that a broken pipe cannot keep them from being written."""
    for target in targets:
        if target.file is not None:
            write_file(target.file, FORMATS[target.format](report, PLAIN))
    for target in targets:
        if target.file is None:
            sys.stdout.write(FORMATS[target.format](report, style))


def write_file(file: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
                stream.write(text)
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WrongUse(Mistake(f"cannot be written: {error.strerror or error}", str(file))) from None


def prepare(stream: TextIO) -> None:
    """Makes a stream write what its encoding lacks as escapes instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
