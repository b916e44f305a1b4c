"""Work that hangs on several objects: what is known of one of them says nothing of the others."""

from __future__ import annotations

import msgspec.structs

from leaklint.ir.effects import Pending, Work
from leaklint.ir.values import Path, Thing, Value
from leaklint.solve.lattice import is_prefix, slot
from leaklint.solve.pending import ONE_BY_ONE, tokens_at
from leaklint.solve.state import State, Status


def is_of_several(state: State, value: Value) -> bool:
    """Whether work hangs on several objects of which the value is one."""
    waiting = {
        thing.path: [state.tokens[key] for key in tokens_at(state, thing.path, ONE_BY_ONE)] for thing in value.things
    }
    found = [tokens for tokens in waiting.values() if tokens]
    return len(found) > 1 or any(token.many for tokens in found for token in tokens)


def single_out(state: State, value: Value) -> Value:
    """One of several objects that work hangs on: waiting for it says nothing of the others."""
    return Value(frozenset(_single(state, thing) for thing in value.things), value.sources)


def _single(state: State, thing: Thing) -> Thing:
    found = tokens_at(state, thing.path, ONE_BY_ONE)
    if not found:
        return thing
    for key in found:
        token = state.tokens[key]
        if not token.many and isinstance(token.effect, Pending):
            # it is one of those objects, and perhaps the one
            state.tokens[key] = token._replace(
                effect=msgspec.structs.replace(token.effect, held=token.effect.work is not Work.COROUTINE)
            )
            state.settle([key], Status.MIXED)
    one = slot(thing.path, "<one>")
    for path, value in list(state.heap.under(thing.path.root).items()):
        if path != one and is_prefix(thing.path, path) and path != thing.path:
            state.heap[Path(one.root, (*one.fields, *path.fields[len(thing.path.fields) :]))] = value
    return Thing(one, thing.type)
