"""``leaklint handlers``: the handlers of a project, and why each is taken for one."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from leaklint.frontends.arguments import Parser, add_paths, add_settings, request_of
from leaklint.frontends.output import prepare, style_for
from leaklint.frontends.progress import progress
from leaklint.ir.effects import Outcome
from leaklint.ir.handler import Handler
from leaklint.pipeline.run import run
from leaklint.report.plain import plain
from leaklint.report.style import Style
from leaklint.rules.wording import overlapping, regime


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    parser = Parser("handlers", "Lists the handlers that are found, where, on which platform, and why.")
    add_paths(parser)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    parser.add_argument("--no-cache", action="store_true", help="neither read nor write the cache")
    add_settings(parser)
    options = parser.parse_intermixed_args(arguments)
    request = dataclasses.replace(request_of(options), only_handlers=True, cached=not options.no_cache)
    with progress(options) as drawn:
        report = run(dataclasses.replace(request, hears=drawn.hears))
    prepare(sys.stdout)
    given = [Path(os.path.normpath(request.cwd / path)) for path in request.paths]
    handlers = [each for each in report.handlers if _is_given(Path(os.path.normpath(request.cwd / each.path)), given)]
    if options.output_format == "json":
        print(json.dumps([as_object(each) for each in handlers], indent=2))
        return 0
    style = style_for(sys.stdout)
    for each in handlers:
        print(described(each, style))
    if report.handlers and not handlers:
        print(f"note: no handler is there; the project has {len(report.handlers)}", file=sys.stderr)
    for note in report.notes:
        print(f"note: {plain(note)}", file=sys.stderr)
    return 0


def _is_given(file: Path, given: Sequence[Path]) -> bool:
    """Whether a file is, or lies in, what the command line names."""
    return any(each == file or each in file.parents for each in given)


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
        "outcome": regime(handler).value,
        "overlapping": bool(overlapping((handler,))),
        "awaited": handler.awaited,
        "snap_start": handler.snap_start,
        "durable": handler.durable,
        "request_data": list(handler.request),
    }


def described(handler: Handler, style: Style) -> str:
    """A handler: name and place, platform and reason, what becomes of pending work, and what is request data."""
    place = f"{plain(handler.place.path)}:{handler.place.span.line}"
    return (
        f"{style('bold', plain(handler.label))}  {style('place', place)}\n"
        f"    {handler.platform.value}, by {handler.source.value}: {plain(handler.reason)}\n"
        f"    pending work {_REGIMES[regime(handler)]}{_remarks(handler)}\n"
        f"    request data: {plain(', '.join(handler.request)) or 'none that is known'}"
    )


_REGIMES = {
    Outcome.RESUMES_LATER: "is frozen at return and resumes inside a later invocation",
    Outcome.RUNS_ON: "runs on at return",
    Outcome.UNKNOWN: "has an unknown fate at return",
}


def _remarks(handler: Handler) -> str:
    """What else decides about findings: overlapping requests, SnapStart, durable functions."""
    remarks = [
        "several requests at a time" if overlapping((handler,)) else "one request at a time",
        "SnapStart: all environments start from one snapshot" if handler.snap_start else "",
        "durable: run again from the top, in a fresh thread" if handler.durable else "",
        "async def is awaited" if handler.awaited else "",
    ]
    return "".join(f"; {each}" for each in remarks if each)
