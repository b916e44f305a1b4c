"""``leaklint config``: the settings in force for a path, and where each was said."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from leaklint.frontends.arguments import Parser, add_paths, add_settings, request_of
from leaklint.frontends.flake8_plugin import FLAKE8_HAS
from leaklint.frontends.output import prepare, style_for
from leaklint.frontends.setting_options import SETTING_OPTIONS
from leaklint.ir.finding import Severity
from leaklint.pipeline.roots import shown
from leaklint.pipeline.run import Part, parts_of
from leaklint.pipeline.settings import FIELDS
from leaklint.report.plain import plain

INTRODUCTION = """\
# Settings

<!-- Generated: make pages -->

Settings stand in `[tool.leaklint]` of `pyproject.toml`, or without a table in `leaklint.toml`; the nearest folder at or
above the analysed path that has one is the root of the project. Most can be given on the command line too, where
`--select` replaces the selection of the file, and `--ignore`, `--extend-select` and `--extend-exclude` add to it.
`leaklint config` shows what is in force, and where each value was said.
"""


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    parser = Parser("config", "Shows the settings in force, and where each was said.")
    add_paths(parser)
    parser.add_argument("--output-format", choices=("text", "json", "markdown"), default="text")
    add_settings(parser)
    options = parser.parse_intermixed_args(arguments)
    prepare(sys.stdout)
    if options.output_format == "markdown":
        sys.stdout.write(reference())
        return 0
    request = request_of(options)
    parts = parts_of(request)
    cwd = request.cwd
    if options.output_format == "json":
        print(json.dumps([as_object(part, cwd) for part in parts], indent=2))
    else:
        print("\n\n".join(described(part, cwd) for part in parts))
    return 0


TABLES = ("events", "per-file-ignores", "platforms", "severity")


def in_toml(key: str, value: Any) -> Any:
    """A setting's value as the settings file would have it: pairs as tables, severities as words."""
    if key in TABLES:
        return {word: inner.label if isinstance(inner, Severity) else inner for word, inner in value}
    return list(value) if isinstance(value, tuple) else value


def as_object(part: Part, cwd: Path) -> dict[str, Any]:
    """The settings of one project as the object that the JSON format prints."""
    return {
        "root": shown(part.project.root, cwd),
        "file": shown(part.sourced.file, cwd) if part.sourced.file else None,
        "settings": {
            key: {
                "value": in_toml(key, getattr(part.sourced.settings, field.name)),
                "from": part.sourced.origins.get(key, "default"),
            }
            for key, field in FIELDS.items()
        },
    }


def described(part: Part, cwd: Path) -> str:
    """The settings of one project, a line each."""
    style = style_for(sys.stdout)
    file = shown(part.sourced.file, cwd) if part.sourced.file else "none"
    lines = [f"{style('bold', 'root')} {plain(shown(part.project.root, cwd))}   settings file: {plain(file)}"]
    width = max(map(len, FIELDS))
    for key, field in FIELDS.items():
        origin = part.sourced.origins.get(key)
        value = plain(json.dumps(in_toml(key, getattr(part.sourced.settings, field.name)), ensure_ascii=False))
        where = style("place", f"  # {plain(origin)}") if origin else style("dim", "  # default")
        lines.append(f"{key:<{width}} = {value}{where}")
    return "\n".join(lines)


def reference() -> str:
    """The reference of all settings, as the documentation holds it."""
    parts = [INTRODUCTION]
    for key, field in FIELDS.items():
        default = in_toml(key, field.default)
        kind = (field.metadata["kind"].__doc__ or "").replace("``", "`").partition("\n")[0]
        facts = [f"- Value: {kind[:1].lower()}{kind[1:].rstrip('.')}"]
        facts.append(f"- Default: `{json.dumps(default)}`" if default not in (None, [], {}) else "- Default: none")
        if key in SETTING_OPTIONS:
            facts.append(f"- Option: `--{key}`" + ("" if key in FLAKE8_HAS else f"; of flake8: `--leaklint-{key}`"))
        example = f"```toml\n{key} = {field.metadata['example']}\n```"
        listed = "\n".join(facts)
        parts.append(f"## {key}\n\n{field.metadata['about']}\n\n{listed}\n\n{example}\n")
    return "\n".join(parts)
