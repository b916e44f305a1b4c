"""The standard library, lowered whole: no trouble, and every graph is well formed."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from leaklint.facts import extract
from leaklint.ir.cfg import RAISE_EXIT, AnyInstruction, Body, BuildItem, Raise, Return

LIBRARY = Path(sysconfig.get_path("stdlib"))
FOLDERS = ["asyncio", "json", "http"]
TESTS = [
    "test_grammar",
    "test_patma",
    "test_scope",
    "test_generators",
    "test_coroutines",
    "test_with",
    "test_exceptions",
]
FILES = [path for folder in FOLDERS for path in sorted((LIBRARY / folder).glob("*.py"))]
FILES += [path for path in (LIBRARY / "test" / f"{name}.py" for name in TESTS) if path.exists()]
READ = {"source", "value", "object", "key", "left", "right", "condition", "iterable", "manager", "function"}
NO_OPERAND = {"Constant": {"value"}, "MakeFunction": {"function"}}


def _operands(instruction: AnyInstruction) -> Iterator[str]:
    kind = type(instruction).__name__
    for name, value in msgspec.structs.asdict(instruction).items():
        if name in READ - NO_OPERAND.get(kind, set()) and value is not None:
            yield value
        elif name in ("operands", "parts", "bases"):
            yield from value
        elif name == "arguments":
            yield from (argument.value for argument in value)
        elif name in ("defaults", "keywords"):
            yield from (operand for _, operand in value)
        elif name in ("items", "item"):
            for item in (value,) if isinstance(value, BuildItem) else value:
                yield item.value
                if item.key is not None:
                    yield item.key


def _faults(body: Body, variables: set[str]) -> Iterator[str]:
    count = len(body.blocks)
    known = set(variables)
    for block in body.blocks:
        known.update(each.target for each in block.instructions if hasattr(each, "target"))
    for number, block in enumerate(body.blocks):
        for edge in block.next:
            if not (0 <= edge.target < count or (edge.target == RAISE_EXIT and edge.exceptional)):
                yield f"block {number}: no block {edge.target}"
        if not RAISE_EXIT <= block.raises_to < count:
            yield f"block {number}: exceptions go to no block {block.raises_to}"
        if block.loop is not None and (block.loop not in known or len(block.next) != 2):
            yield f"block {number}: not a loop's header"
        for instruction in block.instructions[:-1]:
            if isinstance(instruction, (Return, Raise)):
                yield f"block {number}: goes on after its end"
        last = block.instructions[-1] if block.instructions else None
        if isinstance(last, Return) == bool(block.next):
            yield f"block {number}: ends without a return, or goes on after one"
        if isinstance(last, Raise) and not all(edge.exceptional for edge in block.next):
            yield f"block {number}: goes on normally after raising"
        for instruction in block.instructions:
            for operand in _operands(instruction):
                if operand not in known:
                    yield f"block {number}: {operand} is never defined: {instruction}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_graphs_are_well_formed(path: Path) -> None:
    facts = extract(path.read_bytes())
    assert facts.troubles == ()
    assert facts.bodies.keys() == facts.functions.keys()
    for name, body in facts.bodies.items():
        function = facts.functions[name]
        variables = {parameter.name for parameter in function.parameters} | set(function.cells)
        annotated_only = {"x", "no_such_global"} if name.endswith((".fbad", ".f2bad")) else set()
        assert list(_faults(body, variables | annotated_only)) == [], name
