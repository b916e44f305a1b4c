"""Work that hangs on several objects: what is known of one of them says nothing of the others."""

from __future__ import annotations

import msgspec.structs

from leaklint.ir.effects import Pending, Work
from leaklint.ir.location import Span
from leaklint.ir.values import Path, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
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


def note_others(state: State, made: Path) -> None:
    """A call may run a function that gives no coroutine in the place of one that does."""
    for key in tokens_at(state, made, (Work.COROUTINE,)):
        effect = state.tokens[key].effect
        if isinstance(effect, Pending):
            effect = msgspec.structs.replace(effect, one_of_several=True)
            state.tokens[key] = state.tokens[key]._replace(effect=effect)


def note_other_paths(act: Activation, state: State, result: Value, span: Span) -> None:
    """A function gives a coroutine on some of its paths, and a constant on others, such as None at its end."""
    if not any(thing.type.kind is TypeKind.CONSTANT for thing in result.things):
        return
    made = [each.path for each in result.things if each.type.kind is TypeKind.COROUTINE and act.makes(each.path, span)]
    for path in made:
        note_others(state, path)
        for key in tokens_at(state, path, (Work.COROUTINE,)):
            if state.tokens[key].status is Status.OPEN:
                state.tokens[key] = state.tokens[key]._replace(status=Status.MIXED)
