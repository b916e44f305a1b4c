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
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

MOST_PARTS: Final = 8
"""The longest text of an expression, in names and steps."""
_STEPS: Final[dict[type, str]] = {ast.Attribute: ".", ast.Call: "()", ast.Subscript: "[]", ast.Await: "^"}
MOST_ELEMENTS: Final = 3
"""Different elements of a display of which one text tells."""
STEP: Final = re.compile(r"\.\w+|\(\)|\[\]|\^")
_CONSTANT: Final = frozenset({ast.Constant, ast.JoinedStr, ast.Compare})
_PARTIAL: Final = ("partial", "partialmethod")
_SAME: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_PARTIAL, ()),
    **dict.fromkeys(("sorted", "reversed", "iter", "list", "tuple", "set", "frozenset"), ()),
    **dict.fromkeys(("next", "max", "min"), ("[]",)),
}
"""Calls that give what they are given, or an element of it: what follows its text."""


def last_segment(function: ast.expr) -> str | None:
    """The last segment of a called name: ``c`` for ``a.b.c``; of an element, that of its container."""
    while type(function) is ast.Subscript:
        function = function.value
    if type(function) is ast.Attribute:
        return function.attr
    if type(function) is ast.Name:
        return function.id
    return None


def called(function: ast.expr) -> str | None:
    """The text of what is called, as ``described`` has it; None where that says nothing of it."""
    text = described(function)
    return None if text == "?" else text


def described(value: ast.expr | None, *, inside: bool = False) -> str:
    """An expression as far as it says where its value comes from, in one short text.

    It begins with a name, ``""`` for a constant, ``{a|b}`` for a display of which some elements are known, ``{}`` for
    another one, or ``?`` for anything else; then follow ``.x`` for an attribute, ``[]`` for an element, ``()`` for a
    call and ``^`` for what awaiting gives, in the order of evaluation: ``await a.b(1)["c"].d()`` is ``a.b()[].d()^``; a
    slice and a sorted list are their container, and ``partial(f, 1)`` is ``f``. Of what is longer, only the end is
    there. ``inside`` a display nothing is said of another one.
    """
    parts: list[str] = []
    while len(parts) < MOST_PARTS:
        kind = type(value)
        if kind is ast.Name:
            parts.append(value.id)  # type: ignore[union-attr]
            break
        if kind not in _STEPS:
            parts.append("{}" if kind in _DISPLAYS and inside else _DISPLAYS.get(kind, _plain)(value))
            break
        if kind is ast.Call and not inside and (same := _same(value)) is not None:
            step, value = same
            parts += step
            continue
        if kind is not ast.Subscript or type(value.slice) is not ast.Slice:  # type: ignore[union-attr]
            parts.append(f".{value.attr}" if kind is ast.Attribute else _STEPS[kind])  # type: ignore[union-attr]
        value = value.func if kind is ast.Call else value.value  # type: ignore[union-attr]
    else:
        parts.append("?")
    return "".join(reversed(parts))


def _same(call: Any) -> tuple[tuple[str, ...], ast.expr] | None:
    """What a call gives back as it is, or an element of it, with the step to that; None for anything else."""
    is_partial = type(call.func) is ast.Attribute and call.func.attr in _PARTIAL
    step = () if is_partial else _SAME.get(call.func.id) if type(call.func) is ast.Name else None
    if step is None or not call.args or type(call.args[0]) is ast.Starred:
        return None
    return step, call.args[0]


def known_elements(text: str) -> list[str]:
    """The texts of the elements that the text of a display tells of."""
    return text[1:-1].split("|") if text.startswith("{") and len(text) > 2 else []


def root_of(text: str) -> str:
    """What a text begins with, without the steps that follow."""
    if text.startswith("{"):
        return text[: text.index("}") + 1]
    first = STEP.search(text)
    return text[: first.start()] if first else text


def _plain(value: Any) -> str:
    return '""' if type(value) in _CONSTANT else "?"


def _display(value: Any) -> str:
    """A display with the texts of its elements that say something, if they are few."""
    found: set[str] = set()
    keys = value.keys if type(value) is ast.Dict else value.elts
    for key, each in zip(keys, value.values if type(value) is ast.Dict else value.elts, strict=True):
        text = described(each, inside=True)
        if not text.startswith(("{", "?", '"')):
            found.add(f"{text}[]" if key is None else text)  # of another mapping
            if len(found) > MOST_ELEMENTS:
                return "{}"
    return f"{{{'|'.join(sorted(found))}}}"


def last_name(text: str) -> str:
    """The last name in the text of what is called; of an element, that of its container; empty for a result."""
    name = text.rstrip("[]").rpartition(".")[2]
    return "" if name.endswith((")", "^")) else name


def valued_calls(value: ast.expr | None) -> list[str]:
    """What is called where the result is the value of an expression, or a part of it, as ``called`` has it."""
    return _valued(value, ast.Call) if type(value) in _PARTS else []


def valued_names(value: ast.expr | None) -> list[str]:
    """The names that are the value of an expression, or a part of it."""
    return _valued(value, ast.Name) if type(value) is ast.Name or type(value) in _PARTS else []


def _valued(value: ast.expr | None, wanted: type) -> list[str]:
    found: list[str] = []
    stack: list[Any] = [value]
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind is wanted:
            name = called(node.func) if kind is ast.Call else last_segment(node)
            if name is not None:
                found.append(name)
        elif kind in _PARTS:
            stack += _PARTS[kind](node)
    return found


def _elements(node: Any) -> list[Any]:
    elements: list[Any] = node.elts
    return elements


def _values(node: Any) -> list[Any]:
    values: list[Any] = node.values
    return values


def _sides(node: Any) -> list[Any]:
    return [node.body, node.orelse]


def _value(node: Any) -> list[Any]:
    return [node.value]


def _element(node: Any) -> list[Any]:
    return [node.elt]


def _nothing(_node: Any) -> list[Any]:
    return []


_PARTS: dict[type, Callable[[Any], list[Any]]] = {
    ast.Call: _nothing,
    ast.List: _elements,
    ast.Tuple: _elements,
    ast.Set: _elements,
    ast.Dict: _values,
    ast.BoolOp: _values,
    ast.IfExp: _sides,
    ast.NamedExpr: _value,
    ast.Starred: _value,
    ast.ListComp: _element,
    ast.SetComp: _element,
    ast.GeneratorExp: _element,
    ast.DictComp: _value,
}
"""The kinds of expression whose value is, or is made of, the values of other expressions."""


def never_used(assigned: list[tuple[str, str]], read: set[str]) -> Iterator[str]:
    """The calls whose result is bound to a name that is never read."""
    return (call for name, call in assigned if name not in read)


def overwritten(assigned: list[tuple[str, str]], rebound: set[str]) -> Iterator[str]:
    """The calls whose result is bound to a name that may be bound to something else before it is read."""
    return (call for name, call in assigned if name in rebound)


_DISPLAYS: Final[dict[type, Callable[[Any], str]]] = {
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set, ast.Dict), _display),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), lambda _value: "{}"),
}
