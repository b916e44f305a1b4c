"""The mutable default of a ``ContextVar`` becomes ``None``, and what reads it takes a new empty object (LK402)."""

from __future__ import annotations

import ast

from leaklint.fix.annotations import optional
from leaklint.fix.fix_none_default import is_fresh
from leaklint.fix.occurrences import Occurrence, occurrences
from leaklint.fix.plan import Change, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.ir.finding import Finding

_READING = frozenset({"copy", "count", "get", "index", "isdisjoint", "issubset", "items", "keys", "union", "values"})
_READERS = frozenset(
    {"any", "all", "bool", "dict", "enumerate", "frozenset", "len", "list", "max", "min", "set", "sorted"}
)


@fix("none-context-default")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call):
        raise NoFix("the variable is not made by a call")
    default = next((each.value for each in node.keywords if each.arg == "default"), None)
    statement = tree.statement(node)
    target = None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and statement.value is node:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is node:
        target = statement.target
    if not isinstance(target, ast.Name) or default is None or statement not in tree.module.body:
        raise NoFix("the variable has no name of its module")
    if not is_fresh(tree, default):
        raise NoFix("the default is more than an empty object")
    changes: list[tuple[str, Change]] = [(finding.place.path, Replace(tree.span(default), "None"))]
    for annotation in (node.func, getattr(statement, "annotation", None)):
        if isinstance(annotation, ast.Subscript):
            changes += [(finding.place.path, each) for each in optional(tree, annotation.slice, project)]
    for each in occurrences(project, finding.place.path, target.id):
        changes += _rewritten(each, tree.text_of(default))
    return plan(finding, changes, safe=True)


def _rewritten(use: Occurrence, default: str) -> list[tuple[str, Change]]:
    """A read of the variable takes the new object where nothing is set."""
    tree, node = use.tree, use.node
    parent = tree.parents.get(node)
    if isinstance(node, ast.alias) or use.is_definition:
        return []
    if not isinstance(parent, ast.Attribute) or parent.attr not in ("get", "reset", "set"):
        raise NoFix(f"{use.path}:{getattr(node, 'lineno', 1)}: the variable is used for something else")
    if parent.attr != "get":
        return []
    call = tree.parents[parent]
    if not isinstance(call, ast.Call) or call.func is not parent:
        raise NoFix("get is not called")
    if call.args or call.keywords:
        return []
    around = tree.parents[call]
    if isinstance(around, ast.BoolOp) and isinstance(around.op, ast.Or):
        return []
    if _is_test(around, call):
        return []
    if not _only_reads(around, call, tree.parents.get(around)):
        raise NoFix("what the variable holds may be changed where it is read")
    fresh = f"{tree.text_of(call)} or {default}"
    whole = isinstance(around, ast.Call | ast.For | ast.comprehension)
    return [(use.path, Replace(tree.span(call), fresh if whole else f"({fresh})"))]


def _is_test(around: ast.AST, call: ast.expr) -> bool:
    """Whether all that is asked of an expression is whether it is true."""
    match around:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return test is call
        case ast.UnaryOp(op=ast.Not()):
            return True
    return False


def _only_reads(around: ast.AST, call: ast.expr, above: ast.AST | None) -> bool:
    """Whether an expression looks at a value only, so that nobody can tell an equal one from it."""
    match around:
        case ast.Attribute(attr=name):
            return name in _READING and isinstance(above, ast.Call)
        case ast.Call(func=ast.Name(id=name)):
            return name in _READERS and call in around.args
        case ast.Subscript(ctx=ast.Load()) | ast.Compare() | ast.BinOp() | ast.Starred():
            return True
        case ast.Dict(keys=keys, values=values):
            # only what is spread
            return call in values and keys[values.index(call)] is None
        case ast.For() | ast.comprehension():
            return around.iter is call
    return False
