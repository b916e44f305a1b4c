"""How long something sleeps, as far as constants say it: who waits for it has to have that time."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Final

from leaklint.fix.project import Project
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.ir.finding import Finding

SOON: Final = 3
"""Seconds: what AWS Lambda gives a function where nobody asks for more."""
SLEEPS: Final = ("anyio.sleep", "asyncio.sleep", "time.sleep", "trio.sleep")
_OPERATORS: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_DEEPEST = 8
"""Steps from an expression to the constants that it is made of."""


def seconds(tree: Tree, function: ast.AST, node: ast.expr | None, depth: int = 0) -> float | None:
    """A number that is worked out of constants, and of names that stand for such; None where it is no such number."""
    if depth > _DEEPEST:
        return None
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            first, second = (seconds(tree, function, each, depth + 1) for each in (left, right))
            if first is None or second is None or (isinstance(op, ast.Div) and not second):
                return None
            return _OPERATORS[type(op)](first, second)
        case ast.Name(id=name):
            return seconds(tree, function, stands_for(tree, function, name), depth + 1)
    return None


def stands_for(tree: Tree, function: ast.AST, name: str) -> ast.expr | None:
    """What a name is bound to, in a function or its module, where that is done once; or the default of a parameter."""
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        listed = [*function.args.posonlyargs, *function.args.args]
        defaults = zip(reversed(listed), reversed(function.args.defaults), strict=False)
        defaults_by_name = [*defaults, *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)]
        for parameter, default in defaults_by_name:
            if parameter.arg == name:
                return default
        if any(each.arg == name for each in listed):
            return None
    bound = [
        each.value
        for each in (*tree.module.body, *tree.own_nodes(function))
        if isinstance(each, ast.Assign | ast.AnnAssign)
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
        if dotted(target) == name
    ]
    return bound[0] if len(bound) == 1 else None


def rests(tree: Tree, function: Function) -> bool:
    """Whether a function sleeps for a time that is longer than a caller may want to wait, or that a setting decides."""
    whole = 0.0
    for call, time in _sleeps(tree, function):
        known = seconds(tree, function, time)
        if known is None and (_is_setting(time) or _longest(tree, function, time) >= SOON):
            return True
        whole += (known or 0) * _rounds(tree, function, call)
    return whole >= SOON


def sleeps_as_told(tree: Tree, function: Function) -> bool:
    """Whether a parameter of a function decides for how long it sleeps."""
    arguments = function.args
    listed = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    return any(
        isinstance(each, ast.Name) and each.id in listed
        for _, time in _sleeps(tree, function)
        for each in ast.walk(time)
    )


def _sleeps(tree: Tree, function: Function) -> Iterator[tuple[ast.Call, ast.expr]]:
    """The calls by which a function sleeps, each with its time."""
    for call in tree.own_nodes(function):
        if isinstance(call, ast.Call) and tree.full_name(call.func) in SLEEPS:
            for time in _given(call)[:1]:
                yield call, time


def is_given_long(finding: Finding, project: Project, callee: str) -> bool:
    """Whether a function that is run is given a number that would be a long time."""
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    function = tree.function(node) if node is not None else None
    last = callee.partition("#")[0].rpartition(".")[2]
    for scope in (function, tree.module) if function is not None else (tree.module,):
        calls = [each for each in ast.walk(scope) if isinstance(each, ast.Call)]
        handed = [call for call in calls if any(_is_called(tree, each, last) for each in (call.func, *_given(call)))]
        if handed:
            return any(_longest(tree, scope, each) >= SOON for call in handed for each in _given(call))
    return False


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _is_called(tree: Tree, node: ast.expr, last: str) -> bool:
    return tree.full_name(node).rpartition(".")[2] == last or (isinstance(node, ast.Attribute) and node.attr == last)


def _longest(tree: Tree, function: ast.AST, node: ast.expr) -> float:
    """The greatest number that stands in an expression, as a whole or as a part of what is no number."""
    greatest = 0.0
    pending: list[ast.AST] = [node]
    while pending:
        each = pending.pop()
        known = seconds(tree, function, each) if isinstance(each, ast.expr) else None
        if known is not None:
            greatest = max(greatest, known)
        elif isinstance(each, ast.BinOp) and isinstance(each.op, ast.Div):
            pending.append(each.left)
        else:
            pending += ast.iter_child_nodes(each)
    return greatest


def _is_setting(time: ast.expr) -> bool:
    called = {each.func for each in ast.walk(time) if isinstance(each, ast.Call)}
    return any(isinstance(each, ast.Attribute | ast.Subscript) and each not in called for each in ast.walk(time))


def _rounds(tree: Tree, function: Function, call: ast.Call) -> float:
    """How often a call is made, as far as the loops around it count to a constant."""
    times = 1.0
    for loop in tree.loops(tree.statement(call)):
        match loop:
            case ast.For(iter=ast.Call(func=ast.Name(id="range"), args=[last] | [_, last])):
                times *= seconds(tree, function, last) or 1
            case ast.While(test=ast.Compare(comparators=[last])):
                times *= max(seconds(tree, function, last) or 1, 1)
    return times
