"""The settings: ``[tool.leaklint]`` of ``pyproject.toml`` or the whole of ``leaklint.toml``, and the command line.

Every field of ``Settings`` is a setting: its name (with hyphens), the kind of value that it takes and its
description stand here once; the check, ``leaklint config`` and the reference are made from them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leaklint.ir.finding import Severity
from leaklint.ir.location import NOWHERE, Span
from leaklint.pipeline import setting_kinds as kinds
from leaklint.pipeline.patterns import path_matcher
from leaklint.pipeline.selection import Selection, matches
from leaklint.pipeline.setting_kinds import Kind, Rules
from leaklint.pipeline.toml_places import Extent, KeyPath, toml_places
from leaklint.pipeline.wrong_use import Mistake, WrongUse, did_you_mean

DEFAULT_EXCLUDE = (
    *(".aws-sam", ".eggs", ".git", ".hg", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".serverless"),
    *(".svn", ".terraform", ".tox", ".venv", "__pycache__", "__pypackages__", "build", "cdk.out", "dist"),
    "node_modules",
)


def _setting(default: Any, kind: Kind, about: str, example: str) -> Any:
    return dataclasses.field(default=default, metadata={"kind": kind, "about": about, "example": example})


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What is in force for a project; a field holds the default where nothing says otherwise."""

    select: tuple[str, ...] = _setting(
        ("LK",), kinds.selectors, "Codes to report, or beginnings of codes.", '["LK1", "LK201"]'
    )
    extend_select: tuple[str, ...] = _setting(
        (), kinds.selectors, "Codes to report besides those of `select`.", '["LK501"]'
    )
    ignore: tuple[str, ...] = _setting(
        (),
        kinds.selectors,
        "Codes not to report. Of two selectors that match a code, the longer one wins.",
        '["LK110"]',
    )
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = _setting(
        (),
        kinds.selectors_by_pattern,
        "Codes not to report in files that match a pattern of `.gitignore`.",
        '{ "scripts/" = ["LK1"], "*_pb2.py" = ["ALL"] }',
    )
    severity: tuple[tuple[str, Severity], ...] = _setting(
        (),
        kinds.severities,
        "Severities of codes, `error`, `warning` or `info`, in place of what the rule says.",
        '{ LK101 = "warning" }',
    )
    min_severity: str = _setting(
        "warning",
        kinds.one_of(*kinds.SEVERITIES),
        "Findings below this severity are not shown and do not count for the exit status.",
        '"error"',
    )
    exclude: tuple[str, ...] = _setting(
        DEFAULT_EXCLUDE,
        kinds.strings,
        "Files and folders to leave out, as patterns of `.gitignore`. Virtual environments and what git ignores are "
        "left out in any case.",
        '["generated/"]',
    )
    extend_exclude: tuple[str, ...] = _setting(
        (), kinds.strings, "Files and folders to leave out besides those of `exclude`.", '["tests/data/"]'
    )
    src: tuple[str, ...] = _setting(
        (),
        kinds.strings,
        "Folders from which every file imports, such as layers, relative to the root.",
        '["layer/python"]',
    )
    handlers: tuple[str, ...] = _setting(
        (),
        kinds.handlers,
        "Handlers that no template and no decorator declares, as `module:function`: of AWS Lambda, unless `platforms` "
        "says of which platform. The word `web` stands for the views of web frameworks.",
        '["app.main:handler"]',
    )
    platforms: tuple[tuple[str, str], ...] = _setting(
        (),
        kinds.platforms,
        f"The platform of all handlers, or of those in files that match a pattern: {', '.join(kinds.PLATFORMS)}. It "
        "goes before templates and decorators, and the last pattern that matches decides; under `web`, views and tasks "
        "of web frameworks are handlers.",
        '{ "functions/gcp/" = "gcp" }',
    )
    scope: str = _setting(
        "auto",
        kinds.one_of(*kinds.SCOPES),
        "`all` takes every public function for an entry, for libraries that handlers share.",
        '"all"',
    )
    models: tuple[str, ...] = _setting(
        (), kinds.strings, "Files with rows for libraries that leaklint does not know.", '["leaks.toml"]'
    )
    python: str | None = _setting(
        None,
        kinds.folder,
        "The environment whose installed packages are looked at; else `VIRTUAL_ENV`, else `.venv` at the root.",
        '".venv"',
    )
    target_version: str | None = _setting(
        None,
        kinds.one_of(*(f"3.{minor}" for minor in range(9, 16))),
        "The oldest Python that the project has to run on, for what fixes write; else `requires-python` says it.",
        '"3.12"',
    )
    baseline: str | None = _setting(
        None, kinds.folder, "The file with the findings that are accepted for now.", '"leaklint-baseline.json"'
    )
    events: tuple[tuple[str, tuple[str, ...]], ...] = _setting(
        (),
        kinds.events,
        "The events with which `--confirm` runs handlers: a table from `module:function` to a JSON file, or to several "
        "that are handed out in turn. What stands before a `/` is the folder that the handler is run in.",
        '{ "functions/orders/app:handler" = "events/order.json" }',
    )
    confirm_setup: str | None = _setting(
        None,
        kinds.folder,
        "A Python file that `--confirm` runs before it imports a handler: it sets variables, and puts stubs in the "
        "place of services.",
        '"tests/confirm_setup.py"',
    )
    cache_dir: str | None = _setting(
        None,
        kinds.folder,
        "Where the cache is kept; the variable `LEAKLINT_CACHE_DIR` goes before it. Else `.leaklint_cache` at the root "
        "of a project, and the user's own cache for what is no project.",
        '".cache/leaklint"',
    )

    def selection(self) -> Selection:
        """The decision about codes that these settings make."""
        per_file = tuple((path_matcher([pattern]), codes) for pattern, codes in self.per_file_ignores)
        return Selection(self.select + self.extend_select, self.ignore, per_file)

    def severity_of(self, code: str, default: Severity) -> Severity:
        """The severity of a finding, given the one that its rule gave it."""
        fitting = [(len(selector), word) for selector, word in self.severity if matches(selector, code)]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else default

    @property
    def least(self) -> Severity:
        """``min_severity`` as a severity."""
        return Severity[self.min_severity.upper()]


FIELDS: Mapping[str, dataclasses.Field[Any]] = {
    each.name.replace("_", "-"): each for each in dataclasses.fields(Settings)
}
"""The settings by the names that users write."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sourced:
    """Settings, and for each one that is not a default where it was said."""

    settings: Settings = Settings()
    origins: Mapping[str, str] = dataclasses.field(default_factory=dict)
    file: Path | None = None


def read_settings(file: Path, shown: str, rules: Rules) -> Sourced:
    """The settings that a file holds; ``shown`` is how messages call the file."""
    text = read_toml_text(file, shown)
    content = parse_toml(text, shown)
    top = _table_path(file, content)
    table: Any = _tool_table(content) if top else content
    places = toml_places(text)
    lines = text.split("\n")
    mistakes: list[Mistake] = []
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def mistake(path: KeyPath, message: str, extent: Extent | None = None) -> None:
        if path[-1:] == (kinds.KEY,):
            extent = places.keys.get(path[:-1])
        extent = extent or places.of(path)
        excerpt = lines[extent.line - 1] if extent.line <= len(lines) else ""
        mistakes.append(Mistake(message, shown, extent.line, extent.column, extent.length, excerpt))

    table = {} if table is None else table
    if not isinstance(table, dict):
        mistake(top, "[tool.leaklint] is not a table")
        raise WrongUse(*mistakes)
    for key, value in table.items():
        if key not in FIELDS:
            extent = places.keys.get((*top, key))
            mistake((*top, key), f"unknown setting `{key}`{_meant(key)}", extent)
            continue
        before = len(mistakes)

        def complain(path: KeyPath, message: str, key: str = key) -> None:
            mistake((*top, key, *path), f"`{key}`: {message}")

        values[FIELDS[key].name] = FIELDS[key].metadata["kind"](value, complain, rules)
        if len(mistakes) == before:
            origins[key] = f"{shown}:{places.of((*top, key)).line}"
    if mistakes:
        raise WrongUse(*sorted(mistakes, key=lambda each: (each.line, each.column)))
    return Sourced(Settings(**values), origins, file)


def _meant(key: str) -> str:
    """What an unknown setting was meant to be."""
    if key == "tool":
        return "; settings stand in the table `tool.leaklint`, or here without any table"
    return did_you_mean(key, FIELDS) or "; `leaklint config` lists all settings"


def span_in_settings(file: Path, key: str, word: str) -> Span:
    """Where a settings file, which has been read before, has a word in the list or in the table of a setting."""
    text = read_toml_text(file, file.name)
    content = parse_toml(text, file.name)
    top = _table_path(file, content)
    way = _way_to(word, (_tool_table(content) if top else content).get(key))
    if way is None:
        return NOWHERE
    places = toml_places(text)
    path = (*top, key, *way)
    extent = places.keys[path[:-1]] if path[-1] == kinds.KEY else places.of(path)
    return Span(extent.line, extent.column, extent.line, extent.column + extent.length)


def _way_to(word: str, value: Any) -> KeyPath | None:
    """The way to a word in a value, as a key or as a text; None where it is not in there."""
    if value == word:
        return ()
    if isinstance(value, dict) and word in value:
        return word, kinds.KEY
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ways = ((key, _way_to(word, each)) for key, each in below)
    return next(((key, *way) for key, way in ways if way is not None), None)


def mistake_at(file: Path, shown: str, key: str, word: str, message: str) -> Mistake:
    """A mistake in what a setting names, with its place in the settings file."""
    span = span_in_settings(file, key, word)
    if span == NOWHERE:
        return Mistake(f"`{key}`: {message}", shown)
    excerpt = read_toml_text(file, shown).split("\n")[span.line - 1]
    return Mistake(f"`{key}`: {message}", shown, span.line, span.column, span.end_column - span.column, excerpt)


def override(base: Sourced, given: Mapping[str, Any], rules: Rules) -> Sourced:
    """The settings with what the command line says, by setting name.

    A selection on the command line replaces the selection of the file; what extends or ignores adds to it.
    """
    mistakes: list[Mistake] = []
    values: dict[str, Any] = {}
    origins = dict(base.origins)
    for key, value in given.items():

        def complain(_path: KeyPath, message: str, key: str = key) -> None:
            mistakes.append(Mistake(f"--{key}: {message}"))

        values[FIELDS[key].name] = FIELDS[key].metadata["kind"](value, complain, rules)
        origins[key] = f"--{key}"
    if mistakes:
        raise WrongUse(*mistakes)
    kept = base.settings
    if "select" in values:
        kept = dataclasses.replace(kept, extend_select=(), ignore=())
        for key in ("extend-select", "ignore"):
            if key not in given:
                origins.pop(key, None)
    for name in ("extend_select", "ignore", "extend_exclude"):
        if name in values:
            values[name] = getattr(kept, name) + values[name]
    return Sourced(dataclasses.replace(kept, **values), origins, base.file)


def read_toml_text(file: Path, shown: str) -> str:
    """The text of a TOML file, with its line ends as ``\\n``."""
    try:
        return file.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise WrongUse(Mistake(f"cannot be read: {error.strerror or error}", shown)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise WrongUse(Mistake("is not UTF-8 text", shown, line, 1)) from None


def parse_toml(text: str, shown: str) -> dict[str, Any]:
    """The tables of a TOML text; an error of syntax is a mistake with its place."""
    import tomllib  # most runs have no settings to read

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
        lines = text.split("\n")
        line, column = (int(at[1]), int(at[2])) if at and at[1] else (len(lines), len(lines[-1]) + 1)
        reason = message[: at.start()] if at else message
        raise WrongUse(Mistake(f"not valid TOML: {reason}", shown, line, column, 1, lines[line - 1])) from None
    except RecursionError:
        raise WrongUse(Mistake("not valid TOML: nested too deeply", shown)) from None


def _table_path(file: Path, content: Mapping[str, Any]) -> KeyPath:
    """The way to our settings: in a file that is ours alone they may do without the table."""
    ours_alone = file.name != "pyproject.toml" and _tool_table(content) is None
    return () if ours_alone else ("tool", "leaklint")


def _tool_table(content: Mapping[str, Any]) -> Any:
    tool = content.get("tool")
    return tool.get("leaklint") if isinstance(tool, dict) else None


def holds_settings(file: Path, shown: str) -> bool:
    """Whether a ``pyproject.toml`` has a table for leaklint; any ``leaklint.toml`` has."""
    if file.name == "leaklint.toml":
        return file.is_file()
    if not file.is_file():
        return False
    text = read_toml_text(file, shown)
    content = parse_toml(text, shown)
    table = _tool_table(content)
    if table is None:
        _insist_on_the_name(content, text, shown)
    return table is not None


def _insist_on_the_name(content: Mapping[str, Any], text: str, shown: str) -> None:
    """A table whose name is nearly ours was meant for us, and would be passed over without a word."""
    tool = content.get("tool")
    import difflib

    near = difflib.get_close_matches("leaklint", tool if isinstance(tool, dict) else (), n=1, cutoff=0.85)
    if near:
        extent = toml_places(text).keys.get(("tool", near[0]), Extent(1, 1, 1))
        excerpt = text.split("\n")[extent.line - 1]
        message = f"unknown table `tool.{near[0]}`; did you mean `tool.leaklint`?"
        raise WrongUse(Mistake(message, shown, extent.line, extent.column, extent.length, excerpt))
