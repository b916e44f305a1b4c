"""The command ``leaklint confirm``: run a handler in a warm container and show what survives."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from leaklint.confirm import as_json, text
from leaklint.confirm.events import gathered
from leaklint.confirm.findings import Static, read_findings
from leaklint.confirm.page import render as render_page
from leaklint.confirm.picture import render as render_picture
from leaklint.confirm.plan import Engine, Plan, Regime, Unusable
from leaklint.confirm.run import confirm
from leaklint.confirm.samples import SAMPLES
from leaklint.confirm.verdict import Report
from leaklint.frontends.arguments import Parser, insist_on_paths
from leaklint.frontends.output import Target, prepare, style_for, targets_of
from leaklint.pipeline.files import write_whole
from leaklint.pipeline.wrong_use import WrongUse
from leaklint.report.style import PLAIN, Style

DESCRIPTION = """\
Run a handler several times in a container as the platform would, freeze it after each return, and show what really
survives and what really runs where. With --findings, say of each finding whether it was seen.

This runs your code: in a clean environment, with fake credentials, and without a network where the system allows it.
"""
EPILOG = """\
examples:
  leaklint confirm app:handler --event event.json
  leaklint check --output-format json src > report.json; leaklint confirm app:handler --findings report.json
  leaklint confirm app:handler --sample sqs --trace --output-format html:timeline.html

{{unique}} in an event file stands for a text that differs in each invocation, {{number}} for its number.
exit status: 0 nothing leaks, 1 something does, 2 wrong use, or the handler could not be run to the end
"""
FORMATS: dict[str, Callable[[Report, Style, bool], str]] = {
    "text": text.render,
    "json": lambda report, _style, _trace: as_json.render(report),
    "svg": lambda report, _style, _trace: render_picture(report),
    "html": lambda report, _style, _trace: render_page(report),
}
MOST_TIMES = 1000
MOST_SECONDS = 900


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    options = make_parser().parse_args(arguments)
    targets = targets_of(options.output_format or [], FORMATS)
    try:
        report = confirm(*_request(options))
    except Unusable as error:
        raise WrongUse(str(error)) from None
    prepare(sys.stdout)
    for target in sorted(targets, key=lambda each: each.file is None):
        _write(report, target, options.trace)
    if report.leaks:
        return 1
    return 0 if report.complete else 2


def make_parser() -> Parser:
    """The parser of the command line."""
    parser = Parser("confirm", DESCRIPTION, epilog=EPILOG)
    parser.add_argument("handler", help="module:function, such as app:handler")
    events = parser.add_argument_group("events")
    events.add_argument(
        "--event", action="append", default=[], type=Path, metavar="FILE", help="JSON, or .jsonl; several in turn"
    )
    events.add_argument("--sample", choices=sorted(SAMPLES), help="a ready-made event of this source")
    events.add_argument("--times", type=_count, default=3, metavar="N", help="invocations a container (default: 3)")
    what = parser.add_argument_group("what is run, and how")
    what.add_argument("--root", type=Path, default=Path(), help="folder that is first on the path (default: here)")
    what.add_argument("--findings", type=Path, metavar="REPORT", help="JSON report of leaklint check, to be borne out")
    what.add_argument(
        "--regime", choices=[each.value for each in Regime], default="lambda", help="how the platform acts"
    )
    what.add_argument(
        "--snapstart", action="store_true", help="restore from a snapshot after the import, with its hooks"
    )
    what.add_argument(
        "--engine", choices=[each.value for each in Engine], default="auto", help="what calls the handler"
    )
    what.add_argument("--python", default=sys.executable, help="interpreter that the handler runs in")
    what.add_argument("--timeout", type=_seconds, default=10.0, metavar="S", help="seconds an invocation (default: 10)")
    allowed = parser.add_argument_group("what the handler may see")
    allowed.add_argument(
        "--env", action="append", default=[], metavar="NAME[=VALUE]", help="an environment variable to pass on"
    )
    allowed.add_argument("--allow-network", action="store_true", help="leave the network as it is")
    allowed.add_argument("--setup", type=Path, metavar="FILE.py", help="code that runs first, such as stubs")
    allowed.add_argument("--aws", choices=["moto"], help="let moto answer in place of AWS")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--trace", action="store_true", help="all work: by which line, in which invocation, and its end")
    shown.add_argument(
        "--output-format", action="append", metavar="FORMAT[:FILE]", help="text, json, svg or html; several at once"
    )
    return parser


def _count(text: str) -> int:
    """A number of invocations as the command line gives it."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_TIMES:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 1 to {MOST_TIMES}")
    return int(text)


def _seconds(text: str) -> float:
    """A length of time as the command line gives it."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds, more than 0 and at most {MOST_SECONDS}")
    return seconds


def _request(options: argparse.Namespace) -> tuple[Plan, list[str], int, list[Static] | None]:
    """What the command line asks for."""
    files = [("--event", each) for each in options.event]
    files += [(name, each) for name, each in (("--findings", options.findings), ("--setup", options.setup)) if each]
    for option, file in files:
        insist_on_paths([str(file)], Path.cwd(), f"{option}: ")
    plan = Plan(
        root=options.root,
        handler=_handler(options.handler),
        regime=Regime(options.regime),
        engine=Engine(options.engine),
        snapstart=options.snapstart,
        timeout=options.timeout,
        environment=_environment(options.env),
        allow_network=options.allow_network,
        setup=options.setup,
        moto=options.aws == "moto",
        python=options.python,
    )
    plan.check()
    findings = read_findings(options.findings, Path.cwd()) if options.findings else None
    return plan, gathered(options.event, options.sample), options.times, findings


def _handler(word: str) -> str:
    """``module:function``, also where it was written as the platform does: ``module.function``."""
    if ":" in word or "." not in word:
        return word.replace("/", ".")
    module, _, function = word.replace("/", ".").rpartition(".")
    return f"{module}:{function}"


def _environment(words: list[str]) -> dict[str, str]:
    """The variables to pass on; one without a value is taken from our own environment."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals and name not in os.environ:
            raise Unusable(f"--env {name}: there is no such variable here; write --env {name}=VALUE")
        found[name] = value if equals else os.environ[name]
    return found


def _write(report: Report, target: Target, trace: bool) -> None:
    """Writes the report in one format."""
    if target.file is not None:
        write_whole(target.file, FORMATS[target.format](report, PLAIN, trace).encode("utf-8", "backslashreplace"))
    else:
        sys.stdout.write(FORMATS[target.format](report, style_for(sys.stdout), trace))
