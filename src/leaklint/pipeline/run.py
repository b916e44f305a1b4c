"""A run: all projects that hold the given paths, each with its own settings, as one report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from leaklint.pipeline.analyse import analyse
from leaklint.pipeline.discover import Tree, discover
from leaklint.pipeline.roots import Project, find_projects, settings_in, shown
from leaklint.pipeline.settings import Sourced, override, read_settings
from leaklint.report.report import Report, merged, repathed


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


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One project of a run: what it is, what is in force for it, and its files."""

    project: Project
    sourced: Sourced
    tree: Tree


def rule_names() -> Mapping[str, str]:
    """The codes that exist, each with the name of its rule."""
    from leaklint.rules.catalogue import catalogue

    return {code: rule.name for code, rule in catalogue().items()}


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
        tree = discover(project, sourced.settings, request.cwd, force_exclude=request.force_exclude)
        parts[project.root] = Part(project, sourced, tree)
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
    return merged(tuple(reports), str(request.cwd))


def report_of(part: Part, request: Request) -> Report:
    """The report of one project, with paths relative to the working folder."""
    root = part.project.root
    report = analyse(part.project, part.sourced.settings, request.overlay, tree=part.tree)
    return repathed(report, str(request.cwd), lambda path: shown(root / path, request.cwd))


def absolute_overlay(path: str, text: bytes, cwd: Path) -> dict[str, bytes]:
    """The overlay that puts unsaved text in the place of one file."""
    return {os.path.normpath(cwd / path): text}
