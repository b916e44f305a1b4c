"""The command ``leaklint confirm``: run a handler in a warm container and show what survives."""

from __future__ import annotations

import argparse
import os
import shutil
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
from leaklint.report.style import Style, wants_colours

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
FORMATS: dict[str, Callable[[Report], str]] = {
    "json": as_json.render,
    "svg": render_picture,
    "html": render_page,
}


def main(argv: list[str]) -> int:
    """Runs the command; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    try:
        outputs = [_output(each) for each in options.output_format or ["text"]]
        report = confirm(*_request(options))
    except Unusable as error:
        print(f"leaklint confirm: error: {error}", file=sys.stderr)
        return 2
    for name, target in outputs:
        try:
            _write(report, name, target, options.trace)
        except BrokenPipeError:
            sys.stdout = None
            return 1
        except OSError as error:
            print(f"leaklint confirm: error: {target or 'output'} cannot be written: {error}", file=sys.stderr)
            return 2
    if report.leaks:
        return 1
    return 0 if report.complete else 2


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="leaklint confirm",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("handler", help="module:function, such as app:handler")
    events = parser.add_argument_group("events")
    events.add_argument(
        "--event", action="append", default=[], type=Path, metavar="FILE", help="JSON, or .jsonl; several in turn"
    )
    events.add_argument("--sample", choices=sorted(SAMPLES), help="a ready-made event of this source")
    events.add_argument("--times", type=_positive, default=3, metavar="N", help="invocations a container (default: 3)")
    what = parser.add_argument_group("what is run, and how")
    what.add_argument("--root", type=Path, default=Path(), help="folder that is first on the path (default: here)")
    what.add_argument("--findings", type=Path, metavar="REPORT", help="JSON report of leaklint check, to be borne out")
    what.add_argument(
        "--regime", choices=list(Regime), default=Regime.LAMBDA, type=Regime, help="how the platform acts"
    )
    what.add_argument(
        "--snapstart", action="store_true", help="restore from a snapshot after the import, with its hooks"
    )
    what.add_argument("--engine", choices=list(Engine), default=Engine.AUTO, type=Engine, help="what calls the handler")
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


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("a number from 1 to 1000")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 900:
        raise argparse.ArgumentTypeError("seconds, more than 0 and at most 900")
    return seconds


def _output(word: str) -> tuple[str, Path | None]:
    """A format and the file that it goes to."""
    name, _, target = word.partition(":")
    if name != "text" and name not in FORMATS:
        raise Unusable(f"there is no output format {name}; there are text, {', '.join(FORMATS)}")
    return name, Path(target) if target else None


def _request(options: argparse.Namespace) -> tuple[Plan, list[str], int, list[Static] | None]:
    """What the command line asks for."""
    plan = Plan(
        root=options.root,
        handler=_handler(options.handler),
        regime=options.regime,
        engine=options.engine,
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
    if ":" in word:
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


def _write(report: Report, name: str, target: Path | None, trace: bool) -> None:
    if name == "text":
        terminal = target is None and sys.stdout.isatty()
        colours = target is None and wants_colours(os.environ, terminal)
        columns = shutil.get_terminal_size().columns if terminal else 0
        said = text.render(report, Style(colours=colours, columns=columns), trace)
    else:
        said = FORMATS[name](report)
    if target is not None:
        target.write_text(said, encoding="utf-8")
    else:
        sys.stdout.write(said)
        sys.stdout.flush()
