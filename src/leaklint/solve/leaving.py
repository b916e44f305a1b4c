"""Leaving a context manager that is written as a generator: what stands behind its ``yield`` runs only then.

The summary of the generator is applied where it is called, all of it: it does not matter then that its statements stand
around those of the ``with``. It does where it finishes what these have put into an object that it has yielded, the
futures of a pool or the threads of a list. So the part behind the ``yield`` is solved once more as a function of its
own: its parameters are the names that are bound at the ``yield``, and what they hold is what the caller has made of it.
"""

from __future__ import annotations

from typing import Final

import msgspec.structs

from leaklint.ir import cfg
from leaklint.ir.cfg import RAISE_EXIT, Block, Body, Edge
from leaklint.ir.effects import Write
from leaklint.ir.facts import FunctionFacts, Parameter, is_used_by_with
from leaklint.ir.location import Span
from leaklint.ir.summary import Store, Summary
from leaklint.ir.values import Path, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation, shape_of
from leaklint.solve.arguments import Arguments, bind, formals_of
from leaklint.solve.instantiate import instantiate
from leaklint.solve.lattice import ELEMENT, SYMBOLIC, is_prefix, join, of, ordered, slot
from leaklint.solve.pending import SOME
from leaklint.solve.state import State, Status
from leaklint.solve.substitution import Substitution
from leaklint.solve.undoing import REMOVING
from leaklint.solve.world import Ask, Solving, function_path

ENTER: Final = "enter"
LEAVE: Final = "leave"
LEAVE_BY_EXCEPTION: Final = "leave by exception"
MOST_NAMES: Final = 12
_AT: Final = "<at "
_FUNCTION: Final = "<generator>"
_LAST: Final = ((ELEMENT,), ("[-1]",))
"""Fields of an element of a container: of any, and of the one that has come last."""
_HELD: Final = frozenset({TypeKind.INSTANCE, TypeKind.LIBRARY_METHOD, TypeKind.METHOD, TypeKind.FUNCTION})


def stands_behind_with(facts: FunctionFacts) -> bool:
    """Whether a function is a generator that a decorator makes a context manager of."""
    return facts.is_generator and not facts.free and is_used_by_with(facts)


def keep_names(act: Activation, state: State) -> None:
    """Remembers what the names of a context manager hold where it yields."""
    for name, value in state.env.items():
        if any(thing.type.kind in _HELD for thing in value.things):
            old = act.at_yield.get(name)
            act.at_yield[name] = value if old is None else join(old, value)


def kept_names(act: Activation, manager: Path) -> list[Store]:
    """What has to be known of a context manager where it is left."""
    function = Thing(function_path(act.identity), Type(TypeKind.FUNCTION, act.identity))
    names = sorted(act.at_yield.items())[:MOST_NAMES]
    return [
        Store(slot(manager, _FUNCTION), of(function)),
        *(Store(slot(manager, f"{_AT}{name}>"), value) for name, value in names),
    ]


def is_kept_name(path: Path) -> bool:
    """Whether a place only stands for a name of a generator that has yielded."""
    return bool(path.fields) and path.fields[-1].startswith(_AT)


def leave(act: Activation, state: State, manager: Thing, span: Span, *, exceptional: bool) -> Solving:
    """The part of a context manager that stands behind its ``yield`` runs: what it finishes and throws away."""
    function = next(iter(ordered(state.heap[slot(manager.path, _FUNCTION)].things)), None)
    if function is None:
        return
    held = {
        key.fields[-1].removeprefix(_AT)[:-1]: value
        for key, value in state.heap.under(manager.path.root).items()
        if key.fields[:-1] == manager.path.fields and key.fields[-1].startswith(_AT)
    }
    names = sorted(held)
    shapes = tuple(
        (index, shape) for index, shape in enumerate(shape_of(act, state, held[name]) for name in names) if shape
    )
    what = LEAVE_BY_EXCEPTION if exceptional else LEAVE
    summary: Summary = yield Ask(what, f"{function.type.name}|{','.join(names)}", shapes)
    done = Summary(
        name=summary.name, settles=summary.settles, resets=summary.resets, trims=summary.trims, reads=summary.reads
    )
    arguments: list[Value] = [held[name] for name in names]
    yield from instantiate(act, state, done, arguments, span)
    sub = Substitution(act, state, arguments, span, {}, {}, is_row=False)
    for effect, _ in summary.effects:
        if isinstance(effect, Write) and effect.path is not None and effect.how in REMOVING:
            containers = yield from sub.things(effect.path)
            for thing in containers.things:
                _take_out_last(state, thing.path)


def enter_only(act: Activation, state: State, function: Thing, arguments: Arguments, span: Span) -> Solving:
    """The part of a generator that stands before its ``yield`` runs; what stands behind it, when all is over."""
    facts = act.world.program.function(function.type.name)
    values = bind(act, state, formals_of(facts) if facts is not None else (), arguments, span)
    shapes = enumerate(shape_of(act, state, value) for value in values)
    summary: Summary = yield Ask(ENTER, function.type.name, tuple((index, shape) for index, shape in shapes if shape))
    yield from instantiate(act, state, summary, values, span)


def part_before(facts: FunctionFacts, body: Body) -> tuple[FunctionFacts, Body]:
    """The function that the part before the ``yield`` is."""
    changed = msgspec.structs.replace(facts, is_generator=False, is_async=False)
    return changed, Body(tuple(_up_to_yield(block) for block in body.blocks))


def _up_to_yield(block: Block) -> Block:
    """The block, at whose ``yield`` the function ends if it has one."""
    for position, step in enumerate(block.instructions):
        if isinstance(step, cfg.Yield):
            return msgspec.structs.replace(block, instructions=block.instructions[:position], next=())
    return block


def _take_out_last(state: State, container: Path) -> None:
    """A container loses what its manager has put there when the ``with`` began, and all that has been put into it."""
    depth = len(container.fields)
    changes = [
        token for token in state.tokens.values() if token.effect.path and is_prefix(container, token.effect.path)
    ]
    if any(token.effect.path == container and token.status is not Status.SETTLED for token in changes):
        return  # it stays on some path, or another one is taken out
    state.settle([each.key for each in changes if each.effect.path and each.effect.path.fields[depth:][:1] in _LAST])


def part_behind(question: Ask, facts: FunctionFacts, body: Body) -> tuple[FunctionFacts, Body] | None:
    """The function that the part behind the ``yield`` is; None where there are several."""
    names = question.name.rpartition("|")[2].split(",")
    found = [
        (block, position)
        for block in body.blocks
        for position, step in enumerate(block.instructions)
        if isinstance(step, cfg.Yield)
    ]
    if len(found) != 1:
        return None
    block, position = found[0]
    if question.what == LEAVE_BY_EXCEPTION:
        if block.raises_to == RAISE_EXIT:
            return None
        first = Block((), (Edge(block.raises_to, exceptional=True),))
    else:
        first = msgspec.structs.replace(block, instructions=block.instructions[position + 1 :])
    parameters = tuple(Parameter(name, "either", facts.name_span) for name in names if name)
    changed = msgspec.structs.replace(facts, parameters=parameters, is_generator=False, is_async=False)
    return changed, Body((first, *body.blocks[1:]))


def left_at_yield(act: Activation, last: State) -> Value:
    """What work hangs on that a generator finishes by its end, but not where it is left at a ``yield``.

    Of the caller's work, the caller knows whether it has been under way (``still_waiting`` in ``draining.py``).
    """
    finished = set()
    for path in sorted(act.left_at_yield):
        for key in last.tokens.about(path):
            if last.tokens[key].status is Status.SETTLED:
                last.tokens[key] = last.tokens[key]._replace(settled_with_exception=True)
                finished.add(Thing(path))
    at_yield = act.settled_at_yield
    for path, (certain, every_path) in last.settled.items() if at_yield is not None else ():
        of_caller = path.root.kind in SYMBOLIC and path.fields[-1:] != (SOME,)
        if of_caller and certain and every_path and at_yield is not None and path not in at_yield:
            finished.add(Thing(path))
    return of(*finished)
