"""Control-flow graphs as text: one line a block, so that a test can show a whole graph.

``2 ~5: %1 = call f(x); discard %1 -> 3, !4`` is block 2, whose exceptions go to block 5, followed normally by block 3
and exceptionally by block 4; ``out`` is out of the function, and ``for xs`` marks the header of a loop.
"""

from __future__ import annotations

import msgspec

from leaklint.facts import extract
from leaklint.ir.cfg import RAISE_EXIT, AnyInstruction, Argument, Body, BuildItem

FORMS = {
    "Constant": "{target} = {value!r}",
    "Copy": "{target} = {source}",
    "Annotate": "{target} = {source} as {annotation}",
    "LoadGlobal": "{target} = global {name}",
    "StoreGlobal": "global {name} = {value}",
    "DeleteGlobal": "del global {name}",
    "LoadFree": "{target} = free {name}",
    "StoreFree": "free {name} = {value}",
    "DeleteLocal": "del {name}",
    "GetAttribute": "{target} = {object}.{name}",
    "SetAttribute": "{object}.{name} = {value}",
    "DeleteAttribute": "del {object}.{name}",
    "GetItem": "{target} = {object}[{key}]",
    "SetItem": "{object}[{key}] = {value}",
    "DeleteItem": "del {object}[{key}]",
    "Slice": "{target} = slice {parts}",
    "Operation": "{target} = {operator} {operands}",
    "InPlace": "{target} = {left} {operator}= {right}",
    "Build": "{target} = {kind} {items}",
    "Fill": "fill {object} {item}",
    "Call": "{target} = call {function}({arguments})",
    "Discard": "discard {value}",
    "Await": "{target} = await {value}",
    "Yield": "{target} = yield {value}",
    "Element": "{target} = next {iterable}",
    "Enter": "{target} = enter {manager}",
    "Exit": "exit {manager}",
    "Catch": "{target} = catch {types}",
    "MakeFunction": "{target} = def {function} {defaults}",
    "MakeClass": "{target} = class {name} {bases} {keywords}",
    "ImportModule": "{target} = import {module}",
    "ImportName": "{target} = from {level}{module} import {name}",
    "Assume": "assume {condition} {truth}",
    "Return": "return {value}",
    "Raise": "raise {value}",
}
FLAGS = ("augmented", "is_async", "exceptional", "delegates", "whole")


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(_text(part) for part in value)
    if isinstance(value, BuildItem):
        key = "" if value.key is None else f"{value.key}: "
        return f"{key}{'*' if value.starred else ''}{value.value}"
    if isinstance(value, Argument):
        name = "" if value.name is None else f"{value.name}="
        return f"{name}{value.star}{value.value}"
    return str(value)


def _instruction(instruction: AnyInstruction) -> str:
    kind = type(instruction).__name__
    fields = msgspec.structs.asdict(instruction)
    shown = {name: value if kind == "Constant" else _text(value) for name, value in fields.items()}
    flags = [name for name in FLAGS if fields.get(name) is True]
    return " ".join([FORMS[kind].format_map(shown).strip(), *flags])


def render(body: Body) -> str:
    """The text of a graph."""
    lines = []
    for number, block in enumerate(body.blocks):
        handler = "" if block.raises_to == RAISE_EXIT else f" ~{block.raises_to}"
        loop = "" if block.loop is None else f" for {block.loop}"
        code = "; ".join(_instruction(instruction) for instruction in block.instructions)
        edges = ", ".join(
            ("!" if edge.exceptional else "") + ("out" if edge.target == RAISE_EXIT else str(edge.target))
            for edge in block.next
        )
        lines.append(f"{number}{handler}{loop}: {code}{' ' if code and edges else ''}{'-> ' + edges if edges else ''}")
    return "\n".join(line.rstrip() for line in lines)


def graph(source: str, name: str = "f") -> str:
    """The text of the graph of a function in a source text."""
    facts = extract(source.encode())
    assert facts.troubles == ()
    return render(facts.bodies[name])
