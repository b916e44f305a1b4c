"""Lowering of ``try`` and ``with``: dispatch blocks, and copies of what runs on each way out."""

from __future__ import annotations

import ast
from typing import Any

from leaklint.facts.drops import last_segment
from leaklint.facts.flow import STATEMENTS, Cleanup, Draft, Flow
from leaklint.facts.targets import assign
from leaklint.ir.cfg import Catch, Enter, Exit

_CATCH_ALL = frozenset({"BaseException", "Exception"})


def _try(flow: Flow, node: Any) -> None:
    outer = flow.handler
    unwinding = outer
    if node.finalbody:
        unwinding = Draft(outer)
        flow.frames = [*flow.frames, Cleanup(lambda: flow.clean_up(node.finalbody), outer)]
    dispatch = Draft(unwinding) if node.handlers else unwinding
    flow.handler = dispatch
    flow.begin()
    flow.statements(node.body)
    flow.handler = unwinding
    if flow.live and node.orelse:
        flow.begin()
        flow.statements(node.orelse)
    ends = [flow.here] if flow.live else []
    if dispatch is not None and node.handlers:
        ends += _clauses(flow, node, dispatch, unwinding)
    flow.handler = outer
    if not node.finalbody:
        flow.resume(ends)
        return
    flow.frames = flow.frames[:-1]
    flow.resume(ends)
    flow.clean_up(node.finalbody)
    after = [flow.here] if flow.live else []
    if unwinding is not None:
        flow.start(unwinding)
        flow.clean_up(node.finalbody)
        if flow.live:
            flow.here.next.append((outer, True))
    flow.resume(after)


def _clauses(flow: Flow, node: Any, dispatch: Draft, unwinding: Draft | None) -> list[Draft]:
    """Lowers the ``except`` clauses; gives the blocks where they end."""
    flow.place(dispatch)
    ends = []
    catches_all = False
    for handler in node.handlers:
        clause = Draft(unwinding)
        dispatch.next.append((clause, True))
        flow.start(clause)
        types = _caught(flow, handler.type)
        catches_all = catches_all or handler.type is None or not _CATCH_ALL.isdisjoint(types)
        target = flow.temporary()
        flow.emit(Catch(flow.span(handler if handler.type is None else handler.type), target, types))
        if handler.name is not None:
            flow.store(handler.name, target, flow.span(handler.type))
        flow.statements(handler.body)
        if flow.live:
            ends.append(flow.here)
        if catches_all:
            break
    if not catches_all:
        dispatch.next.append((unwinding, True))
    return ends


def _caught(flow: Flow, node: ast.expr | None) -> tuple[str, ...]:
    if node is None:
        return ()
    names: list[str] = []
    stack = [node]
    while stack:
        expression = stack.pop()
        if isinstance(expression, ast.Tuple):
            stack += expression.elts[::-1]
        else:
            names.append(flow.positions.text(expression))
    return tuple(names)


def _with(flow: Flow, node: Any) -> None:
    _with_items(flow, node, 0)


def _with_items(flow: Flow, node: Any, index: int) -> None:
    if index == len(node.items):
        flow.statements(node.body)
        return
    item = node.items[index]
    expression = item.context_expr
    is_async = type(node) is ast.AsyncWith
    span = flow.span(expression)
    manager = flow.snapshot(span, flow.value(expression))
    entered = flow.temporary()
    flow.emit(Enter(span, entered, manager, is_async))
    outer = flow.handler
    unwinding = Draft(outer)
    flow.handler = unwinding
    flow.begin()
    flow.frames = [*flow.frames, Cleanup(lambda: flow.emit(Exit(span, manager, is_async)), outer)]
    if item.optional_vars is not None:
        assign(flow, item.optional_vars, entered, flow.span(item.optional_vars))
    _with_items(flow, node, index + 1)
    flow.frames = flow.frames[:-1]
    flow.handler = outer
    after = []
    if flow.live:
        flow.begin()
        flow.emit(Exit(span, manager, is_async))
        after.append(flow.here)
    flow.start(unwinding)
    flow.emit(Exit(span, manager, is_async, True))
    flow.raise_here()
    if type(expression) is ast.Call and last_segment(expression.func) == "suppress":
        silenced = Draft(outer)
        unwinding.next.append((silenced, False))
        flow.place(silenced)
        after.append(silenced)
    flow.resume(after)


STATEMENTS.update({ast.Try: _try, ast.TryStar: _try, ast.With: _with, ast.AsyncWith: _with})
