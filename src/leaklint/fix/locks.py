"""What is held while work is waited for, and the work needs too, so that neither goes on: locks, workers of a pool."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from leaklint.fix.plan import NoFix
from leaklint.fix.project import Project
from leaklint.fix.reach import POOLS_GO_ON, POOLS_WAIT
from leaklint.fix.running import around, last_name, may_run, near, ways_to
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.ir.finding import Finding

_TAKES = ("acquire", "enter_async_context", "enter_context")
_POOLS = POOLS_GO_ON | POOLS_WAIT


def waits_under_lock(finding: Finding, project: Project, callee: str) -> bool:
    """Whether what runs may take a lock that is held where it is started, by the function or one that leads to it."""
    path = finding.place.path
    node = project.tree(path).at(finding.place.span)
    if node is None or not _takes_lock(project, path, callee):
        return False
    return any(_is_under_lock(project, *way) for way in ways_to(project, path, node))


def not_under_lock(finding: Finding, project: Project, callee: str) -> None:
    """Raises ``NoFix`` where what runs may take a lock that is held where it is started, and would be waited for."""
    if waits_under_lock(finding, project, callee):
        raise NoFix("it would be waited for under a lock that it may take")


def not_in_own_pool(project: Project, path: str, call: ast.Call) -> None:
    """Raises ``NoFix`` where whoever gives work to a pool is run by a pool of the same name."""
    pool = last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    function = project.tree(path).function(call)
    if function is not None and pool in project.tree(path).names_of(function)[1]:
        return  # each call makes one of its own
    for _, tree, place in ways_to(project, path, call):
        handed = [each.value for each in _handed_to_pool(tree, place) if place is not call]
        if pool and any(last_name(each) == pool for each in handed):
            raise NoFix("it would wait for a worker of the pool in which it runs itself")


def waits_for_worker(project: Project, path: str, node: ast.AST, callee: str) -> bool:
    """Whether a wait may need a worker of the pool that waits itself: by whoever comes there, or by what is awaited."""
    if any(list(_handed_to_pool(tree, place)) for _, tree, place in ways_to(project, path, node) if place is not node):
        return True
    return any(
        isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr in _POOLS
        # a pool that the work makes itself is another one
        and dotted(each.func.value) not in tree.names_of(function)[1]
        for _, tree, function in may_run(project, path, callee)
        for each in tree.own_nodes(function)
    )


def _handed_to_pool(tree: Tree, place: ast.AST) -> Iterator[ast.Attribute]:
    """The methods of pools that are given a place among their arguments."""
    for call in _handed_to(tree, place):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _POOLS:
            yield call.func


def _handed_to(tree: Tree, place: ast.AST) -> Iterator[ast.Call]:
    """The calls that have a place among their arguments, within its statement."""
    inner = place
    for each in tree.above(place):
        if isinstance(each, ast.stmt):
            return
        if isinstance(each, ast.Call) and inner is not each.func:
            yield each
        inner = each


def _takes_lock(project: Project, path: str, callee: str) -> bool:
    for where, tree, function in may_run(project, path, callee):
        for each in tree.own_nodes(function):
            if isinstance(each, ast.Call) and last_name(each) == "acquire":
                return True
            if isinstance(each, ast.With | ast.AsyncWith) and any(
                _is_lock(project, where, item) for item in each.items
            ):
                return True
    return False


def _is_lock(project: Project, path: str, item: ast.withitem) -> bool:
    """Whether what a ``with`` enters may be a lock: nobody wants a name for it, and it was made before."""
    entered = item.context_expr
    if item.optional_vars is not None:
        return False
    if not isinstance(entered, ast.Call):
        return True
    name = last_name(entered)
    own = list(near(project, path, name))
    # a function that is no generator gives a lock; what one that is takes is looked for in it
    return any(not tree.is_generator(function) for _, tree, function in own) or name.lower().endswith("lock")


def _is_under_lock(project: Project, path: str, tree: Tree, place: ast.AST) -> bool:
    if any(_takes_lock(project, path, last_name(call)) for call in _handed_to(tree, place)):
        return True  # by who is to call it
    inner = place
    for each in tree.above(place):
        if isinstance(each, ast.With | ast.AsyncWith) and inner in each.body:
            entered = [item.context_expr for item in each.items]
            if any(_is_lock(project, path, item) for item in each.items) or any(
                isinstance(made, ast.Call) and _takes_lock(project, path, last_name(made)) for made in entered
            ):
                return True
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            decorated = any(_takes_lock(project, path, name) for name in around(project, path, each))
            return decorated or _has_taken(tree, each, place)
        inner = each
    return False


def _has_taken(tree: Tree, function: Function, place: ast.AST) -> bool:
    """Whether a function has called ``acquire``, and not ``release`` since, before it comes to a place."""
    line = tree.statement(place).lineno
    calls = [each for each in tree.own_nodes(function) if isinstance(each, ast.Call) and each.lineno <= line]
    told = [each for each in calls if last_name(each) in (*_TAKES, "release")]
    return bool(told) and last_name(max(told, key=lambda each: each.lineno)) in _TAKES
