"""``await`` before a coroutine or task that is dropped (LK201, LK202)."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from leaklint.fix.forever import ends_soon, must_end
from leaklint.fix.locks import not_under_lock
from leaklint.fix.meanwhile import is_under_limit, rest_of, shares, waits
from leaklint.fix.names import attribute
from leaklint.fix.plan import After, Before, Change, Enclose, Instead, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.running import last_name
from leaklint.fix.tails import comes_in_rounds
from leaklint.fix.tree import Tree, dotted
from leaklint.fix.waits import alone, at_the_end, span_of
from leaklint.ir.finding import Finding

_UNNOTICED = ("statement", "unused", "overwritten")
_MAKERS = ("create_task", "ensure_future")
_OF_THREADS = "run_coroutine_threadsafe"
"""What gives a future of threads, which cannot be awaited as it is."""


@fix("await")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call) or finding.hint.dropped in ("iterated", "entered"):
        raise NoFix("what is dropped is no call")
    function = tree.function(node)
    if not isinstance(function, ast.AsyncFunctionDef):
        raise NoFix("only a function that is async can await")
    if finding.hint.work == "task" and tree.is_generator(function) and tree.manages(function):
        raise NoFix("it may be meant to run beside what the function yields to")
    if any(isinstance(each, ast.Lambda) for each in (*node.args, *(keyword.value for keyword in node.keywords))):
        raise NoFix("it is made by a function that is called later")
    must_end(finding, project, finding.hint.callee)
    statement = tree.statement(node)
    parent = tree.parents[node]
    task = finding.hint.work == "task"
    if isinstance(statement, ast.Expr) and statement.value is not node:
        return _gathered(tree, finding, node, project)
    stands = parent is statement and isinstance(statement, ast.Expr)
    bound = parent is statement and isinstance(statement, ast.Assign | ast.AnnAssign)
    if task and isinstance(statement, ast.Expr) and stands:
        looped = _in_loop(tree, finding, statement, project)
        if looped:
            _does_not_hold_up(finding, project, rest_of(tree, tree.loops(statement)[-1]))
            loops = tree.loops(statement)
            endless = any(isinstance(each, ast.AsyncFor) for each in loops)
            endless = endless or any(isinstance(each, ast.Yield) for each in ast.walk(loops[-1]))
            return plan(finding, looped, safe=ends_soon(finding, project, finding.hint.callee) and not endless)
    if not (stands or bound):
        raise NoFix("it is part of an expression that may mean something else")
    if not task and not _gives_the_coroutine(tree, node, finding.hint.callee):
        raise NoFix("the coroutine is made by what it calls, and may not be what it gives")
    never = finding.hint.settled == "never"
    if bound and not (never or task or finding.hint.dropped in _UNNOTICED):
        raise NoFix("the coroutine is awaited on some paths already")
    if bound and (task or not never or finding.hint.dropped == "overwritten") and _is_read(tree, node, statement):
        raise NoFix("what it is bound to is read as what it is now")
    # one after the other is not what was meant
    rounds = task and (bool(tree.loops(statement)) or comes_in_rounds(finding, project))
    safe = ends_soon(finding, project, finding.hint.callee) and not rounds and not finding.hint.several
    if task:
        return _task_awaited(finding, project, tree, node, safe=safe)
    return plan(finding, [Replace(finding.place.span, f"await {tree.text_of(node)}")], safe=safe)


def _task_awaited(finding: Finding, project: Project, tree: Tree, node: ast.Call, *, safe: bool) -> Plan:
    """A task is awaited at once where the rest of its function has nothing to do with it, else at the end."""
    statement, text = tree.statement(node), tree.text_of(node)
    rest = rest_of(tree, statement)
    _does_not_hold_up(finding, project, rest)
    safe = safe and not is_under_limit(finding, project, tree, node)
    imports: Sequence[Change] = ()
    if last_name(node) == _OF_THREADS:
        wrap, imports = attribute(tree, "asyncio", "wrap_future")
        text = f"{wrap}({text})"
    if not shares(finding, project, tree, node, rest):
        return plan(finding, [Replace(finding.place.span, f"await {text}"), *imports], safe=safe)
    if not isinstance(statement, ast.Expr) or tree.loops(statement):
        raise NoFix("what follows has to do with it, and may have to come first")
    task = tree.fresh("task", "started")
    end = at_the_end(tree, statement, f"await {task}", name=task)
    return plan(finding, [Instead(tree.span(statement), f"{task} = {text}"), end, *imports], safe=safe)


def _does_not_hold_up(finding: Finding, project: Project, rest: list[ast.stmt]) -> None:
    """Raises ``NoFix`` where something that may never end would be waited for before something else is."""
    if not project.ends(finding.hint.callee) and waits(rest):
        raise NoFix("it is not known whether it ends, and what follows waits for something else")
    not_under_lock(finding, project, finding.hint.callee)


def _is_read(tree: Tree, node: ast.Call, statement: ast.stmt) -> bool:
    """Whether a name is read that only such calls as this one are bound to, and so awaited perhaps."""
    function = tree.function(node)
    assert function is not None
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = {each.id for target in targets if target for each in ast.walk(target) if isinstance(each, ast.Name)}
    for name in names:
        uses = tree.uses(function, name)
        others = [tree.parents[each] for each in uses if isinstance(each.ctx, ast.Store)]
        plain = any(
            isinstance(each, ast.Assign) and isinstance(each.value, ast.Await | ast.Constant) for each in others
        )
        loops = tree.loops(statement)
        last = statement.end_lineno or statement.lineno
        for each in uses:
            later = each.lineno > last or any(loop in tree.above(each) for loop in loops)
            if not plain and later and isinstance(each.ctx, ast.Load):
                return True
    return False


def _gives_the_coroutine(tree: Tree, call: ast.Call, callee: str) -> bool:
    """Whether a call is that of the coroutine function, or of a function of this file that may give it back."""
    called = dotted(call.func).rpartition(".")[2]
    own = (each.name for each in ast.walk(tree.module) if isinstance(each, ast.FunctionDef))
    return called == callee.partition("(")[0].rpartition(".")[2] or called in own


def _gathered(tree: Tree, finding: Finding, node: ast.Call, project: Project) -> Plan:
    """A list or comprehension that is dropped becomes the arguments of ``gather``."""
    statement = tree.statement(node)
    assert isinstance(statement, ast.Expr)
    made = statement.value
    gather, imports = attribute(tree, "asyncio", "gather")
    if isinstance(made, ast.ListComp | ast.SetComp) and made.elt is node:
        changed = f"await {gather}(*{tree.text_of(made)})"
    elif isinstance(made, ast.List | ast.Tuple) and all(_is_coroutine(tree, each, finding) for each in made.elts):
        changed = f"await {gather}{_as_arguments(tree, made)}"
    else:
        raise NoFix("it is part of an expression that may mean something else")
    alone(tree, statement)
    # a tuple in brackets is one expression here, and the brackets are no part of it for LibCST
    return plan(
        finding,
        [Instead(tree.span(statement), changed), *imports],
        safe=ends_soon(finding, project, finding.hint.callee),
    )


def _is_coroutine(tree: Tree, node: ast.expr, finding: Finding) -> bool:
    """Whether an expression calls the function of the finding, or another one of this file that is async."""
    if not isinstance(node, ast.Call):
        return False
    called = dotted(node.func).rpartition(".")[2]
    named = [each for each in tree.nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    own = [each for each in named if each.name == called]
    wanted = called == finding.hint.callee.partition("(")[0].rpartition(".")[2]
    return bool(called) and (wanted or (bool(own) and all(isinstance(each, ast.AsyncFunctionDef) for each in own)))


def _as_arguments(tree: Tree, made: ast.List | ast.Tuple) -> str:
    """What stands in a list or tuple as arguments, over as many lines as it has."""
    text = tree.text_of(made)
    whole = f"({text[1:-1]})"
    if made.lineno != made.end_lineno:
        match ast.parse(f"f{whole}" if text[0] in "[(" else "f()", mode="eval").body:
            case ast.Call(args=arguments, keywords=[]) if len(arguments) == len(made.elts):
                return whole
    return f"({', '.join(tree.text_of(each) for each in made.elts)})"


def _in_loop(tree: Tree, finding: Finding, statement: ast.Expr, project: Project) -> list[Change]:
    """Tasks that a loop starts run at the same time, and are waited for behind the loop."""
    loops = tree.loops(statement)
    call = statement.value
    assert isinstance(call, ast.Call)
    if not loops or not dotted(call.func).endswith(_MAKERS):
        return []
    loop = loops[-1]
    leaves = any(isinstance(each, ast.Return) for each in ast.walk(loop))
    endless = isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant)
    if leaves or loop.orelse or endless or not tree.stands_alone(loop):
        return []
    alone(tree, statement)
    # a group knows no loop, and none of its tasks may outlive a generator that is left
    plain = all(each.arg in ("name", "context") for each in call.keywords)
    if project.target >= (3, 11) and plain and not any(isinstance(each, ast.Yield) for each in ast.walk(loop)):
        task_group, imports = attribute(tree, "asyncio", "TaskGroup")
        group = tree.fresh("group", "task_group")
        return [
            Enclose(span_of(tree, [loop]), f"async with {task_group}() as {group}:\n    ..."),
            Replace(tree.span(call.func), f"{group}.create_task"),
            *imports,
        ]
    gather, imports = attribute(tree, "asyncio", "gather")
    tasks = tree.fresh("tasks", "started")
    return [
        Before(tree.span(loop), f"{tasks} = []"),
        Replace(finding.place.span, f"{tasks}.append({tree.text_of(call)})"),
        After(tree.span(loop), f"await {gather}(*{tasks})"),
        *imports,
    ]
