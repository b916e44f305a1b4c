"""Tests on the way to a point: what they read, and what of them holds where two paths meet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from leaklint.ir.location import Span
from leaklint.ir.values import Path, Sources
from leaklint.solve.lattice import is_prefix


class Tested(NamedTuple):
    """A test on the way here: the places that it reads."""

    reads: Sources
    truth: bool
    span: Span
    indirect: bool = False
    """It is an ``except``, of which nobody knows what has raised it, or asks for an answer (see ``choosing.py``):
    whatever has been read may have to do with it."""
    vacant: bool = False
    """It says that nothing is there yet."""


def met_guards(left: frozenset[Tested], right: frozenset[Tested]) -> frozenset[Tested]:
    """The tests that hold where two paths meet: the common ones, and that of ``a or b`` as one."""
    common = left & right
    one, two = left - common, right - common
    if not one or not two:
        return common
    opposed = {tested.span for tested in one} & {tested.span for tested in two}
    if all(tested.span in opposed for tested in one | two):
        return common
    reads: frozenset[Path] = frozenset().union(*(tested.reads for tested in one | two))
    span, indirect = min(tested.span for tested in one | two), any(tested.indirect for tested in one | two)
    return common | {Tested(reads, False, span, indirect)}


def asked(container: Path | None, tests: Iterable[Tested]) -> bool:
    """Whether a test looks at a container."""
    return container is not None and any(
        is_prefix(container, read) for tested in tests if not tested.indirect for read in tested.reads
    )
