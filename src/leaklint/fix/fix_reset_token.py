"""What is set in a ``ContextVar`` is reset in a ``finally``, or by ``with`` where Python knows that (LK401)."""

from __future__ import annotations

import ast

from leaklint.fix.plan import Change, Enclose, Instead, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tails import ends_the_invocation
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import (
    alone,
    blocks_around,
    commented,
    comments_beside,
    goes_on_behind,
    guarded,
    harmless,
    span_of,
    whole_lines,
)
from leaklint.ir.finding import Finding

_WITH = (3, 14)
"""The first Python whose tokens are context managers."""


@fix("reset-token")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "set":
        raise NoFix("the variable is not set by a call of set()")
    variable = dotted(node.func.value)
    function, statement = tree.function(node), tree.statement(node)
    if not variable or function is None or tree.loops(statement):
        raise NoFix("it is not set in a plain statement of a function")
    if not tree.manages(function) and not ends_the_invocation(finding, project):
        raise NoFix("code that runs after this function may read the variable")
    token = _token(statement, node)
    if sum(isinstance(each.ctx, ast.Store) for each in tree.uses(function, token)) > 1:
        raise NoFix("the name of the token stands for another one, too")
    resets = _resets(tree, function, variable, token)
    blocks = blocks_around(tree, statement)
    if goes_on_behind(tree, blocks):
        raise NoFix("what follows the block may read the variable")
    rest = [each for each in tree.after(statement) if each not in resets]
    if not rest:
        raise NoFix("nothing follows for which the variable is set")
    alone(tree, statement, *resets)
    whole_lines(tree, rest)
    # what handlers of an exception write down may tell what is set
    safe = not any(isinstance(each, ast.Try) for each in blocks)
    if isinstance(statement, ast.Expr) and not resets and project.target >= _WITH:
        with_text = f"with {tree.text_of(node)}:\n    ..."
        enclose = Enclose(span_of(tree, [statement, *rest]), with_text, head=tree.span(statement))
        return plan(finding, [enclose], safe=safe)
    changes: list[Change] = [Instead(tree.span(each), "") for each in resets]
    if not token:
        token = tree.fresh("token", f"{variable.rpartition('.')[2].strip('_').lower()}_token")
        changes.append(Instead(tree.span(statement), f"{token} = {tree.text_of(node)}"))
    closing = f"{variable}.reset({token})"
    if len(resets) == 1:
        above, behind = comments_beside(tree, resets[0])
        closing = commented(tree, closing, above, behind)
        changes += [*above, *([behind] if behind is not None else [])]
    return plan(finding, [*changes, guarded(tree, rest, closing)], safe=safe)


def _token(statement: ast.stmt, node: ast.Call) -> str:
    """The name of the token, or nothing where it is dropped."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            return name
        case ast.Expr(value=value) if value is node:
            return ""
    raise NoFix("the token is kept elsewhere")


def _resets(tree: Tree, function: Function, variable: str, token: str) -> list[ast.stmt]:
    """The statements that reset the variable on some path, not to a token of another set; one can be used only once."""
    found: list[ast.stmt] = []
    calls = [each for each in tree.own_nodes(function) if isinstance(each, ast.Call)]
    sets = [tree.parents[each] for each in calls if dotted(each.func) == f"{variable}.set"]
    others = {dotted(each.targets[0]) for each in sets if isinstance(each, ast.Assign)} - {token}
    for each in calls:
        if dotted(each.func) == f"{variable}.reset" and not any(dotted(given) in others for given in each.args):
            statement = tree.statement(each)
            behind = [other for other in tree.after(statement) if not harmless(other)]
            if not isinstance(statement, ast.Expr) or any(not isinstance(other, ast.Return) for other in behind):
                raise NoFix("the variable is reset in the middle of what follows")
            found.append(statement)
    return found
