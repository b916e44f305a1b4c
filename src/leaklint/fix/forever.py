"""Work that never ends by itself: waiting for it would hang the invocation, so that no fix waits for it."""

from __future__ import annotations

import ast

from leaklint.fix.locks import waits_under_lock
from leaklint.fix.plan import NoFix
from leaklint.fix.project import Project
from leaklint.fix.running import last_name, may_run, near
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.ir.finding import Finding

_ASKS = ("is_set", "wait")
_STOPS = ("cancel", "set", "stop")
_SHUTS = ("shutdown", "stop", "stop_consuming")
_SLEEPS = ("anyio.sleep", "asyncio.sleep", "time.sleep", "trio.sleep")
_WITHOUT_END = ("iter", "itertools.count", "itertools.cycle")
"""What a loop goes through without an end, or, as ``iter(queue.get, None)``, until others put the end there."""
_SHORT = 30
"""Seconds."""
_DEEPEST = 3
"""Calls from the function that begins to the one that goes on."""


def must_end(finding: Finding, project: Project, callee: str) -> None:
    """Raises ``NoFix`` where all functions that ``callee`` may mean have a loop without a way out."""
    if callee and _is_endless(project, finding.place.path, callee):
        last = callee.partition("#")[0].rpartition(".")[2]
        raise NoFix(f"{last} never ends, so that nothing can wait for it")


def ends_soon(finding: Finding, project: Project, callee: str) -> bool:
    """Whether what runs is known to end by itself, also where it is waited for, and that soon."""
    if not project.ends(callee) or waits_under_lock(finding, project, callee):
        return False
    if callee in _SLEEPS:
        return not _sleeps_long(finding, project, callee)
    runs = may_run(project, finding.place.path, callee)
    return not any(
        _rests(tree, function) or _awaits_others(tree, function) or _goes_round(tree, function)
        for _, tree, function in runs
    )


def _sleeps_long(finding: Finding, project: Project, callee: str) -> bool:
    """Whether a function that has nothing but a sleep run is given a long time for it."""
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    function = tree.function(node) if node is not None else None
    handed = [
        call
        for call in ast.walk(function if function is not None else tree.module)
        if isinstance(call, ast.Call) and any(tree.full_name(each) == callee for each in (call.func, *_given(call)))
    ]
    times = [each.value for call in handed for each in ast.walk(call) if isinstance(each, ast.Constant)]
    return any(isinstance(each, int | float) and each > _SHORT for each in times)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _rests(tree: Tree, function: Function) -> bool:
    """Whether a function sleeps for a time that is longer than a caller may want to wait, or that a setting decides."""
    calls = [each for each in tree.own_nodes(function) if isinstance(each, ast.Call)]
    return any(tree.full_name(each.func) in _SLEEPS and _is_long(tree, function, each) for each in calls)


def _awaits_others(tree: Tree, function: Function) -> bool:
    """Whether a function waits for what it has not made itself: a future, perhaps, that nobody ever sets."""
    own = tree.names_of(function)[1]
    for each in tree.own_nodes(function):
        match each:
            case ast.Await(value=ast.Attribute() | ast.Name() as awaited):
                pass
            case ast.Call(func=ast.Attribute(value=awaited, attr="join" | "result"), args=[], keywords=[]):
                pass
            case _:
                continue
        if isinstance(awaited, ast.Attribute) or (isinstance(awaited, ast.Name) and awaited.id not in own):
            return True
    return False


def _goes_round(tree: Tree, function: Function) -> bool:
    """Whether only others end a loop of a function: it counts for ever, or asks for what it never changes."""
    for loop in tree.own_nodes(function):
        match loop:
            case ast.For(iter=ast.Call(func=called, args=given)) if tree.full_name(called) in _WITHOUT_END:
                endless = dotted(called) != "iter" or len(given) == 2
            case ast.While(test=ast.Compare() as test) if not any(
                isinstance(each, ast.Call) for each in ast.walk(test)
            ):
                asked = {each.id for each in ast.walk(test) if isinstance(each, ast.Name)}
                inside = (each for statement in loop.body for each in ast.walk(statement))
                endless = not any(isinstance(each, ast.Name) and each.id in asked for each in inside)
            case _:
                continue
        if endless and not _leaves(loop):
            return True
    return False


def _is_long(tree: Tree, function: Function, call: ast.Call) -> bool:
    """Whether a call of ``sleep`` is given a long time, or one that a setting decides."""
    time = call.args[0] if call.args else next((each.value for each in call.keywords), None)
    if isinstance(time, ast.Name):
        name = time.id
        bound = [
            each.value
            for each in (*tree.module.body, *tree.own_nodes(function))
            if isinstance(each, ast.Assign) and any(dotted(target) == name for target in each.targets)
        ]
        time = bound[0] if len(bound) == 1 else time
    if isinstance(time, ast.Constant):
        return isinstance(time.value, int | float) and time.value > _SHORT
    called = {each.func for each in ast.walk(time) if isinstance(each, ast.Call)} if time is not None else set()
    return time is not None and any(
        isinstance(each, ast.Attribute | ast.Subscript) and each not in called for each in ast.walk(time)
    )


def _is_endless(project: Project, path: str, callee: str, depth: int = 0) -> bool:
    """Whether all functions of the project that a name may mean go on for ever, or what a library calls so does."""
    last = callee.partition("#")[0].rpartition(".")[2]
    if project.is_endless(callee):
        return not any(isinstance(each, ast.Attribute) and each.attr in _SHUTS for each in project.tree(path).nodes)
    found = [(tree, function) for _, tree, function in near(project, path, last)]
    return bool(found) and all(
        _loops(project, path, tree, function) or (depth < _DEEPEST and _passes_on(project, path, function, depth))
        for tree, function in found
    )


def _passes_on(project: Project, path: str, function: Function, depth: int) -> bool:
    """Whether a function calls, on its way to its end, one that goes on for ever."""
    for each in function.body:
        value = each.value if isinstance(each, ast.Expr) else None
        value = value.value if isinstance(value, ast.Await) else value
        if not isinstance(value, ast.Call):
            continue
        name = last_name(value)
        if name != function.name and _is_endless(project, path, name, depth + 1):
            return True
    return False


def _loops(project: Project, path: str, tree: Tree, function: Function) -> bool:
    """Whether a function has a loop that nothing leaves."""
    return any(
        isinstance(each, ast.While)
        and _goes_on(project, path, tree, each)
        and (not _leaves(each) or _serves(project, path, tree, each))
        for each in tree.own_nodes(function)
    )


def _goes_on(project: Project, path: str, tree: Tree, loop: ast.While) -> bool:
    """Whether the test of a loop is always true, or asks for a signal that nobody gives."""
    match loop.test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name() | ast.Attribute():
            return _stays(project, path, tree, loop.test, wanted=True)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() | ast.Attribute() as flag):
            return _stays(project, path, tree, flag, wanted=False)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Attribute(attr=asked))) if asked in _ASKS:
            near = (tree, project.tree(path))
            return not any(
                isinstance(each, ast.Attribute) and each.attr in _STOPS for one in near for each in one.nodes
            )
    return False


def _stays(project: Project, path: str, tree: Tree, flag: ast.expr, *, wanted: bool) -> bool:
    """Whether a variable, by its last name, is only ever bound to constants that keep a loop going."""
    last = dotted(flag).rpartition(".")[2]
    bound = [
        statement.value
        for one in (tree, project.tree(path))
        for statement in one.nodes
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if dotted(target).rpartition(".")[2] == last
    ]
    named = any(
        (isinstance(each, ast.arg) and each.arg == last) or (isinstance(each, ast.Constant) and each.value == last)
        for one in (tree, project.tree(path))
        for each in one.nodes
    )
    return (
        bool(bound and last)
        and not named
        and all(isinstance(each, ast.Constant) and bool(each.value) is wanted for each in bound)
    )


def _serves(project: Project, path: str, tree: Tree, loop: ast.While) -> bool:
    """Whether a loop works off a queue that is joined, and nobody puts the constant into it that would end the loop."""
    if not any(isinstance(each, ast.Attribute) and each.attr == "task_done" for each in ast.walk(loop)):
        return False
    calls = [each for one in (tree, project.tree(path)) for each in one.nodes if isinstance(each, ast.Call)]
    puts = [each for each in calls if isinstance(each.func, ast.Attribute) and each.func.attr in ("put", "put_nowait")]
    return not any(isinstance(given, ast.Constant) or dotted(given).isupper() for put in puts for given in put.args)


def _leaves(loop: ast.For | ast.While) -> bool:
    pending: list[tuple[ast.AST, bool]] = [(each, False) for each in loop.body]
    while pending:
        node, inner = pending.pop()
        if isinstance(node, ast.Return | ast.Raise) or (isinstance(node, ast.Break) and not inner):
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        inner = inner or isinstance(node, ast.For | ast.AsyncFor | ast.While)
        pending += [(each, inner) for each in ast.iter_child_nodes(node)]
    return False
