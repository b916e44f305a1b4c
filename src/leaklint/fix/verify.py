"""The look at what an edit has done, without trust in how it was done: only planned lines differ.

A line of the file before may change where a change of the plan is about it; a line that is only enclosed may get
another indent and nothing else; lines that come in stand next to such lines; imports may come and go at the top.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from leaklint.fix.plan import After, Before, Change, Enclose, Finally, Forget, Import, Rename
from leaklint.fix.tree import Tree, lines_in


def complaint(before: Tree, after: str, changes: Sequence[Change]) -> str:
    """What is wrong with a changed text, or nothing."""
    try:
        ast.parse(after)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "the changed text does not parse"
    changed, indented = _planned(before, changes)
    imports = _import_lines(before) if any(isinstance(each, Import | Forget) for each in changes) else frozenset()
    old = _significant(before.lines)
    new = _significant(lines_in(after))
    kept = [(number, text) for number, text in old if number not in changed and number not in imports]
    return _unkept(kept, new, indented)


def _significant(lines: Iterable[str]) -> list[tuple[int, str]]:
    return [(number, text) for number, text in enumerate(lines, 1) if text.strip()]


def _planned(before: Tree, changes: Sequence[Change]) -> tuple[frozenset[int], frozenset[int]]:
    """The lines that may change, and those that may be indented."""
    changed: set[int] = set()
    indented: set[int] = set()
    for each in changes:
        if isinstance(each, Import | Forget):
            continue
        lines = range(each.span.line, each.span.end_line + 1)
        if isinstance(each, Enclose):
            indented.update(lines)
            if each.head is not None:
                changed.update(range(each.head.line, each.head.end_line + 1))
            # comments above the first statement stay above what encloses it
            above = each.span.line - 1
            while above and before.lines[above - 1].lstrip().startswith("#"):
                indented.add(above)
                above -= 1
            indented.update(_comments_below(before.lines, each.span.line, each.span.end_line))
        elif not isinstance(each, Before | After | Finally):
            changed.update([each.span.line] if isinstance(each, Rename) else lines)
    return frozenset(changed), frozenset(indented)


def _comments_below(lines: Sequence[str], first: int, last: int) -> list[int]:
    """The lines with comments that end the inner blocks of what is enclosed."""
    margin = len(lines[first - 1]) - len(lines[first - 1].lstrip())
    found: list[int] = []
    for number, text in enumerate(lines[last:], last + 1):
        if text.strip() and (not text.lstrip().startswith("#") or len(text) - len(text.lstrip()) <= margin):
            break
        found.append(number)
    return found


def _import_lines(before: Tree) -> frozenset[int]:
    return frozenset(
        line
        for each in before.module.body
        if isinstance(each, ast.Import | ast.ImportFrom)
        for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)
    )


def _unkept(kept: Sequence[tuple[int, str]], new: Sequence[tuple[int, str]], indented: frozenset[int]) -> str:
    """Says which line was to be kept and is not there any more, in its order."""
    rest = iter(text for _, text in new)
    for position, (number, text) in enumerate(kept):
        if number in indented:
            found = any(each.strip() == text.strip() for each in rest)
        else:
            found = any(each == text for each in rest)
        if not found:
            return _why_unkept(kept[position:], [each for _, each in new], number, text)
    return ""


def _why_unkept(left: Sequence[tuple[int, str]], new: Sequence[str], number: int, text: str) -> str:
    """Whether the line has gone, or stands there with another indent."""
    wanted = sum(each.strip() == text.strip() for _, each in left)
    if sum(each.strip() == text.strip() for each in new) >= wanted:
        return f"line {number} would be laid out in another way"
    return f"line {number} would change, which the plan does not say"
