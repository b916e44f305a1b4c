"""Ending: what functions that a framework calls when a request ends undo of what its other handlers have done.

They are called whatever has become of the request, as a ``finally`` around all others would be.
"""

from __future__ import annotations

from collections.abc import Sequence

from leaklint.ir.effects import AnyEffect, Pending, Work, Write
from leaklint.ir.handler import Source
from leaklint.solve.handlers import Invoked
from leaklint.solve.lattice import is_from_outside, is_within
from leaklint.solve.undoing import OPPOSITE, REMOVING, is_other_key, may_be_left_out


def ended(calls: Sequence[Invoked]) -> list[Invoked]:
    """The calls without what is undone when the request ends, and without the removals that do so."""
    ending = [call for call in calls if call.handler.ends_request]
    if not ending:
        return list(calls)
    return [
        call._replace(
            effects=tuple(
                each
                for each in call.effects
                if not any(_comes_before(call, end) and _undoes(call, end, each[0]) for end in ending)
                and not (call in ending and _takes_out(each[0], [one for one in calls if _comes_before(one, call)]))
            )
        )
        for call in calls
    ]


def _comes_before(call: Invoked, end: Invoked) -> bool:
    """Whether two functions are called for the same request: of an object that is made for each, its own methods."""
    one, other = call.handler, end.handler
    if one.source is not Source.DECORATOR or one.platform is not other.platform:
        return False
    owners = {(each.path, each.attribute.rpartition(".")[0]) for each in (one, other)}
    return other.receiver != "request" or len(owners) == 1


def _undoes(call: Invoked, end: Invoked, effect: AnyEffect) -> bool:
    """Whether what a handler has done is undone at the end of the request."""
    if isinstance(effect, Pending):
        return effect.work is Work.TOKEN and effect.path in end.settled
    if not isinstance(effect, Write) or effect.path is None or effect.how in REMOVING:
        return False
    removals = (each for each, *_ in end.effects if isinstance(each, Write))
    return is_within(effect.path, end.resets) or any(_takes_back(each, call, effect) for each in removals)


def _takes_back(removal: Write, call: Invoked, done: Write) -> bool:
    """Whether what a handler has put there is taken out, or counted back what is counted once for each request."""
    counts_back = removal.operation == OPPOSITE.get(done.operation) and call.handler.surrounds
    same = (removal.path, removal.key_sources, removal.tests) == (done.path, done.key_sources, done.tests)
    return (counts_back and same) or _removes(removal, done)


def _removes(removal: Write, added: Write) -> bool:
    """Whether an element is taken out, or an attribute deleted, that may be the one which was put there."""
    same = removal.how in REMOVING and removal.path == added.path and not is_other_key(removal, added)
    if_asked_for = any(is_from_outside(each) for test in removal.tests - added.tests for each in test)
    return same and not if_asked_for and not may_be_left_out(removal, added)


def _takes_out(removal: AnyEffect, calls: Sequence[Invoked]) -> bool:
    """Whether a removal takes out what other handlers have put there."""
    return isinstance(removal, Write) and any(
        isinstance(each, Write) and each.how not in REMOVING and _takes_back(removal, call, each)
        for call in calls
        for each, *_ in call.effects
    )
