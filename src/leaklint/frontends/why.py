"""``leaklint why FILE:LINE``: which handlers reach a line, what is reported there, and why the rest is silent."""

from __future__ import annotations

import dataclasses
import json
import sys

from leaklint.frontends.arguments import Parser, add_settings, request_of
from leaklint.frontends.output import prepare, style_for
from leaklint.frontends.progress import progress
from leaklint.pipeline.wrong_use import WrongUse
from leaklint.report.explanation import as_object, render


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    parser = Parser("why", "Says which handlers reach a line and how, what is reported there, and why the rest is not.")
    parser.add_argument("places", nargs="+", metavar="FILE:LINE", help="a line, as in findings: app.py:12")
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    add_settings(parser)
    options = parser.parse_intermixed_args(arguments)
    places = [_place(text) for text in options.places]
    options.paths = [path for path, _ in places]
    request = request_of(options)
    from leaklint.pipeline.why import explain

    with progress(options) as drawn:
        request = dataclasses.replace(request, force_exclude=True, hears=drawn.hears)
        found = [explain(dataclasses.replace(request, paths=[path]), path, line) for path, line in places]
    prepare(sys.stdout)
    if options.output_format == "json":
        print(json.dumps([as_object(each) for each in found], indent=2))
    else:
        style = style_for(sys.stdout)
        print("\n\n".join(render(each, style) for each in found))
    return 0


def _place(text: str) -> tuple[str, int]:
    """File and line; a column behind them, as findings have it, is allowed."""
    path, _, last = text.rstrip(":").rpartition(":")
    before, _, line = path.rpartition(":")
    if before and line.isdigit() and last.isdigit():
        path, last = before, line
    if not path or not last.isdigit():
        raise WrongUse(f"{text}: a line is named as FILE:LINE, such as app.py:12")
    return path, int(last)
