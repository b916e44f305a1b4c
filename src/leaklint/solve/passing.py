"""Passing on: what an invocation puts where all that it calls finds it, a context variable or a place of a module."""

from __future__ import annotations

from collections.abc import Iterator

from leaklint.ir.effects import How, Pending, Work, Write
from leaklint.ir.values import Path, Sources
from leaklint.solve.concerning import read_first
from leaklint.solve.handlers import Invoked
from leaklint.solve.lattice import HELD, extend


def passed_on(invoked: Invoked, reads: Sources) -> dict[Path, Sources]:
    """What an invocation puts into context variables, and into places that it binds before anything reads them.

    ``reads`` are the places that are read before. Who reads such a place later on, gets what this invocation was given.
    """
    found: dict[Path, Sources] = {}
    for effect, *_ in invoked.effects:
        if isinstance(effect, Pending) and effect.work is Work.TOKEN and effect.path is not None:
            places = [extend(effect.path, HELD)]
        elif isinstance(effect, Write) and not (effect.assumed or effect.composed):
            places = [each for each in _bound(effect) if each in invoked.written and not read_first(each, reads)]
        else:
            continue
        for place in places:
            found[place] = found.get(place, frozenset()) | effect.sources
    return found


def _bound(effect: Write) -> Iterator[Path]:
    """The places that a write binds, as far as they have a path of their own."""
    assert effect.path is not None
    if effect.how in (How.REBIND, How.SET_ATTRIBUTE):
        yield effect.path
    elif effect.how is How.SET_ITEM and all(key.root.owner == "constant" for key in effect.key_sources):
        yield from (extend(effect.path, f"[{key.root.name}]") for key in effect.key_sources)
