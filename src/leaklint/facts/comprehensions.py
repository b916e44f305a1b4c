"""Lowering of comprehensions and generator expressions to loops that fill an object."""

from __future__ import annotations

import ast
from typing import Any

from leaklint.facts.conditions import branch
from leaklint.facts.flow import EXPRESSIONS, Draft, Flow
from leaklint.facts.targets import assign
from leaklint.ir.cfg import Build, BuildItem, Element, Fill, Operand

_KINDS: dict[type, str] = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.DictComp: "dict",
    ast.GeneratorExp: "generator",
}


def _comprehension(flow: Flow, node: Any) -> Operand:
    result = flow.temporary()
    is_stopped = node is flow.stopped and type(node) is ast.GeneratorExp
    first = flow.value(node.generators[0].iter)
    flow.emit(Build(flow.span(node), result, _KINDS[type(node)], ()))
    outer, scope = flow.env, flow.scope_of[node]
    inherited = outer
    if flow.seen is not None:
        inherited = {name: operand for name, operand in outer.items() if "%" in operand}
    flow.env = {**inherited, **{name: scope.operand(name) for name in scope.bound}}
    headers: list[Draft] = []
    exit_block = Draft(flow.handler)
    for generator in node.generators:
        iterable = flow.value(generator.iter) if headers else first
        header = Draft(flow.handler, iterable)
        flow.jump(header)
        flow.start(header)
        body = Draft(flow.handler)
        header.next = [(body, False), (headers[-1] if headers else exit_block, False)]
        headers.append(header)
        flow.start(body)
        span = flow.span(generator.target)
        element = flow.temporary()
        flow.emit(Element(span, element, iterable, bool(generator.is_async)))
        assign(flow, generator.target, element, span)
        for condition in generator.ifs:
            holds, fails = branch(flow, condition)
            for fail in fails:
                fail.next.append((header, False))
            flow.resume(holds)
            if not flow.live:
                break
        if not flow.live:
            break
    if flow.live:
        _fill(flow, node, result)
        if is_stopped:
            flow.here.next.append((exit_block, False))
        flow.jump(headers[-1])
    flow.env = outer
    flow.start(exit_block)
    return result


def _fill(flow: Flow, node: Any, result: Operand) -> None:
    if type(node) is ast.DictComp:
        key = flow.value(node.key)
        flow.emit(Fill(flow.span(node.value), result, BuildItem(flow.value(node.value), key)))
    else:
        starred = type(node.elt) is ast.Starred
        flow.emit(Fill(flow.span(node.elt), result, BuildItem(flow.value(node.elt), None, starred)))


EXPRESSIONS.update(dict.fromkeys(_KINDS, _comprehension))
