"""``leaklint check``: analyse, report, and say by the exit status whether something was found."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from leaklint.frontends.arguments import Parser, add_paths, add_settings, given_settings, paths_of
from leaklint.frontends.commands import COMMANDS
from leaklint.frontends.output import FOR_PEOPLE, FORMATS, prepare, style_for, targets_of, write
from leaklint.pipeline.run import Request, run
from leaklint.report.report import Report
from leaklint.report.text import summary

EPILOG = """\
commands:
{commands}

exit status: 0 nothing found, 1 something found, 2 wrong use or settings.
A folder that is called like a command is written ./NAME."""


def parser() -> Parser:
    """The parser of the command line."""
    commands = "\n".join(f"  {name:<12}{about}" for name, (_, about) in COMMANDS.items())
    made = Parser(
        "check",
        "Finds state and pending work that leak from one serverless invocation into the next.",
        epilog=EPILOG.format(commands=commands),
        usage="leaklint [check] [PATH ...] [options]\n       leaklint COMMAND --help",
    )
    add_paths(made)
    output = made.add_argument_group("output")
    output.add_argument(
        "--output-format",
        action="append",
        metavar="FORMAT[:FILE]",
        default=[],
        help=f"{', '.join(FORMATS)}; may be given several times",
    )
    output.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="when to use colours")
    output.add_argument("--exit-zero", action="store_true", help="end with status 0 even when something was found")
    output.add_argument("-q", "--quiet", action="store_true", help="print findings only, no notes and no summary")
    output.add_argument("-v", "--verbose", action="store_true", help="say what was read, what was left out, and why")
    output.add_argument("-V", "--version", action="store_true", help="print the version")
    files = made.add_argument_group("files")
    files.add_argument(
        "--force-exclude", action="store_true", help="leave out excluded files even where they are named"
    )
    files.add_argument(
        "--stdin-filename", metavar="PATH", help="with `-` as PATH: the file whose unsaved text comes on standard input"
    )
    add_settings(made)
    return made


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    options = parser().parse_intermixed_args(arguments)
    targets = targets_of(options.output_format)
    request = request_of(options)
    report = run(request)
    prepare(sys.stdout)
    prepare(sys.stderr)
    style = style_for(sys.stdout, options.color)
    write(targets, report, style)
    if not options.quiet:
        for_people = any(target.file is None and target.format in FOR_PEOPLE for target in targets)
        _say_more(report, options, to_stdout=for_people)
    return 1 if report.findings and not options.exit_zero else 0


def request_of(options: argparse.Namespace) -> Request:
    """What the options ask for."""
    cwd = Path.cwd()
    paths = list(paths_of(options))
    overlay: dict[str, bytes] = {}
    if paths == ["-"]:
        paths = [options.stdin_filename or "stdin.py"]
        overlay = {str(_absolute(paths[0], cwd)): sys.stdin.buffer.read()}
    elif "-" in paths or options.stdin_filename:
        parser().error("--stdin-filename goes with `-` as the only PATH")
    return Request(
        paths,
        cwd,
        given_settings(options),
        options.config and _absolute(options.config, cwd),
        overlay,
        options.force_exclude,
    )


def _absolute(path: str | Path, cwd: Path) -> Path:
    return Path(os.path.normpath(cwd / path))


def _say_more(report: Report, options: argparse.Namespace, *, to_stdout: bool) -> None:
    """Notes go to standard error; the summary stands under the findings, away from output for machines."""
    stream = sys.stdout if to_stdout else sys.stderr
    errors = style_for(sys.stderr, options.color)
    for note in report.notes:
        print(f"{errors('info', 'note')}: {note}", file=sys.stderr)
    if options.verbose:
        for path, reason in report.left_out:
            print(f"{errors('dim', 'left out')}: {path} ({reason})", file=sys.stderr)
    print(summary(report, style_for(stream, options.color)), file=stream)
