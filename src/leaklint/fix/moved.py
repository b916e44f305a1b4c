"""Where a finding stands after other plans have been carried out: lines have moved, and have another indent."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping

import msgspec

from leaklint.fix.plan import Enclose, Plan
from leaklint.fix.tree import Tree
from leaklint.ir.finding import Finding
from leaklint.ir.location import Place, Span


def moved(finding: Finding, before: Mapping[str, Tree], after: Mapping[str, Tree]) -> Finding | None:
    """The finding at its new place in changed files; None where one of its lines is another one now."""
    places: list[Place] = []
    for place in (finding.place, *(step.place for step in finding.trace)):
        found = _moved(place, before, after)
        if found is None:
            return None
        places.append(found)
    steps = [msgspec.structs.replace(step, place=place) for step, place in zip(finding.trace, places[1:], strict=True)]
    return msgspec.structs.replace(finding, place=places[0], trace=tuple(steps))


def _moved(place: Place, before: Mapping[str, Tree], after: Mapping[str, Tree]) -> Place | None:
    if place.path not in after:
        return place
    old, new = before[place.path].lines, after[place.path].lines
    matcher = difflib.SequenceMatcher(None, [each.strip() for each in old], [each.strip() for each in new], False)
    span = place.span
    found = []
    for line, column in ((span.line, span.column), (span.end_line, span.end_column)):
        block = next((each for each in matcher.get_matching_blocks() if each.a <= line - 1 < each.a + each.size), None)
        if block is None:
            return None
        number = line - block.a + block.b
        found += [number, column + _indent(new[number - 1]) - _indent(old[line - 1])]
    return Place(place.path, Span(*found))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def is_done(plan: Plan, trees: Mapping[str, Tree]) -> bool:
    """Whether what a plan closes with stands already in a ``finally`` around its finding."""
    tree = trees[plan.finding.place.path]
    node = tree.at(plan.finding.place.span)
    around = [each for each in tree.above(node) if isinstance(each, ast.Try)] if node is not None else []
    closed = {tree.text_of(each) for one in around for each in one.finalbody}
    texts = [getattr(each, "text", "") for _, each in plan.changes if not isinstance(each, Enclose)]
    texts += [each.text.rpartition("finally:\n")[2] for _, each in plan.changes if isinstance(each, Enclose)]
    return any(text.strip() in closed for text in texts)
