"""Which exceptions an ``except`` around a block catches, and which of them are at an end there."""

from __future__ import annotations

from typing import Final

from leaklint.ir import cfg
from leaklint.ir.cfg import RAISE_EXIT, Body
from leaklint.ir.values import Sources
from leaklint.solve.lattice import named, names_in

_EVERYTHING: Final = frozenset({"BaseException", "Exception"})
_NO_FILE: Final = frozenset({"FileNotFoundError", "IOError", "OSError"})
"""What is raised where a file is not there."""


def caught(body: Body, index: int, *, handled: bool = False) -> frozenset[str]:
    """Names of the exceptions that an ``except`` around a block catches; ``""`` for all.

    With ``handled``, without those of the clauses that raise them again, whatever they do before.
    """
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
            if not first or not isinstance(first[0], cfg.Catch):
                onward = edge.target
            elif not handled or _goes_on(body, edge.target):
                names.update(each.rpartition(".")[2] for each in first[0].types)
                if not first[0].types:
                    names.add("")
        target = onward
    return frozenset(names)


def _goes_on(body: Body, clause: int) -> bool:
    """Whether some way out of an ``except`` clause does not raise the exception again."""
    waiting, seen = [clause], {clause}
    while waiting:
        block = body.blocks[waiting.pop()]
        last = block.instructions[-1] if block.instructions else None
        if isinstance(last, cfg.Raise) and last.value is None:
            continue
        following = {edge.target for edge in block.next} - {RAISE_EXIT}
        if not following:
            return True
        waiting += following - seen
        seen |= following
    return False


def catches_all(body: Body, dispatch: int) -> bool:
    """Whether a block dispatches to clauses of which none expects anything in particular."""
    found = [
        first[0]
        for edge in body.blocks[dispatch].next
        if edge.target != RAISE_EXIT
        for first in [body.blocks[edge.target].instructions[:1]]
        if first and isinstance(first[0], cfg.Catch)
    ]
    return bool(found) and all(not each.types or not _EVERYTHING.isdisjoint(each.types) for each in found)


def missing_files(step: cfg.Catch, told: Sources) -> Sources:
    """The files for temporary data of which an ``except`` says that they are not there: ``told`` names them."""
    is_missing = any(each.rpartition(".")[2] in _NO_FILE for each in step.types)
    return frozenset(named(each) for each in names_in(told)) if is_missing else frozenset()
