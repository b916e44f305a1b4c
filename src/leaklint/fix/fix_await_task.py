"""A task that is kept is awaited before its function ends (LK203)."""

from __future__ import annotations

import ast
import dataclasses

from leaklint.fix.emptied import not_emptied
from leaklint.fix.forever import ends_soon, must_end
from leaklint.fix.locks import not_under_lock
from leaklint.fix.names import attribute
from leaklint.fix.plan import After, Before, Change, Enclose, Instead, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tails import comes_in_rounds
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import alone, at_the_end, awaiting, kept_here, once, waited_for
from leaklint.ir.finding import Finding


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
    if finding.hint.regime == "open" or _may_be_cancelled(function):
        # one that fails must not leave its siblings running on a loop that goes on
        changes = [_patient(each) for each in changes]
    # an object that keeps its tasks may mean to wait for them later
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Attribute()))):
            kept = True
        case _:
            kept = False
    safe = finding.hint.settled != "uncertain" and ends_soon(finding, project, finding.hint.callee) and not kept
    return plan(finding, once(tree, changes), safe=safe and not comes_in_rounds(finding, project))


def _patient(change: Change) -> Change:
    text = getattr(change, "text", "")
    if "gather(" not in text or not isinstance(change, After | Before | Enclose):
        return change
    head, _, rest = text.partition("gather(")
    arguments, _, tail = rest.partition("\n")
    more = arguments.removesuffix(")") + ", return_exceptions=True)"
    return dataclasses.replace(change, text=f"{head}gather({more}" + (f"\n{tail}" if tail else ""))


def _bound(tree: Tree, node: ast.Call, statement: ast.stmt, function: Function) -> list[Change]:
    """For a task that a name or an attribute is bound to."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is not node:
        return []
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    name = dotted(target)
    if not name or (isinstance(statement, ast.Assign) and len(statement.targets) != 1):
        return []
    kept_here(tree, function, name)
    gather, imports = attribute(tree, "asyncio", "gather") if tree.loops(statement) else ("", [])
    wait = awaiting(gather)
    if _may_be_cancelled(function, name) or _is_looked_after(tree, function, name):
        # what a task raises that is cancelled, or whose end somebody looks at, is not for this function
        waiting, more = attribute(tree, "asyncio", "wait")
        wait, imports = dataclasses.replace(wait, one=f"await {waiting}([{{}}])"), [*imports, *more]
    changes = waited_for(tree, statement, name, wait)
    uses = any(each in getattr(change, "text", "") for change in changes for each in ("gather(", "wait("))
    return [*changes, *(imports if uses else ())]


def _may_be_cancelled(function: Function, name: str = "") -> bool:
    """Whether a function cancels a task, by its name, or any."""
    called = [each.func for each in ast.walk(function) if isinstance(each, ast.Call)]
    cancels = [each for each in called if isinstance(each, ast.Attribute) and each.attr == "cancel"]
    return any(not name or dotted(each.value) == name for each in cancels)


def _is_looked_after(tree: Tree, function: Function, name: str) -> bool:
    """Whether a task has a callback that asks how it has ended."""
    given = [
        each.args[0]
        for each in ast.walk(function)
        if isinstance(each, ast.Call) and dotted(each.func) == f"{name}.add_done_callback" and each.args
    ]
    # ``partial(report, name)`` calls what it is given
    names = {node.id for each in given for node in ast.walk(each) if isinstance(node, ast.Name)}
    called = [each for each in tree.nodes if isinstance(each, ast.FunctionDef) and each.name in names]
    asked = (node for each in (*given, *called) for node in ast.walk(each) if isinstance(node, ast.Attribute))
    return any(node.attr in ("exception", "result") for node in asked)


def _collected(tree: Tree, node: ast.Call, statement: ast.stmt, function: ast.AsyncFunctionDef) -> list[Change]:
    """For tasks that are put into a container."""
    parent = tree.parents[node]
    gather, imports = attribute(tree, "asyncio", "gather")
    if isinstance(statement, ast.Assign) and statement.value is parent and len(statement.targets) == 1:
        name = dotted(statement.targets[0])
        if isinstance(parent, ast.ListComp | ast.SetComp) and name:
            return [at_the_end(tree, statement, f"await {gather}(*{name})", name=name), *imports]
        if isinstance(parent, ast.DictComp) and parent.value is node and name:
            return [at_the_end(tree, statement, f"await {gather}(*{name}.values())", name=name), *imports]
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
                After(tree.span(loops[-1]), f"await {gather}(*{kept})"),
                *imports,
            ]
        task = tree.fresh("task", "started")
        text = f"{task} = {tree.text_of(node)}\n{container}.{method}({task})\nawait {task}"
        return [Instead(tree.span(statement), text)]
    loops = tree.loops(statement)
    outer = loops[-1] if loops else statement
    return [at_the_end(tree, outer, f"await {gather}(*{container})", name=container), *imports]
