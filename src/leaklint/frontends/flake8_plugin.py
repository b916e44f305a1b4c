"""The flake8 plugin: the project is analysed once, and each file is given what was found in it.

flake8 looks at one file at a time, in several processes. A leak takes several files to see, so the whole project is
analysed when flake8 has read its options, in the process that the user started. Workers that are forked share the
outcome; others read it from a file whose path they inherit in the environment.

``# noqa`` is flake8's own business: what it would silence is handed over all the same, so that ``--disable-noqa`` and
``per-file-ignores`` work as ever.
"""

from __future__ import annotations

import ast
import atexit
import json
import logging
import multiprocessing
import os
import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from leaklint.frontends.setting_options import FILES, SETTING_OPTIONS, listed

# flake8 imports this module whatever it is asked, `--version` included: the analysis is imported when it begins.
if TYPE_CHECKING:
    from flake8.options.manager import OptionManager

    from leaklint.ir.finding import Finding
    from leaklint.pipeline.run import Part, Request
    from leaklint.report.report import Report

Row: TypeAlias = tuple[int, int, str]
"""Line from 1, column from 0, code and message: what flake8 wants to be given."""

LOG = logging.getLogger("flake8.leaklint")
HANDED_OVER = "LEAKLINT_HANDED_OVER"
"""The environment variable with the path of the file that workers read."""

COMMAND_ONLY = frozenset({"LK901", "LK903"})
"""Findings about unreadable files, which flake8 reports itself, and about files that are not Python."""

FLAKE8_HAS = frozenset({"select", "extend-select", "ignore", "exclude", "extend-exclude"})
"""Settings for which flake8 has options of its own."""


class Plugin:
    """Gives flake8 the findings of one file."""

    rows: ClassVar[dict[str, list[Row]]] = {}
    """What was found in each file, by absolute path."""
    found: ClassVar[dict[tuple[str, int, int, str], tuple[Finding, Report]]] = {}
    """The findings themselves by path and row, for formatters; only the first process has them."""
    handed_over: ClassVar[str | None] = None
    """The file for workers that this process has written."""

    def __init__(self, tree: ast.AST, filename: str) -> None:
        # flake8 asks plugins whose constructor takes a tree once for each file.
        self.path = os.path.abspath(filename)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """The rows of the file."""
        for line, column, text in self.rows.get(self.path, ()):
            yield line, column, text, type(self)

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Adds our own settings to flake8's, on its command line and in its files."""
        manager.add_option("--leaklint-config", metavar="FILE", parse_from_config=True, help="use this settings file")
        for name, option in SETTING_OPTIONS.items():
            if name not in FLAKE8_HAS:
                is_list = option.get("type") is listed
                manager.add_option(
                    f"--leaklint-{name}",
                    metavar=option["metavar"],
                    help=option["help"],
                    comma_separated_list=is_list,
                    parse_from_config=True,
                )

    @classmethod
    def parse_options(cls, options: Namespace) -> None:
        """Analyses the project, or takes over what the first process found."""
        cls.rows, cls.found = {}, {}
        cls._clear_away()
        if not _is_selected(options):
            return
        rows = _taken_over(options)
        if rows is not None:
            cls.rows = rows
            return
        cls._analyse(options)
        cls.handed_over = _hand_over(options, cls.rows)
        atexit.register(cls._clear_away)

    @classmethod
    def _analyse(cls, options: Namespace) -> None:
        from flake8.exceptions import ExecutionError

        from leaklint.pipeline.run import parts_of, report_of
        from leaklint.pipeline.wrong_use import WrongUse

        request = _request(options)
        if request is None:
            return
        try:
            parts = parts_of(request)
            reports = [report_of(part, request) for part in parts]
        except WrongUse as wrong:
            raise ExecutionError(f"leaklint: {_with_flake8s_options(str(wrong))}") from None
        for part, report in zip(parts, reports, strict=True):
            LOG.info("leaklint: analysed %d files under %s", report.files, part.project.root)
            for finding in _reportable(part, report):
                path, row = _absolute(request.cwd, finding.place.path), _row(finding)
                if path in request.overlay:
                    path = os.path.abspath(options.stdin_display_name)
                cls.rows.setdefault(path, []).append(row)
                cls.found[path, *row] = finding, report

    @classmethod
    def _clear_away(cls) -> None:
        """Removes the file for workers."""
        if cls.handed_over is not None:
            os.environ.pop(HANDED_OVER, None)
            Path(cls.handed_over).unlink(missing_ok=True)
            cls.handed_over = None


def _with_flake8s_options(complaint: str) -> str:
    """A complaint that names the options as flake8 has them."""
    ours = "|".join(sorted(SETTING_OPTIONS.keys() - FLAKE8_HAS))
    return re.sub(rf"(?m)^--(?={ours}:)", "--leaklint-", complaint)


def _is_selected(options: Namespace) -> bool:
    """Whether flake8 would report any of our codes."""
    from flake8.style_guide import Decision, DecisionEngine

    from leaklint.pipeline.rule_names import rule_names

    engine = DecisionEngine(options)
    return any(engine.decision_for(code) is Decision.Selected for code in rule_names())


def _selectors(options: Namespace) -> list[str]:
    return [*(options.select or ()), *(options.extend_select or ())]


def _request(options: Namespace) -> Request | None:
    """What to analyse, or nothing where no path exists; flake8 itself complains about those that do not."""
    from leaklint.pipeline.run import Request

    cwd = Path.cwd()
    paths = [each for each in options.filenames or ["."] if each != "-" and (cwd / each).exists()]
    overlay: dict[str, bytes] = {}
    if "-" in options.filenames:
        text = _unsaved_text()
        if text is not None:
            # Text without a name is called "stdin", and only what ends in ".py" is taken for Python.
            name = f"{options.stdin_display_name.removesuffix('.py')}.py"
            paths.append(name)
            overlay[_absolute(cwd, name)] = text
    config = Path(_absolute(cwd, options.leaklint_config)) if options.leaklint_config else None
    return Request(paths, cwd, _given(options), config, overlay) if paths else None


def _given(options: Namespace) -> dict[str, Any]:
    """The settings that flake8's options give, by name."""
    given: dict[str, Any] = {}
    for name in SETTING_OPTIONS.keys() - FLAKE8_HAS:
        value = getattr(options, f"leaklint_{name.replace('-', '_')}")
        if value is not None:
            given[name] = os.path.abspath(value) if name in FILES else value
    # Naming a code is asking for it, as it is on our own command line; `LK` alone only says that the plugin is on.
    asked = sorted({each for each in _selectors(options) if each.startswith("LK") and each != "LK"})
    return given | {"extend-select": asked} if asked else given


def _unsaved_text() -> bytes | None:
    """What came on standard input, in the encoding that it declares, or nothing where flake8 cannot read it."""
    import io
    import tokenize

    from flake8.utils import stdin_get_value

    try:
        text: str = stdin_get_value()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text.encode()).readline)
        return text.encode(encoding)
    except (LookupError, SyntaxError, UnicodeError):
        return None


def _absolute(cwd: Path, path: str) -> str:
    return os.path.normpath(cwd / path)


def _reportable(part: Part, report: Report) -> Iterator[Finding]:
    """The findings of a project that flake8 is told about, in order."""
    from leaklint.report.report import by_place

    settings = part.sourced.settings
    for_noqa = [
        each.finding
        for each in report.silenced
        if each.by.kind == "noqa" and settings.severity_of(each.finding.code, each.finding.severity) >= settings.least
    ]
    for finding in sorted([*report.findings, *for_noqa], key=by_place):
        if finding.code not in COMMAND_ONLY:
            yield finding


def _row(finding: Finding) -> Row:
    from leaklint.report.plain import plain

    return finding.place.span.line, finding.place.span.column - 1, f"{finding.code} {plain(finding.message)}"


def _key(options: Namespace) -> list[Any]:
    """What tells one run of flake8 from another, for a worker that may be older than the run it works for."""
    return [os.getcwd(), options.filenames, options.stdin_display_name, options.leaklint_config, _given(options)]


def _hand_over(options: Namespace, rows: dict[str, list[Row]]) -> str | None:
    """Writes the rows for workers, unless they are forked; gives the path of the file."""
    method = multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]
    if method == "fork" or multiprocessing.parent_process() is not None:
        return None
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="leaklint-", suffix=".json")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump([_key(options), rows], stream)
    os.environ[HANDED_OVER] = path
    return path


def _taken_over(options: Namespace) -> dict[str, list[Row]] | None:
    """The rows that the first process has written for this one, or nothing where this is the first."""
    path = os.environ.get(HANDED_OVER)
    if path is None or multiprocessing.parent_process() is None:
        return None
    try:
        with open(path, encoding="utf-8") as stream:
            key, rows = json.load(stream)
    except (OSError, ValueError):
        return None
    if key != _key(options):
        return None
    return {file: [(line, column, text) for line, column, text in listed] for file, listed in rows.items()}


def finding_of(path: str, line: int, column: int, text: str) -> tuple[Finding, Report] | None:
    """The finding behind a row that flake8 reports, where this process made it."""
    return Plugin.found.get((os.path.abspath(path), line, column, text))
