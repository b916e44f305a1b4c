"""``leaklint handlers``: the handlers of a project, and why each is taken for one."""

from __future__ import annotations

import json
import sys

from leaklint.frontends.arguments import Parser, add_paths, add_settings, request_of
from leaklint.frontends.output import prepare, style_for
from leaklint.ir.handler import Handler
from leaklint.pipeline.run import run
from leaklint.report.plain import plain
from leaklint.report.style import Style


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    parser = Parser("handlers", "Lists the handlers that are found, where, on which platform, and why.")
    add_paths(parser)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    add_settings(parser)
    options = parser.parse_intermixed_args(arguments)
    report = run(request_of(options))
    prepare(sys.stdout)
    if options.output_format == "json":
        print(json.dumps([as_object(each) for each in report.handlers], indent=2))
        return 0
    style = style_for(sys.stdout)
    for each in report.handlers:
        print(described(each, style))
    for note in report.notes:
        print(f"note: {plain(note)}", file=sys.stderr)
    return 0


def as_object(handler: Handler) -> dict[str, object]:
    """A handler as the object that the JSON format prints."""
    return {
        "module": handler.module,
        "function": handler.attribute,
        "path": handler.place.path,
        "line": handler.place.span.line,
        "platform": handler.platform.value,
        "source": handler.source.value,
        "reason": handler.reason,
        "snap_start": handler.snap_start,
    }


def described(handler: Handler, style: Style) -> str:
    """A handler in two lines: its name and place, its platform and the reason."""
    place = f"{plain(handler.place.path)}:{handler.place.span.line}"
    return (
        f"{style('bold', plain(handler.label))}  {style('place', place)}\n"
        f"    {handler.platform.value}, by {handler.source.value}: {plain(handler.reason)}"
    )
