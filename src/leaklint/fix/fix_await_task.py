"""A task that is kept is awaited before its function ends (LK203)."""

from __future__ import annotations

import ast

from leaklint.fix.emptied import not_emptied
from leaklint.fix.forever import ends_soon, must_end
from leaklint.fix.locks import not_under_lock
from leaklint.fix.names import attribute
from leaklint.fix.plan import After, Before, Change, Instead, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tails import comes_in_rounds
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import Wait, alone, at_the_end, kept_here, once, waited_for
from leaklint.ir.finding import Finding

_QUIETLY = "return_exceptions=True"
"""What ``gather`` is told: nobody has asked for what its tasks raise, and none that fails leaves the others behind."""


@fix("await-task")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call):
        raise NoFix("what makes the task is no call")
    if finding.hint.dropped == "lost":
        raise NoFix("its name stands for something else on some path")
    function = tree.function(node)
    if not isinstance(function, ast.AsyncFunctionDef):
        raise NoFix("only a function that is async can await")
    statement = tree.statement(node)
    not_emptied(tree, finding.hint, statement)
    must_end(finding, project, finding.hint.callee)
    not_under_lock(finding, project, finding.hint.callee)
    if finding.hint.settled == "some_paths" and not project.ends(finding.hint.callee):
        raise NoFix("it may wait for what only the path does that awaits it")
    changes = _bound(tree, node, statement, function) or _collected(tree, node, statement, function)
    if not changes:
        raise NoFix("the task goes where this function cannot wait for it")
    # an object that keeps its tasks may mean to wait for them later
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Attribute()))):
            kept = True
        case _:
            kept = False
    safe = finding.hint.settled != "uncertain" and ends_soon(finding, project, finding.hint.callee) and not kept
    return plan(finding, once(tree, changes), safe=safe and not comes_in_rounds(finding, project))


def _bound(tree: Tree, node: ast.Call, statement: ast.stmt, function: Function) -> list[Change]:
    """For a task that a name or an attribute is bound to."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is not node:
        return []
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    name = dotted(target)
    if not name or (isinstance(statement, ast.Assign) and len(statement.targets) != 1):
        return []
    kept_here(tree, function, name)
    # what a task raises that this path does not await is not for this function, nor for whoever calls it
    one, for_one = attribute(tree, "asyncio", "wait")
    many, for_many = attribute(tree, "asyncio", "gather") if tree.loops(statement) else ("", [])
    wait = Wait(f"await {one}([{{}}])", f"await {many}(*{{0}}, {_QUIETLY})", ("tasks", "started"))
    changes = waited_for(tree, statement, name, wait)
    text = "\n".join(getattr(each, "text", "") for each in changes)
    return [*changes, *(for_one if f"{one}(" in text else ()), *(for_many if f"{many}(" in text else ())]


def _collected(tree: Tree, node: ast.Call, statement: ast.stmt, function: ast.AsyncFunctionDef) -> list[Change]:
    """For tasks that are put into a container."""
    parent = tree.parents[node]
    gather, imports = attribute(tree, "asyncio", "gather")
    if isinstance(statement, ast.Assign) and statement.value is parent and len(statement.targets) == 1:
        name = dotted(statement.targets[0])
        if isinstance(parent, ast.ListComp | ast.SetComp) and name:
            return [at_the_end(tree, statement, f"await {gather}(*{name}, {_QUIETLY})", name=name), *imports]
        if isinstance(parent, ast.DictComp) and parent.value is node and name:
            return [at_the_end(tree, statement, f"await {gather}(*{name}.values(), {_QUIETLY})", name=name), *imports]
    if not isinstance(statement, ast.Expr) or statement.value is not parent or not isinstance(parent, ast.Call):
        return []
    if not isinstance(parent.func, ast.Attribute) or parent.func.attr not in ("add", "append"):
        return []
    container, method = dotted(parent.func.value), parent.func.attr
    if not container:
        return []
    own = [each for each in tree.uses(function, container) if isinstance(each.ctx, ast.Store)]
    if not own:
        alone(tree, statement)
        loops = [each for each in tree.loops(statement) if not each.orelse]
        if loops and not any(isinstance(each, ast.Return) for each in ast.walk(loops[-1])):
            alone(tree, loops[-1])
            kept = tree.fresh("tasks", "started")
            return [
                Before(tree.span(loops[-1]), f"{kept} = []"),
                Instead(
                    tree.span(statement),
                    f"{kept}.append({tree.text_of(node)})\n{container}.{method}({kept}[-1])",
                ),
                After(tree.span(loops[-1]), f"await {gather}(*{kept}, {_QUIETLY})"),
                *imports,
            ]
        task = tree.fresh("task", "started")
        wait, imports = attribute(tree, "asyncio", "wait")
        text = f"{task} = {tree.text_of(node)}\n{container}.{method}({task})\nawait {wait}([{task}])"
        return [Instead(tree.span(statement), text), *imports]
    loops = tree.loops(statement)
    outer = loops[-1] if loops else statement
    return [at_the_end(tree, outer, f"await {gather}(*{container}, {_QUIETLY})", name=container), *imports]
