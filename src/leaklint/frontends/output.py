"""Where output goes: several formats in one run, to the terminal and to files."""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import TextIO

from leaklint.pipeline.files import write_whole
from leaklint.pipeline.wrong_use import Mistake, WrongUse, did_you_mean
from leaklint.report.plain import harmless
from leaklint.report.report import Report
from leaklint.report.style import PLAIN, Style, wants_colours, wants_links


def _html(report: Report, page_of: ModuleType) -> str:
    from importlib import resources

    page = resources.files("leaklint.report").joinpath("page.html").read_text(encoding="utf-8")
    rendered: str = page_of.render(report, page)
    return rendered


@dataclasses.dataclass(frozen=True, slots=True)
class Format:
    """A format: the module that renders it, imported when it is asked for, and how the module is called."""

    module: str
    about: str
    render: Callable[[Report, ModuleType], str] = lambda report, module: module.render(report)
    styled: bool = False
    """Takes a style: colours and widths."""


FORMATS: dict[str, Format] = {
    "text": Format("text", "each finding with its source and its trace", styled=True),
    "concise": Format("concise", "a line a finding, as flake8 prints it", styled=True),
    "json": Format("json_list", "a list of objects"),
    "json-lines": Format("json_list", "an object a line", lambda report, module: module.render_lines(report)),
    "sarif": Format("sarif", "SARIF 2.1.0, for code scanning and editors"),
    "github": Format("github", "annotations of a GitHub workflow run"),
    "gitlab": Format("gitlab", "GitLab's code quality report"),
    "junit": Format("junit", "JUnit's XML"),
    "markdown": Format("markdown", "a summary for a pull request"),
    "html": Format("html_page", "one page with traces and timelines", _html),
}


def rendered(name: str, report: Report, style: Style) -> str:
    """The report in a format."""
    chosen = FORMATS[name]
    module = importlib.import_module(f"leaklint.report.{chosen.module}")
    if chosen.styled:
        text: str = module.render(report, style)
        return text
    return chosen.render(report, module)


FOR_PEOPLE = ("text", "concise")
"""Formats that may end with a summary on standard output."""


WITH_EDITS = ("json", "json-lines", "sarif", "html")
"""Formats that say what each fix changes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A format and the file it goes to, standard output where there is none."""

    format: str
    file: Path | None = None


def targets_of(asked: Sequence[str], formats: Collection[str] = FORMATS) -> tuple[Target, ...]:
    """The targets of ``FORMAT`` and ``FORMAT:FILE``; at most one may go to standard output."""
    targets: list[Target] = []
    for each in asked or ["text"]:
        name, colon, file = each.partition(":")
        if colon and not file:
            raise WrongUse(Mistake(f"--output-format: `{each}` names no file; write {name}:FILE, or {name} alone"))
        if name not in formats:
            guess = did_you_mean(name, formats) or f"; formats are {', '.join(formats)}"
            raise WrongUse(Mistake(f"--output-format: unknown format `{name}`{guess}"))
        targets.append(Target(name, Path(file) if file and file != "-" else None))
    files = [os.path.realpath(target.file) for target in targets if target.file is not None]
    twice = next((target for target in targets if target.file and files.count(os.path.realpath(target.file)) > 1), None)
    if twice is not None:
        raise WrongUse(Mistake(f"--output-format: two formats go to `{twice.file}`; each needs a file of its own"))
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


def write(targets: Sequence[Target], report: Report, style: Style, *, statistics: bool = False) -> None:
    """Writes every target; files first, so that a broken pipe cannot keep them from being written."""
    for target in targets:
        if target.file is not None:
            write_whole(target.file, rendered(target.format, report, PLAIN).encode("utf-8", "backslashreplace"))
    for target in targets:
        if target.file is None:
            text = _counted(target.format, report, style) if statistics else rendered(target.format, report, style)
            sys.stdout.write(text)


def _counted(name: str, report: Report, style: Style) -> str:
    """The statistics in the form that suits the format."""
    from leaklint.report import statistics

    return statistics.render_json(report) if name == "json" else statistics.render(report, style)


def complain(wrong: WrongUse) -> None:
    """Prints every mistake on standard error."""
    prepare(sys.stderr)
    style = style_for(sys.stderr)
    for mistake in wrong.mistakes:
        sys.stderr.write(f"{style('error', 'error')}: {harmless(str(mistake))}\n")


def prepare(stream: TextIO) -> None:
    """Makes a stream write what its encoding lacks as escapes instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
