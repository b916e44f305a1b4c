"""What a cached function reads beside its arguments becomes one of them, and so a part of its key (LK105)."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from leaklint.fix.names import called_in
from leaklint.fix.occurrences import Occurrence, is_local, occurrences
from leaklint.fix.plan import Change, NoFix, Parameters, Replace
from leaklint.fix.project import Project
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.ir.location import Span

Changes = list[tuple[str, Change]]


def keyed(project: Project, path: str, function: Function, names: Sequence[str]) -> Changes:
    """The changes after which a function of a module is given what it reads; raises ``NoFix`` where that is not sure.

    A variable of the module is handed in under its own name. What a ``ContextVar`` holds is read by the caller.
    """
    tree = project.tree(path)
    arguments = function.args
    if function not in tree.module.body or arguments.posonlyargs or arguments.vararg or arguments.kwarg:
        raise NoFix("the function is none of its module with plain parameters")
    calls = [_call(each) for each in occurrences(project, path, function.name)]
    changes: Changes = []
    given: list[tuple[str, str]] = []
    for name in names:
        reads = [each for each in tree.uses(function, name) if not _is_in(function, each, tree)]
        if not name.isidentifier() or not reads or any(not isinstance(each.ctx, ast.Load) for each in reads):
            raise NoFix(f"{name} is not read in the function itself")
        asked = [_get(tree, each) for each in reads]
        if all(each is not None for each in asked):
            parameter = tree.fresh(f"current_{name.strip('_').lower()}")
            changes += [(path, Replace(tree.span(each), parameter)) for each in asked if each is not None]
            given.append((parameter, f"{name}.get()"))
        elif any(each is not None for each in asked):
            raise NoFix(f"{name} is read in several ways")
        else:
            given.append((name, name))
        if any(_is_container(tree, each) for each in [*asked, *reads] if each is not None) or _holds(tree, name):
            raise NoFix(f"{name} is an object that is no part of a key")
    changes.append((path, _parameters(tree, function, [parameter for parameter, _ in given])))
    for use, call in calls:
        if any(isinstance(each, ast.Starred | ast.GeneratorExp) for each in call.args):
            raise NoFix(f"{use.path} calls it in another way")
        more = [f"{parameter}={_value(project, use, call, path, value)}" for parameter, value in given]
        changes.append((use.path, Replace(use.tree.span(call), use.tree.with_arguments(call, *more))))
    nested = {inner for _, call in calls for inner in ast.walk(call) if inner is not call}
    if any(call in nested for _, call in calls):
        raise NoFix("a call of the function is an argument of another one")
    return changes


def _value(project: Project, use: Occurrence, call: ast.Call, path: str, value: str) -> str:
    """What a caller writes for a variable of the function's module, or for what a ``ContextVar`` holds."""
    name, dot, asked = value.partition(".")
    if is_local(use.tree, call, name):
        raise NoFix(f"{name} means something else in {use.path}")
    called, imports = called_in(project, use.tree, use.path, path, name)
    if imports or (use.path != path and not dot and "." not in called):
        raise NoFix(f"{use.path} does not import {name}, or would see an old value of it")
    return f"{called}{dot}{asked}"


def _call(use: Occurrence) -> tuple[Occurrence, ast.Call]:
    """The call that a use of the function is."""
    parent = use.tree.parents.get(use.node)
    if not isinstance(parent, ast.Call) or parent.func is not use.node:
        raise NoFix(f"{use.path} does more with the function than to call it")
    return use, parent


def _is_in(function: Function, use: ast.Name, tree: Tree) -> bool:
    """Whether a name stands in the head of a function, not in its body."""
    inner: ast.AST = use
    for each in tree.above(use):
        if each is function:
            return inner not in function.body
        inner = each
    return True


def _get(tree: Tree, read: ast.Name) -> ast.Call | None:
    """``name.get()``, where a name is read so."""
    match tree.parents[read]:
        case ast.Attribute(attr="get") as attribute:
            call = tree.parents[attribute]
            if isinstance(call, ast.Call) and call.func is attribute and not call.args and not call.keywords:
                return call
    return None


def _is_container(tree: Tree, read: ast.expr) -> bool:
    """Whether something is done to a value for which it has to be more than a plain one."""
    match tree.parents[read]:
        case ast.Attribute(attr=name):
            return name != "get"
        case ast.Call(func=ast.Name(id="len")) | ast.Subscript() | ast.For() | ast.comprehension() | ast.Starred():
            return True
    return False


def _holds(tree: Tree, name: str) -> bool:
    """Whether the file puts a container into a variable, of the module or a ``ContextVar``."""
    containers = (ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Set, ast.SetComp)
    for each in tree.nodes:
        match each:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                pass
            case ast.Call(func=ast.Attribute(value=ast.Name(id=bound), attr="set"), args=[value]) if bound == name:
                pass
            case _:
                continue
        made = dotted(value.func) if isinstance(value, ast.Call) else ""
        if isinstance(value, containers) or made in ("dict", "list", "set"):
            return True
    return False


def _parameters(tree: Tree, function: Function, names: Sequence[str]) -> Parameters:
    """The head of a function with more parameters."""
    arguments = function.args
    listed = [*arguments.args, *arguments.kwonlyargs]
    if not listed:
        raise NoFix("the function has no parameters")
    if {each.arg for each in listed} & set(names):
        raise NoFix("a parameter has that name already")
    span, last = tree.span(function), tree.span(function.body[0])
    return Parameters(Span(span.line, span.column, max(span.line, last.line - 1), 1), tuple(names))
