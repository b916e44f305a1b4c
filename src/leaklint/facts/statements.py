"""Lowering of statements: assignments, definitions, imports, branches, loops and ways out."""

from __future__ import annotations

import ast
from typing import Any

from leaklint.facts.conditions import branch
from leaklint.facts.expressions import OPERATORS, make_function
from leaklint.facts.flow import STATEMENTS, Cleanup, Draft, Flow, Loop
from leaklint.facts.targets import assign, delete
from leaklint.facts.unrun import unrun
from leaklint.ir.cfg import (
    Annotate,
    Argument,
    Call,
    Discard,
    Element,
    GetAttribute,
    GetItem,
    ImportModule,
    ImportName,
    InPlace,
    LoadGlobal,
    MakeClass,
    Operand,
    Operation,
    Raise,
    Return,
    SetAttribute,
    SetItem,
)


# -------------------------------------------------------------------------------------------------------- assignments
def _expression(flow: Flow, node: ast.Expr) -> None:
    if type(node.value) is not ast.Constant:
        unread = unrun(flow, node.value)
        operand = flow.value(node.value) if unread is None else unread
        flow.emit(Discard(flow.span(node.value), operand))


def _assign(flow: Flow, node: ast.Assign) -> None:
    span = flow.span(node)
    if len(node.targets) == 1 and _is_parallel(node.targets[0], node.value):
        _assign_parallel(flow, node.targets[0], node.value, node)
        return
    name = node.targets[0].id if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) else ""
    unread = unrun(flow, node.value, name) if name else None
    value = flow.value(node.value) if unread is None else unread
    if len(node.targets) > 1:
        value = flow.snapshot(span, value)
    for target in node.targets:
        assign(flow, target, value, span)


def _is_parallel(target: ast.expr, value: ast.expr) -> bool:
    if not (isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List))):
        return False
    both = target.elts + value.elts
    return len(target.elts) == len(value.elts) and not any(type(element) is ast.Starred for element in both)


def _assign_parallel(flow: Flow, target: Any, value: Any, node: ast.Assign) -> None:
    """Lowers ``a, b = b, a`` without a tuple, so that each value keeps its identity."""
    bound = {each.target.id for each in ast.walk(value) if type(each) is ast.NamedExpr}
    values: dict[ast.expr, Operand] = {}
    # local names first: what a call beside them starts does not yet take the place of what they denote
    for element in sorted(value.elts, key=lambda each: not _is_local(flow, each) or each.id in bound):
        values[element] = flow.snapshot(flow.span(element), flow.value(element))
    for element, each in zip(target.elts, value.elts, strict=True):
        assign(flow, element, values[each], flow.span(node))


def _is_local(flow: Flow, node: ast.expr) -> bool:
    """Whether an expression is a name that no call binds anew."""
    return isinstance(node, ast.Name) and flow.env.get(node.id) == node.id


def _annotated(flow: Flow, node: ast.AnnAssign) -> None:
    if node.value is None:
        return
    span, value = flow.span(node), flow.value(node.value)
    if isinstance(node.value, ast.Call | ast.Attribute | ast.Subscript | ast.Await):
        source, value = value, flow.temporary()
        flow.emit(Annotate(span, value, source, flow.positions.text(node.annotation)))
    assign(flow, node.target, value, span)


def _augmented(flow: Flow, node: ast.AugAssign) -> None:
    span, target = flow.span(node), node.target
    operator = OPERATORS[type(node.op)]
    if isinstance(target, ast.Name):
        result = _in_place(flow, node, operator, flow.load(target.id, target))
        flow.store(target.id, result, span, augmented=True)
    elif isinstance(target, ast.Attribute):
        owner = flow.value(target.value)
        current = flow.temporary()
        flow.emit(GetAttribute(flow.span(target), current, owner, target.attr))
        flow.emit(SetAttribute(span, owner, target.attr, _in_place(flow, node, operator, current), True))
    else:
        container, key = flow.value(target.value), flow.value(target.slice)
        current = flow.temporary()
        flow.emit(GetItem(flow.span(target), current, container, key))
        flow.emit(SetItem(span, container, key, _in_place(flow, node, operator, current), True))


def _in_place(flow: Flow, node: ast.AugAssign, operator: str, current: Operand) -> Operand:
    right = flow.value(node.value)
    result = flow.temporary()
    flow.emit(InPlace(flow.span(node), result, operator, current, right))
    return result


def _delete(flow: Flow, node: ast.Delete) -> None:
    span = flow.span(node)
    for target in node.targets:
        delete(flow, target, span)


def _type_alias(flow: Flow, node: Any) -> None:
    span, target = flow.span(node), flow.temporary()
    flow.emit(Operation(span, target, "type-alias", ()))
    flow.store(node.name.id, target, span)


# -------------------------------------------------------------------------------------------------------- definitions
def _function(flow: Flow, node: Any) -> None:
    decorators = [flow.value(decorator) for decorator in node.decorator_list]
    outer = _bind_type_parameters(flow, node)
    _define(flow, node, make_function(flow, node), decorators)
    flow.env = outer


def _class(flow: Flow, node: ast.ClassDef) -> None:
    decorators = [flow.value(decorator) for decorator in node.decorator_list]
    outer = _bind_type_parameters(flow, node)
    bases = tuple([flow.value(base) for base in node.bases])
    keywords = tuple([(keyword.arg or "**", flow.value(keyword.value)) for keyword in node.keywords])
    target = flow.temporary()
    name = flow.scope_of[node].class_name or node.name
    flow.emit(MakeClass(flow.span(node), target, name, bases, keywords))
    flow.env = outer
    _define(flow, node, target, decorators)


def _define(flow: Flow, node: Any, made: Operand, decorators: list[Operand]) -> None:
    for decorator, operand in zip(reversed(node.decorator_list), reversed(decorators), strict=True):
        target = flow.temporary()
        flow.emit(Call(flow.span(decorator), target, operand, (Argument(made),)))
        made = target
    flow.store(node.name, made, flow.span(node))


def _bind_type_parameters(flow: Flow, node: Any) -> dict[str, Operand]:
    """Binds type parameters in the function around the definition; gives the names as they were before."""
    outer = flow.env
    parameters = getattr(node, "type_params", None)
    if parameters:
        scope = flow.scope_of[parameters[0]]
        flow.env = {**outer, **{parameter.name: scope.operand(parameter.name) for parameter in parameters}}
        for parameter in parameters:
            flow.emit(Operation(flow.span(parameter), scope.operand(parameter.name), "type-parameter", ()))
    return outer


def _import(flow: Flow, node: ast.Import) -> None:
    for alias in node.names:
        span, target = flow.span(alias), flow.temporary()
        flow.emit(ImportModule(span, target, alias.name, alias.asname is not None))
        flow.store(alias.asname or alias.name.partition(".")[0], target, span)


def _import_from(flow: Flow, node: ast.ImportFrom) -> None:
    for alias in node.names:
        span, target = flow.span(alias), flow.temporary()
        flow.emit(ImportName(span, target, node.module or "", alias.name, node.level))
        if alias.name != "*":
            flow.store(alias.asname or alias.name, target, span)


# --------------------------------------------------------------------------------------------------- branches, loops
def _if(flow: Flow, node: ast.If) -> None:
    ends: list[Draft] = []
    while True:
        holds, fails = branch(flow, node.test)
        flow.resume(holds)
        flow.statements(node.body)
        if flow.live:
            ends.append(flow.here)
        flow.resume(fails)
        rest = node.orelse
        if len(rest) == 1 and isinstance(rest[0], ast.If) and flow.live:
            node = rest[0]
        else:
            break
    flow.statements(rest)
    if flow.live:
        ends.append(flow.here)
    flow.resume(ends)


def _while(flow: Flow, node: ast.While) -> None:
    header = Draft(flow.handler)
    flow.jump(header)
    flow.start(header)
    holds, fails = branch(flow, node.test)
    flow.resume(holds)
    loop = Loop(header, flow.handler)
    _suite(flow, loop, node.body)
    flow.resume(fails)
    _after_loop(flow, loop, node.orelse)


def _for(flow: Flow, node: Any) -> None:
    iterable = flow.snapshot(flow.span(node.iter), flow.value(node.iter))
    header = Draft(flow.handler, iterable)
    flow.jump(header)
    flow.start(header)
    body, done = Draft(flow.handler), Draft(flow.handler)
    header.next = [(body, False), (done, False)]
    flow.start(body)
    span = flow.span(node.target)
    element = flow.temporary()
    flow.emit(Element(span, element, iterable, type(node) is ast.AsyncFor))
    assign(flow, node.target, element, span)
    loop = Loop(header, flow.handler)
    _suite(flow, loop, node.body)
    flow.start(done)
    _after_loop(flow, loop, node.orelse)


def _suite(flow: Flow, loop: Loop, body: list[ast.stmt]) -> None:
    flow.frames = [*flow.frames, loop]
    flow.statements(body)
    flow.frames = flow.frames[:-1]
    flow.jump(loop.header)


def _after_loop(flow: Flow, loop: Loop, orelse: list[ast.stmt]) -> None:
    flow.statements(orelse)
    flow.resume([*loop.breaks, flow.here] if flow.live else loop.breaks)


# --------------------------------------------------------------------------------------------------------- ways out
def _innermost_loop(flow: Flow) -> tuple[int, Loop | None]:
    for index in range(len(flow.frames) - 1, -1, -1):
        frame = flow.frames[index]
        if isinstance(frame, Loop):
            return index, frame
    return 0, None


def _break(flow: Flow, _node: ast.Break) -> None:
    index, loop = _innermost_loop(flow)
    if loop is not None:
        breaks = loop.breaks
        flow.leave(index, lambda: breaks.append(flow.here))


def _continue(flow: Flow, _node: ast.Continue) -> None:
    index, loop = _innermost_loop(flow)
    if loop is not None:
        header = loop.header
        flow.leave(index, lambda: flow.jump(header))


def _return(flow: Flow, node: ast.Return) -> None:
    span = flow.span(node)
    operand = None if node.value is None else flow.value(node.value)
    if operand is not None and any(isinstance(frame, Cleanup) for frame in flow.frames):
        operand = flow.snapshot(span, operand)
    flow.leave(0, lambda: flow.emit(Return(span, operand)))


def _raise(flow: Flow, node: ast.Raise) -> None:
    operand = None if node.exc is None else flow.value(node.exc)
    if node.cause is not None:
        flow.value(node.cause)
    flow.emit(Raise(flow.span(node), operand))
    flow.raise_here()


def _assert(flow: Flow, node: ast.Assert) -> None:
    span = flow.span(node)
    holds, fails = branch(flow, node.test)
    flow.resume(fails)
    if flow.live:
        error = flow.temporary()
        flow.emit(LoadGlobal(span, error, "AssertionError"))
        if node.msg is not None:
            message, made = flow.value(node.msg), flow.temporary()
            flow.emit(Call(span, made, error, (Argument(message),)))
            error = made
        flow.emit(Raise(span, error))
        flow.raise_here()
    flow.resume(holds)


def _nothing(_flow: Flow, _node: ast.stmt) -> None:
    return


STATEMENTS.update(
    {
        ast.Expr: _expression,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Delete: _delete,
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.ClassDef: _class,
        ast.Import: _import,
        ast.ImportFrom: _import_from,
        ast.If: _if,
        ast.While: _while,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.Break: _break,
        ast.Continue: _continue,
        ast.Return: _return,
        ast.Raise: _raise,
        ast.Assert: _assert,
        ast.Pass: _nothing,
        ast.Global: _nothing,
        ast.Nonlocal: _nothing,
    }
)
if hasattr(ast, "TypeAlias"):
    STATEMENTS[ast.TypeAlias] = _type_alias
