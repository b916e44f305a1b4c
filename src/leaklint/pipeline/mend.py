"""Mending: plans are carried out in rounds, and each round is analysed again before anything is written.

A round takes as many fixes as touch different lines. It holds when every finding that it mends is gone and
no new one has come; where it does not hold, its fixes are tried one by one, and those that do not keep
their word are withdrawn.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec.structs

from leaklint.fix.apply import NotApplied, applied, compatible
from leaklint.fix.catalogue import plan_for
from leaklint.fix.plan import Plan
from leaklint.fix.project import Project as Fixable
from leaklint.ir.finding import Finding, Severity
from leaklint.pipeline.analyse import analysed_for_fixes
from leaklint.pipeline.files import is_read_only, write_whole
from leaklint.pipeline.regular import regular
from leaklint.pipeline.run import Part, Request, report_of
from leaklint.pipeline.wrong_use import WrongUse
from leaklint.report.report import Report

Key: TypeAlias = tuple[str, ...]
"""What a finding keeps when lines move: where it is and what it is about; its message may change with the code."""
Text: TypeAlias = tuple[str, str, str]
"""Path, code and message of a finding."""


@dataclasses.dataclass(frozen=True, slots=True)
class Mended:
    """What mending does to one project; paths are relative to its root."""

    part: Part
    before: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    """The files that change, as they were when they were analysed."""
    after: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    done: tuple[Plan, ...] = ()
    withdrawn: tuple[tuple[Finding, str], ...] = ()
    """Findings whose fix did not keep its word, with the reason."""


def mended(part: Part, request: Request, *, unsafe: bool) -> Mended:
    """Mends what the report of a project shows; nothing is written."""
    return _Mending(part, request, report_of(part, request, relative=False).findings, unsafe=unsafe).run()


def why_not(part: Part, request: Request, finding: Finding) -> str:
    """Why the fix that a finding offers does not keep its word when it is tried, or nothing."""
    tried = _Mending(part, request, [finding], unsafe=True).run()
    return next((reason for _, reason in tried.withdrawn), "")


def write(mending: Mended) -> dict[str, str]:
    """Writes the changed files, and gives those that are left alone, each with the reason.

    What one fix changes in several files is written in all of them or in none.
    """
    root = mending.part.project.root
    left = {path: reason for path in mending.after if (reason := _why_left(root / path, mending.before[path]))}
    grown = True
    while grown:
        beside = {path for each in mending.done if not left.keys().isdisjoint(each.paths) for path in each.paths}
        fresh = sorted(beside & mending.after.keys() - left.keys())
        left.update((path, "its fix concerns another file that is left alone") for path in fresh)
        grown = bool(fresh)
    written: list[str] = []
    try:
        for path in [each for each in mending.after if each not in left]:
            write_whole(root / path, mending.after[path])
            written.append(path)
    except WrongUse:
        for path in written:
            write_whole(root / path, mending.before[path])
        raise
    return left


def _why_left(file: Path, content: bytes) -> str:
    """Why a file must not be written, or nothing."""
    try:
        if regular(file) != content:
            return "it was changed meanwhile"
        return "it is read-only" if is_read_only(file) else ""
    except OSError:
        return "it cannot be read any more"


def _key(finding: Finding) -> Key:
    hint = finding.hint
    return finding.place.path, finding.code, hint.function, hint.operation, hint.state, hint.callee


def _text(finding: Finding) -> Text:
    return finding.place.path, finding.code, finding.message


def _counted(report: Report, least: Severity) -> Counter[tuple[str, str]]:
    return Counter((each.place.path, each.code) for each in report.findings if each.severity >= least)


class _Mending:
    """The rounds over one project."""

    def __init__(self, part: Part, request: Request, wanted: Iterable[Finding], *, unsafe: bool) -> None:
        self.part = part
        self.unsafe = unsafe
        self.wanted: dict[Key, Severity] = {}
        """What is to be mended, with the least severity that is shown of such findings."""
        for each in wanted:
            self.wanted[_key(each)] = min(each.severity, self.wanted.get(_key(each), each.severity))
        self.cache = part.cache
        self.hears = request.hears
        self.overlay: dict[str, bytes] = dict(request.overlay)
        self.settings = dataclasses.replace(
            part.sourced.settings,
            select=("LK",),
            extend_select=(),
            ignore=(),
            per_file_ignores=(),
            severity=(),
            min_severity="info",
        )
        self.project = msgspec.structs.replace(part.project, given=(part.project.root,))
        self.original: dict[str, bytes] = {}
        self.done: list[Plan] = []
        self.withdrawn: dict[Text, tuple[Finding, str]] = {}

    def run(self) -> Mended:
        """All rounds."""
        if not self.wanted:
            return Mended(self.part)
        report, project = self._examined(self.overlay)
        # each round mends something, or withdraws something
        while plans := self._plans(report, project):
            chosen = compatible(plans, project)
            found = self._tried(chosen, report, project) or self._one_by_one(chosen, report, project)
            if found is not None:
                report, project = found
        after = {path: self.overlay[path] for path in sorted(self.original)}
        changed = {path for path, content in after.items() if content != self.original[path]}
        return Mended(
            self.part,
            {path: content for path, content in self.original.items() if path in changed},
            {path: content for path, content in after.items() if path in changed},
            tuple(self.done),
            tuple(self.withdrawn.values()),
        )

    def _examined(self, overlay: Mapping[str, bytes]) -> tuple[Report, Fixable]:
        return analysed_for_fixes(
            self.project, self.settings, overlay, tree=self.part.tree, cache=self.cache, hears=self.hears
        )

    def _plans(self, report: Report, project: Fixable) -> list[Plan]:
        """The plans for what is still to be mended: safe ones first, then those that enclose little.

        A ``try`` that one of them makes can so serve the next one.
        """
        plans = []
        for finding in report.findings:
            least = self.wanted.get(_key(finding))
            if not finding.fix or least is None or finding.severity < least or _text(finding) in self.withdrawn:
                continue
            made = plan_for(finding, project)
            if isinstance(made, Plan) and (made.safe or self.unsafe):
                plans.append(made)
        return sorted(plans, key=lambda each: (not each.safe, each.extent))

    def _one_by_one(self, plans: Sequence[Plan], report: Report, project: Fixable) -> tuple[Report, Fixable] | None:
        """Tries the plans of a round singly, until one holds: then places have moved, and a new round begins."""
        for each in plans:
            found = self._tried([each], report, project) if len(plans) > 1 else None
            if found is not None:
                return found
            self.withdrawn.setdefault(_text(each.finding), (each.finding, self._reason(each, report, project)))
        return None

    def _tried(self, plans: Sequence[Plan], report: Report, project: Fixable) -> tuple[Report, Fixable] | None:
        """What the analysis says when the plans are carried out, where all of them keep their word."""
        try:
            changed = applied(plans, project)
        except NotApplied:
            return None
        found = self._examined({**self.overlay, **changed})
        if _complaint(plans, report, found[0]):
            return None
        for path in changed:
            self.original.setdefault(path, project.sources[path])
        self.overlay.update(changed)
        self.done += plans
        return found

    def _reason(self, plan: Plan, report: Report, project: Fixable) -> str:
        try:
            changed = applied([plan], project)
        except NotApplied as reason:
            return str(reason)
        return _complaint([plan], report, self._examined({**self.overlay, **changed})[0])


def _complaint(plans: Sequence[Plan], before: Report, after: Report) -> str:
    """In which way the plans do not keep their word, or nothing."""
    # where a warning is mended, the advice that an exception may skip the wait is no new finding
    least = min(Severity.WARNING, *(each.finding.severity for each in plans))
    allowed = _counted(before, least)
    allowed.subtract((each.finding.place.path, each.finding.code) for each in plans)
    mended = {(each.finding.place.path, each.finding.code) for each in plans}
    for key, count in _counted(after, least).items():
        if count > allowed[key]:
            path, code = key
            return "the finding would still be there" if key in mended else f"{code} would appear in {path}"
    return ""
