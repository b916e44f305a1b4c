"""A future of an executor or pool is waited for, or its executor is left with ``with`` (LK206)."""

from __future__ import annotations

import ast

from leaklint.fix.emptied import not_emptied
from leaklint.fix.fix_move_callback import moved
from leaklint.fix.forever import ends_soon, must_end
from leaklint.fix.locks import not_in_own_pool, not_under_lock, waits_for_worker
from leaklint.fix.names import member
from leaklint.fix.plan import Change, Enclose, Import, Instead, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tails import comes_in_rounds
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import (
    GET,
    alone,
    at_the_end,
    futures_wait,
    kept_here,
    left_whole,
    listed,
    span_of,
    waited_for,
    whole_lines,
)
from leaklint.ir.finding import Finding

_EXECUTORS = ("ThreadPoolExecutor", "ProcessPoolExecutor")
_FORGET = ("discard", "remove")
_GIVE_RESULTS = ("apply_async", "map_async", "starmap_async")
_RUNS_ON = "runs-on"
"""The outcome on platforms where a callback is no finding of its own."""


@fix("wait-for-future")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        raise NoFix("what makes the future is no call of a method")
    function, statement = tree.function(node), tree.statement(node)
    if function is None:
        raise NoFix("it stands in no function")
    not_emptied(tree, finding.hint, statement)
    must_end(finding, project, finding.hint.callee)
    not_under_lock(finding, project, finding.hint.callee)
    not_in_own_pool(project, finding.place.path, node)
    safe = finding.hint.settled != "uncertain" and ends_soon(finding, project, finding.hint.callee)
    safe = safe and not comes_in_rounds(finding, project) and not _goes_on(function)
    safe = safe and not waits_for_worker(project, finding.place.path, node, finding.hint.callee)
    receiver = node.func.value
    if isinstance(receiver, ast.Name):
        changes = _left(tree, function, statement, receiver.id)
        if changes:
            return plan(finding, changes, safe=safe)
    if node.func.attr == "run_in_executor":
        if not isinstance(function, ast.AsyncFunctionDef) or not isinstance(statement, ast.Expr):
            raise NoFix("it is not dropped in a function that is async")
        if isinstance(tree.parents[node], ast.Await):
            raise NoFix("it is awaited already, under a timeout")
        return plan(finding, [Replace(finding.place.span, f"await {tree.text_of(node)}")], safe=safe)
    if isinstance(function, ast.AsyncFunctionDef):
        raise NoFix("waiting for it would block the event loop")
    if node.func.attr == "map" and isinstance(statement, ast.Expr) and statement.value is node:
        # its results, taken from it, raise what the work has raised
        submitted = _submitted(tree, node)
        taken = [Replace(finding.place.span, f"list({tree.text_of(node)})")]
        return plan(finding, submitted or taken, safe=safe and bool(submitted))
    if node.func.attr == "submit" and (changes := _called_back(finding, tree, node, statement)):
        return plan(finding, changes, safe=False)
    return plan(finding, _waited(finding, tree, node, statement), safe=safe)


def _left(tree: Tree, function: Function, statement: ast.stmt, pool: str) -> list[Change]:
    """``with`` around all that uses an executor made in the same function."""
    stores = [each for each in tree.uses(function, pool) if isinstance(each.ctx, ast.Store)]
    if len(stores) != 1:
        return []
    made = tree.parents[stores[0]]
    if not isinstance(made, ast.Assign) or not isinstance(made.value, ast.Call) or made.targets != [stores[0]]:
        return []
    if dotted(made.value.func).rpartition(".")[2] not in _EXECUTORS:
        return []
    following = list(tree.after(made))
    used = [each for each in following if tree.uses(each, pool)]
    if any(_is_kept(tree, each) for each in tree.uses(function, pool)):
        return []
    if not used or not any(statement is each or each in tree.above(statement) for each in used):
        return []
    shut = [each for each in used if _shuts_down(each, pool)]
    called = [each for each in ast.walk(function) if dotted(each) == f"{pool}.shutdown"]
    if len(called) != len(shut):
        return []
    if any(isinstance(each, ast.Return | ast.Yield) for stmt in shut for each in ast.walk(stmt)):
        return []
    rest = following[: following.index(used[-1]) + 1]
    if shut and shut[-1] is rest[-1] and len(rest) > 1:
        rest = rest[:-1]
    elif shut:
        return []
    alone(tree, made, *shut)
    whole_lines(tree, rest)
    text = f"with {tree.text_of(made.value)} as {pool}:\n    ..."
    return [
        Enclose(span_of(tree, [made, *rest]), text, head=tree.span(made)),
        *(Instead(tree.span(each), "") for each in shut),
    ]


def _submitted(tree: Tree, node: ast.Call) -> list[Change]:
    """``map`` of which nobody takes the results, as calls of ``submit``: what the work raises stays where it was."""
    match node:
        case ast.Call(func=ast.Attribute(value=pool, attr="map"), args=[work, given, *more], keywords=[]):
            pass
        case _:
            return []
    if not dotted(pool) or not dotted(work) or any(isinstance(each, ast.Starred) for each in node.args):
        return []
    wait, imports = member(tree, "concurrent.futures", "wait")
    one = tree.fresh("each", "item")
    walked = f"zip({', '.join(map(tree.text_of, (given, *more)))})" if more else tree.text_of(given)
    text = f"{dotted(pool)}.submit({dotted(work)}, {'*' if more else ''}{one}) for {one} in {walked}"
    return [Replace(tree.span(node), f"{wait}([{text}])"), *imports]


def _not_asked_for(tree: Tree, function: Function, name: str) -> None:
    """Raises ``NoFix`` where the result of a future is not what the function wants of it."""
    for each in ast.walk(function):
        if isinstance(each, ast.Call) and dotted(each.func) == f"{name}.cancel":
            raise NoFix("it is cancelled, and may have no result")
        if isinstance(each, ast.Call) and dotted(each.func).rpartition(".")[2] in ("as_completed", "wait"):
            given = [inner for argument in each.args for inner in ast.walk(argument)]
            if any(dotted(inner) == name for inner in given):
                raise NoFix("the function waits for it already, and goes on before it ends")


def _without_callback(finding: Finding, scope: ast.AST, name: str = "") -> None:
    """Raises ``NoFix`` where a future, by its name or whatever one, calls somebody back who does more than forget it.

    Who waits for a future of ``concurrent.futures`` goes on before its callbacks have run.
    """
    if any(not name or dotted(each.func) == f"{name}.add_done_callback" for each in _calling_back(scope)):
        told = "" if finding.outcome == _RUNS_ON else "; the fix of the callback waits for both"
        raise NoFix(f"its done-callback would run after the wait{told}")


def _calling_back(scope: ast.AST) -> list[ast.Call]:
    """The calls by which futures get a callback that does more than forget them."""
    found = []
    for each in ast.walk(scope):
        match each:
            case ast.Call(func=ast.Attribute(attr="add_done_callback"), args=args):
                if not any(isinstance(given, ast.Attribute) and given.attr in _FORGET for given in args):
                    found.append(each)
    return found


def _called_back(finding: Finding, tree: Tree, node: ast.Call, statement: ast.stmt) -> list[Change]:
    """What waits for a future and then does what its callback did, where no finding of the callback's own says so."""
    function = tree.function(node)
    if finding.outcome != _RUNS_ON or function is None or tree.loops(statement):
        return []
    match statement:
        case ast.Assign(targets=[target], value=value) if value is node and dotted(target):
            name = dotted(target)
        case _:
            return []
    attached = [each for each in _calling_back(function) if dotted(each.func) == f"{name}.add_done_callback"]
    if len(attached) != 1 or tree.statement(attached[0]) not in tree.after(statement):
        return []
    kept_here(tree, function, name)
    _not_asked_for(tree, function, name)
    return moved(tree, attached[0], asynchronous=False)


def _goes_on(function: Function) -> bool:
    """Whether a function says that it does not wait to the end: by a timeout, or by ``shutdown(wait=False)``."""
    for each in ast.walk(function):
        match each:
            case ast.Call(func=ast.Attribute(attr="exception" | "result"), args=[_, *_]):
                return True
            case ast.Call(func=ast.Attribute(attr=method) | ast.Name(id=method), keywords=keywords):
                given = {keyword.arg: keyword.value for keyword in keywords}
                if method in ("as_completed", "exception", "result", "wait") and "timeout" in given:
                    return True
                waits = given.get("wait")
                if method == "shutdown" and isinstance(waits, ast.Constant) and not waits.value:
                    return True
    return False


def _shuts_down(statement: ast.stmt, pool: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="shutdown"))):
            return name == pool
    return False


def _is_kept(tree: Tree, use: ast.Name) -> bool:
    """Whether an executor itself is returned, or put somewhere."""
    if not isinstance(use.ctx, ast.Load) or isinstance(tree.parents[use], ast.Attribute):
        return False
    return isinstance(tree.statement(use), ast.Return | ast.Assign) or isinstance(tree.parents[use], ast.Yield)


def _waited(finding: Finding, tree: Tree, node: ast.Call, statement: ast.stmt) -> list[Change]:
    assert isinstance(node.func, ast.Attribute)
    method = node.func.attr
    parent = tree.parents[node]
    stands = isinstance(statement, ast.Expr) and statement.value is node
    if method not in ("submit", *_GIVE_RESULTS):
        raise NoFix("it is not known how its result is waited for")
    wait, one, imports = GET, tree.fresh("result", "each"), list[Import]()
    if method == "submit":
        called, imports = member(tree, "concurrent.futures", "wait")
        wait, one = futures_wait(called), tree.fresh("future", "each")
    if stands:
        together = listed(tree, statement, node, wait, one)
        return [*(together or [Replace(tree.span(node), wait.one.format(tree.text_of(node)))]), *imports]
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        name = dotted(statement.targets[0])
        if statement.value is node and name:
            function = tree.function(node)
            assert function is not None
            kept_here(tree, function, name)
            _not_asked_for(tree, function, name)
            if method == "submit":
                _without_callback(finding, function, name)
            return [*waited_for(tree, statement, name, wait), *imports]
        if statement.value is parent and isinstance(parent, ast.ListComp | ast.SetComp) and name:
            left_whole(tree, statement, name)
            if method == "submit":
                _without_callback(finding, tree.function(node) or tree.module)
            return [at_the_end(tree, statement, wait.many.format(name, one)), *imports]
    raise NoFix("the future goes where this function cannot wait for it")
