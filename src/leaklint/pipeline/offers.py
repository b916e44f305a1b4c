"""Offers: which of the findings a fix would mend, and how, as the formats show it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping

import msgspec

from leaklint.fix.apply import NotApplied, edits_of
from leaklint.fix.catalogue import plan_for
from leaklint.fix.plan import Plan
from leaklint.fix.project import Project
from leaklint.ir.facts import FileFacts
from leaklint.ir.finding import Finding
from leaklint.link.modules import Modules
from leaklint.report.report import Report, lines_of


def resolver(modules: Modules) -> Callable[[str, str, str, int], tuple[str, str]]:
    """What ``from module import name`` means: see ``leaklint.fix.project.Resolve``."""

    def resolve(importer: str, module: str, name: str, level: int) -> tuple[str, str]:
        if not name:
            return modules.resolve(importer, module, level) or "", ""
        found = modules.import_name(importer, module, name, level)
        return found if isinstance(found, tuple) else (found or "", "")

    return resolve


def importing(files: Mapping[str, FileFacts], modules: Modules) -> Callable[[str], frozenset[str]]:
    """The files of the project that a file imports itself."""

    @functools.cache
    def direct(path: str) -> frozenset[str]:
        found = set()
        for fact in files[path].imports if path in files else ():
            if fact.name and fact.name != "*":
                meant = modules.import_name(path, fact.module, fact.name, fact.level)
                found.add(meant[0] if isinstance(meant, tuple) else meant)
            found.add(modules.resolve(path, fact.module, fact.level))
        return frozenset(each for each in found if each is not None)

    return direct


def offered(findings: Iterable[Finding], project: Project) -> list[Finding]:
    """The findings, each with the name of its fix only where there is one for this very place."""
    result = []
    for each in findings:
        if each.fix:
            made = plan_for(each, project)
            if isinstance(made, Plan):
                each = msgspec.structs.replace(each, safe=made.safe)  # noqa: PLW2901
            else:
                each = msgspec.structs.replace(each, fix="", no_fix=made)  # noqa: PLW2901
        result.append(each)
    return result


def with_edits(report: Report, project: Project) -> Report:
    """The report in which each fix says what it changes; one that cannot be carried out is none."""
    findings = []
    sources = dict(report.sources)
    for each in report.findings:
        made = plan_for(each, project) if each.fix else ""
        if isinstance(made, Plan):
            try:
                edits = edits_of(made, project)
            except NotApplied as reason:
                each = msgspec.structs.replace(each, fix="", safe=False, no_fix=str(reason))  # noqa: PLW2901
            else:
                each = msgspec.structs.replace(each, edits=edits)  # noqa: PLW2901
                sources.update({path: lines_of(project.tree(path).text) for path in made.paths})
        findings.append(each)
    return dataclasses.replace(report, findings=tuple(findings), sources=sources)
