"""Work that never ends by itself: waiting for it would hang the invocation, so that no fix waits for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from leaklint.fix.durations import SLEEPS, is_given_long, rests, sleeps_as_told, stands_for
from leaklint.fix.locks import waits_under_lock
from leaklint.fix.plan import NoFix
from leaklint.fix.project import Project
from leaklint.fix.running import last_name, may_run, near
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.ir.finding import Finding

_ASKS = ("is_set", "wait")
_STOPS = ("cancel", "set", "stop")
_SHUTS = ("shutdown", "stop", "stop_consuming")
_WITHOUT_END = {"iter": 2, "itertools.count": None, "itertools.cycle": None, "itertools.repeat": 1}
"""What a loop goes through without an end, or, as ``iter(queue.get, None)``, until others put the end there; where it
does so only with some number of arguments, that."""
_PASSES_ON = ("enumerate", "filter", "map")
"""What ends where that ends which it is given."""
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
    runs = [(tree, function) for _, tree, function in may_run(project, finding.place.path, callee)]
    told = callee in SLEEPS or any(sleeps_as_told(tree, function) for tree, function in runs)
    if told and is_given_long(finding, project, callee):
        return False
    return not _comes_back(runs) and not any(
        rests(tree, function) or _awaits_others(tree, function) or _goes_round(tree, function)
        for tree, function in runs
    )


def _awaits_others(tree: Tree, function: Function) -> bool:
    """Whether a function waits for what it has not made itself: a future, perhaps, that nobody ever sets."""
    own = tree.names_of(function)[1]
    for each in tree.own_nodes(function):
        match each:
            case ast.Await(value=ast.Attribute() | ast.Name() as awaited):
                pass
            case ast.Call(func=ast.Attribute(value=awaited, attr="join" | "result" | "wait"), args=[], keywords=[]):
                pass
            case ast.Attribute(attr="stdin") if tree.full_name(each) == "sys.stdin":
                return True
            case _:
                continue
        if isinstance(awaited, ast.Attribute) or (isinstance(awaited, ast.Name) and awaited.id not in own):
            return True
    return False


def _comes_back(runs: Sequence[tuple[Tree, Function]]) -> bool:
    """Whether functions call each other in a ring, and nothing on the way decides whether to go on."""
    left: dict[str, set[str]] = {}
    for _, function in runs:
        left.setdefault(function.name, set()).update(_always_calls(function))
    ends: list[str] | None = None
    while ends != []:
        ends = [name for name, called in left.items() if called.isdisjoint(left)]
        for name in ends:
            del left[name]
    return bool(left)


def _always_calls(function: Function) -> Iterator[str]:
    """The functions, and methods of the same object, that a function calls before anything may end it."""
    for statement in function.body:
        value = statement.value if isinstance(statement, ast.Assign | ast.Expr | ast.Return) else None
        value = value.value if isinstance(value, ast.Await) else value
        if isinstance(value, ast.Call):
            yield dotted(value.func).removeprefix("self.")
        if any(isinstance(each, ast.Return | ast.Raise) for each in ast.walk(statement)):
            return


def _goes_round(tree: Tree, function: Function) -> bool:
    """Whether only others end a loop of a function: it counts for ever, or asks for what it never changes."""
    for loop in tree.own_nodes(function):
        match loop:
            case ast.For(iter=walked) if _has_no_end(tree, function, walked) and not _leaves(loop):
                return True
            case ast.comprehension(iter=walked) if _has_no_end(tree, function, walked):
                return True
            case ast.While(test=ast.Compare() as test) if _waits(tree, loop, test) and not _leaves(loop):
                return True
    return False


def _has_no_end(tree: Tree, function: Function, walked: ast.expr) -> bool:
    """Whether somebody who walks through something comes to its end only where others put one."""
    pending = [walked]
    seen: set[ast.expr] = set()
    while pending:
        each = pending.pop()
        if each in seen:
            continue
        seen.add(each)
        match each:
            case ast.Call(func=func, args=given):
                called = tree.full_name(func)
                if called in _WITHOUT_END and _WITHOUT_END[called] in (None, len(given)):
                    return True
                pending += given if called in _PASSES_ON else []
            case ast.Name(id=name):
                pending += [bound] if (bound := stands_for(tree, function, name)) is not None else []
    return False


def _waits(tree: Tree, loop: ast.While, test: ast.Compare) -> bool:
    """Whether the rounds of a loop wait until others have changed what it asks for."""
    inside = [each for statement in loop.body for each in ast.walk(statement)]
    asked = {each.id for each in ast.walk(test) if isinstance(each, ast.Name)}
    counts = any(isinstance(each, ast.AugAssign) and dotted(each.target) in asked for each in inside)
    if any(isinstance(each, ast.Call) and tree.full_name(each.func) in SLEEPS for each in inside):
        return not counts
    if any(isinstance(each, ast.Call) and dotted(each.func) != "len" for each in ast.walk(test)):
        return False
    return not any(isinstance(each, ast.Name) and each.id in asked - {"len"} for each in inside)


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
