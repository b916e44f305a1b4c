"""``await`` before a coroutine or task that is dropped (LK201, LK202)."""

from __future__ import annotations

import ast

from leaklint.fix.names import module
from leaklint.fix.plan import After, Before, Change, Enclose, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, dotted
from leaklint.fix.waits import alone, span_of
from leaklint.ir.finding import Finding

_UNNOTICED = ("statement", "unused", "overwritten")
_MAKERS = ("create_task", "ensure_future")


@fix("await")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call) or finding.hint.dropped == "iterated":
        raise NoFix("what is dropped is no call")
    if not isinstance(tree.function(node), ast.AsyncFunctionDef):
        raise NoFix("only a function that is async can await")
    statement = tree.statement(node)
    parent = tree.parents[node]
    task = finding.hint.work == "task"
    if isinstance(statement, ast.Expr) and statement.value is not node:
        return _gathered(tree, finding, statement, project)
    stands = parent is statement and isinstance(statement, ast.Expr)
    bound = parent is statement and isinstance(statement, ast.Assign | ast.AnnAssign)
    if task and isinstance(statement, ast.Expr) and stands:
        looped = _in_loop(tree, finding, statement, project)
        if looped:
            return plan(finding, looped, safe=project.ends(finding.hint.callee))
    if not (stands or bound):
        raise NoFix("it is part of an expression that may mean something else")
    if not task and not _gives_the_coroutine(tree, node, finding.hint.callee):
        raise NoFix("the coroutine is made by what it calls, and may not be what it gives")
    if bound and finding.hint.dropped not in _UNNOTICED and not task:
        raise NoFix("the coroutine is awaited on some paths already")
    return plan(
        finding, [Replace(finding.place.span, f"await {tree.text_of(node)}")], safe=project.ends(finding.hint.callee)
    )


def _gives_the_coroutine(tree: Tree, call: ast.Call, callee: str) -> bool:
    """Whether a call is that of the coroutine function, or of a function of this file that may give it back."""
    called = dotted(call.func).rpartition(".")[2]
    own = (each.name for each in ast.walk(tree.module) if isinstance(each, ast.FunctionDef))
    return called == callee.partition("(")[0].rpartition(".")[2] or called in own


def _gathered(tree: Tree, finding: Finding, statement: ast.Expr, project: Project) -> Plan:
    """A list or comprehension that is dropped becomes the arguments of ``gather``."""
    made = statement.value
    asyncio, imports = module(tree, "asyncio")
    text = tree.text_of(made)
    if isinstance(made, ast.ListComp | ast.SetComp):
        changed = f"await {asyncio}.gather(*{text})"
    elif isinstance(made, ast.List | ast.Tuple) and made.elts:
        changed = f"await {asyncio}.gather({text[1:-1].strip().rstrip(',')})"
    else:
        raise NoFix("it is part of an expression that may mean something else")
    return plan(finding, [Replace(tree.span(made), changed), *imports], safe=project.ends(finding.hint.callee))


def _in_loop(tree: Tree, finding: Finding, statement: ast.Expr, project: Project) -> list[Change]:
    """Tasks that a loop starts run at the same time, and are waited for behind the loop."""
    loops = tree.loops(statement)
    call = statement.value
    assert isinstance(call, ast.Call)
    if not loops or not dotted(call.func).endswith(_MAKERS):
        return []
    loop = loops[-1]
    leaves = any(isinstance(each, ast.Return) for each in ast.walk(loop))
    if leaves or loop.orelse or not isinstance(loop, ast.For) or not tree.stands_alone(loop):
        return []
    alone(tree, statement)
    asyncio, imports = module(tree, "asyncio")
    if project.target >= (3, 11):
        group = tree.fresh("group", "task_group")
        return [
            Enclose(span_of(tree, [loop]), f"async with {asyncio}.TaskGroup() as {group}:\n    ..."),
            Replace(tree.span(call.func), f"{group}.create_task"),
            *imports,
        ]
    tasks = tree.fresh("tasks", "started")
    return [
        Before(tree.span(loop), f"{tasks} = []"),
        Replace(finding.place.span, f"{tasks}.append({tree.text_of(call)})"),
        After(tree.span(loop), f"await {asyncio}.gather(*{tasks})"),
        *imports,
    ]
