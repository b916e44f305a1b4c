"""Where the name of a file goes in its function: to other names, into containers, or away from where it is removed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from leaklint.fix.plan import NoFix
from leaklint.fix.tree import Function, Tree, dotted

GIVERS = frozenset(
    {"Path", "abspath", "as_posix", "dict", "format", "frozenset", "fspath", "join", "joinpath", "list", "realpath"}
    | {"resolve", "set", "sorted", "str", "tuple", "with_suffix"}
)
"""Calls whose result is the name, a name below it, or holds it."""
_KEEPERS = frozenset({"add", "append", "appendleft", "extend", "insert", "put", "setdefault", "update"})
_PARTS = (ast.BinOp, ast.Dict, ast.FormattedValue, ast.IfExp, ast.JoinedStr, ast.List, ast.Set, ast.Starred, ast.Tuple)


def names_of_file(
    tree: Tree, function: Function, name: str, region: Sequence[ast.stmt], again: Sequence[ast.expr] = ()
) -> set[str]:
    """All local names that may hold the name of a file, which is removed behind a region.

    ``again`` are expressions by which its name is put together once more. Raises ``NoFix`` where it goes to what
    outlives the function, or is used behind the region.
    """
    inside = {node for each in region for node in ast.walk(each)}
    shared = tree.names_of(function)[0]
    own = {each.id for each in ast.walk(function) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    found = {name} - {""}
    pending: list[ast.expr] = [*again, *tree.uses(function, name)]
    while pending:
        use = pending.pop()
        if isinstance(getattr(use, "ctx", None), ast.Store | ast.Del):
            continue
        if use not in inside and use.lineno > region[-1].lineno:
            raise NoFix("the file may be used behind the block in which it is made")
        for holder in _holders(tree, use):
            if holder not in own or holder in shared:
                raise NoFix("the name of the file is kept elsewhere")
            if holder not in found:
                found.add(holder)
                pending += tree.uses(function, holder)
    loops = [each for each in tree.loops(region[0]) if each not in inside]
    for loop in loops:
        earlier = {node for node in ast.walk(loop) if node not in inside}
        if any(each in earlier and isinstance(each.ctx, ast.Load) for one in found for each in tree.uses(loop, one)):
            raise NoFix("the file may be used in the next round of the loop")
    return found


def _holders(tree: Tree, use: ast.expr) -> Iterable[str]:
    """What the object that a name stands for is bound to, or put into, at one place; the first part of a dotted one."""
    node: ast.AST = use
    parent = tree.parents[node]
    if isinstance(parent, ast.Attribute) and parent.attr == "name":
        node, parent = parent, tree.parents[parent]
    while isinstance(parent, _PARTS) or _makes_name(parent, node):
        node, parent = parent, tree.parents[parent]
    match parent:
        case ast.Assign(value=value, targets=targets) if value is node:
            for target in targets:
                yield from _bases(target)
        case ast.AnnAssign(value=value, target=target) if value is node:
            yield from _bases(target)
        case ast.NamedExpr(value=value, target=ast.Name(id=name)) if value is node:
            yield name
        case ast.Call(func=ast.Attribute(attr=method, value=receiver)) if method in _KEEPERS:
            yield dotted(receiver).partition(".")[0]
        case ast.AugAssign(value=value, target=target) if value is node:
            yield from _bases(target)


def _makes_name(parent: ast.AST, node: ast.AST) -> bool:
    if isinstance(parent, ast.Call):
        return node in parent.args and dotted(parent.func).rpartition(".")[2] in GIVERS
    return False


def _bases(target: ast.expr) -> Iterable[str]:
    """The names that an assignment binds, or whose objects it changes."""
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _bases(each)
        return
    node = target
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    # what belongs to something else is kept by that
    yield node.id if isinstance(node, ast.Name) and not isinstance(target, ast.Attribute) else ""
