"""What goes on in a function beside the work that it has started: who waits for the work at once changes the order.

A task that waits until the rest of its function sets an event would never end if it were awaited before that; one that
adds to a list which the rest reads would be seen by it. Names tell what both have in hand.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from leaklint.fix.project import Project
from leaklint.fix.running import last_name, may_run
from leaklint.fix.tree import Function, Tree
from leaklint.ir.finding import Finding

_LIMITS = frozenset({"fail_after", "move_on_after", "timeout", "timeout_at"})
"""What gives the body of a ``with`` some time only."""
_WAITS_SO_LONG = "wait_for"


def rest_of(tree: Tree, statement: ast.stmt) -> list[ast.stmt]:
    """What a function may still do after a statement; all of a loop around it, which may come round again."""
    found = list(tree.after(statement))
    for each in tree.above(statement):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        if isinstance(each, ast.stmt):
            found += [each] if isinstance(each, ast.For | ast.AsyncFor | ast.While) else []
            found += tree.after(each)
    return found


def waits(rest: list[ast.stmt]) -> bool:
    """Whether anything is awaited there."""
    kinds = ast.Await | ast.AsyncFor | ast.AsyncWith
    return any(isinstance(each, kinds) for statement in rest for each in ast.walk(statement))


def shares(finding: Finding, project: Project, tree: Tree, call: ast.Call, rest: list[ast.stmt]) -> bool:
    """Whether the work that a call starts has an object in hand with which the rest of the function does something."""
    given = [*call.args, *(each.value for each in call.keywords)]
    inside = {each.id for part in given for each in ast.walk(part) if isinstance(each, ast.Name)} - _defined(tree)
    for _, where, function in may_run(project, finding.place.path, finding.hint.callee):
        inside |= _variables(where, function)
    own = set(ast.walk(call))
    nodes = [node for statement in rest for node in ast.walk(statement) if node not in own]
    return not inside.isdisjoint(_in_use(nodes))


def _defined(tree: Tree) -> set[str]:
    """The names of modules, functions and classes, which are no objects that work is done with."""
    found = set[str]()
    for each in tree.nodes:
        match each:
            case ast.alias(name=name, asname=other):
                found.add(other or name.partition(".")[0])
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
    return found


def _variables(tree: Tree, function: Function) -> set[str]:
    """The names of the module, and of functions around it, that a function reads, other than to call them."""
    own = tree.names_of(function)[1]
    called = {id(each.func) for each in tree.own_nodes(function) if isinstance(each, ast.Call)}
    return {
        each.id
        for each in tree.own_nodes(function)
        if isinstance(each, ast.Name) and each.id not in own and id(each) not in called
    } - _defined(tree)


def _in_use(nodes: list[ast.AST]) -> set[str]:
    """The names of objects that may change there, be waited for or be handed on."""
    found: set[str] = set()
    for each in nodes:
        match each:
            case ast.Call(func=func, args=args, keywords=keywords):
                found.update(_roots(func.value) if isinstance(func, ast.Attribute) else ())
                found.update(
                    name for given in (*args, *(keyword.value for keyword in keywords)) for name in _whole(given)
                )
            case ast.Await(value=value):
                found.update(_whole(value))
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                found.update(_roots(each))
            case ast.AugAssign(target=target):
                found.update(_roots(target))
            case ast.For(iter=walked) | ast.AsyncFor(iter=walked):
                found.update(_roots(walked))
            case ast.While(test=test):
                found.update(name.id for name in ast.walk(test) if isinstance(name, ast.Name))
            case ast.With() | ast.AsyncWith():
                found.update(name for item in each.items for name in _roots(item.context_expr))
    return found


def _roots(node: ast.expr) -> Iterator[str]:
    """The name with which an access path begins."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _whole(node: ast.expr) -> Iterator[str]:
    """The names of objects that are handed on as they are, or in a display; not what is taken out of them."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Starred(value=value):
            yield from _whole(value)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from _whole(part)
        case ast.Dict(values=parts):
            for part in parts:
                yield from _whole(part)


def is_under_limit(finding: Finding, project: Project, tree: Tree, node: ast.AST) -> bool:
    """Whether a function has only some time where it stands, or where a call on the way to it is waited for."""
    if any(
        isinstance(item.context_expr, ast.Call) and last_name(item.context_expr) in _LIMITS
        for each in tree.above(node)
        if isinstance(each, ast.With | ast.AsyncWith)
        for item in each.items
    ):
        return True
    function = tree.function(node)
    name = getattr(function, "name", "")
    paths = {finding.place.path, *(step.place.path for step in finding.trace)}
    return any(
        isinstance(each, ast.Call)
        and last_name(each) == _WAITS_SO_LONG
        and any(
            isinstance(inner, ast.Call) and last_name(inner) == name for given in each.args for inner in ast.walk(given)
        )
        for path in sorted(paths)
        for each in project.tree(path).nodes
    )
