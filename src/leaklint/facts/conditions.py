"""Conditions as control flow: every test becomes a branch whose two sides start with ``Assume``."""

from __future__ import annotations

import ast
from typing import Any

from leaklint.facts.flow import EXPRESSIONS, Draft, Flow
from leaklint.ir.cfg import Copy, Operand, Operation

Ends = list[Draft]

COMPARISONS: dict[type, str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is-not",
    ast.In: "in",
    ast.NotIn: "not-in",
}


def branch(flow: Flow, node: Any) -> tuple[Ends, Ends]:
    """Lowers a test; gives the blocks that end where it holds, and where it does not."""
    kind = type(node)
    if kind is ast.BoolOp:
        return _branch_boolean(flow, node)
    if kind is ast.UnaryOp and type(node.op) is ast.Not:
        holds, fails = branch(flow, node.operand)
        return fails, holds
    if kind is ast.Constant:
        return ([flow.here], []) if node.value else ([], [flow.here])
    if kind is ast.Compare and len(node.ops) > 1:
        return _branch_chain(flow, node)
    if flow.is_type_checking(node):
        return [], [flow.here]
    hold, fail = flow.fork(flow.value(node), flow.span(node))
    return [hold], [fail]


def _branch_boolean(flow: Flow, node: ast.BoolOp) -> tuple[Ends, Ends]:
    conjunction = type(node.op) is ast.And
    decided: Ends = []
    for value in node.values:
        holds, fails = branch(flow, value)
        going, leaving = (holds, fails) if conjunction else (fails, holds)
        if value is node.values[-1]:
            return (going, decided + leaving) if conjunction else (decided + leaving, going)
        decided += leaving
        flow.resume(going)
        if not flow.live:
            break
    return ([], decided) if conjunction else (decided, [])


def _branch_chain(flow: Flow, node: ast.Compare) -> tuple[Ends, Ends]:
    span = flow.span(node)
    decided: Ends = []
    left = flow.value(node.left)
    hold = flow.here
    for index, (operator, comparator) in enumerate(zip(node.ops, node.comparators, strict=True)):
        right = flow.value(comparator)
        target = flow.temporary()
        flow.emit(Operation(span, target, COMPARISONS[type(operator)], (left, right)))
        hold, fail = flow.fork(target, span)
        decided.append(fail)
        if index + 1 < len(node.ops):
            flow.resume([hold])
        left = right
    return [hold], decided


def _compare(flow: Flow, node: ast.Compare) -> Operand:
    span = flow.span(node)
    left = flow.value(node.left)
    result = flow.temporary()
    if len(node.ops) == 1:
        right = flow.value(node.comparators[0])
        flow.emit(Operation(span, result, COMPARISONS[type(node.ops[0])], (left, right)))
        return result
    ends: Ends = []
    for index, (operator, comparator) in enumerate(zip(node.ops, node.comparators, strict=True)):
        right = flow.value(comparator)
        target = flow.temporary()
        flow.emit(Operation(span, target, COMPARISONS[type(operator)], (left, right)))
        if index + 1 == len(node.ops):
            flow.emit(Copy(span, result, target))
            ends.append(flow.here)
        else:
            hold, fail = flow.fork(target, span)
            fail.instructions.append(Copy(span, result, target))
            ends.append(fail)
            flow.resume([hold])
        left = right
    flow.resume(ends)
    return result


def _boolean(flow: Flow, node: ast.BoolOp) -> Operand:
    conjunction = type(node.op) is ast.And
    result = flow.temporary()
    ends: Ends = []
    for value in node.values:
        span = flow.span(value)
        operand = flow.value(value)
        if value is node.values[-1]:
            flow.emit(Copy(span, result, operand))
            ends.append(flow.here)
        else:
            hold, fail = flow.fork(operand, span)
            going, leaving = (hold, fail) if conjunction else (fail, hold)
            leaving.instructions.append(Copy(span, result, operand))
            ends.append(leaving)
            flow.resume([going])
    flow.resume(ends)
    return result


def _choice(flow: Flow, node: ast.IfExp) -> Operand:
    result = flow.temporary()
    ends: Ends = []
    rest: ast.expr = node
    while isinstance(rest, ast.IfExp):
        if flow.is_type_checking(
            rest.test
        ):  # ``property if TYPE_CHECKING else Own``: what stands there behaves like both
            hold, fail = flow.fork(flow.value(rest.test), flow.span(rest.test))
            holds, fails = [hold], [fail]
        else:
            holds, fails = branch(flow, rest.test)
        flow.resume(holds)
        if flow.live:
            _choose(flow, rest.body, result, ends)
        flow.resume(fails)
        if not flow.live:
            break
        rest = rest.orelse
    else:
        _choose(flow, rest, result, ends)
    flow.resume(ends)
    return result


def _choose(flow: Flow, node: ast.expr, result: Operand, ends: Ends) -> None:
    operand = flow.value(node)
    flow.emit(Copy(flow.span(node), result, operand))
    ends.append(flow.here)


_UNARY: dict[type, str] = {ast.Not: "not", ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}


def _unary(flow: Flow, node: ast.UnaryOp) -> Operand:
    operand = node.operand
    if type(node.op) is ast.USub and isinstance(operand, ast.Constant):
        value = operand.value
        if type(value) is float or (type(value) is int and value <= 2**63):
            return flow.constant(flow.span(node), -value)
    target = flow.value(operand)
    result = flow.temporary()
    flow.emit(Operation(flow.span(node), result, _UNARY[type(node.op)], (target,)))
    return result


EXPRESSIONS.update(
    {ast.Compare: _compare, ast.BoolOp: _boolean, ast.IfExp: _choice, ast.UnaryOp: _unary},
)
