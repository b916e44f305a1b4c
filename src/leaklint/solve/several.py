"""Work that hangs on several objects: what is known of one of them says nothing of the others."""

from __future__ import annotations

import msgspec.structs

from leaklint.facts.bindings import CONSTANT
from leaklint.ir import cfg
from leaklint.ir.effects import Pending, Work
from leaklint.ir.location import Span
from leaklint.ir.values import Path, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import is_prefix, slot
from leaklint.solve.pending import ONE_BY_ONE, tokens_at
from leaklint.solve.state import State, Status
from leaklint.solve.world import World


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


def note_others(state: State, made: Path, *, or_constant: bool = False) -> None:
    """A call may run a function that gives no coroutine in the place of one that does, or give a constant."""
    for key in tokens_at(state, made, (Work.COROUTINE,)):
        effect = state.tokens[key].effect
        if isinstance(effect, Pending):
            effect = msgspec.structs.replace(effect, one_of_several=True, or_constant=or_constant)
            state.tokens[key] = state.tokens[key]._replace(effect=effect)


def note_other_paths(act: Activation, state: State, function: Thing, result: Value, span: Span) -> None:
    """A function gives a coroutine on some of its paths, and a constant on others, such as None at its end."""
    if not any(thing.type.kind is TypeKind.CONSTANT for thing in result.things):
        return
    made = [each.path for each in result.things if each.type.kind is TypeKind.COROUTINE and act.makes(each.path, span)]
    if not made or _only_tries(act.world, function.type.name):
        return
    for path in made:
        note_others(state, path, or_constant=True)


def _only_tries(world: World, identity: str) -> bool:
    """Whether a function comes to its end only behind a loop: ``for _ in range(3): return send(x)`` has sent.

    That a loop has no round, or that nothing succeeds in any of them, is no way in which one calls it.
    """
    facts = world.program.function(identity)
    if facts is None or CONSTANT[0] in facts.bindings.get("return", ()):
        return False
    blocks = world.program.body(identity).blocks
    at_end = {index for index, block in enumerate(blocks) if block.instructions and _is_end(block.instructions[-1])}
    before = [block for block in blocks if any(edge.target in at_end and not edge.exceptional for edge in block.next)]
    return bool(before) and all(block.loop is not None and block.next[1].target in at_end for block in before)


def _is_end(step: cfg.AnyInstruction) -> bool:
    """Whether a function returns here without a statement that says so: that has a place without an extent."""
    span = step.span
    return isinstance(step, cfg.Return) and (span.line, span.column) == (span.end_line, span.end_column)
