"""Lowering of ``match``: each pattern is a row of tests that either go on or leave for the next case."""

from __future__ import annotations

import ast
from typing import Any, Final

from leaklint.facts.conditions import branch
from leaklint.facts.flow import STATEMENTS, Draft, Flow
from leaklint.facts.targets import rest_key
from leaklint.ir.cfg import Build, BuildItem, GetAttribute, GetItem, Operand, Operation
from leaklint.ir.location import Span


def _match(flow: Flow, node: ast.Match) -> None:
    subject = flow.snapshot(flow.span(node.subject), flow.value(node.subject))
    ends: list[Draft] = []
    for case in node.cases:
        fails: list[Draft] = []
        _pattern(flow, case.pattern, subject, fails)
        if flow.live and case.guard is not None:
            holds, refused = branch(flow, case.guard)
            fails += refused
            flow.resume(holds)
        flow.statements(case.body)
        if flow.live:
            ends.append(flow.here)
        flow.resume(fails)
        if not flow.live:
            break
    if flow.live:
        ends.append(flow.here)
    flow.resume(ends)


def _pattern(flow: Flow, pattern: Any, subject: Operand, fails: list[Draft]) -> None:
    """Lowers one pattern; goes on where it matches, and adds the blocks where it does not to ``fails``."""
    _PATTERNS[type(pattern)](flow, pattern, subject, fails)


def _test(flow: Flow, operator: str, operands: tuple[Operand, ...], span: Span, fails: list[Draft]) -> None:
    target = flow.temporary()
    flow.emit(Operation(span, target, operator, operands))
    hold, fail = flow.fork(target, span)
    fails.append(fail)
    flow.resume([hold])


def _item(flow: Flow, subject: Operand, key: Operand, span: Span) -> Operand:
    target = flow.temporary()
    flow.emit(GetItem(span, target, subject, key))
    return target


def _value(flow: Flow, pattern: ast.MatchValue, subject: Operand, fails: list[Draft]) -> None:
    expected = flow.value(pattern.value)
    _test(flow, "==", (subject, expected), flow.span(pattern), fails)


def _singleton(flow: Flow, pattern: ast.MatchSingleton, subject: Operand, fails: list[Draft]) -> None:
    span = flow.span(pattern)
    _test(flow, "is", (subject, flow.constant(span, pattern.value)), span, fails)


def _sequence(flow: Flow, pattern: ast.MatchSequence, subject: Operand, fails: list[Draft]) -> None:
    span = flow.span(pattern)
    _test(flow, "match", (subject,), span, fails)
    count = len(pattern.patterns)
    star = next((index for index, part in enumerate(pattern.patterns) if type(part) is ast.MatchStar), count)
    for index, part in enumerate(pattern.patterns):
        if isinstance(part, ast.MatchStar):
            if part.name is not None:
                rest = _item(flow, subject, rest_key(flow, span, star, count - 1 - star), span)
                flow.store(part.name, rest, flow.span(part))
        else:
            key = flow.constant(span, index if index < star else index - count)
            _pattern(flow, part, _item(flow, subject, key, flow.span(part)), fails)


def _mapping(flow: Flow, pattern: ast.MatchMapping, subject: Operand, fails: list[Draft]) -> None:
    span = flow.span(pattern)
    _test(flow, "match", (subject,), span, fails)
    for key, part in zip(pattern.keys, pattern.patterns, strict=True):
        _pattern(flow, part, _item(flow, subject, flow.value(key), flow.span(part)), fails)
    if pattern.rest is not None:
        rest = flow.temporary()
        flow.emit(Build(span, rest, "dict", (BuildItem(subject, None, True),)))
        flow.store(pattern.rest, rest, span)


WHOLE: Final = frozenset(
    {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)
"""Classes whose one positional pattern is about the object itself: ``list(rows)``."""


def _class(flow: Flow, pattern: ast.MatchClass, subject: Operand, fails: list[Draft]) -> None:
    span = flow.span(pattern)
    _test(flow, "match", (subject, flow.value(pattern.cls)), span, fails)
    whole = isinstance(pattern.cls, ast.Name) and pattern.cls.id in WHOLE
    for index, part in enumerate(pattern.patterns):
        if whole:
            _pattern(flow, part, subject, fails)
            continue
        _pattern(flow, part, _item(flow, subject, flow.constant(span, index), flow.span(part)), fails)
    for name, part in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
        target = flow.temporary()
        flow.emit(GetAttribute(flow.span(part), target, subject, name))
        _pattern(flow, part, target, fails)


def _as(flow: Flow, pattern: ast.MatchAs, subject: Operand, fails: list[Draft]) -> None:
    if pattern.pattern is not None:
        _pattern(flow, pattern.pattern, subject, fails)
    if pattern.name is not None and flow.live:
        flow.store(pattern.name, subject, flow.span(pattern))


def _or(flow: Flow, pattern: ast.MatchOr, subject: Operand, fails: list[Draft]) -> None:
    matched: list[Draft] = []
    for part in pattern.patterns:
        refused: list[Draft] = []
        _pattern(flow, part, subject, refused)
        if flow.live:
            matched.append(flow.here)
        flow.resume(refused)
        if not flow.live:
            break
    if flow.live:
        fails.append(flow.here)
    flow.resume(matched)


_PATTERNS: dict[type, Any] = {
    ast.MatchValue: _value,
    ast.MatchSingleton: _singleton,
    ast.MatchSequence: _sequence,
    ast.MatchMapping: _mapping,
    ast.MatchClass: _class,
    ast.MatchAs: _as,
    ast.MatchOr: _or,
}

STATEMENTS[ast.Match] = _match
