"""Loops: what a loop settles for each element of a container, and what it leaves when it is left early."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Pending, Work, Write
from leaklint.ir.values import Path, RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.consuming import chosen_in_rounds
from leaklint.solve.effects import empty, reset_field
from leaklint.solve.elements import elements, keys_of, parts
from leaklint.solve.lattice import ELEMENT, SYMBOLIC, constant_keys, extend, is_prefix, is_within, of, slot
from leaklint.solve.lookup import read_field
from leaklint.solve.looping import ALL_OF, bound_of_all, emptied, forget_losses, forget_of_one, is_whole, set_in_all
from leaklint.solve.names import value_of
from leaklint.solve.origins import deep_sources
from leaklint.solve.pending import ALL, ONE_BY_ONE, settle_at, siblings_of, tokens_at
from leaklint.solve.removing import folders_emptied
from leaklint.solve.state import State, Status, Token
from leaklint.solve.undoing import constants_in
from leaklint.solve.uses import is_iterator

CONTAINERS: Final = frozenset({f"builtins.{name}" for name in ("dict", "frozenset", "list", "range", "set", "tuple")})
"""Walking through them raises nothing."""


LEFT: Final = "<left>"
"""The field of a generator in which lies what work hangs on that goes on where it is left before its end."""
_SET: Final = "<set in rounds>"
"""The field of a container in which lie the context variables that each round of a loop over it has set."""


def surely_runs(act: Activation, operand: str, entry: State) -> bool:
    """Whether a loop runs at least once: over a tuple that is known to hold something."""
    things = value_of(act, entry, operand).things
    return bool(things) and all(
        thing.type.name == "builtins.tuple" and read_field(act, entry, extend(thing.path, "[0]")) is not None
        for thing in things
    )


def waits(act: Activation, iterable: Value) -> bool:
    """Whether walking through a value may wait for something."""
    return any(thing.type.kind is TypeKind.INSTANCE and thing.type.name not in CONTAINERS for thing in iterable.things)


def without_time_outs(state: State) -> State:
    """The state in which an uncaught exception leaves: it is not the one that says that waiting took too long."""
    timed_out = [key for key, token in state.tokens.items() if token.timed_out]
    if not timed_out:
        return state
    leaving = state.copy()
    leaving.settle(timed_out)
    return leaving


def left_early(state: State) -> State:
    """The state in which a function is left: from within a loop, it has not settled the elements that are left."""
    early = [key for key, token in state.tokens.items() if token.within and token.status is Status.SETTLED]
    if not early and not state.partly and not state.iterating:
        return state
    leaving = state.copy()
    forget_of_one(leaving, state, state.iterating)
    for key in early:
        leaving.tokens[key] = _of_the_rest(state, state.tokens[key])
    for path in state.partly:
        leaving.settled[path] = (leaving.settled[path][0], False)
    return leaving


def left_at_yield(act: Activation, state: State) -> None:
    """Notes what work hangs on that goes on where a generator is left at a ``yield`` around which nothing catches that.

    Of the caller's work it notes what does not.
    """
    leaving = left_early(state)
    settled = frozenset(path for path, (_, every_path) in leaving.settled.items() if every_path)
    act.settled_at_yield = settled if act.settled_at_yield is None else act.settled_at_yield & settled
    act.left_at_yield |= {
        token.effect.path
        for token in leaving.tokens.values()
        if isinstance(token.effect, Pending)
        and token.effect.work in ONE_BY_ONE
        and token.effect.path is not None
        and token.status is not Status.SETTLED
    }


def suspend(state: State, generators: Value) -> None:
    """A loop over generators begins, or goes on: only its end finishes what each of them has under way meanwhile."""
    for thing in generators.things:
        for work in state.heap[slot(thing.path, LEFT)].things:
            for key in tokens_at(state, work.path, ONE_BY_ONE):
                if state.tokens[key].status is Status.SETTLED:
                    state.tokens[key] = state.tokens[key]._replace(status=Status.OPEN)
            if work.path.root.kind in SYMBOLIC and work.path in state.settled:
                state.partly |= {work.path}


def entering(act: Activation, operand: str, state: State) -> State:
    """The state before a loop over a container: what an earlier loop left early has settled for some elements only."""
    early = [key for key, token in state.tokens.items() if token.within and token.status is Status.SETTLED]
    if not early:
        return state
    held = {thing.path for thing in elements(act, state, value_of(act, state, operand)).things}
    left = [key for key in early if state.tokens[key].effect.path in held]
    if not left:
        return state
    again = state.copy()
    for key in left:
        again.tokens[key] = _of_the_rest(state, state.tokens[key])
    return again


def _of_the_rest(state: State, token: Token) -> Token:
    """What a loop settles for each element, where it is left: not settled for the elements that are left."""
    if isinstance(token.effect, Pending) and token.effect.work is Work.COROUTINE:
        token = token._replace(effect=msgspec.structs.replace(token.effect, how_dropped="left"))
    return token._replace(status=Status.MIXED, skipped_at=state.line_for(token), within=False)


def in_loop(act: Activation, operand: str, entry: State, state: State) -> State:
    """The state in the body of a loop over a container: what is settled there, is settled for one element."""
    iterable = value_of(act, entry, operand)
    lazy = any(is_iterator(act.world, thing) for thing in iterable.things)  # it may make coroutines one by one
    things = elements(act, state, iterable).things
    held = {thing.path for thing in things if not lazy or thing.type.kind is not TypeKind.COROUTINE}
    held |= {inner for path in held for inner in parts(state, path)}
    if not held:
        return state
    inside = state.copy()
    forget_losses(inside)
    if not state.iterating:
        inside.cleared = frozenset()
    given = {path for path in held if path.root.kind in SYMBOLIC}
    for key, token in state.tokens.items() if given else ():
        # what hangs when a round begins has been made before the loop, each for one of what it goes through
        is_file = isinstance(token.effect, Pending) and token.effect.work is Work.FILE
        if is_file and token.status is not Status.SETTLED and not given.isdisjoint(token.effect.sources):
            inside.tokens[key] = token._replace(within=True)
    inside.iterating, inside.whole = inside.iterating | held, inside.written | inside.resets
    return inside


def _is_named_after(state: State, iterable: Value, items: Value, effect: AnyEffect) -> bool:
    """Whether a file has been made for an element of what a loop goes through as a whole, or for as many numbers."""
    if not isinstance(effect, Pending) or effect.work is not Work.FILE:
        return False
    if _is_of_numbers(iterable):
        told = iterable.sources
    elif is_whole(state, iterable):
        told = items.sources or frozenset(extend(thing.path, ELEMENT) for thing in iterable.things)
    else:
        return False
    return all(any(is_prefix(each, source) for source in effect.sources) for each in told)


def _is_of_numbers(iterable: Value) -> bool:
    """Whether a loop goes through numbers, as often as is known before it begins."""
    return bool(iterable.things) and all(thing.type.name == "builtins.range" for thing in iterable.things)


def note_set(act: Activation, operand: str, state: State, came: dict[int, State], back: AbstractSet[int]) -> None:
    """Context variables that rounds of a loop set: where a later loop over as much never runs, nothing has been set.

    So it is with a list into which the rounds have put what they have reached. ``back`` are the ways from the body.
    """
    known = {key for source, arrived in came.items() if source not in back for key in arrived.tokens}
    variables = {
        Thing(token.effect.path)
        for source in back
        for key, token in came[source].tokens.items()
        if key not in known and _is_token(token.effect) and token.effect.path is not None
    }
    if not variables:
        return
    iterable = value_of(act, state, operand)
    items = elements(act, state, iterable).things
    filled = {
        Path(place.root, place.fields[:-1])
        for source in back
        for place, value in came[source].heap.items()
        if place.root.kind is RootKind.MADE and place.fields[-1:] == (ELEMENT,) and items & value.things
    }
    for path in filled | _containers(state, iterable):
        state.heap[slot(path, _SET)] = of(*variables)


def _is_token(effect: AnyEffect) -> bool:
    return isinstance(effect, Pending) and effect.work is Work.TOKEN


def _containers(state: State, iterable: Value) -> set[Path]:
    """The containers through which a loop goes as a whole, in whatever order."""
    copied = [state.heap[slot(thing.path, ALL_OF)] for thing in iterable.things]
    return {thing.path for each in (iterable, *copied) for thing in each.things}


def after_loop(
    act: Activation,
    operand: str,
    entry: State,
    state: State,
    came: dict[int, State],
    rank: dict[int, int],
    index: int,
) -> State:
    """The state after a loop over a container: what the body settles for each element is settled for all.

    The path on which the loop never runs is one on which the container is empty, so that nothing hangs on its
    elements.
    """
    back = [
        arrived for source, arrived in came.items() if source >= 0 and source in rank and rank[source] > rank[index]
    ]
    if not back:
        return state
    iterable = value_of(act, entry, operand)
    state = chosen_in_rounds(state, iterable, back)
    items = elements(act, state, iterable)
    walked = {thing.path for thing in items.things}
    walked |= {inner for path in walked for inner in parts(state, path)}
    walked |= {place for path in walked for place in siblings_of(state, path)}
    gone = emptied(entry, iterable, back)
    held = set(walked)
    hanging = {token.effect.path for token in state.tokens.values() if token.status is not Status.SETTLED}
    if not hanging.union(state.settled) <= held:
        # or over something as long as the container: ``for i, x in enumerate(xs): futures[i].result()``
        held |= {
            thing.path
            for path, value in state.heap.items()
            if path.root.kind is RootKind.MADE and path.fields[-1:] and path.fields[-1].startswith("[")
            for thing in value.things
        }
    held |= {thing.path for path in walked for thing in state.heap[slot(path, "<variable>")].things}
    held |= {thing.path for path in _containers(entry, iterable) for thing in entry.heap[slot(path, _SET)].things}
    every = {path for path in walked if path.root.name in ALL and path in state.settled}
    kept = {source for source in deep_sources(state, iterable) if source.root.owner == "process"}
    keys = keys_of(act, state, iterable)
    names = constant_keys(items)
    whole = walked if is_whole(state, iterable) else set()
    if not held and not kept and not names and not _is_of_numbers(iterable):
        return state
    leaving = state.copy()
    written, resets = bound_of_all(act, state, iterable, items, back)
    leaving.written, leaving.resets = leaving.written | written, leaving.resets | resets
    for path in gone:
        if path.root.kind is RootKind.LIBRARY:  # what hangs on a logger is looked at to be taken off
            leaving.reads = frozenset(each for each in leaving.reads if not is_prefix(path, each))
        empty(act, leaving, path)
    for container, places, new in set_in_all(act, entry, iterable, keys, back):
        leaving.resets |= {extend(container, ELEMENT)}
        for place in places:
            reset_field(act, leaving, place, act.facts.name_span)
            leaving.heap[place] = new
        if any(is_within(place, leaving.read_first) for place in places):
            leaving.read_first |= {extend(container, ELEMENT)}
    for path in every:
        # those that it leaves out are not of this invocation: the thread that asks, the main one, daemons
        settle_at(leaving, path, certain=state.settled[path][0])
    leaving.iterating -= walked
    folders_emptied(leaving, back)
    leaving.partly -= walked
    for key, token in state.tokens.items():
        each = constants_in(token.effect.key_sources) if isinstance(token.effect, Write) else frozenset()
        of_each = (bool(each) and each <= names) or _is_named_after(state, iterable, items, token.effect)
        if (token.effect.path in walked or of_each) and token.within:
            leaving.tokens[key] = token._replace(within=False)
        # what a state of the process was before is kept in what is walked through: it is put back
        put_back = token.effect.path is not None and any(is_prefix(each, token.effect.path) for each in kept)
        below = token.effect.path is not None and is_within(token.effect.path, whole)
        if (token.effect.path in held or below or put_back or of_each) and token.status is not Status.SETTLED:
            statuses = [arrived.tokens[key].status for arrived in back if key in arrived.tokens]
            if statuses and max(statuses) < token.status:
                leaving.tokens[key] = token._replace(status=max(statuses), skipped_at=None, within=False)
    for path, (certain, everywhere) in state.settled.items():
        inside = [arrived.settled.get(path, (False, False)) for arrived in back]
        of_each = path in held or (path.root.kind in SYMBOLIC and is_within(path, walked))
        # an earlier loop may have told each of them to end, and this one waits until each has done so
        known = (certain or all(each for each, _ in inside), True)
        if of_each and (certain, everywhere) != known and all(each for _, each in inside):
            leaving.settled[path] = known
    return leaving
