"""A callback API is replaced by its blocking twin, and the callback becomes a plain call (LK302)."""

from __future__ import annotations

import ast

from leaklint.fix.plan import NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import dotted
from leaklint.ir.finding import Finding

_GIVES_RESULT = ("apply_async", "map_async", "starmap_async")


@fix("replace-callback")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        raise NoFix("the callback is not given to a method")
    if not finding.hint.row.startswith("multiprocessing.pool.") or node.func.attr not in _GIVES_RESULT:
        raise NoFix("no row names an awaitable or blocking twin")
    statement = tree.statement(node)
    if not isinstance(statement, ast.Expr) or statement.value is not node:
        raise NoFix("the result is used besides")
    callbacks = [each for each in node.keywords if each.arg == "callback"]
    errors = [each for each in node.keywords if each.arg == "error_callback"]
    if len(callbacks) != 1 or errors or not dotted(callbacks[0].value):
        raise NoFix("there is no single callback with a name")
    arguments = [tree.text_of(each) for each in node.args]
    arguments += [tree.text_of(each) for each in node.keywords if each is not callbacks[0]]
    call = f"{tree.text_of(node.func)}({', '.join(arguments)}).get()"
    return plan(finding, [Replace(tree.span(node), f"{dotted(callbacks[0].value)}({call})")], safe=False)
