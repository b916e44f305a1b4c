"""The analysis proper: facts of all files, linked, solved and checked. Nothing here touches the disk."""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from leaklint import models
from leaklint.ir.examined import Examined
from leaklint.ir.facts import FileFacts
from leaklint.ir.finding import Finding, Hint, Severity, Step, StepKind
from leaklint.ir.handler import Handler, Platform
from leaklint.ir.location import NOWHERE, Place, Span
from leaklint.link.declared import Missing
from leaklint.link.endings import Endings, Waiting
from leaklint.link.frameworks import NOT_KNOWN, parse_frameworks
from leaklint.link.handlers import discover
from leaklint.link.modules import Modules
from leaklint.link.public import public_functions
from leaklint.link.templates.reading import stacks_among
from leaklint.models.checks import check_names
from leaklint.models.load import ModelError, Models, parse
from leaklint.pipeline.cache import Cache, digest, key_of
from leaklint.pipeline.hearing import Hears, nobody
from leaklint.pipeline.installed import library_of
from leaklint.pipeline.parts import Whole
from leaklint.pipeline.patterns import path_matcher
from leaklint.pipeline.settings import Settings, read_toml_text
from leaklint.pipeline.stamps import Mark
from leaklint.pipeline.templates import templates_of
from leaklint.pipeline.troubles import not_analysed, not_understood
from leaklint.pipeline.units import Units
from leaklint.pipeline.wrong_use import WrongUse

NO_HANDLER = (
    'no handler found, so only rules for any code ran: name the handlers with `handlers = ["module:function"]`, or set '
    '`scope = "all"` for a shared library'
)
NOT_KNOWN_FRAMEWORK = (
    "no handler found, so only rules for any code ran: what {} calls is not known; name the handlers with "
    '`handlers = ["module:function"]`'
)
NO_FILE = "nothing to analyse: the project has no Python file; `--verbose` says what is left out, and why"


class Solution(NamedTuple):
    """What the analysis proper knows in the end."""

    findings: list[Finding]
    handlers: tuple[Handler, ...]
    notes: tuple[str, ...]
    facts: Callable[[str], FileFacts]
    """The facts of a file, by path."""
    inline: dict[str, bytes]
    """The code that stands in templates."""
    modules: Modules
    """What imports mean."""
    ends: Callable[[str], bool | None]
    """Whether what runs is known to end, or never to, by its name; None where neither is known."""
    files: Mapping[str, FileFacts]
    examined: Examined | None = None
    """What is known of the line that was asked for."""
    read: frozenset[str] = frozenset()
    """The files of which more was read than the outline."""
    digests: Mapping[str, bytes] = {}
    """What the bytes of each file are known by."""


def solved(
    root: Path,
    settings: Settings,
    sources: Mapping[str, bytes],
    libraries: frozenset[str],
    templates: Mapping[str, bytes],
    named_at: Callable[[str], Place],
    asked: tuple[str, int] | None = None,
    *,
    only_handlers: bool = False,
    cache: Cache | None = None,
    hears: Hears = nobody,
    jobs: int = 1,
    marks: Mapping[str, Mark] | None = None,
) -> Solution:
    """Links, solves and checks.

    ``named_at`` is the place in the settings that names a handler; ``marks`` are what templates are known by. With
    ``only_handlers`` nothing is followed from handlers. ``jobs`` processes share the work.
    """
    # bundled packages are libraries: rows say what they do, and their source is not solved
    project = key_of(root)
    own = {path: source for path, source in sorted(sources.items()) if path not in libraries}
    units = Units(own, cache, project, hears, jobs=jobs)
    files = units.facts
    hears("linking", len(own), len(own))
    frameworks = parse_frameworks(dict(packaged("platforms"))).values()
    wrappers = {name: variable for each in frameworks for name, variable in each.wraps.items()}
    stacks = stacks_among(own)
    said = templates_of(templates, own, stacks, wrappers, cache, project, marks)
    inline = dict(said.sources)
    units.add(inline)
    units.keep()
    chosen = _platforms(settings)
    modules, found = discover(
        files,
        said,
        frameworks,
        src=settings.src,
        named_handlers=[each for each in settings.handlers if each != "web"],
        web=lambda path: "web" in settings.handlers or chosen(path) is Platform.WEB,
        foreign=libraries,
    )
    handlers = list(found.handlers)
    if settings.scope == "all":
        handlers += public_functions(files, modules, Platform.AWS_LAMBDA, libraries)
    tables = tables_of(root, settings)
    library = library_of(root, settings.python)
    whole = Whole(
        files,
        units.lower,
        modules,
        models_of(tables),
        library,
        handlers,
        found.candidates,
        found.registrars,
        lambda handler: _on_platform(handler, chosen(handler.path)),
        libraries,
        units.digests,
        {path: len(source) for path, source in {**own, **inline}.items()},
        units.before,
        hears,
    )
    in_force = digest(
        repr((settings, tables, library.versions, said.declarations, said.shared_roots)).encode(
            "utf-8", "surrogateescape"
        )
    )
    if asked or only_handlers:
        line = _line_asked(asked, files)
        parts = whole.parts()
        outcomes = [
            whole.solved(part, line, only_handlers=only_handlers, before=before)
            for part, before in zip(parts, whole.before(parts), strict=True)
        ]
    else:
        outcomes = whole.outcomes(cache, project, in_force, jobs)
    findings = [each for outcome in outcomes for each in (*outcome.findings, *outcome.declared)]
    troubles = [(path, trouble) for path, facts in sorted(files.items()) for trouble in facts.troubles]
    findings += not_understood(troubles, sources, cache, project)
    findings += [not_analysed(path, trouble.reason, trouble.span) for path, trouble in said.troubles]
    findings += [_missing(each, named_at) for each in found.missing]
    confirmed = sorted(
        (each for outcome in outcomes for each in outcome.handlers),
        key=lambda each: (each.path, each.place.span, each.attribute),
    )
    notes = () if confirmed else (_no_handler(files, modules, settings) if files else NO_FILE,)
    examined = next((each.examined for each in outcomes if each.examined is not None), None)
    return Solution(
        findings,
        tuple(confirmed),
        notes,
        files.__getitem__,
        inline,
        modules,
        endings_of(files),
        files,
        examined,
        frozenset(stacks).union(*(each.read for each in outcomes)),
        units.digests,
    )


def endings_of(files: Mapping[str, FileFacts]) -> Callable[[str], bool | None]:
    """Whether what runs is known to end, or never to, by its name: see ``leaklint.link.endings``."""

    @functools.cache
    def endings() -> Endings:
        with open(os.path.join(os.path.dirname(models.__file__), "waiting.toml"), "rb") as file:
            return Endings(files, msgspec.convert(tomllib.load(file), Waiting))

    return lambda callee: endings().ends(callee)


def _line_asked(asked: tuple[str, int] | None, files: Mapping[str, FileFacts]) -> tuple[str, int] | None:
    """The line that is asked for; for a line of a template, in the code that stands there."""
    if asked is None or asked[0] in files:
        return asked
    path, line = asked
    inside = [
        each
        for each, facts in sorted(files.items())
        if each.startswith(f"{path}#") and any(f.span.line <= line <= f.span.end_line for f in facts.functions.values())
    ]
    # The module body of each begins on the first line of the template: the last that begins before the line has it.
    holding = [each for each in inside if any(span.line <= line for span in files[each].module_names.values())]
    return (
        (max(holding, key=lambda each: min(span.line for span in files[each].module_names.values())), line)
        if (holding)
        else None
    )


def packaged(folder: str) -> list[tuple[str, str]]:
    """The tables that come with leaklint, file name and text, sorted."""
    place = os.path.join(os.path.dirname(models.__file__), folder)
    names = sorted(name for name in os.listdir(place) if name.endswith(".toml"))
    found = []
    for name in names:
        with open(os.path.join(place, name), encoding="utf-8") as file:
            found.append((f"{folder}/{name}", file.read()))
    return found


def tables_of(root: Path, settings: Settings) -> list[tuple[str, str]]:
    """The tables of the project itself, name and text."""
    return [(name, read_toml_text(root / name, name)) for name in settings.models]


def models_of(tables: Iterable[tuple[str, str]]) -> Models:
    """The packaged rows and those of the project."""
    try:
        own = {name: parse(text, name) for name, text in tables}
        models = Models(own.values(), [*packaged("stdlib"), *packaged("libraries")])
        for name, rows in own.items():
            check_names(models, rows, name)
        return models
    except ModelError as error:
        raise WrongUse(str(error)) from None


def _platforms(settings: Settings) -> Callable[[str], Platform | None]:
    """The platform that the settings give the handlers of a file: the last pattern that matches it decides."""
    choices = [(path_matcher([pattern]), Platform(platform)) for pattern, platform in settings.platforms]
    return lambda path: next((platform for matches, platform in reversed(choices) if matches(path)), None)


def _on_platform(handler: Handler, platform: Platform | None) -> Handler:
    """The handler on the platform of the settings, which awaits it or not unless a framework does that."""
    if platform is None:
        return handler
    awaited = (
        handler.awaited if handler.source in ("decorator", "public") else platform in (Platform.AZURE, Platform.WEB)
    )
    return msgspec.structs.replace(handler, platform=platform, awaited=awaited)


def _no_handler(files: Mapping[str, FileFacts], modules: Modules, settings: Settings) -> str:
    """The note where no handler is found: which frameworks are imported that no table describes, if these are asked."""
    imported = {
        NOT_KNOWN[top]
        for path, facts in files.items()
        for each in facts.imports
        if (top := each.module.partition(".")[0]) in NOT_KNOWN and not each.level and not modules.resolve(path, top)
    }
    asked = "web" in settings.handlers and imported
    return NOT_KNOWN_FRAMEWORK.format(" and ".join(sorted(imported))) if asked else NO_HANDLER


def _missing(missing: Missing, named_at: Callable[[str], Place]) -> Finding:
    place = named_at(missing.handler)
    hint = Hint() if missing.path else Hint(callee=missing.handler)
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
        hint=hint,
    )
