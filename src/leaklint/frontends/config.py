"""``leaklint config``: the settings in force for a path, and where each was said."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from leaklint.frontends.arguments import Parser, add_paths, add_settings, request_of
from leaklint.frontends.output import prepare, style_for
from leaklint.ir.finding import Severity
from leaklint.pipeline.roots import shown
from leaklint.pipeline.run import Part, parts_of
from leaklint.pipeline.settings import FIELDS
from leaklint.report.plain import plain


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
    parts = parts_of(request_of(options))
    cwd = Path.cwd()
    if options.output_format == "json":
        print(json.dumps([as_object(part, cwd) for part in parts], indent=2))
    else:
        print("\n\n".join(described(part, cwd) for part in parts))
    return 0


def in_toml(value: Any) -> Any:
    """A setting's value as the settings file would have it: tables of pairs as tables, severities as words."""
    if isinstance(value, Severity):
        return value.label
    if isinstance(value, tuple):
        if value and all(isinstance(each, tuple) for each in value):
            return {key: in_toml(inner) for key, inner in value}
        return [in_toml(each) for each in value]
    return value


def as_object(part: Part, cwd: Path) -> dict[str, Any]:
    """The settings of one project as the object that the JSON format prints."""
    return {
        "root": shown(part.project.root, cwd),
        "file": shown(part.sourced.file, cwd) if part.sourced.file else None,
        "settings": {
            key: {
                "value": in_toml(getattr(part.sourced.settings, field.name)),
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
        value = plain(json.dumps(in_toml(getattr(part.sourced.settings, field.name)), ensure_ascii=False))
        where = style("place", f"  # {plain(origin)}") if origin else style("dim", "  # default")
        lines.append(f"{key:<{width}} = {value}{where}")
    return "\n".join(lines)


def reference() -> str:
    """The reference of all settings, as the documentation holds it."""
    parts = ["# Settings\n", "<!-- Generated: leaklint config --output-format markdown > docs/settings.md -->\n"]
    for key, field in FIELDS.items():
        default = json.dumps(in_toml(field.default))
        shown_default = "" if default == "null" else f"Default: `{default}`\n"
        parts.append(f"## {key}\n\n{field.metadata['about']}\n\n{shown_default}")
    return "\n".join(parts)
