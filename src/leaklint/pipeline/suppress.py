"""Suppressions: which findings a comment in the source silences, and which comments silence nothing (LK902).

The lines on which a comment counts: ``noqa`` on its physical line, or on all lines of a string or backslash
continuation of several lines that it belongs to, as flake8 has it; ``ignore`` on all lines of its statement; ``file``
everywhere; ``disable`` from its line to the matching ``enable``, or to the end of the file.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import tokenize
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from leaklint.ir.facts import FileFacts, Suppression
from leaklint.ir.finding import Finding, Hint, Severity, Step, StepKind
from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.wrong_use import did_you_mean
from leaklint.report.report import Silenced

UNDERSTOOD_NOTHING = ("?",)
"""The codes of a comment that speaks to leaklint in no form that it knows."""

UNUSED = "LK902"
UNUSED_NAME = "unused-suppression"


@dataclasses.dataclass(frozen=True, slots=True)
class Suppressed:
    """What is left of the findings of one file, what was silenced, and the comments that silenced nothing."""

    kept: tuple[Finding, ...]
    silenced: tuple[Silenced, ...]
    unused: tuple[Finding, ...]


def suppress(
    path: str,
    findings: Sequence[Finding],
    facts: FileFacts,
    known: Mapping[str, str],
    reportable: Callable[[str], bool],
    is_comment: Callable[[Suppression], bool] = lambda _: True,
) -> Suppressed:
    """Applies the comments of one file to its findings.

    ``known`` are all codes that exist, each with the name of its rule; ``reportable`` says whether this run could have
    reported a code in this file.
    ``is_comment`` is asked before a suppression is called useless: flake8 heeds ``# noqa`` in a string too.
    """
    comments = facts.suppressions
    used: list[set[str]] = [set() for _ in comments]
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    for finding in findings:
        by = [position for position, each in enumerate(comments) if _silences(each, finding, facts)]
        for position in by:
            used[position].add(finding.code)
        (silenced.append(_silenced(finding, [comments[each] for each in by])) if by else kept.append(finding))
    unused: list[Finding] = []
    for position, each in enumerate(comments):
        complaint = _complaint(each, used[position], known, reportable, facts)
        if not complaint or not is_comment(each):
            continue
        finding = _unused(path, each, complaint, used[position])
        # A comment that names everything must not silence the complaint about itself; flake8 lets its own do so.
        by_whom = [
            other
            for other in comments
            if (other is not each or other.kind == "noqa" or UNUSED in other.codes) and _silences(other, finding, facts)
        ]
        (silenced.append(_silenced(finding, by_whom)) if by_whom else unused.append(finding))
    return Suppressed(tuple(kept), tuple(silenced), tuple(unused))


def _silenced(finding: Finding, by: Sequence[Suppression]) -> Silenced:
    """The finding with the comment that counts: flake8 looks at ``noqa`` itself, so any other goes first."""
    return Silenced(finding, next((each for each in by if each.kind != "noqa"), by[0]))


def _silences(suppression: Suppression, finding: Finding, facts: FileFacts) -> bool:
    return suppression.kind != "enable" and _names(suppression, finding.code) and _covers(suppression, finding, facts)


def _names(suppression: Suppression, code: str) -> bool:
    """Whether the comment means this code; without codes it means all, with a prefix all that begin so."""
    return not suppression.codes or code.startswith(suppression.codes)


def _covers(suppression: Suppression, finding: Finding, facts: FileFacts) -> bool:
    line = suppression.span.line
    reported = finding.place.span.line
    if suppression.kind == "noqa":
        return line == reported or _share(facts.multiline_strings, line, reported)
    if suppression.kind == "ignore":
        statement = finding.statement
        within = statement != NOWHERE and statement.line <= line <= statement.end_line
        return within or line == reported or _share(facts.statements, line, reported)
    if suppression.kind == "disable":
        return line <= reported and not _enabled_between(suppression, finding, facts)
    return suppression.kind == "file"


def _share(ranges: Iterable[tuple[int, int]], one: int, other: int) -> bool:
    return any(first <= one <= last and first <= other <= last for first, last in ranges)


def _enabled_between(disable: Suppression, finding: Finding, facts: FileFacts) -> bool:
    return any(
        each.kind == "enable"
        and disable.span < each.span
        and each.span.line <= finding.place.span.line
        and _names(each, finding.code)
        for each in facts.suppressions
    )


def _complaint(
    suppression: Suppression,
    used: set[str],
    known: Mapping[str, str],
    reportable: Callable[[str], bool],
    facts: FileFacts,
) -> str:
    """What is wrong with a comment, as the message of a finding, or nothing."""
    if suppression.kind == "enable":
        return "" if _has_disable(suppression, facts) else f"{_title(suppression)} has nothing to switch on again"
    if not suppression.codes:
        # A bare `noqa`, for a line or for the file, may be meant for another tool.
        ours = suppression.kind not in ("noqa", "file")
        wanted = ours and not used and all(reportable(code) for code in _judged(known))
        return f"{_title(suppression)} silences nothing" if wanted else ""
    if suppression.codes == UNDERSTOOD_NOTHING:
        return "suppression is not understood; write `# leaklint: ignore[LK101] reason`"
    complaints: list[str] = []
    unused: list[str] = []
    for code in suppression.codes:
        if not code.startswith("LK"):
            if suppression.kind != "noqa":
                complaints.append(f"unknown code {code}{_meant(code, known)}")
            continue
        meant = [each for each in known if each.startswith(code)]
        if not meant:
            complaints.append(f"unknown code {code}{_meant(code, known)}")
        elif code == UNUSED or any(each.startswith(code) for each in used):
            continue
        elif all(reportable(each) for each in meant):
            unused.append(code)
    if unused:
        complaints.insert(0, f"nothing to silence here for {', '.join(unused)}")
    return f"{_title(suppression)}: {'; '.join(complaints)}" if complaints else ""


def _meant(code: str, known: Mapping[str, str]) -> str:
    """A guess at the code that was meant, which may have been called by the name of its rule."""
    by_name = {name: each for each, name in known.items()}
    return f"; did you mean `{by_name[code]}`?" if code in by_name else did_you_mean(code, known)


def _judged(known: Collection[str]) -> list[str]:
    """The codes that a comment without codes is judged by: those that are on by default and stand in a file."""
    return [code for code in known if code[:3] in ("LK1", "LK2", "LK3", "LK4")]


def _has_disable(enable: Suppression, facts: FileFacts) -> bool:
    return any(
        each.kind == "disable"
        and each.span < enable.span
        and (
            not each.codes
            or not enable.codes
            or any(_names(enable, code) for code in each.codes)
            or any(_names(each, code) for code in enable.codes)
        )
        for each in facts.suppressions
    )


def _title(suppression: Suppression) -> str:
    words = {"noqa": "noqa", "file": "leaklint: ignore-file"}
    return f"unused suppression `{words.get(suppression.kind, f'leaklint: {suppression.kind}')}`"


def _unused(path: str, suppression: Suppression, message: str, used: Collection[str]) -> Finding:
    useless = [code for code in suppression.codes if f"{code}," in f"{_listed(message)}," and code not in used]
    place = Place(path, suppression.span)
    return Finding(
        code=UNUSED,
        name=UNUSED_NAME,
        severity=Severity.WARNING,
        place=place,
        message=message,
        cure="remove it, or correct its codes",
        trace=(Step(StepKind.LEAK, place),),
        statement=suppression.span,
        fix="remove-suppression",
        hint=Hint(state=" ".join(useless)),
    )


def _listed(message: str) -> str:
    """The codes in a complaint about those that silence nothing."""
    return message.partition("nothing to silence here for ")[2].partition(";")[0].replace(" ", "")


def in_comment(source: bytes) -> Callable[[Suppression], bool]:
    """A test whether a suppression stands in a comment, which reads the file's tokens when it is first asked."""

    @functools.cache
    def comments() -> Sequence[tuple[int, int]]:
        tokens = tokenize.tokenize(io.BytesIO(source).readline)
        try:
            return [(each.start[0], each.start[1] + 1) for each in tokens if each.type == tokenize.COMMENT]
        except (tokenize.TokenError, SyntaxError):
            return []

    def test(suppression: Suppression) -> bool:
        span = suppression.span
        return any(line == span.line and column <= span.column for line, column in comments())

    return test


def grouped(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """The findings of each file."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.place.path, []).append(finding)
    return found
