"""Handlers beside each other: what the views and hooks of a framework read of what one of them leaves."""

from __future__ import annotations

from collections.abc import Sequence

from leaklint.ir.cfg import Body, Call, Constant, Return
from leaklint.ir.handler import Source
from leaklint.ir.values import Path, Sources
from leaklint.solve.contents import but_for_what_is_new
from leaklint.solve.handlers import Invoked
from leaklint.solve.lattice import CONTENT, is_within
from leaklint.solve.world import World


def read_beside(world: World, calls: Sequence[Invoked]) -> list[Sources]:
    """For each call, what the handlers beside it read that an earlier invocation may have left."""
    beside = [call for call in calls if call.handler.source is Source.DECORATOR]
    everything: Sources = frozenset().union(*(call.reads for call in beside))
    return [
        frozenset()
        if call.handler.source is not Source.DECORATOR or call.handler.entry
        else _not_bound_before(world, call, calls)
        if call.handler.comes_before and _is_done_first(world, call)
        else everything
        for call in calls
    ]


def _not_bound_before(world: World, hook: Invoked, calls: Sequence[Invoked]) -> Sources:
    """What others read, but for what a hook has bound by the time that they are called."""
    is_left_out = any(
        each.handler.registered == hook.handler.registered and each.path == hook.path and _may_answer(world, each)
        for each in calls
        if each.handler.place < hook.handler.place
    )
    reads: set[Path] = set()
    for call in calls:
        if call.handler.source is not Source.DECORATOR or call.handler.entry:
            # what leads the requests to the hook is there before it
            leads_to_it = hook.handler.path in world.overview.loaded_with(call.handler.path)
            reads.update(call.reads if leads_to_it else ())
            continue
        after = call.handler.path == hook.handler.path and (
            (call.handler.registered in hook.handler.comes_before and not (is_left_out and call.handler.follows_answer))
            or (call.handler.registered == hook.handler.registered and call.handler.place > hook.handler.place)
        )
        reads.update(_but_for(call.reads, hook.written) if after else call.reads)
    return frozenset(reads)


def _may_answer(world: World, hook: Invoked) -> bool:
    """Whether a hook may return something, which is the answer to the request then."""
    if hook.function is None:
        return False
    steps = [
        step for block in world.program.body(f"{hook.path}::{hook.function.name}").blocks for step in block.instructions
    ]
    nothing = {step.target for step in steps if isinstance(step, Constant) and step.value is None}
    return any(isinstance(step, Return) and step.value is not None and step.value not in nothing for step in steps)


def _but_for(reads: Sources, bound: Sources) -> Sources:
    """The reads of what has not been bound."""
    return frozenset(
        but_for_what_is_new(each, bound) if CONTENT in each.fields else each
        for each in reads
        if not is_within(each, bound)
    )


def _is_done_first(world: World, hook: Invoked) -> bool:
    """Whether a hook does nothing more once it calls the next one, which it is given as its last argument."""
    facts = hook.function
    if facts is None or not facts.parameters:
        return True
    body = world.program.body(f"{hook.path}::{facts.name}")
    return hook.bound == 0 and _hands_on_at_last(body, facts.parameters[-1].name)


def _hands_on_at_last(body: Body, following: str) -> bool:
    """Whether each call of ``following`` is that of a ``return following(…)``, with nothing to do on the way out."""
    calls = 0
    for block in body.blocks:
        for index, step in enumerate(block.instructions):
            if isinstance(step, Call) and step.function == following:
                calls += 1
                then = block.instructions[index + 1 : index + 2]
                if not then or not isinstance(then[0], Return) or then[0].value != step.target:
                    return False
    return calls > 0
