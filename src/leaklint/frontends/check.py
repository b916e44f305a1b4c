"""``leaklint check``: analyse, report, and say by the exit status whether something was found."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from leaklint import __version__
from leaklint.frontends.arguments import Parser, add_paths, add_settings, request_of
from leaklint.frontends.commands import COMMANDS
from leaklint.frontends.output import (
    FOR_PEOPLE,
    FORMATS,
    WITH_EDITS,
    Target,
    complain,
    prepare,
    style_for,
    targets_of,
    write,
)
from leaklint.frontends.progress import progress
from leaklint.pipeline.copies import processors
from leaklint.pipeline.roots import shown
from leaklint.pipeline.run import Part, Request, run
from leaklint.pipeline.wrong_use import WrongUse
from leaklint.report.plain import plain
from leaklint.report.report import Report
from leaklint.report.text import summary

COUNTABLE = ("text", "concise", "json")
"""The formats that statistics have."""

EPILOG = """\
formats:
{formats}

commands:
{commands}

exit status: 0 nothing found, 1 something found, 2 wrong use or settings. With --confirm, a leak that is only seen when
a handler is run is something found, and a handler that cannot be run is wrong use.
A folder that is called like a command is written ./NAME."""


def parser() -> Parser:
    """The parser of the command line."""
    commands = "\n".join(f"  {name:<12}{about}" for name, (_, about) in COMMANDS.items())
    formats = "\n".join(f"  {name:<12}{each.about}" for name, each in FORMATS.items())
    made = Parser(
        "check",
        "Finds state and pending work that leak from one serverless invocation into the next.",
        epilog=EPILOG.format(commands=commands, formats=formats),
        usage="leaklint [check] [PATH ...] [options]\n       leaklint COMMAND --help",
    )
    add_paths(made)
    output = made.add_argument_group("output")
    output.add_argument(
        "--output-format",
        action="append",
        metavar="FORMAT[:FILE]",
        default=[],
        help="one of the formats below; several at once where all but one go to files",
    )
    output.add_argument("--statistics", action="store_true", help="count findings by code instead of listing them")
    output.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="when to use colours")
    output.add_argument("--exit-zero", action="store_true", help="end with status 0 even when something was found")
    output.add_argument("-q", "--quiet", action="store_true", help="print findings only, no notes and no summary")
    output.add_argument("-v", "--verbose", action="store_true", help="say what was read, what was left out, and why")
    output.add_argument("--no-progress", action="store_true", help="draw no progress on the terminal")
    output.add_argument("--watch", action="store_true", help="check again whenever a file changes")
    output.add_argument("-V", "--version", action="version", version=f"leaklint {__version__}")
    output.add_argument(
        "--confirm",
        action="store_true",
        help="run the handlers that have events in the settings, and say which findings are seen: this runs your code",
    )
    output.add_argument(
        "-j",
        "--jobs",
        type=_count,
        metavar="N",
        help="how many processes share the work; as many as there are processors by default, where it pays",
    )
    files = made.add_argument_group("files")
    files.add_argument("--since", metavar="REV", help="only findings that touch lines changed since then")
    files.add_argument("--no-cache", action="store_true", help="neither read nor write the cache")
    files.add_argument(
        "--force-exclude", action="store_true", help="leave out excluded files even where they are named"
    )
    files.add_argument(
        "--stdin-filename", metavar="PATH", help="with `-` as PATH: the file whose unsaved text comes on standard input"
    )
    fixing = made.add_argument_group("fixing")
    fixing.add_argument("--fix", action="store_true", help="mend what safe fixes can mend, and report what is left")
    fixing.add_argument(
        "--unsafe-fixes", action="store_true", help="with --fix or --diff: use the fixes too that need a look"
    )
    fixing.add_argument(
        "--diff", action="store_true", help="print what --fix would change, and change nothing; 1 if there is something"
    )
    fixing.add_argument("--show-fixes", action="store_true", help="list the fixes, and for each finding what it mends")
    adopting = made.add_argument_group("adopting")
    adopting.add_argument("--update-baseline", action="store_true", help="accept all findings of today")
    adopting.add_argument(
        "--no-update", action="store_true", help="leave the baseline as it is where findings are gone"
    )
    adopting.add_argument("--add-ignore", metavar="REASON", help="write a suppression behind each finding")
    add_settings(made)
    return made


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    options = parser().parse_intermixed_args(arguments)
    targets = targets_of(options.output_format)
    printed = next((each.format for each in targets if each.file is None), COUNTABLE[0])
    if options.statistics and printed not in COUNTABLE:
        raise WrongUse(f"--statistics: there are none in the format `{printed}`, but in {', '.join(COUNTABLE)}")
    if options.add_ignore is not None and not options.add_ignore.strip():
        raise WrongUse("--add-ignore: say why they stay, such as --add-ignore 'known since the audit'")
    if options.add_ignore is not None and len(options.add_ignore.splitlines()) > 1:
        raise WrongUse("--add-ignore: the reason is one line")
    if options.since is not None and not options.since.strip():
        raise WrongUse("--since: no revision is given; leave the option out to see all findings")
    request = _request(options)
    prepare(sys.stdout)
    prepare(sys.stderr)
    if options.watch and options.confirm:
        raise WrongUse("--watch and --confirm do not go together: handlers are not run at every change")
    if options.fix or options.diff:
        return _fix(request, options, targets)
    if options.unsafe_fixes:
        raise WrongUse("--unsafe-fixes goes with --fix or --diff")
    if options.watch:
        return _watch(request, options, targets)
    parts: list[Part] = []
    if options.confirm:
        from leaklint.frontends.confirming import confirm_all, insist_on_events

        report = _run(request, options, parts, insist_on_events)
    else:
        report = _run(request, options, parts)
    if options.verbose:
        from leaklint.frontends.verbose import say_what_is_read

        say_what_is_read(request, options.color)
    if options.add_ignore is not None:
        return _add_ignores(report, options)
    _print(report, options, targets)
    if options.show_fixes:
        from leaklint.frontends.fixing import show_offers

        show_offers(report)
    status = 1 if report.findings else 0
    if options.confirm:
        stream = _for_people(targets)
        seen = confirm_all(parts, report, style_for(stream, options.color), stream)
        status = status or seen
    return 0 if options.exit_zero else status


def _count(text: str) -> int:
    """A number of processes as the command line gives it."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of processes")
    return int(text)


def _request(options: argparse.Namespace) -> Request:
    """What the options ask for, with the unsaved text that comes on standard input."""
    request = request_of(options)
    paths, overlay = request.paths, request.overlay
    if list(paths) == ["-"]:
        paths = [options.stdin_filename or "stdin.py"]
        if not (request.cwd / paths[0]).parent.is_dir():
            raise WrongUse(f"--stdin-filename: {paths[0]}: there is no such folder")
        overlay = {os.path.normpath(request.cwd / paths[0]): sys.stdin.buffer.read()}
    elif "-" in paths or options.stdin_filename:
        raise WrongUse("--stdin-filename and `-` go together, without any other path")
    return dataclasses.replace(
        request,
        paths=paths,
        overlay=overlay,
        force_exclude=options.force_exclude,
        cached=not options.no_cache,
        jobs=options.jobs or processors(),
        since=options.since or "",
        baseline="renew" if options.update_baseline else "read" if options.no_update else "shorten",
        runs_handlers=options.confirm,
        edits=options.show_fixes or any(each.format in WITH_EDITS for each in targets_of(options.output_format)),
    )


def _run(
    request: Request,
    options: argparse.Namespace,
    parts: list[Part],
    insist: Callable[[Part], None] = lambda _part: None,
) -> Report:
    """The report; the projects of the run are added to ``parts``, after ``insist`` has looked at each."""
    with progress(options) as drawn, _without_collector():

        def begun(part: Part) -> None:
            insist(part)
            parts.append(part)
            drawn.begins(shown(part.project.root, request.cwd))

        return run(dataclasses.replace(request, hears=drawn.hears), begun)


def _fix(request: Request, options: argparse.Namespace, targets: tuple[Target, ...]) -> int:
    """Mends, or shows what would be mended, and reports what is left."""
    from leaklint.frontends.fixing import mend, show

    if request.overlay or options.watch or options.add_ignore is not None:
        raise WrongUse("--fix and --diff go neither with `-`, nor with --watch, nor with --add-ignore")
    with progress(options) as drawn:
        mendings = mend(dataclasses.replace(request, hears=drawn.hears), unsafe=options.unsafe_fixes)
    return show(
        mendings, request, options, lambda: _run(request, options, []), lambda report: _print(report, options, targets)
    )


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Switches off the garbage collector, which takes a quarter of a run to find next to nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _print(report: Report, options: argparse.Namespace, targets: tuple[Target, ...]) -> None:
    style = style_for(sys.stdout, options.color)
    write(targets, report, style, statistics=options.statistics)
    if options.quiet:
        return
    stream = _for_people(targets)
    errors = style_for(sys.stderr, options.color)
    for note in report.notes:
        print(f"{errors('info', 'note')}: {plain(note)}", file=sys.stderr)
    if options.verbose:
        for handler in report.handlers:
            print(f"{errors('dim', 'handler')}: {plain(handler.label)}, {plain(handler.reason)}", file=sys.stderr)
    print(summary(report, style_for(stream, options.color)), file=stream)


def _for_people(targets: tuple[Target, ...]) -> TextIO:
    """Where the summary goes: under the findings, but away from output for machines, as all notes are."""
    for_people = any(target.file is None and target.format in FOR_PEOPLE for target in targets)
    return sys.stdout if for_people or all(target.file for target in targets) else sys.stderr


def _add_ignores(report: Report, options: argparse.Namespace) -> int:
    """Writes suppressions; what cannot have one is still reported."""
    from leaklint.pipeline.add_ignore import add_ignores

    added, refused, left = add_ignores(report.findings, Path(report.root), options.add_ignore)
    print(f"Added suppressions for {added} findings.")
    for each in refused:
        place = f"{plain(each.place.path)}:{each.place.span.line}"
        print(f"{place}: {each.code} takes no suppression: {plain(each.message)}", file=sys.stderr)
    for path in left:
        print(f"{plain(path)}: left alone: it is read-only", file=sys.stderr)
    return 1 if (refused or left) and not options.exit_zero else 0


def _watch(request: Request, options: argparse.Namespace, targets: tuple[Target, ...]) -> int:
    from leaklint.frontends.watch import snapshot_of, watch

    def check() -> None:
        try:
            _print(_run(request, options, []), options, targets)
        except WrongUse as wrong:
            complain(wrong)

    watch(check, lambda: snapshot_of(request))
    return 0
