"""Which calls of a function could drop their result: a cheap over-approximation.

A later stage runs the real analysis only for functions where one of these names can be asynchronous. A call counts as
*dropped* where its value

- is an expression statement, or an element of a display or comprehension that is one,
- is bound to a name that is never read, or that is bound more than once (it may be overwritten),
- is tested, compared, formatted, or given to ``print``, ``str`` or ``bool``,
- is returned or yielded (the function is then a wrapper, whose own result may be dropped),
- is iterated by a plain ``for``, or entered by a plain ``with``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)


def last_segment(function: ast.expr) -> str | None:
    """The last segment of a called name: ``c`` for ``a.b.c``."""
    if type(function) is ast.Attribute:
        return function.attr
    if type(function) is ast.Name:
        return function.id
    return None


def valued_calls(node: ast.expr | None) -> Iterator[str]:
    """The last segments of the calls whose result is the value of an expression, or a part of it."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call):
            name = last_segment(node.func)
            if name is not None:
                yield name
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            stack += node.elts
        elif isinstance(node, ast.Dict):
            stack += node.values
        elif isinstance(node, ast.BoolOp):
            stack += node.values
        elif isinstance(node, ast.IfExp):
            stack += (node.body, node.orelse)
        elif isinstance(node, (ast.NamedExpr, ast.Starred)):
            stack.append(node.value)
        elif isinstance(node, _COMPREHENSIONS):
            stack.append(node.elt)
        elif isinstance(node, ast.DictComp):
            stack.append(node.value)


def never_used(assigned: list[tuple[str, str]], read: set[str], rebound: set[str]) -> Iterator[str]:
    """The calls whose result is bound to a name that is never read, or that may be overwritten before."""
    for name, call in assigned:
        if name not in read or name in rebound:
            yield call
