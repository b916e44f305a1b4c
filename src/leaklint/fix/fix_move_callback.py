"""A task or future with a done-callback is waited for (LK301); the callback becomes a plain call behind the wait."""

from __future__ import annotations

import ast

from leaklint.fix.plan import Change, Instead, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, dotted
from leaklint.fix.waits import alone, at_the_end, commented, comments_beside
from leaklint.ir.finding import Finding


@fix("move-callback")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    return plan(finding, moved(tree, node, asynchronous=finding.hint.row.startswith("asyncio.")), safe=False)


def moved(tree: Tree, node: ast.AST | None, *, asynchronous: bool) -> list[Change]:
    """The changes by which the call that attaches a callback becomes a wait, and the callback a call behind it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
        raise NoFix("the callback is not attached by a call with one argument")
    if node.func.attr != "add_done_callback" or node.keywords:
        raise NoFix("the callback is not attached by add_done_callback(callback)")
    function, statement, name = tree.function(node), tree.statement(node), dotted(node.func.value)
    if function is None or not name or not isinstance(statement, ast.Expr) or statement.value is not node:
        raise NoFix("the callback is not attached in a statement of a function")
    if isinstance(function, ast.AsyncFunctionDef) is not asynchronous:
        raise NoFix("this function cannot wait for it")
    callback = node.args[0]
    if not dotted(callback):
        raise NoFix("the callback has no name")
    alone(tree, statement)
    wait = f"await {name}" if asynchronous else f"{name}.result()"
    # The wait does not raise here what the callback may want to look at.
    behind = f"try:\n    {wait}\nfinally:\n    {dotted(callback)}({name})"
    rest = tree.after(statement)
    if not rest or isinstance(rest[0], ast.Return):
        return [Instead(tree.span(statement), behind)]
    above, aside = comments_beside(tree, statement)
    return [
        Instead(tree.span(statement), ""),
        *above,
        *([aside] if aside is not None else []),
        at_the_end(tree, statement, commented(tree, behind, above, aside), name=name),
    ]
