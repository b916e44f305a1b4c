"""What is started lies in a container that is emptied before anybody has waited for it."""

from __future__ import annotations

import ast

from leaklint.fix.plan import NoFix
from leaklint.fix.tree import Tree, dotted
from leaklint.fix.waits import TAKING_OUT, list_of
from leaklint.ir.finding import Hint


def not_emptied(tree: Tree, hint: Hint, statement: ast.stmt) -> None:
    """Raises ``NoFix`` where a wait behind the loop that starts it would not find all of it any more."""
    loops = tree.loops(statement) if hint.dropped == "emptied" else ()
    if loops and _loses(loops[-1], _container(tree, loops[-1], statement)):
        raise NoFix("what holds it is emptied before anybody could wait for it there")


def _container(tree: Tree, loop: ast.stmt, statement: ast.stmt) -> str:
    """The list, made outside of a loop, into which each round puts what it starts; or nothing."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="add" | "append"))):
            return dotted(owner)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=started))) | ast.Assign(targets=[started]):
            return list_of(tree, loop, dotted(started))
    return ""


def _loses(loop: ast.stmt, container: str) -> bool:
    """Whether the rounds of a loop take something out of a container."""
    return any(
        isinstance(each, ast.Attribute) and each.attr in TAKING_OUT and container and dotted(each.value) == container
        for each in ast.walk(loop)
    )
