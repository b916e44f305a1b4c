"""A callback API is replaced by its blocking twin, and the callback becomes a plain call (LK302)."""

from __future__ import annotations

import ast

from leaklint.fix.plan import NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, dotted
from leaklint.ir.finding import Finding


@fix("replace-callback")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        raise NoFix("the callback is not given to a method")
    owner, _, waits = finding.hint.cure.partition(".")
    if not waits:
        raise NoFix("no row names an awaitable or blocking twin")
    statement = tree.statement(node)
    if not isinstance(statement, ast.Expr) or statement.value is not node:
        raise NoFix("the result is used besides")
    text = _of_result(tree, node, waits) if owner == "result" else _of_receiver(tree, node, waits)
    return plan(finding, [Replace(tree.span(node), text)], safe=False)


def _of_result(tree: Tree, node: ast.Call, waits: str) -> str:
    """What the call gives is waited for, and handed to the callback."""
    callbacks = [each for each in node.keywords if each.arg == "callback"]
    errors = [each for each in node.keywords if each.arg == "error_callback"]
    if len(callbacks) != 1 or errors or not dotted(callbacks[0].value):
        raise NoFix("there is no single callback with a name")
    arguments = [tree.text_of(each) for each in node.args]
    arguments += [tree.text_of(each) for each in node.keywords if each is not callbacks[0]]
    return f"{dotted(callbacks[0].value)}({tree.text_of(node.func)}({', '.join(arguments)}).{waits})"


def _of_receiver(tree: Tree, node: ast.Call, waits: str) -> str:
    """What the callback is attached to is waited for; further arguments follow the result."""
    if not node.args or not dotted(node.args[0]) or not isinstance(node.func, ast.Attribute):
        raise NoFix("there is no single callback with a name")
    arguments = [f"{tree.text_of(node.func.value)}.{waits}"]
    arguments += [tree.text_of(each) for each in (*node.args[1:], *node.keywords)]
    return f"{dotted(node.args[0])}({', '.join(arguments)})"
