"""``leaklint check --confirm``: runs the handlers that have events, and says which findings were seen."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from leaklint.confirm.events import gathered
from leaklint.confirm.findings import Static, from_objects
from leaklint.confirm.plan import Plan, Regime, Unusable
from leaklint.confirm.run import confirm
from leaklint.confirm.text import render
from leaklint.ir.handler import Handler, Platform
from leaklint.pipeline.roots import shown
from leaklint.pipeline.run import Part
from leaklint.pipeline.settings import mistake_at
from leaklint.pipeline.wrong_use import Mistake, WrongUse, did_you_mean
from leaklint.report.json_list import as_object
from leaklint.report.plain import plain
from leaklint.report.report import Report
from leaklint.report.style import Style

TIMES = 3
REGIMES = {
    Platform.AWS_LAMBDA_MANAGED: Regime.MANAGED,
    Platform.AZURE: Regime.LOOP,
    Platform.GOOGLE: Regime.LOOP,
    Platform.WEB: Regime.LOOP,
}
"""How platforms treat a container; all others freeze it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One handler to run, with the files of its events."""

    plan: Plan
    events: list[Path]


def insist_on_events(part: Part) -> None:
    """Complains about events of a project that are no JSON, before it is analysed."""
    cwd = Path.cwd()
    for _, files in part.sourced.settings.events:
        try:
            gathered([Path(shown(part.project.root / file, cwd)) for file in files], None)
        except Unusable as error:
            raise WrongUse(str(error)) from None


def confirm_all(parts: Sequence[Part], report: Report, style: Style, stream: TextIO) -> int:
    """Runs every handler that has events, prints what is seen, and gives the exit status that follows from it."""
    if not any(part.sourced.settings.events for part in parts):
        raise WrongUse(
            '--confirm: no handler has an event; settings name them: events = { "app:handler" = "event.json" }'
        )
    cwd = Path(report.root)
    findings = _all_findings(report, cwd)
    status = 0
    for run in [each for part in parts for each in _runs(part, report.handlers, cwd)]:
        try:
            run.plan.check()
            seen = confirm(run.plan, gathered(run.events, None), TIMES, findings)
        except Unusable as error:
            print(f"error: --confirm: {plain(str(error))}", file=sys.stderr)
            status = 2
            continue
        print(f"\n{render(seen, style)}", end="", file=stream)
        status = max(status, 1 if seen.leaks else 0 if seen.complete else 2)
    return status


def _all_findings(report: Report, cwd: Path) -> list[Static]:
    """The findings of a report, and those that it leaves out: a leak that is known already is not found anew."""
    hidden = [*(each.finding for each in report.silenced), *report.others]
    shown = from_objects(map(as_object, report.findings), cwd)
    return [*shown, *(dataclasses.replace(each, hidden=True) for each in from_objects(map(as_object, hidden), cwd))]


def _runs(part: Part, handlers: Sequence[Handler], cwd: Path) -> Iterator[Run]:
    """What is to be run of one project."""
    root, settings = part.project.root, part.sourced.settings
    setup = root / settings.confirm_setup if settings.confirm_setup else None
    unknown = [name for name, _ in settings.events if not any(_fits(name, each, root, cwd) for each in handlers)]
    if unknown:
        raise WrongUse(*(_no_handler(part, name, handlers, cwd) for name in unknown))
    for name, files in settings.events:
        fitting = [each for each in handlers if _fits(name, each, root, cwd)]
        module = name.partition(":")[0].rpartition("/")[2]
        for handler in fitting:
            plan = Plan(
                root=_module_path(cwd / handler.path).parents[module.count(".")],
                handler=f"{module}:{handler.attribute}",
                regime=REGIMES.get(handler.platform, Regime.LAMBDA),
                setup=setup,
                snapstart=handler.snap_start,
            )
            yield Run(plan, [root / file for file in files])


def _fits(name: str, handler: Handler, root: Path, cwd: Path) -> bool:
    """Whether a name, as the settings give it, is that of a handler in the project."""
    return name.replace("/", ".") == _named_like(name, handler, root, cwd).replace("/", ".")


def _named_like(name: str, handler: Handler, root: Path, cwd: Path) -> str:
    """The name of a handler with as many folders as another name has; empty outside of the project."""
    path = _module_path(cwd / handler.path)
    if not path.is_relative_to(root):
        return ""
    between = "/" if "/" in name else "."
    words = name.partition(":")[0].replace("/", ".").split(".")
    return f"{between.join(path.relative_to(root).parts[-len(words) :])}:{handler.attribute}"


def _no_handler(part: Part, name: str, handlers: Sequence[Handler], cwd: Path) -> Mistake:
    """The complaint about a name that is no handler's, at its place in the settings."""
    names = [_named_like(name, each, part.project.root, cwd) for each in handlers]
    guess = did_you_mean(name, filter(None, names)) or "; `leaklint handlers` lists them"
    message = f"there is no handler `{name}`{guess}"
    if part.project.config is None:
        return Mistake(f"`events`: {message}")
    return mistake_at(part.project.config, shown(part.project.config, cwd), "events", name, message)


def _module_path(file: Path) -> Path:
    """A file without what its module's name does without."""
    return file.parent if file.name == "__init__.py" else file.with_suffix("")
