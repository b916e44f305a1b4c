"""Who else has the work of a callee: an object that keeps it, and the loop on which it is pending."""

from __future__ import annotations

import msgspec.structs

from leaklint.ir.effects import Pending, Regime
from leaklint.ir.summary import Summary
from leaklint.ir.values import Path, RootKind
from leaklint.solve.lattice import SYMBOLIC, ordered
from leaklint.solve.run_callables import of_invocation
from leaklint.solve.substitution import Substitution
from leaklint.solve.world import Solving


def kept_elsewhere(summary: Summary) -> frozenset[Path]:
    """What a callee puts into an object that its caller knows: whoever drops what is returned has not lost it."""
    return frozenset(
        thing.path
        for store in summary.stores
        if store.path.root.kind is not RootKind.MADE and not any(field.startswith("<") for field in store.path.fields)
        for thing in store.value.things
    )


def on_loop(sub: Substitution, effect: Pending, loop: Path) -> Solving:
    """The work of a callee with what is known here of its loop: one that the invocation has made ends with it."""
    value = yield from sub.things(loop)
    if of_invocation(value, sub.state):
        return msgspec.structs.replace(effect, regime=Regime.ENDS, loop=None)
    paths = [thing.path for thing in ordered(value.things) if thing.path.root.kind in SYMBOLIC]
    return msgspec.structs.replace(effect, loop=paths[0] if paths else None)
