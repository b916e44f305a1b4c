"""A thread, timer or process that is started is joined (LK204, LK205, LK207)."""

from __future__ import annotations

import ast

from leaklint.fix.durations import seconds
from leaklint.fix.emptied import not_emptied
from leaklint.fix.forever import ends_soon, must_end
from leaklint.fix.locks import not_under_lock
from leaklint.fix.plan import Before, Change, Enclose, Instead, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.running import last_name, may_run
from leaklint.fix.tails import comes_in_rounds
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import JOIN, PROCESS_JOIN, alone, at_the_end, indented, kept_here, once, span_of, waited_for
from leaklint.ir.finding import Finding


@fix("join")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    process = finding.hint.work == "process"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "start":
        raise NoFix("it is not started by a call of start()")
    if not finding.hint.row.startswith(("multiprocessing.", "threading.")):
        raise NoFix("it is no thread, timer or process of the standard library")
    function, statement = tree.function(node), tree.statement(node)
    if function is None or not isinstance(statement, ast.Expr) or statement.value is not node:
        raise NoFix("the call of start() is no statement of a function")
    if isinstance(function, ast.AsyncFunctionDef):
        raise NoFix("joining would block the event loop")
    if function.name in _CONSTRUCTORS:
        raise NoFix(f"{function.name} would come back only when what it starts has ended")
    not_emptied(tree, finding.hint, statement)
    receiver = node.func.value
    if isinstance(receiver, ast.Call):
        changes = _named(tree, statement, receiver, process)
    else:
        name = dotted(receiver.target if isinstance(receiver, ast.NamedExpr) else receiver)
        if not name or ("." in name and not _made_here(tree, function, name)):
            raise NoFix("what is started is made elsewhere, and joined there perhaps")
        kept_here(tree, function, name)
        if finding.hint.work == "timer" and _watches(tree, function, statement, receiver, name):
            # a watchdog: what it does is not to happen, and waiting for it would let it
            return plan(finding, [at_the_end(tree, statement, f"{name}.cancel()", name=name)], safe=False)
        changes = waited_for(tree, statement, name, PROCESS_JOIN if process else JOIN)
    callee = finding.hint.callee
    if callee in _RUNS:
        callee = _target(tree, function, receiver)
    if callee.rpartition(".")[2] == function.name:
        raise NoFix("it starts itself again, and never ends")
    must_end(finding, project, callee)
    not_under_lock(finding, project, callee)
    own = _made(tree, function, receiver)
    if isinstance(own, ast.Call) and dotted(own.func).rpartition(".")[2] not in _STANDARD:
        # a class of its own decides in ``run`` what happens
        must_end(finding, project, "run")
    if any(_is_drained(tree, function, name) for name in _handed_over(own)):
        raise NoFix("what it puts into a queue is taken out below, and for want of room it would never end before")
    if process and _is_received(finding, project, tree, statement, callee or "run"):
        raise NoFix("what it sends is received later, and for want of room it would never end before")
    safe = (
        finding.outcome != _RUNS_ON
        and finding.hint.work != "timer"
        and finding.hint.settled != "uncertain"
        and ends_soon(finding, project, callee)
        and not comes_in_rounds(finding, project)
    )
    if finding.hint.work == "timer":
        interval = _interval(tree, function, receiver)
        if interval is not None and interval > _LONGEST:
            raise NoFix(f"it goes off after {interval:g} seconds, for which no handler waits")
    return plan(finding, once(tree, changes), safe=safe)


_CONSTRUCTORS = ("__enter__", "__init__", "__new__", "__post_init__")
"""Methods that start something for an object, which is used while it runs."""
_STANDARD = ("Process", "Thread", "Timer")
_GIVES_UP = 29
"""Seconds: for how long API Gateway waits for a handler."""
_LONGEST = 900
"""Seconds: for how long a platform lets a handler run."""
_RUNS_ON = "runs-on"
"""The outcome of work that comes to its end without a wait: one would only keep the answer back until then. A timer is
there so that something happens after the answer, on whatever platform."""
_RECEIVES = ("recv", "recv_bytes", "recv_bytes_into")
"""Methods of what ``Pipe()`` gives by which one takes out what the other side has sent."""
_RUNS = ("", "threading.Thread.run", "threading.Timer.run", "multiprocessing.Process.run")


def _calls(function: Function, name: str, method: str) -> bool:
    return any(isinstance(each, ast.Call) and dotted(each.func) == f"{name}.{method}" for each in ast.walk(function))


def _interval(tree: Tree, function: Function, receiver: ast.expr) -> float | None:
    """After how many seconds a timer goes off, where that is a constant."""
    made = _made(tree, function, receiver)
    interval = made.args[0] if isinstance(made, ast.Call) and made.args else None
    if isinstance(made, ast.Call) and interval is None:
        interval = next((each.value for each in made.keywords if each.arg == "interval"), None)
    return seconds(tree, function, interval)


def _watches(tree: Tree, function: Function, statement: ast.stmt, timer: ast.expr, name: str) -> bool:
    """Whether a timer watches over what follows its start: it is cancelled somewhere, or nobody would wait for it."""
    if _calls(function, name, "cancel"):
        return True
    work = any(isinstance(each, ast.Call) for later in tree.after(statement) for each in ast.walk(later))
    return work and not tree.loops(statement) and _is_watchdog(tree, function, timer, name)


def _is_watchdog(tree: Tree, function: Function, timer: ast.expr, name: str) -> bool:
    """Whether a timer is a daemon, or goes off when whoever has called has given up, so that nobody waits for it."""
    interval = _interval(tree, function, timer)
    if interval is not None and interval >= _GIVES_UP:
        return True
    return any(
        isinstance(each, ast.Assign)
        and dotted(each.targets[0]) == f"{name}.daemon"
        and isinstance(each.value, ast.Constant)
        and bool(each.value.value)
        for each in tree.own_nodes(function)
    )


def _made_here(tree: Tree, function: Function, name: str) -> bool:
    return any(
        dotted(target) == name
        for each in tree.own_nodes(function)
        if isinstance(each, ast.Assign)
        for target in each.targets
    )


def _target(tree: Tree, function: Function, receiver: ast.expr) -> str:
    """The full name of what a thread runs, as far as the call that makes it says it."""
    made = _made(tree, function, receiver)
    if not isinstance(made, ast.Call):
        return ""
    for keyword in made.keywords:
        if keyword.arg in ("target", "function"):
            return tree.full_name(keyword.value)
    timer = dotted(made.func).endswith("Timer")
    return tree.full_name(made.args[1]) if timer and len(made.args) > 1 else ""


def _made(tree: Tree, function: Function, receiver: ast.expr) -> ast.expr:
    """The call that makes what is started, as far as this function says it."""
    made = receiver.value if isinstance(receiver, ast.NamedExpr) else receiver
    for each in tree.own_nodes(function):
        if isinstance(each, ast.Assign) and any(dotted(target) == dotted(receiver) for target in each.targets):
            made = each.value
            if isinstance(made, ast.ListComp):
                made = made.elt
    if isinstance(made, ast.Name):
        # one of a list that a loop goes through
        loops = [each for each in ast.walk(function) if isinstance(each, ast.For) and dotted(each.target) == made.id]
        lists = {dotted(loop.iter) for loop in loops}
        for each in tree.own_nodes(function):
            if (
                isinstance(each, ast.Assign)
                and dotted(each.targets[0]) in lists
                and isinstance(each.value, ast.ListComp)
            ):
                made = each.value.elt
    return made


def _handed_over(made: ast.expr) -> set[str]:
    """The names of what a thread is given as arguments."""
    given = (
        [each.value for each in made.keywords if each.arg in ("args", "kwargs")] if isinstance(made, ast.Call) else []
    )
    return {each.id for value in given for each in ast.walk(value) if isinstance(each, ast.Name)}


def _is_drained(tree: Tree, function: Function, name: str) -> bool:
    """Whether a loop of the function takes what others put into a queue."""
    return any(
        isinstance(each, ast.Call) and dotted(each.func) == f"{name}.get" and tree.loops(tree.statement(each))
        for each in tree.own_nodes(function)
    )


def _is_received(finding: Finding, project: Project, tree: Tree, start: ast.stmt, callee: str) -> bool:
    """Whether something on the way to the start takes messages out of a pipe that are not there before it.

    A pipe holds little: who sends more waits until somebody has received it.
    """
    path = finding.place.path
    its_own = {function for _, _, function in may_run(project, path, callee)}
    for each in sorted({path, *(step.place.path for step in finding.trace)}):
        for node in project.tree(each).nodes:
            if isinstance(node, ast.Call) and last_name(node) in _RECEIVES and isinstance(node.func, ast.Attribute):
                where = project.tree(each).function(node)
                before = where is tree.function(start) and node.lineno < start.lineno and not tree.loops(start)
                if where not in its_own and not before:
                    return True
    return False


def _named(tree: Tree, statement: ast.stmt, made: ast.Call, process: bool) -> list[Change]:
    """``Thread(…).start()`` gets a name to be joined by."""
    alone(tree, statement)
    last = dotted(made.func).rpartition(".")[2].lower()
    name = tree.fresh(
        *(("process", "worker") if process else (last if last in ("timer", "thread") else "thread", "worker"))
    )
    text = f"{name} = {tree.text_of(made)}\n{name}.start()"
    loops = tree.loops(statement)
    leaves = loops and (any(isinstance(each, ast.Return) for each in ast.walk(loops[-1])) or loops[-1].orelse)
    if loops and not leaves:
        wait = PROCESS_JOIN if process else JOIN
        kept = tree.fresh(*wait.lists)
        alone(tree, loops[-1])
        closing = indented(wait.many.format(kept, name))
        return [
            Before(tree.span(loops[-1]), f"{kept} = []"),
            Instead(tree.span(statement), f"{text}\n{kept}.append({name})"),
            Enclose(span_of(tree, [loops[-1]]), f"try:\n    ...\nfinally:\n{closing}"),
        ]
    rest = tree.after(statement)
    if not rest or isinstance(rest[0], ast.Return):
        return [Instead(tree.span(statement), f"{text}\n{name}.join()")]
    return [Instead(tree.span(statement), text), at_the_end(tree, statement, f"{name}.join()")]
