"""Calls after whose return nothing of the invocation happens any more."""

from __future__ import annotations

import ast

from leaklint.fix.project import Project
from leaklint.fix.tree import Tree
from leaklint.ir.finding import Finding, StepKind


def ends_the_invocation(finding: Finding, project: Project) -> bool:
    """Whether the invocation is over when the function that holds the finding returns."""
    for step in finding.trace:
        if step.kind is StepKind.CALL:
            tree = project.tree(step.place.path)
            node = tree.at(step.place.span)
            if node is None or not _is_tail(tree, node):
                return False
    return True


def in_handler(finding: Finding) -> bool:
    """Whether the finding stands in the handler itself."""
    return all(step.kind is not StepKind.CALL for step in finding.trace)


def comes_in_rounds(finding: Finding, project: Project) -> bool:
    """Whether a call on the way to the finding stands in a loop, so that waiting there would end what runs at once."""
    for step in finding.trace:
        if step.kind is StepKind.CALL:
            tree = project.tree(step.place.path)
            node = tree.at(step.place.span)
            if node is not None and (tree.loops(tree.statement(node)) or tree.in_comprehension(node)):
                return True
    return False


def _is_tail(tree: Tree, node: ast.expr) -> bool:
    """Whether a call is the last thing that its function does: ``return call``, ``return asyncio.run(call)``."""
    statement = tree.statement(node)
    if tree.loops(statement) or any(isinstance(each, ast.Try | ast.With) for each in tree.above(statement)):
        return False
    if not isinstance(statement, ast.Return):
        function = tree.function(statement)
        if not isinstance(statement, ast.Expr) or function is None or function.body[-1] is not statement:
            return False
    inner: ast.AST | None = statement.value
    while inner is not None and inner is not node:
        if isinstance(inner, ast.Await):
            inner = inner.value
        elif isinstance(inner, ast.Call) and len(inner.args) == 1 and not inner.keywords:
            inner = inner.args[0]
        else:
            return False
    return inner is node
