"""Binding and unbinding of targets: names, attributes, items, and unpacking."""

from __future__ import annotations

import ast
from typing import Any

from leaklint.facts.flow import Flow
from leaklint.ir.cfg import DeleteAttribute, DeleteItem, GetItem, Operand, SetAttribute, SetItem, Slice
from leaklint.ir.location import Span


def assign(flow: Flow, target: Any, value: Operand, span: Span) -> None:
    """Binds a target to a value; ``span`` is that of the statement that does it."""
    kind = type(target)
    if kind is ast.Name:
        flow.store(target.id, value, span)
    elif kind is ast.Attribute:
        flow.emit(SetAttribute(span, flow.value(target.value), target.attr, value))
    elif kind is ast.Subscript:
        container = flow.value(target.value)
        flow.emit(SetItem(span, container, flow.value(target.slice), value))
    elif kind is ast.Starred:
        assign(flow, target.value, value, span)
    else:
        _unpack(flow, target.elts, value, span)


def _unpack(flow: Flow, targets: list[ast.expr], value: Operand, span: Span) -> None:
    value = flow.snapshot(span, value)
    star = next((index for index, target in enumerate(targets) if type(target) is ast.Starred), len(targets))
    for index, target in enumerate(targets):
        element = flow.temporary()
        if index == star:
            key = rest_key(flow, span, star, len(targets) - 1 - star)
        else:
            key = flow.constant(span, index if index < star else index - len(targets))
        flow.emit(GetItem(span, element, value, key))
        # two targets of one statement are two writes
        assign(flow, target, element, flow.span(target))


def rest_key(flow: Flow, span: Span, before: int, after: int) -> Operand:
    """The slice that a starred target takes, between the elements before and after it."""
    lower = flow.constant(span, before)
    upper = flow.constant(span, -after if after else None)
    key = flow.temporary()
    flow.emit(Slice(span, key, (lower, upper)))
    return key


def delete(flow: Flow, target: Any, span: Span) -> None:
    """Unbinds a target of a ``del`` statement."""
    kind = type(target)
    if kind is ast.Name:
        flow.delete(target.id, span)
    elif kind is ast.Attribute:
        flow.emit(DeleteAttribute(span, flow.value(target.value), target.attr))
    elif kind is ast.Subscript:
        container = flow.value(target.value)
        flow.emit(DeleteItem(span, container, flow.value(target.slice)))
    else:
        for element in target.elts:
            delete(flow, element, span)
