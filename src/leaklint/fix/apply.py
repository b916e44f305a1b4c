"""Plans applied to the bytes of files: in the encoding, with the line ends and the mark at the start that they have."""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from typing import Final

from leaklint.fix import verify
from leaklint.fix.plan import After, Before, Change, Enclose, Finally, Forget, Import, Plan
from leaklint.fix.project import Project
from leaklint.fix.tree import lines_in
from leaklint.ir.finding import Edit
from leaklint.ir.location import Place, Span


class NotApplied(Exception):
    """A plan cannot be carried out; the text says why."""


def applied(plans: Sequence[Plan], project: Project) -> dict[str, bytes]:
    """The changed files; raises ``NotApplied`` where one of them would not be what the plans say."""
    changed: dict[str, bytes] = {}
    for path in sorted({path for each in plans for path in each.paths}):
        changes = [change for each in plans for change in each.changes_in(path)]
        changed[path] = _encoded(project.sources[path], _text(path, changes, project))
    return changed


def _text(path: str, changes: Sequence[Change], project: Project) -> str:
    from leaklint.fix.edit import NotEdited, edited

    tree = project.tree(path)
    try:
        text = edited(tree.text, changes)
    except NotEdited as reason:
        raise NotApplied(f"{path}: {reason}") from None
    problem = verify.complaint(tree, text, changes)
    if problem:
        raise NotApplied(f"{path}: {problem}")
    return text


def _encoded(source: bytes, text: str) -> bytes:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise NotApplied(f"the file's encoding {encoding} has no {error.object[error.start]!r}") from None


def compatible(plans: Iterable[Plan], project: Project) -> list[Plan]:
    """As many of the plans, in their order, as touch different lines or change the very same."""
    chosen: list[Plan] = []
    taken: dict[str, set[int]] = {}
    done: set[tuple[str, Change]] = set()
    for each in plans:
        lines = _touched(each, project)
        if not set(each.changes) <= done and any(taken.get(path, set()) & mine for path, mine in lines.items()):
            continue
        chosen.append(each)
        done |= set(each.changes)
        for path, mine in lines.items():
            taken.setdefault(path, set()).update(mine)
    return chosen


def _touched(plan: Plan, project: Project) -> dict[str, set[int]]:
    """The lines of each file that a plan is about, those beside them included."""
    lines: dict[str, set[int]] = {}
    for path, change in plan.changes:
        if isinstance(change, Import | Forget):
            continue
        first, last = change.span.line, change.span.end_line
        if isinstance(change, After | Finally):
            first = last
        elif isinstance(change, Before):
            last = first
        elif not isinstance(change, Enclose):
            node = project.tree(path).at(change.span)
            if node is not None:
                statement = project.tree(path).statement(node)
                first = min(first, statement.lineno)
        if path == plan.finding.place.path:
            # what lies between the finding and the change is what the change is about
            first, last = min(first, plan.finding.place.span.line), max(last, plan.finding.place.span.line)
        lines.setdefault(path, set()).update(range(first, last + 1))
    return lines


def edits_of(plan: Plan, project: Project) -> tuple[Edit, ...]:
    """What a plan changes, as stretches of lines with the text that takes their place."""
    found: list[Edit] = []
    for path in plan.paths:
        before = project.tree(path).text
        after = _text(path, plan.changes_in(path), project)
        found += _difference(path, before, after)
    return tuple(sorted(found))


def _difference(path: str, before: str, after: str) -> Iterable[Edit]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) != len(lines_in(before)) - before.endswith(("\n", "\r")):
        old, new = [before], [after]
    for tag, first, last, new_first, new_last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            end = Span(first + 1, 1, last + 1, 1)
            if last == len(old) and old and not old[-1].endswith(("\n", "\r")) and first < last:
                end = Span(first + 1, 1, last, len(old[-1]) + 1)
            yield Edit(Place(path, end), "".join(new[new_first:new_last]))


_LINE: Final = re.compile("[^\n]*\n|[^\n]+")
"""A line as ``patch`` sees it: a form feed ends none."""


def difference(before: bytes, after: bytes, name: str) -> str:
    """A unified diff of two versions of a file, as ``patch`` takes it."""
    old, new = _LINE.findall(_decoded(before)), _LINE.findall(_decoded(after))
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, name, name)
    )


def _decoded(source: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding)
