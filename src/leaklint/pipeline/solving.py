"""The analysis proper: facts of all files, linked, solved and checked. Nothing here touches the disk."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from leaklint import models
from leaklint.facts import Source
from leaklint.ir.cfg import Body
from leaklint.ir.facts import FileFacts
from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.handler import Handler, Platform
from leaklint.ir.location import NOWHERE, Place, Span
from leaklint.link.declared import Missing
from leaklint.link.decorators import parse_frameworks
from leaklint.link.handlers import discover
from leaklint.link.program import Program
from leaklint.link.public import public_functions
from leaklint.link.templates import read_templates
from leaklint.models.load import ModelError, Models, parse
from leaklint.pipeline.settings import Settings, read_toml_text
from leaklint.pipeline.troubles import not_analysed, not_understood
from leaklint.pipeline.wrong_use import WrongUse
from leaklint.rules.check import check
from leaklint.solve import solve

NO_HANDLER = (
    'no handler found, so only rules for any code ran: name the handlers with `handlers = ["module:function"]`, or set '
    '`scope = "all"` for a shared library'
)


def solved(
    root: Path,
    settings: Settings,
    sources: Mapping[str, bytes],
    libraries: frozenset[str],
    templates: Mapping[str, bytes],
    named_at: Callable[[str], Place],
) -> tuple[list[Finding], tuple[Handler, ...], tuple[str, ...], Callable[[str], FileFacts], dict[str, bytes]]:
    """Findings, handlers, notes, the facts of each file by path, and the code that stands in templates.

    ``named_at`` is the place in the settings that names a handler.
    """
    # bundled packages are libraries: rows say what they do, and their source is not solved
    units = {path: Source(source) for path, source in sorted(sources.items()) if path not in libraries}
    files = {path: unit.facts for path, unit in units.items()}

    left_out: list[Finding] = []

    @functools.cache
    def body(path: str, name: str) -> Body:
        lowered, trouble = units[path].lower(name)
        if trouble is not None:
            left_out.append(not_analysed(path, trouble.reason, trouble.span))
        return lowered

    frameworks = parse_frameworks(dict(packaged("platforms"))).values()
    wrappers = {name: variable for each in frameworks for name, variable in each.wraps.items()}
    said = read_templates(
        templates,
        files,
        stacks={path: source for path, source in sources.items() if path not in libraries},
        wrappers=wrappers,
    )
    inline = dict(said.sources)
    units |= {path: Source(source) for path, source in inline.items()}
    files |= {path: units[path].facts for path in inline}
    platform, web = _platform(settings)
    modules, found = discover(
        files,
        said,
        frameworks,
        src=settings.src,
        named_handlers=[each for each in settings.handlers if each != "web"],
        platform=platform,
        web=web or "web" in settings.handlers,
        foreign=libraries,
    )
    handlers = list(found.handlers)
    if settings.scope == "all":
        handlers += public_functions(files, modules, platform, libraries)
    program = Program(
        files,
        body,
        modules,
        handlers,
        found.candidates,
        found.registrars,
        reported=lambda path: path not in libraries,
    )
    result = solve(program, models_of(root, settings))
    findings = [*check(result.reached), *left_out]
    findings += [
        not_understood(path, trouble, sources.get(path, b""))
        for path, facts in files.items()
        for trouble in facts.troubles
    ]
    findings += [not_analysed(path, trouble.reason, trouble.span) for path, trouble in said.troubles]
    findings += [_missing(each, named_at) for each in found.missing]
    notes = () if result.handlers else (NO_HANDLER,)
    return findings, result.handlers, notes, files.__getitem__, inline


def packaged(folder: str) -> list[tuple[str, str]]:
    """The tables that come with leaklint, file name and text, sorted."""
    place = os.path.join(os.path.dirname(models.__file__), folder)
    names = sorted(name for name in os.listdir(place) if name.endswith(".toml"))
    found = []
    for name in names:
        with open(os.path.join(place, name), encoding="utf-8") as file:
            found.append((f"{folder}/{name}", file.read()))
    return found


def models_of(root: Path, settings: Settings) -> Models:
    """The packaged rows and those of the project."""
    try:
        tables = [parse(read_toml_text(root / name, name), name) for name in settings.models]
        return Models(tables, [*packaged("stdlib"), *packaged("libraries")])
    except ModelError as error:
        raise WrongUse(str(error)) from None


def _platform(settings: Settings) -> tuple[Platform, bool]:
    """The platform of handlers that nothing else gives one, and whether web views count as handlers."""
    names: list[Any] = [platform for pattern, platform in settings.platforms if pattern in ("", "*", "**")]
    chosen = Platform(names[-1]) if names else Platform.AWS_LAMBDA
    return chosen, chosen is Platform.WEB


def _missing(missing: Missing, named_at: Callable[[str], Place]) -> Finding:
    place = named_at(missing.handler)
    if missing.path:
        place = Place(missing.path, Span(missing.line, 1, missing.line, 1) if missing.line else NOWHERE)
    return Finding(
        code="LK903",
        name="handler-not-found",
        severity=Severity.ERROR,
        place=place,
        message=missing.message,
        cure="correct the name, or take the entry out",
        trace=(Step(StepKind.LEAK, place),),
        statement=place.span,
    )
