"""The analysis of one project, from its folder to a report: all that touches the disk happens here."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leaklint.ir.facts import FileFacts
from leaklint.ir.finding import Finding
from leaklint.ir.handler import Handler
from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.cache import Cache, digest
from leaklint.pipeline.discover import discover
from leaklint.pipeline.environment import site_packages, versions_in
from leaklint.pipeline.hearing import Hears, nobody
from leaklint.pipeline.kept import Kept, Rests
from leaklint.pipeline.reading import TemplateTexts, read_all
from leaklint.pipeline.regular import regular
from leaklint.pipeline.remembered import Tree
from leaklint.pipeline.roots import Project
from leaklint.pipeline.settings import Settings, span_in_settings
from leaklint.pipeline.stamps import Mark, changed, mark_of, now, stamps_of
from leaklint.pipeline.target import target_of
from leaklint.pipeline.troubles import not_analysed
from leaklint.report.report import Report, Silenced, by_place, lines_of, repathed

# What an analysis needs is imported when there is one: most runs find their report in the cache.
if TYPE_CHECKING:
    from leaklint.fix.project import Project as Fixable
    from leaklint.fix.project import Resolve
    from leaklint.ir.examined import Examined


class Input(msgspec.Struct, frozen=True):
    """What the analysis proper starts from; all paths are relative to the project root."""

    root: Path
    settings: Settings
    sources: Mapping[str, bytes]
    """Every Python file of the project's own that could be read, unsaved text included."""
    libraries: frozenset[str]
    """The Python files of bundled foreign packages: rows say what they do, and nobody reads them."""
    templates: Mapping[str, bytes]
    named_at: Callable[[str], Place]
    """The place in the settings that names a handler."""
    only_handlers: bool = False
    """Follow nothing from the handlers."""
    asked: tuple[str, int] | None = None
    """A line, by path and number, of which all is wanted that is known."""
    cache: Cache | None = None
    hears: Hears = nobody
    """Is told how far the analysis has come."""
    jobs: int = 1
    """How many processes share the work."""
    marks: Mapping[str, Mark] = msgspec.field(default_factory=dict)
    """What the templates are known by, where there is a cache."""


class Output(msgspec.Struct, frozen=True):
    """What the analysis proper gives."""

    findings: tuple[Finding, ...]
    handlers: tuple[Handler, ...]
    notes: tuple[str, ...]
    facts: Callable[[str], FileFacts]
    """The facts of a file, by path."""
    inline: Mapping[str, bytes] = msgspec.field(default_factory=dict)
    """Code that stands in templates, under the path of the template, ``#`` and a name."""
    examined: Examined | None = None
    """What is known of the line that was asked for."""
    resolve: Resolve = lambda _importer, _module, _name, _level: ("", "")
    """What an import means."""
    ends: Callable[[str], bool | None] = lambda _callee: None
    """Whether what runs is known to end, or never to; None where neither is known."""
    imported: Callable[[str], frozenset[str]] = lambda _path: frozenset()
    """The files of the project that a file imports itself."""
    read: frozenset[str] = frozenset()
    """The files of which more was read than the outline."""
    digests: Mapping[str, bytes] = msgspec.field(default_factory=dict)
    """What the bytes of each file are known by."""


def _findings(given: Input) -> Output:
    """Extracts, links, solves and checks."""
    from leaklint.pipeline.offers import importing, resolver
    from leaklint.pipeline.solving import solved

    found = solved(
        given.root,
        given.settings,
        given.sources,
        given.libraries,
        given.templates,
        given.named_at,
        given.asked,
        only_handlers=given.only_handlers,
        cache=given.cache,
        hears=given.hears,
        jobs=given.jobs,
        marks=given.marks,
    )
    return Output(
        tuple(found.findings),
        found.handlers,
        found.notes,
        found.facts,
        found.inline,
        found.examined,
        resolver(found.modules),
        found.ends,
        importing(found.files, found.modules),
        found.read,
        found.digests,
    )


class Asked(msgspec.Struct):
    """A line of which all is wanted that is known, and what is known after the analysis."""

    path: str
    line: int
    examined: Examined | None = None
    findings: tuple[Finding, ...] = ()
    """On that line, whatever the settings and the comments say."""
    everywhere: tuple[Finding, ...] = ()
    """All of the project."""


def analyse(
    project: Project,
    settings: Settings,
    overlay: Mapping[str, bytes] | None = None,
    *,
    tree: Tree | None = None,
    asked: Asked | None = None,
    only_handlers: bool = False,
    cache: Cache | None = None,
    hears: Hears = nobody,
    jobs: int = 1,
) -> Report:
    """The report of one project, with paths relative to its root.

    ``overlay`` is unsaved text that stands in for files, by absolute path or by path relative to the root. ``tree``
    spares the discovery where it has been done already. ``asked`` is filled with what is known of its line;
    ``only_handlers`` looks for handlers and follows nothing from them. ``hears`` is told how far it has come; ``jobs``
    processes share the work.
    """
    tree = tree or discover(project, settings, project.root)
    if cache is None or overlay or asked or only_handlers:
        return _analysed(
            project, settings, overlay or {}, tree, cache, asked, only_handlers=only_handlers, hears=hears, jobs=jobs
        )[0]
    installed = [str(folder) for folder in site_packages(project.root, settings.python)]
    rest = (installed, versions_in(installed), target_of(project.root, settings))
    key = digest(repr((project, settings, tree, rest)).encode("utf-8", "surrogateescape"))
    made = now()
    kept = cache.read("report", key, Kept)
    before = _nothing
    if kept is not None:
        edited = changed(project.root, kept.stamps, kept.made)
        if not edited:
            return kept.report
        from leaklint.pipeline.unaffected import after

        later = after(kept, edited, project.root, tree.own, made, cache)
        if later is not None:
            cache.write("report", key, later)
            return later.report
        before = functools.partial(_mark_before, kept, edited)
    report, marks, fixable, read = _analysed(project, settings, {}, tree, cache, hears=hears, jobs=jobs, known=before)
    wanted = {*tree.own, *tree.templates, *settings.models}  # nobody reads the files of bundled packages
    stamps = stamps_of(project.root, sorted({*wanted, *marks}), marks)
    # a file that has changed meanwhile may have been read before, too
    settled = stamps is not None and all(each.mtime_ns < made for each in stamps.values())
    if stamps is not None and settled and not tree.unreadable and wanted - marks.keys() <= set(tree.templates):
        rests = Rests(tuple(sorted({*read, *fixable.read})), tuple(sorted(fixable.words)))
        cache.write("report", key, Kept(made, stamps, report, rests))
    return report


def analysed_for_fixes(
    project: Project,
    settings: Settings,
    overlay: Mapping[str, bytes],
    *,
    tree: Tree,
    cache: Cache | None = None,
    hears: Hears = nobody,
    jobs: int = 1,
) -> tuple[Report, Fixable]:
    """The report of one project as ``analyse`` gives it, and the project as fixes see it."""
    report, _, fixable, _ = _analysed(project, settings, overlay, tree, cache, hears=hears, jobs=jobs)
    return report, fixable


def _nothing(_path: str) -> Mark | None:
    return None


def _mark_before(kept: Kept, edited: Container[str], path: str) -> Mark | None:
    """What a file is known by that is not among those that were edited."""
    return None if path in edited else kept.mark(path)


def _analysed(
    project: Project,
    settings: Settings,
    overlay: Mapping[str, bytes],
    tree: Tree,
    cache: Cache | None,
    asked: Asked | None = None,
    *,
    only_handlers: bool = False,
    hears: Hears = nobody,
    jobs: int = 1,
    known: Callable[[str], Mark | None] = _nothing,
) -> tuple[Report, dict[str, Mark], Fixable, frozenset[str]]:
    """The report, what all files are known by, the project as fixes see it, and what was read beyond outlines.

    ``known`` gives what a file is known by that is as it was when the report before was made.
    """
    from leaklint.fix.project import Project as Fixable
    from leaklint.pipeline.offers import offered

    unsaved = {_relative(project.root, path): text for path, text in overlay.items()}
    sources, unread = read_all(project.root, tree.own, unsaved)
    templates = TemplateTexts(project.root, tree.templates, unsaved, known if cache is not None else None)
    marks = templates.marks
    unread += [not_analysed(path, f"{reason}") for path, reason in tree.unreadable]
    libraries = frozenset(tree.libraries)
    config = _relative(project.root, str(project.config)) if project.config else None

    def named_at(handler: str) -> Place:
        return Place(
            config or ".", span_in_settings(project.config, "handlers", handler) if project.config else NOWHERE
        )

    place = (asked.path, asked.line) if asked else None
    output = _findings(
        Input(
            project.root,
            settings,
            sources,
            libraries,
            templates,
            named_at,
            only_handlers,
            place,
            cache,
            hears,
            jobs,
            marks,
        )
    )
    if asked:
        asked.examined = output.examined
        asked.everywhere = output.findings
        asked.findings = tuple(
            each
            for each in output.findings
            if each.place.path in (asked.path, *(path for path in output.inline if path.startswith(f"{asked.path}#")))
            and each.place.span.line <= asked.line <= each.place.span.end_line
        )
    found = [each for each in (*output.findings, *unread, *templates.unread) if each.place.path not in libraries]
    analysed = {**sources, **output.inline}
    template_of = {path: path.rpartition("#")[0] for path in output.inline}
    given = _given(project, config or ".")

    def wanted(path: str) -> bool:
        return given(template_of.get(path, path))

    findings, silenced = _judged(found, output, analysed, settings, wanted, libraries)
    own = frozenset(tree.own)
    fixable = Fixable(
        sources,
        output.resolve,
        output.handlers,
        output.ends,
        output.imported,
        target_of(project.root, settings),
        own.__contains__,
    )
    shown = [each for each in findings if each.severity >= settings.least]
    told = {(each.place, each.code) for each in (*shown, *(each.finding for each in silenced))}
    report = Report(
        root=str(project.root),
        findings=tuple(offered(shown, fixable)),
        silenced=tuple(sorted(silenced, key=lambda each: by_place(each.finding))),
        others=tuple(each for each in found if settings.events and (each.place, each.code) not in told),
        handlers=output.handlers,
        notes=output.notes,
        files=len(tree.own) + len(tree.libraries),
        left_out=tree.left_out,
        hidden=sum(each.severity < settings.least for each in findings),
    )
    report = repathed(report, report.root, lambda path: template_of.get(path, path))
    beside = {**_contents(project.root, settings.models), **_config(project)}
    report = dataclasses.replace(report, sources=_lines(report, sources, templates, beside))
    if cache is not None:
        digests = output.digests
        marks.update((path, mark_of(content)) for path, content in {**beside, **sources}.items() if path not in digests)
        marks.update((path, Mark(len(sources[path]), digests[path])) for path in sources.keys() & digests.keys())
    return report, marks, fixable, output.read


def _contents(root: Path, paths: tuple[str, ...]) -> dict[str, bytes]:
    """The contents of files that are there."""
    found: dict[str, bytes] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found[path] = regular(root / path)
    return found


def _config(project: Project) -> dict[str, bytes]:
    """The settings file with its text, for findings about what it names."""
    return _contents(project.root, (_relative(project.root, str(project.config)),)) if project.config else {}


def _relative(root: Path, path: str) -> str:
    return Path(os.path.relpath(root / path, root)).as_posix()


def _given(project: Project, config: str) -> Callable[[str], bool]:
    """Whether findings in a file are wanted: below the given paths, or in the settings file, which concerns all."""
    given = [_relative(project.root, str(each)) for each in project.given]
    if "." in given or not given:
        return lambda _path: True
    return lambda path: path in (config, ".") or any(path == each or path.startswith(f"{each}/") for each in given)


def _judged(
    found: list[Finding],
    output: Output,
    sources: Mapping[str, bytes],
    settings: Settings,
    wanted: Callable[[str], bool],
    libraries: frozenset[str],
) -> tuple[list[Finding], list[Silenced]]:
    """The findings that are wanted and selected, with the severities of the settings, after all suppressions."""
    from leaklint.pipeline.suppress import grouped, in_comment, suppress
    from leaklint.rules.catalogue import catalogue

    rules = catalogue()
    selection = settings.selection()
    reaches = bool(output.handlers)

    def may_report(code: str) -> bool:
        rule = rules[code]
        return rule.scope == "any" or (reaches and (settings.scope == "auto" or rule.public))

    selected = [each for each in found if wanted(each.place.path) and selection.enabled_in(each.code, each.place.path)]
    in_files = grouped(selected)
    names = {code: rule.name for code, rule in rules.items()}
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    judged = {path for path in sources.keys() - libraries if output.facts(path).suppressions and wanted(path)}
    for path in sorted(in_files.keys() | judged):
        findings = in_files.get(path, [])
        if path not in judged:
            kept += findings
            continue
        facts = output.facts(path)

        def reportable(code: str, path: str = path) -> bool:
            return code in rules and may_report(code) and selection.enabled_in(code, path)

        outcome = suppress(path, findings, facts, names, reportable, in_comment(sources[path]))
        silenced += outcome.silenced
        kept += outcome.kept
        if selection.enabled_in("LK902", path) and not facts.troubles:
            kept += outcome.unused
    adjusted = [msgspec.structs.replace(each, severity=settings.severity_of(each.code, each.severity)) for each in kept]
    return adjusted, silenced


def _lines(report: Report, *sources: Mapping[str, bytes]) -> dict[str, tuple[str, ...]]:
    """The lines of all files that the findings of a report point at."""
    findings = [*report.findings, *(each.finding for each in report.silenced), *report.others]
    paths = {place.path for each in findings for place in (each.place, *(step.place for step in each.trace))}
    found = {path: next((each[path] for each in sources if path in each), None) for path in sorted(paths)}
    return {path: lines_of(_text(source)) for path, source in found.items() if source is not None}


def _text(source: bytes) -> str:
    """The text of a file for showing it, whatever is wrong with it."""
    from leaklint.facts.decode import Unreadable, decode

    try:
        return decode(source)
    except Unreadable:
        return source.decode("utf-8-sig", "replace")
