"""Why a line is reported, or why it is silent: who reaches it, what happens there, and what decided about it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import msgspec.structs

from leaklint.facts import extract
from leaklint.ir.examined import Examined, Fate
from leaklint.ir.finding import Finding
from leaklint.ir.location import Place, Span
from leaklint.pipeline.analyse import Asked, analyse
from leaklint.pipeline.mend import why_not
from leaklint.pipeline.regular import regular
from leaklint.pipeline.roots import find_root, shown
from leaklint.pipeline.run import Part, Request, parts_of
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.suppress import UNUSED
from leaklint.pipeline.troubles import NOT_ANALYSED
from leaklint.pipeline.wrong_use import Mistake, WrongUse
from leaklint.report.explanation import Explanation, Reaching, Reason
from leaklint.report.report import Report, lines_of
from leaklint.rules.check import why_silent

_NO_HANDLER = "the project has no handler that leaklint sees; `leaklint handlers` lists them"
_ONLY_A_FOLDER = "{} is taken for the whole project: an empty leaklint.toml in a folder above makes that the root"


def explain(request: Request, path: str, line: int) -> Explanation:
    """All that is known of a line; paths are relative to the working folder."""
    wanted = (request.cwd / path).resolve()
    if not wanted.is_file():
        raise WrongUse(Mistake(f"{path}: no such file"))
    part, name = _part_of(_as_checked(request, wanted), wanted)
    settings = part.sourced.settings
    text = wanted.read_bytes().decode("utf-8", "replace")
    count = len(lines_of(text)) - text.endswith(("\n", "\r"))
    if not 1 <= line <= count:
        raise WrongUse(
            Mistake(f"{path} has {count} {'line' if count == 1 else 'lines'}, and none with the number {line}")
        )
    source = _text(wanted, Span(line, 1, line, 1 << 20)).strip()
    where = shown(wanted, request.cwd.resolve())
    if name not in part.tree.own and name not in part.tree.templates:
        return Explanation(where, line, source, outside=_left_out(part, name))
    asked = Asked(name, line)
    report = analyse(
        part.project,
        dataclasses.replace(settings, min_severity="info"),
        tree=part.tree,
        asked=asked,
        hears=request.hears,
    )
    outside = _not_code(asked, name in part.tree.templates, wanted)
    examined = asked.examined or Examined("" if outside else "<module>")

    def here(place: Place) -> Place:
        template, mark, _ = place.path.rpartition("#")
        path = template if mark and template in part.tree.templates else place.path
        return Place(shown(part.project.root / path, request.cwd), place.span)

    found = Explanation(
        where,
        line,
        source,
        function=examined.function,
        reached=tuple(
            Reaching(msgspec.structs.replace(way.handler, place=here(way.handler.place)), tuple(map(here, way.calls)))
            for way in examined.ways
        ),
        unreached=() if outside else tuple(_unreached(examined, report, part, here, source)),
        findings=tuple(_findings(asked, report, settings, functools.partial(why_not, part, request))),
        silent=tuple(_silent(asked, examined, wanted)),
        unknown=tuple(_text(wanted, span) for span in examined.unknown),
    )
    return dataclasses.replace(
        found,
        outside="" if found.findings else outside,
        findings=tuple(dataclasses.replace(each, place=here(each.place)) for each in found.findings),
        silent=tuple(dataclasses.replace(each, place=here(each.place)) for each in found.silent),
    )


def _as_checked(request: Request, wanted: Path) -> Request:
    """The request as ``leaklint check`` alone makes it, where nothing says which folder is the root of the file."""
    root, settings = find_root(wanted, request.cwd)
    is_root = request.config is not None or settings is not None or (root / ".git").exists()
    if is_root or not wanted.is_relative_to(request.cwd.resolve()):
        return request
    return dataclasses.replace(request, paths=["."])


def _part_of(request: Request, wanted: Path) -> tuple[Part, str]:
    """The project that a file belongs to, and its path there."""
    parts = [part for part in parts_of(request) if wanted.is_relative_to(part.project.root.resolve())]
    part = max(parts, key=lambda each: len(each.project.root.parts))
    return part, wanted.relative_to(part.project.root.resolve()).as_posix()


def _left_out(part: Part, name: str) -> str:
    if name in part.tree.libraries:
        return "it belongs to a bundled package: rows say what that does, and nothing in it is reported"
    reasons = [reason for path, reason in part.tree.left_out if name == path or name.startswith(f"{path.rstrip('/')}/")]
    if reasons:
        return f"it is left out: {reasons[0]}"
    return "it is left out by `exclude` or by git" if name.endswith(".py") else "it is no Python file"


def _not_code(asked: Asked, is_template: bool, file: Path) -> str:
    """Why nothing is known of the line's code: it is none, or Python cannot read it; empty where something is."""
    if is_template:
        return "" if asked.examined else "no Python code stands here"
    if extract(regular(file)).functions:
        return ""
    troubles = (each for each in asked.everywhere if (each.code, each.place.path) == (NOT_ANALYSED, asked.path))
    return next((each.message.removeprefix("not analysed: ") for each in troubles), "")


def _unreached(
    examined: Examined, report: Report, part: Part, here: Callable[[Place], Place], source: str
) -> list[str]:
    """Why no handler reaches the line's function, in sentences."""
    if examined.ways:
        return []
    if examined.function == "<module>" and (not source or source.startswith("#")):
        return ["no code stands on the line"]
    if examined.function == "<module>":
        return ["it runs once, when the module is imported, and not in each invocation"]
    if not report.handlers:
        root = part.project.root
        is_root = part.project.config is not None or (root / ".git").exists()
        return [_NO_HANDLER] if is_root else [_NO_HANDLER, _ONLY_A_FOLDER.format(f"the folder {root.name}")]
    found = []
    for each in examined.callers:
        place = f"{here(each.place).path}:{each.place.span.line}"
        if each.function == "<module>":
            found.append(f"{place} calls it when that module is imported, which happens once")
        else:
            found.append(f"{place} calls it in {each.function}, which no handler reaches either")
    for each in examined.maybe:
        name = examined.function.rpartition(".")[2]
        place = f"{here(each.place).path}:{each.place.span.line}"
        found.append(f"{each.function} ({place}) calls something named {name}, but nothing is known of the object")
    return found or ["nothing that a handler reaches is known to call it"]


def _findings(asked: Asked, report: Report, settings: Settings, untried: Callable[[Finding], str]) -> list[Reason]:
    """Each finding on the line, whether it is shown, and whether a fix mends it."""
    selection = settings.selection()
    silenced = {(each.finding.place, each.finding.code): each.by for each in report.silenced}
    printed = {(each.place, each.code): each for each in report.findings}
    found = []
    useless = [
        each
        for each in (*report.findings, *(each.finding for each in report.silenced))
        if each.code == UNUSED and each.place.path == asked.path and each.place.span.line == asked.line
    ]
    for each in (*asked.findings, *useless):
        severity = settings.severity_of(each.code, each.severity)
        comment = silenced.get((each.place, each.code))
        if comment is not None:
            fate = f"not shown: the comment on line {comment.span.line} suppresses it"
        elif not selection.enabled_in(each.code, each.place.path):
            fate = "not shown: the settings do not select it here"
        elif (each.place, each.code) in printed and severity < settings.least:
            fate = f"not shown: its severity is {severity.label}, below {settings.least.label}"
        else:
            fate = "reported"
        found.append(_reason(each, severity.label, fate, _fix(printed.get((each.place, each.code)), untried)))
    return found


def _fix(finding: Finding | None, untried: Callable[[Finding], str]) -> str:
    """Whether a fix mends a finding that is printed, or why none does."""
    if finding is None:
        return ""
    reason = untried(finding) if finding.fix else finding.no_fix or "it takes a decision that only you can make"
    if reason:
        return f"no fix: {reason}"
    if finding.safe:
        return f"fix: {finding.fix}, by `leaklint --fix`"
    return f"unsafe fix: {finding.fix}, by `leaklint --fix --unsafe-fixes`; look at what it changes"


def _reason(finding: Finding, severity: str, fate: str, fix: str) -> Reason:
    return Reason(finding.place, f"{finding.code} {finding.name}, {severity}: {finding.message}", fate, fix)


def _silent(asked: Asked, examined: Examined, file: Path) -> list[Reason]:
    """Each effect that is not reported, and why."""
    reported = {each.place for each in asked.everywhere}
    found: dict[tuple[Place, str], Reason] = {}
    for fate in examined.fates:
        site = fate.effect.site
        place = Place(site.path, site.span)
        if place in reported:
            continue
        is_here = site.path == asked.path or site.path.startswith(f"{asked.path}#")
        what = _text(file, site.span) if is_here else fate.effect.operation
        kind = type(fate.effect).__name__.lower()
        reason = Reason(place, f"{what or fate.effect.operation} ({_KINDS.get(kind, kind)})", _because(fate, examined))
        found.setdefault((reason.place, reason.what), reason)
    return [found[key] for key in sorted(found)]


_KINDS = {
    "write": "a change",
    "pending": "work or a resource that is opened",
    "read": "a read",
    "consume": "an iterator that is used up",
    "close": "a resource that is closed",
    "defer": "a callable that is called later",
    "cached": "a call that is cached",
    "create": "a declaration",
    "declare": "a declaration",
}


def _because(fate: Fate, examined: Examined) -> str:
    if fate.reached:
        return why_silent(fate.reached[0])
    if fate.is_undone:
        return f"{examined.function} undoes or finishes it on every path (habits 2 and 6)"
    if not examined.ways:
        return "no handler reaches it"
    if fate.is_own:
        return "habit 4, own object: it concerns an object that the invocation made itself"
    return "it does not outlive the invocation: a caller undoes or finishes it, or the object is made by the invocation"


def _text(file: Path, span: Span) -> str:
    """The source of a span, as far as its first line goes."""
    lines = lines_of(file.read_bytes().decode("utf-8", "replace"))
    if not 1 <= span.line <= len(lines):
        return ""
    end = span.end_column - 1 if span.end_line == span.line else len(lines[span.line - 1])
    return lines[span.line - 1][span.column - 1 : end].rstrip()
