"""What every run of a body needs to know of its blocks: their order, and which temporaries and handlers they share."""

from __future__ import annotations

from typing import Final

from leaklint.ir import cfg
from leaklint.ir.cfg import RAISE_EXIT, Body

CATCHING_ALL: Final = frozenset({"BaseException", "Exception"})


class Prepared:
    """What every run of a body needs to know of its blocks."""

    __slots__ = ("catching", "catching_all", "decides", "lasting", "order", "rank", "repeats")

    def __init__(self, body: Body) -> None:
        self.order = _reverse_postorder(body)
        self.rank = {block: position for position, block in enumerate(self.order)}
        self.lasting = _lasting_temporaries(body)
        self.repeats = any(
            self.rank.get(edge.target, len(self.order)) <= self.rank[index] and body.blocks[edge.target].loop is None
            for index in self.order
            for edge in body.blocks[index].next
            if edge.target != RAISE_EXIT
        )
        self.decides = [_decides(body, index) for index in range(len(body.blocks))]
        self.catching = [_caught(body, index) for index in range(len(body.blocks))]
        self.catching_all = frozenset(index for index in range(len(body.blocks)) if _catches_all(body, index))
        """Blocks that dispatch to clauses of which none expects anything in particular."""


def _catches_all(body: Body, dispatch: int) -> bool:
    found = [
        first[0]
        for edge in body.blocks[dispatch].next
        if edge.target != RAISE_EXIT
        for first in [body.blocks[edge.target].instructions[:1]]
        if first and isinstance(first[0], cfg.Catch)
    ]
    return bool(found) and all(not each.types or not CATCHING_ALL.isdisjoint(each.types) for each in found)


def _decides(body: Body, index: int) -> frozenset[str]:
    """The names whose truth decides where a block goes on: at its head, a loop asks them anew in each round."""
    following = [body.blocks[edge.target] for edge in body.blocks[index].next if edge.target != RAISE_EXIT]
    first = [each.instructions[0] for each in following if each.instructions]
    return frozenset(
        each.condition for each in first if isinstance(each, cfg.Assume) and not each.condition.startswith("%")
    )


def _caught(body: Body, index: int) -> frozenset[str]:
    """Names of the exceptions that an ``except`` around a block catches; ``""`` for all."""
    target = body.blocks[index].raises_to
    names: set[str] = set()
    seen: set[int] = set()
    while target != RAISE_EXIT and target not in seen:
        seen.add(target)
        dispatch = body.blocks[target]
        onward = RAISE_EXIT
        for edge in dispatch.next:
            if edge.target == RAISE_EXIT:
                continue
            first = body.blocks[edge.target].instructions[:1]
            if first and isinstance(first[0], cfg.Catch):
                names.update(each.rpartition(".")[2] for each in first[0].types)
                if not first[0].types:
                    names.add("")
            else:
                onward = edge.target
        target = onward
    return frozenset(names)


def _reverse_postorder(body: Body) -> list[int]:
    """Blocks in an order in which every block, loops aside, comes after those that lead to it.

    Of two ways, the first one comes first: the body of a loop before what comes after the loop, which then need not be
    visited for each round.
    """
    blocks = body.blocks

    def after(index: int) -> list[int]:
        block = blocks[index]
        targets = [edge.target for edge in block.next if edge.target != RAISE_EXIT]
        if block.raises_to != RAISE_EXIT:
            targets.append(block.raises_to)
        return targets[::-1]

    finished: list[int] = []
    seen = {0}
    stack: list[tuple[int, list[int]]] = [(0, after(0))]
    while stack:
        index, targets = stack[-1]
        while targets and targets[0] in seen:
            targets.pop(0)
        if targets:
            target = targets.pop(0)
            seen.add(target)
            stack.append((target, after(target)))
        else:
            finished.append(index)
            stack.pop()
    return finished[::-1]


def _lasting_temporaries(body: Body) -> frozenset[str]:
    """Temporaries that a block uses which another one sets."""
    lasting: set[str] = set()
    for block in body.blocks:
        made: set[str] = set()
        for step in block.instructions:
            for name in _operands(step):
                if name[:1] == "%" and name not in made:
                    lasting.add(name)
            target = getattr(step, "target", None)
            if isinstance(target, str):
                made.add(target)
        if block.loop is not None:
            lasting.add(block.loop)
    for block in body.blocks:
        for step in block.instructions:
            if isinstance(step, cfg.Operation) and step.target in lasting:
                lasting.update(name for name in step.operands if name[:1] == "%")  # what a test is about
    return frozenset(lasting)


def _operands(step: cfg.Instruction) -> list[str]:
    names: list[str] = []
    for field in step.__struct_fields__:
        if field in ("target", "span"):
            continue
        value = getattr(step, field)
        if isinstance(value, str):
            names.append(value)
        elif isinstance(value, tuple):
            for each in value:
                if isinstance(each, str):
                    names.append(each)
                elif isinstance(each, cfg.Argument):
                    names.append(each.value)
                elif isinstance(each, cfg.BuildItem):
                    names.append(each.value)
                    if each.key is not None:
                        names.append(each.key)
                elif isinstance(each, tuple):
                    names.extend(inner for inner in each if isinstance(inner, str))
        elif isinstance(value, cfg.BuildItem):
            names.append(value.value)
            if value.key is not None:
                names.append(value.key)
    return names
