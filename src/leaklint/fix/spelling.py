"""What is put together to the name of the same file once more: ``"/tmp/" + key`` twice, a folder and what lies in it.

A name is *spelled*: its constants as they are, and each part that is not known as the expression that stands for it,
between two marks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import partial

from leaklint.fix.durations import stands_for
from leaklint.fix.project import Project
from leaklint.fix.running import last_name
from leaklint.fix.tree import Function, Tree, Unreadable

_JOINS = ("Path", "join", "joinpath")
_MARK = "\0"
_DEEPEST = 10
"""Steps from an expression to the constants that it is made of."""


def spelled_again(tree: Tree, function: Function, path: ast.expr, *, folder: bool) -> list[ast.expr]:
    """The expressions of a function that give the name of a file, or of what lies in a folder."""
    name = _spelled(tree, function, path)
    inside = set(ast.walk(path))
    return [
        node
        for node, other in _names(tree, function)
        if node not in inside and (other == name or (folder and other.startswith(f"{name.rstrip('/')}/")))
    ]


def is_spelled_elsewhere(project: Project, tree: Tree, function: Function, path: ast.expr, files: set[str]) -> bool:
    """Whether another function of some files puts such a name together, of parts that may be the same."""
    name = _open(_spelled(tree, function, path))
    near = files.union(*(project.imported(each) for each in files))
    alike = (project.once(("spelled", each), partial(_functions_by_name, project, each)) for each in sorted(near))
    return any(other is not function for each in alike for other in each.get(name, ()))


def _functions_by_name(project: Project, path: str) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = {}
    try:
        tree = project.tree(path)
    except Unreadable:
        return found
    for function in tree.nodes:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for _, name in _names(tree, function):
                found.setdefault(_open(name), []).append(function)
    return found


def _open(name: str) -> str:
    """A name whose parts that are not known may be anything."""
    return re.sub(f"{_MARK}[^{_MARK}]*{_MARK}", _MARK, name)


def _names(tree: Tree, function: Function) -> Iterator[tuple[ast.expr, str]]:
    """What a function puts together of constants and other parts, each with how it is spelled."""
    for node in tree.own_nodes(function):
        if isinstance(node, ast.BinOp | ast.JoinedStr) or (isinstance(node, ast.Call) and _joins(node, "format")):
            yield node, _spelled(tree, function, node)


def _joins(call: ast.Call, *more: str) -> bool:
    return last_name(call) in (*_JOINS, *more)


def _spelled(tree: Tree, function: Function, node: ast.expr, depth: int = 0) -> str:
    def inner(each: ast.expr) -> str:
        return _spelled(tree, function, each, depth + 1)

    if depth >= _DEEPEST:
        return f"{_MARK}{_MARK}"
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(inner, parts))
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return inner(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return inner(left) + inner(right)
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod(), right=right):
            return _filled(text, "%s", right.elts if isinstance(right, ast.Tuple) else [right], inner)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format"), args=parts, keywords=[]):
            return _filled(text, "{}", parts, inner)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"{inner(left)}/{inner(right)}"
        case ast.Call(func=ast.Name(id="str"), args=[given]):
            return inner(given)
        case ast.Call(func=ast.Attribute(value=base, attr="joinpath"), args=parts):
            return "/".join(inner(each).rstrip("/") for each in (base, *parts))
        case ast.Call(args=[_, *_] as parts) if _joins(node):
            return "/".join(inner(each).rstrip("/") for each in parts)
        case ast.Name(id=name) if (bound := stands_for(tree, function, name)) is not None:
            return inner(bound)
    return f"{_MARK}{' '.join(_word(each) for each in ast.walk(node))}{_MARK}"


def _filled(text: str, hole: str, parts: list[ast.expr], inner: Callable[[ast.expr], str]) -> str:
    """A text with what stands for its holes, those that are left over being unknown."""
    pieces = text.split(hole)
    filled = [*map(inner, parts), *(f"{_MARK}{_MARK}" for _ in pieces)]
    return pieces[0] + "".join(f"{each}{piece}" for each, piece in zip(filled, pieces[1:], strict=False))


def _word(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Constant(value=value):
            return repr(value)
    return type(node).__name__
