"""A run: all projects that hold the given paths, each with its own settings, as one report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from leaklint.ir.finding import Finding
from leaklint.ir.location import NOWHERE
from leaklint.pipeline.analyse import analyse, analysed_for_fixes
from leaklint.pipeline.baseline import Baseline, read_baseline, write_baseline
from leaklint.pipeline.cache import Cache, folder_of
from leaklint.pipeline.cache import clean as remove
from leaklint.pipeline.discover import discover
from leaklint.pipeline.hearing import Hears, nobody
from leaklint.pipeline.named_files import insist_on_files, missing_folders
from leaklint.pipeline.relative import is_below
from leaklint.pipeline.remembered import Tree
from leaklint.pipeline.roots import Project, find_projects, settings_in, shown
from leaklint.pipeline.rule_names import rule_names
from leaklint.pipeline.settings import Sourced, override, read_settings
from leaklint.pipeline.since import changes_since, touches
from leaklint.pipeline.troubles import NOT_ANALYSED
from leaklint.pipeline.wrong_use import WrongUse
from leaklint.report.report import Report, merged, repathed

BaselineUse: TypeAlias = Literal["read", "shorten", "renew"]
"""What is done with the baseline besides reading it: drop what is gone, or take every finding into it."""

NARROWS_NOTHING = frozenset({"baseline", "cache-dir", "python", "extend-select"})
"""Settings on the command line under which a finding that is not there is gone."""


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: the paths, and what the command line says about settings."""

    paths: Sequence[str]
    cwd: Path
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Settings by name, in the form that a TOML file has them; they go before those of the file."""
    config: Path | None = None
    """The settings file to use in place of the ones found."""
    overlay: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    """Unsaved text, by absolute path."""
    force_exclude: bool = False
    """Leave out excluded paths even where they are named."""
    since: str = ""
    """Keep only findings that touch lines changed since this revision."""
    baseline: BaselineUse = "read"
    edits: bool = False
    """Say of each fix what it changes."""
    runs_handlers: bool = False
    """Handlers will be run, and need their events."""
    only_handlers: bool = False
    """Look for handlers, and follow nothing from them."""
    cached: bool = True
    """Take what earlier runs found out from the cache, and keep what this one finds out."""
    hears: Hears = nobody
    """Is told how far the run has come."""
    jobs: int = 1
    """How many processes share the work."""


class Part(msgspec.Struct, frozen=True):
    """One project of a run: what it is, what is in force for it, and its files."""

    project: Project
    sourced: Sourced
    tree: Tree
    cache: Cache | None = None


def parts_of(request: Request) -> tuple[Part, ...]:
    """The projects of a run, those that lie within another included; all settings are checked here."""
    rules = rule_names()
    pending = list(find_projects(request.paths, request.cwd, request.config, request.overlay))
    parts: dict[Path, Part] = {}
    while pending:
        project = pending.pop(0)
        sourced = Sourced()
        if project.config:
            sourced = read_settings(project.config, shown(project.config, request.cwd), rules)
        sourced = override(sourced, request.given, rules)
        renews = request.baseline == "renew"
        insist_on_files(project, sourced, request.cwd, baseline=not renews, events=request.runs_handlers)
        cache = _cache_of(project, sourced, request)
        tree = discover(project, sourced.settings, request.cwd, force_exclude=request.force_exclude, cache=cache)
        parts[project.root] = Part(project, sourced, tree, cache)
        if request.config:
            continue
        for nested in tree.nested:
            root = project.root / nested
            given = _within(project, root)
            if given and root not in parts:
                pending.append(Project(root, settings_in(root, request.cwd), given))
    return tuple(part for _, part in sorted(parts.items()))


def _within(project: Project, root: Path) -> tuple[Path, ...]:
    """Those of the given paths that lie in a folder, or the folder itself where one of them holds it."""
    if any(each == root or each in root.parents for each in project.given):
        return (root,)
    return tuple(each for each in project.given if root in each.parents)


def run(request: Request, begun: Callable[[Part], None] = lambda _part: None) -> Report:
    """The report of all projects, with paths relative to the working folder; ``begun`` hears of each before it."""
    reports: list[Report] = []
    for part in parts_of(request):
        begun(part)
        reports.append(report_of(part, request))
    return merged(_without_misnamed(reports), str(request.cwd))


def _without_misnamed(reports: Sequence[Report]) -> tuple[Report, ...]:
    """The reports without complaints about ``--handlers``: a name that means something in no project is wrong use."""
    misnamed = [[each for each in report.findings if _is_misnamed(each)] for report in reports]
    unknown = set.intersection(*({each.hint.callee for each in found} for found in misnamed)) if misnamed else set()
    if unknown:
        raise WrongUse(*(f"--handlers: {each.message}" for each in misnamed[0] if each.hint.callee in unknown))
    return tuple(
        dataclasses.replace(report, findings=tuple(each for each in report.findings if each not in found))
        for report, found in zip(reports, misnamed, strict=True)
    )


def _is_misnamed(finding: Finding) -> bool:
    """Whether a finding is about a handler that the command line names: it has no place in any file."""
    return finding.code == "LK903" and finding.place.span == NOWHERE and bool(finding.hint.callee)


def report_of(part: Part, request: Request, *, relative: bool = True) -> Report:
    """The report of one project, with paths relative to the working folder, or to the project's root."""
    root = part.project.root
    # Asked first: a revision that does not exist should not cost an analysis.
    changes = changes_since(root, request.since) if request.since else None
    cache = part.cache
    settings = part.sourced.settings
    if request.edits:
        from leaklint.pipeline.offers import with_edits

        report = with_edits(
            *analysed_for_fixes(
                part.project,
                settings,
                request.overlay,
                tree=part.tree,
                cache=cache,
                hears=request.hears,
                jobs=request.jobs,
            )
        )
    else:
        report = analyse(
            part.project,
            settings,
            request.overlay,
            tree=part.tree,
            only_handlers=request.only_handlers,
            cache=cache,
            hears=request.hears,
            jobs=request.jobs,
        )
    if cache is not None and cache.notes:
        report = dataclasses.replace(report, notes=(*report.notes, *cache.notes))
    folders = tuple(missing_folders(part.project, part.sourced, request.cwd))
    report = dataclasses.replace(report, notes=(*report.notes, *folders))
    report = _without_accepted(part, request, report)
    if changes is not None:
        touched = tuple(each for each in report.findings if touches(each, changes))
        unchanged = tuple(each for each in report.findings if not touches(each, changes))
        report = dataclasses.replace(
            report, findings=touched, unchanged=len(unchanged), others=(*report.others, *unchanged)
        )
    if not relative:
        return report
    return repathed(report, str(request.cwd), lambda path: shown(root / path, request.cwd))


def _cache_of(project: Project, sourced: Sourced, request: Request) -> Cache | None:
    """The cache of a project, where the run uses one."""
    if not request.cached:
        return None
    folder = folder_of(project.root, _is_project(project), sourced.settings.cache_dir)
    return Cache(folder) if folder is not None else None


def _is_project(project: Project) -> bool:
    return project.config is not None or (project.root / ".git").exists()


def clean(request: Request) -> list[tuple[Path, int]]:
    """Removes the caches of the projects of a run; gives each with its size in bytes."""
    rules = rule_names()
    gone: dict[Path, int] = {}
    for project in find_projects(request.paths, request.cwd, request.config):
        sourced = read_settings(project.config, shown(project.config, request.cwd), rules) if project.config else None
        sourced = override(sourced or Sourced(), request.given, rules)
        folder = folder_of(project.root, _is_project(project), sourced.settings.cache_dir)
        if folder is not None and folder not in gone:
            try:
                gone[folder] = remove(folder)
            except OSError as error:
                raise WrongUse(f"cannot remove {folder}: {error.strerror or error}") from None
    return [(folder, size) for folder, size in gone.items() if size]


def _without_accepted(part: Part, request: Request, report: Report) -> Report:
    """The report without the findings of the baseline, which is written anew where that is asked for."""
    named = part.sourced.settings.baseline
    if named is None:
        if request.baseline == "renew":
            raise WrongUse("--update-baseline: name the file with --baseline FILE, or in the settings")
        return report
    file = Path(os.path.normpath(part.project.root / named))
    name = shown(file, request.cwd)
    renew = request.baseline == "renew"
    before = Baseline(file) if renew and not file.exists() else read_baseline(file, name)
    judged = _judged_by(part, report)
    after = before.renewed(report, judged) if renew else before
    new, accepted = after.split(report)
    whole = NARROWS_NOTHING.issuperset(request.given) and not request.overlay
    if not renew and request.baseline == "shorten" and whole:
        after = before.shortened(accepted, report, judged)
    notes = report.notes
    if after.counts != before.counts or (renew and not file.exists()):
        write_baseline(after)
        gone = before.total - after.total
        change = f"went down by {gone}" if gone > 0 else f"went up by {-gone}" if gone else "changed"
        notes = (*notes, f"baseline {name} {change}: {after.total} accepted")
    others = (*report.others, *accepted)
    return dataclasses.replace(report, findings=new, accepted=len(accepted), notes=notes, others=others)


def _judged_by(part: Part, report: Report) -> Callable[[Path, str], bool]:
    """Whether this run would have reported a code in a file, by the file's absolute path."""
    selection = part.sourced.settings.selection()
    root, given = part.project.root, part.project.given
    unread = {each.place.path for each in report.findings if each.code == NOT_ANALYSED}

    def judged(file: Path, code: str) -> bool:
        if not any(each == file or each in file.parents for each in given) or not file.is_relative_to(root):
            return False
        path = file.relative_to(root).as_posix()
        own = not is_below(path, part.tree.nested)
        return own and selection.enabled_in(code, path) and (code == NOT_ANALYSED or path not in unread)

    return judged
