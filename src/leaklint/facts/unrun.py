"""Generators and maps that nobody walks through: what stands in them never happens."""

from __future__ import annotations

import ast
from typing import Any, Final

from leaklint.facts.flow import Flow
from leaklint.facts.scopes import Kind, Scope
from leaklint.ir.cfg import Build, Operand

_LAZY: Final = frozenset({"filter", "map"})
"""Functions of Python that call what they are given when somebody walks through what they give."""
_TELLING: Final = frozenset({"bool", "id", "repr", "str", "type"})
"""Functions of Python that walk through nothing."""


def unrun(flow: Flow, node: ast.expr, name: str = "") -> Operand | None:
    """The generator that an expression makes and nobody walks through: it is thrown away, or its name is not read.

    What it goes through is evaluated when it is made; None for anything else.
    """
    kind = type(node)
    if kind is ast.GeneratorExp:
        needed = [node.generators[0].iter]  # type: ignore[attr-defined]
    elif kind is ast.Call and _is_lazy(flow, node):
        needed = [each.value if type(each) is ast.Starred else each for each in node.args]  # type: ignore[attr-defined]
    else:
        return None
    if name and _is_walked_through(flow, name):
        return None
    for each in needed:
        flow.value(each)
    target = flow.temporary()
    flow.emit(Build(flow.span(node), target, "generator", ()))
    return target


def _is_lazy(flow: Flow, node: Any) -> bool:
    if type(node.func) is not ast.Name or node.func.id not in _LAZY or node.keywords:
        return False
    scope: Scope | None = flow.scope
    while scope is not None:
        if node.func.id in scope.bound:
            return False
        scope = scope.parent
    return True


def _is_walked_through(flow: Flow, name: str) -> bool:
    """Whether somebody may walk through what a name is bound to: it is read, other than to be told of or compared."""
    if flow.scope.kind is not Kind.FUNCTION or flow.env.get(name) != name:
        return True
    if name not in flow.scope.read:
        return False
    told: set[int] = set()
    read: set[int] = set()
    for each in ast.walk(flow.scope.node):
        match each:
            case ast.Name(id=found, ctx=ast.Load()) if found == name:
                read.add(id(each))
            case ast.Compare() if all(isinstance(operator, ast.Is | ast.IsNot) for operator in each.ops):
                told.update(map(id, (each.left, *each.comparators)))
            case ast.Call(func=ast.Name(id=called)) if called in _TELLING:
                told.update(map(id, each.args))
    return not read <= told
