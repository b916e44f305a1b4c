"""A process is waited for (LK207)."""

from __future__ import annotations

import ast

from leaklint.fix import fix_join
from leaklint.fix.emptied import not_emptied
from leaklint.fix.plan import After, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import PROCESS_READ, PROCESS_WAIT, Wait, alone, kept_here, listed, once, waited_for
from leaklint.ir.finding import Finding

_ASYNC = Wait("await {}.wait()", "for {1} in {0}:\n    await {1}.wait()", ("processes", "started"))
_ASYNC_READ = Wait("await {}.communicate()", "for {1} in {0}:\n    await {1}.communicate()", ("processes", "started"))


@fix("wait-for-process")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        raise NoFix("what makes the process is no call")
    if isinstance(node.func, ast.Attribute) and node.func.attr == "start":
        return fix_join.make.make(finding, project)
    flags = [each for each in ast.walk(node) if dotted(each).rpartition(".")[2] == "P_NOWAIT"]
    if len(flags) == 1 and isinstance(flags[0], ast.expr) and isinstance(tree.statement(node), ast.Expr):
        text = tree.text_of(flags[0]).replace("P_NOWAIT", "P_WAIT")
        return plan(finding, [Replace(tree.span(flags[0]), text)], safe=False)
    made = dotted(node.func).rpartition(".")[2]
    asynchronous = made.startswith("create_subprocess")
    if not (asynchronous or made.endswith("Popen")):
        raise NoFix("it is neither a Popen nor a process of asyncio")
    function, statement = tree.function(node), tree.statement(node)
    if function is None or isinstance(function, ast.AsyncFunctionDef) is not asynchronous:
        raise NoFix("waiting for it would block the event loop")
    not_emptied(tree, finding.hint, statement)
    piped = any(
        each.arg in ("stdout", "stderr", "stdin") and "PIPE" in tree.text_of(each.value) for each in node.keywords
    )
    value = tree.parents[node] if asynchronous else node
    if isinstance(statement, ast.Expr) and statement.value is value:
        if asynchronous:
            end = "communicate" if piped else "wait"
            return plan(finding, [Replace(tree.span(value), f"await (await {tree.text_of(node)}).{end}()")], safe=False)
        together = listed(tree, statement, node, PROCESS_READ if piped else PROCESS_WAIT, tree.fresh("process", "each"))
        if together:
            return plan(finding, together, safe=False)
        end = "communicate" if piped else "wait"
        return plan(finding, [Replace(tree.span(node), f"{tree.text_of(node)}.{end}()")], safe=False)
    if not isinstance(statement, ast.Assign) or statement.value is not value or len(statement.targets) != 1:
        raise NoFix("the process goes where this function cannot wait for it")
    name = dotted(statement.targets[0])
    if not name:
        raise NoFix("the process has no name")
    kept_here(tree, function, name)
    closed = _closes(tree, function, statement, name)
    if closed is not None:
        wait_text = f"await {name}.wait()" if asynchronous else f"{name}.wait()"
        return plan(finding, [After(tree.span(closed), wait_text)], safe=False)
    wait = (_ASYNC_READ if piped else _ASYNC) if asynchronous else (PROCESS_READ if piped else PROCESS_WAIT)
    return plan(finding, once(tree, waited_for(tree, statement, name, wait)), safe=False)


def _closes(tree: Tree, function: Function, made: ast.stmt, name: str) -> ast.stmt | None:
    """The last statement of a block that closes a pipe of the process, out of which nothing can be read behind it."""
    pipes = [f"{name}.{pipe}" for pipe in ("stdin", "stdout", "stderr")]
    found: ast.stmt | None = None
    for each in ast.walk(function):
        if isinstance(each, ast.withitem) and dotted(each.context_expr) in pipes:
            raise NoFix("its pipe is closed by a block of its own")
        if isinstance(each, ast.Call) and dotted(each.func) in [f"{pipe}.close" for pipe in pipes]:
            statement = tree.statement(each)
            if statement not in tree.after(made) or not isinstance(statement, ast.Expr):
                raise NoFix("its pipe is closed on some paths only")
            alone(tree, statement)
            found = statement if found is None or statement.lineno > found.lineno else found
    return found
