"""Lowering of expressions: names, attributes, items, calls, displays, operators and literals."""

from __future__ import annotations

import ast
from typing import Any

from leaklint.facts.flow import EXPRESSIONS, Flow
from leaklint.facts.positions import Positions
from leaklint.ir.cfg import (
    Argument,
    Await,
    Build,
    BuildItem,
    Call,
    ConstantValue,
    GetAttribute,
    GetItem,
    MakeFunction,
    Operand,
    Operation,
    Slice,
    Yield,
)

OPERATORS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}


def literal_value(node: ast.Constant, positions: Positions) -> ConstantValue:
    """The value of a literal as facts can hold it: what neither text nor codec can carry is given as source text."""
    value: object = node.value
    if isinstance(value, str):
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "backslashreplace").decode()
        return value
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    return positions.text(node)


_STOPPING = frozenset({"all", "any", "next"})
"""Functions that ask an iterator for no more elements than they need."""


def _constant(flow: Flow, node: ast.Constant) -> Operand:
    return flow.constant(flow.span(node), literal_value(node, flow.positions))


def _name(flow: Flow, node: ast.Name) -> Operand:
    return flow.load(node.id, node)


def _spine(flow: Flow, node: Any) -> Operand:
    """Lowers a chain such as ``a.b(x)[i].c()``, however long, from its innermost object outwards."""
    links = []
    while True:
        kind = type(node)
        if kind is ast.Call:
            links.append(node)
            node = node.func
        elif kind is ast.Attribute or kind is ast.Subscript:
            links.append(node)
            node = node.value
        else:
            break
    operand = flow.value(node)
    span, temporary = flow.span, flow.temporary
    for link in reversed(links):
        kind = type(link)
        if kind is ast.Attribute:
            target = temporary()
            flow.emit(GetAttribute(span(link), target, operand, link.attr))
        elif kind is ast.Call:
            if type(link.func) is ast.Name and link.func.id in _STOPPING and link.args:
                flow.stopped = link.args[0]
            given = _arguments(flow, link)
            target = temporary()
            flow.emit(Call(span(link), target, operand, given))
        else:
            key = flow.value(link.slice)
            target = temporary()
            flow.emit(GetItem(span(link), target, operand, key))
        operand = target
    return operand


def _arguments(flow: Flow, node: ast.Call) -> tuple[Argument, ...]:
    given = []
    for argument in node.args:
        if type(argument) is ast.Starred:
            given.append(Argument(flow.value(argument.value), None, "*"))
        else:
            given.append(Argument(flow.value(argument)))
    for keyword in node.keywords:
        operand = flow.value(keyword.value)
        given.append(Argument(operand, None, "**") if keyword.arg is None else Argument(operand, keyword.arg))
    return tuple(given)


def _slice(flow: Flow, node: ast.Slice) -> Operand:
    span = flow.span(node)
    parts = [flow.constant(span, None) if part is None else flow.value(part) for part in (node.lower, node.upper)]
    if node.step is not None:
        parts.append(flow.value(node.step))
    target = flow.temporary()
    flow.emit(Slice(span, target, tuple(parts)))
    return target


def _display(flow: Flow, node: Any) -> Operand:
    items = []
    for element in node.elts:
        if type(element) is ast.Starred:
            items.append(BuildItem(flow.value(element.value), None, True))
        else:
            items.append(BuildItem(flow.value(element)))
    target = flow.temporary()
    flow.emit(Build(flow.span(node), target, _DISPLAYS[type(node)], tuple(items)))
    return target


_DISPLAYS: dict[type, str] = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}


def _dictionary(flow: Flow, node: ast.Dict) -> Operand:
    items = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            items.append(BuildItem(flow.value(value), None, True))
        else:
            key_operand = flow.value(key)
            items.append(BuildItem(flow.value(value), key_operand))
    target = flow.temporary()
    flow.emit(Build(flow.span(node), target, "dict", tuple(items)))
    return target


def _binary(flow: Flow, node: ast.BinOp) -> Operand:
    """Lowers a chain such as ``a + b + c``, however long, from the left."""
    links = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        links.append(left)
        left = left.left
    operand = flow.value(left)
    for link in reversed(links):
        right = flow.value(link.right)
        target = flow.temporary()
        flow.emit(Operation(flow.span(link), target, OPERATORS[type(link.op)], (operand, right)))
        operand = target
    return operand


def _formatted_text(flow: Flow, node: Any) -> Operand:
    if all(type(part) is ast.Constant for part in node.values):
        texts = [str(literal_value(part, flow.positions)) for part in node.values]
        return flow.constant(flow.span(node), "".join(texts))
    operands: list[Operand] = []
    _format_parts(flow, node, operands)
    target = flow.temporary()
    flow.emit(Operation(flow.span(node), target, "format", tuple(operands)))
    return target


def _format_parts(flow: Flow, node: Any, operands: list[Operand]) -> None:
    for part in node.values:
        if type(part) is ast.Constant:
            if part.value:
                operands.append(flow.value(part))
        else:
            operands.append(flow.value(part.value))
            if part.format_spec is not None:
                _format_parts(flow, part.format_spec, operands)


def _walrus(flow: Flow, node: ast.NamedExpr) -> Operand:
    operand = flow.value(node.value)
    name = node.target.id
    flow.store(name, operand, flow.span(node))
    return flow.env.get(name, operand)


def _lambda(flow: Flow, node: ast.Lambda) -> Operand:
    return make_function(flow, node)


def make_function(flow: Flow, node: Any) -> Operand:
    """Evaluates the defaults of a ``def`` or ``lambda`` and makes the function."""
    arguments: ast.arguments = node.args
    plain = arguments.posonlyargs + arguments.args
    defaults = []
    if arguments.defaults:
        for argument, default in zip(plain[-len(arguments.defaults) :], arguments.defaults, strict=True):
            defaults.append((argument.arg, flow.value(default)))
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword_default is not None:
            defaults.append((argument.arg, flow.value(keyword_default)))
    target = flow.temporary()
    flow.emit(MakeFunction(flow.span(node), target, flow.scope_of[node].name, tuple(defaults)))
    return target


def _await(flow: Flow, node: ast.Await) -> Operand:
    operand = flow.value(node.value)
    target = flow.temporary()
    flow.emit(Await(flow.span(node), target, operand))
    return target


def _yield(flow: Flow, node: Any) -> Operand:
    span = flow.span(node)
    operand = flow.constant(span, None) if node.value is None else flow.value(node.value)
    target = flow.temporary()
    flow.emit(Yield(span, target, operand, type(node) is ast.YieldFrom))
    return target


def _starred(flow: Flow, node: ast.Starred) -> Operand:
    return flow.value(node.value)


EXPRESSIONS.update(
    {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _spine,
        ast.Call: _spine,
        ast.Subscript: _spine,
        ast.Slice: _slice,
        ast.List: _display,
        ast.Tuple: _display,
        ast.Set: _display,
        ast.Dict: _dictionary,
        ast.BinOp: _binary,
        ast.JoinedStr: _formatted_text,
        ast.NamedExpr: _walrus,
        ast.Lambda: _lambda,
        ast.Await: _await,
        ast.Yield: _yield,
        ast.YieldFrom: _yield,
        ast.Starred: _starred,
    }
)
if hasattr(ast, "TemplateStr"):
    EXPRESSIONS[ast.TemplateStr] = _formatted_text
