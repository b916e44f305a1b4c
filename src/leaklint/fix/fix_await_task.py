"""A task that is kept is awaited before its function ends (LK203)."""

from __future__ import annotations

import ast
import dataclasses

from leaklint.fix.names import module
from leaklint.fix.plan import After, Before, Change, Enclose, Instead, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, dotted
from leaklint.fix.waits import AWAIT, alone, at_the_end, waited_for
from leaklint.ir.finding import Finding


@fix("await-task")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call):
        raise NoFix("what makes the task is no call")
    function = tree.function(node)
    if not isinstance(function, ast.AsyncFunctionDef):
        raise NoFix("only a function that is async can await")
    statement = tree.statement(node)
    changes = _bound(tree, node, statement) or _collected(tree, node, statement, function)
    if not changes:
        raise NoFix("the task goes where this function cannot wait for it")
    if finding.hint.regime == "open":
        # one that fails must not leave its siblings running on a loop that goes on
        changes = [_patient(each) for each in changes]
    return plan(finding, changes, safe=finding.hint.settled != "uncertain" and project.ends(finding.hint.callee))


def _patient(change: Change) -> Change:
    text = getattr(change, "text", "")
    if ".gather(" not in text or not isinstance(change, After | Before | Enclose):
        return change
    head, _, rest = text.partition(".gather(")
    arguments, _, tail = rest.partition("\n")
    more = arguments.removesuffix(")") + ", return_exceptions=True)"
    return dataclasses.replace(change, text=f"{head}.gather({more}" + (f"\n{tail}" if tail else ""))


def _bound(tree: Tree, node: ast.Call, statement: ast.stmt) -> list[Change]:
    """For a task that a name or an attribute is bound to."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is not node:
        return []
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    name = dotted(target)
    if not name or (isinstance(statement, ast.Assign) and len(statement.targets) != 1):
        return []
    changes = waited_for(tree, statement, name, AWAIT)
    return [*changes, *_gather_import(tree, changes)]


def _collected(tree: Tree, node: ast.Call, statement: ast.stmt, function: ast.AsyncFunctionDef) -> list[Change]:
    """For tasks that are put into a container."""
    parent = tree.parents[node]
    asyncio, imports = module(tree, "asyncio")
    if isinstance(statement, ast.Assign) and statement.value is parent and len(statement.targets) == 1:
        name = dotted(statement.targets[0])
        if isinstance(parent, ast.ListComp | ast.SetComp) and name:
            return [at_the_end(tree, statement, f"await {asyncio}.gather(*{name})", name=name), *imports]
        if isinstance(parent, ast.DictComp) and parent.value is node and name:
            return [at_the_end(tree, statement, f"await {asyncio}.gather(*{name}.values())", name=name), *imports]
    if not isinstance(statement, ast.Expr) or statement.value is not parent or not isinstance(parent, ast.Call):
        return []
    container = parent.func.value if isinstance(parent.func, ast.Attribute) else None
    if not isinstance(container, ast.Name) or parent.func.attr not in ("add", "append"):  # type: ignore[attr-defined]
        return []
    own = [each for each in tree.uses(function, container.id) if isinstance(each.ctx, ast.Store)]
    if not own:
        alone(tree, statement)
        task = tree.fresh("task", "started")
        text = f"{task} = {tree.text_of(node)}\n{container.id}.{parent.func.attr}({task})\nawait {task}"  # type: ignore[attr-defined]
        return [Instead(tree.span(statement), text)]
    loops = tree.loops(statement)
    outer = loops[-1] if loops else statement
    return [at_the_end(tree, outer, f"await {asyncio}.gather(*{container.id})", name=container.id), *imports]


def _gather_import(tree: Tree, changes: list[Change]) -> list[Change]:
    """The import that the text of the changes takes."""
    if any("asyncio.gather" in getattr(each, "text", "") for each in changes):
        name, imports = module(tree, "asyncio")
        if name != "asyncio":
            raise NoFix("asyncio is imported under another name")
        return list(imports)
    return []
