"""Pending work in a state: what hangs on a value is used, settled, handed over or removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Close, Defer, Pending, Work, Write
from leaklint.ir.values import Path, Root, RootKind, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import TEMPORARY, is_prefix
from leaklint.solve.state import State, Status

ALL_TASKS: Final = Path(Root(RootKind.LIBRARY, "process", "asyncio.all_tasks"))
"""The set of all tasks that are pending."""


def _is_task(effect: AnyEffect) -> bool:
    return isinstance(effect, Defer) or (isinstance(effect, Pending) and effect.work is Work.TASK)


def tokens_at(state: State, path: Path, work: Sequence[Work] = ()) -> list[tuple[object, ...]]:
    """Keys of the pending work that hangs on a path."""
    return [
        key
        for key, token in state.tokens.items()
        if token.effect.path == path
        and (
            (isinstance(token.effect, Pending) and (not work or token.effect.work in work))
            or (isinstance(token.effect, Defer) and (not work or token.effect.to_work))
            or (isinstance(token.effect, Write) and path.root.kind is RootKind.LIBRARY)
        )
    ]


def settle_at(
    state: State,
    path: Path,
    work: Sequence[Work] = (),
    *,
    certain: bool = True,
    every_path: bool = True,
    times_out: bool = False,
    single: bool = False,
) -> None:
    """Work that hangs on a path is waited for, closed, flushed or removed; ``single`` for one object by itself."""
    status = Status.SETTLED if certain else Status.UNCERTAIN
    if not every_path:
        status = Status.MIXED
    within = single and path in state.iterating
    keys = tokens_at(state, path, work)
    if path.root == ALL_TASKS.root and path != ALL_TASKS:
        keys = [key for key, token in state.tokens.items() if _is_task(token.effect)]
    state.settle(keys, status, times_out=times_out, within=within)
    stop(state, path, every_path=every_path)
    if path.root.kind is not RootKind.MADE:
        old = state.settled.get(path)
        if within and old is None:
            state.partly |= {path}
        elif not within and path in state.partly:
            state.partly -= {path}
        state.settled[path] = (certain or bool(old and old[0]), every_path or bool(old and old[1]))


def stop(state: State, path: Path, *, every_path: bool = True) -> None:
    """An event or a flag says that work that heeds it has to end: when it does so, nobody knows."""
    heeds = {
        key: token.effect.heeds
        for key, token in state.tokens.items()
        if isinstance(token.effect, Pending) and token.effect.heeds
    }
    if not heeds:
        return
    # or the object in which it lies, where that is all that is known
    told = {path, Path(path.root, path.fields[:-1])} | {
        Path(place.root, place.fields[:-1])
        for place, value in state.heap.items()
        if any(thing.path == path for thing in value.things)
    }
    heeding = [key for key, heeded in heeds.items() if not told.isdisjoint(heeded)]
    state.settle(heeding, Status.UNCERTAIN if every_path else Status.MIXED)


def never_was(state: State, path: Path) -> None:
    """On this path the object is not there, and neither is what hangs on it."""
    if path.root.kind is not RootKind.MADE:
        settle_at(state, path)
    for key in tokens_at(state, path):
        del state.tokens[key]


def use(state: State, value: Value) -> None:
    """The value is used for something: what hangs on it is held."""
    for thing in value.things:
        for key in tokens_at(state, thing.path) if thing.path.root.kind is RootKind.MADE else ():
            token = state.tokens[key]
            if isinstance(token.effect, Pending) and not token.effect.held:
                state.tokens[key] = token._replace(effect=msgspec.structs.replace(token.effect, held=True))


def drop(state: State, value: Value) -> None:
    """A display or comprehension is thrown away: nothing holds what it was the only one to hold."""
    for thing in value.things:
        if thing.path.root.kind is not RootKind.MADE or thing.path in state.escaped:
            continue
        for key, below in state.heap.under(thing.path.root).items():
            if key.fields and key.fields[-1].startswith("["):
                for inner in below.things:
                    for token_key in tokens_at(state, inner.path, (Work.TASK,)):
                        token = state.tokens[token_key]
                        state.tokens[token_key] = token._replace(
                            effect=msgspec.structs.replace(token.effect, held=False)
                        )


def hand_over(state: State, value: Value, depth: int = 0) -> None:
    """The value goes where nobody sees it: work that hangs on it, or on its elements, counts as settled."""
    for thing in value.things:
        if thing.path.root.kind is not RootKind.MADE:
            continue
        state.settle(tokens_at(state, thing.path))
        if depth < 2:
            for key, below in state.heap.under(thing.path.root).items():
                if is_prefix(thing.path, key) and key != thing.path:
                    hand_over(state, below, depth + 1)


def keep_coroutine(state: State, value: Value) -> None:
    """The value is stored, returned or passed on: a coroutine in it is no longer this function's to await."""
    for thing in value.things:
        if thing.type.kind is TypeKind.COROUTINE:
            state.settle(tokens_at(state, thing.path, (Work.COROUTINE,)))


def forget_coroutine(state: State, value: Value) -> None:
    """The value is stored where nothing reads it: a coroutine in it will not be awaited."""
    for thing in value.things:
        for key in tokens_at(state, thing.path, (Work.COROUTINE,)) if thing.type.kind is TypeKind.COROUTINE else ():
            token = state.tokens[key]
            effect = msgspec.structs.replace(token.effect, how_dropped="unread")
            state.tokens[key] = token._replace(effect=effect)


def holds_task(state: State, value: Value) -> bool:
    """Whether a task that somebody has to await hangs on the value."""
    return any(tokens_at(state, thing.path, (Work.TASK,)) for thing in value.things)


def reopened(state: State, path: Path) -> None:
    """A resource is bound anew: closing the old one no longer matters."""
    state.settle(
        [
            key
            for key, token in state.tokens.items()
            if isinstance(token.effect, Close) and token.effect.path is not None and is_prefix(path, token.effect.path)
        ]
    )


def described(act: Activation, state: State, effect: Pending, arguments: Sequence[Value]) -> Pending | None:
    """The work that a row opens, with what is known at the call; None where it is no such work."""
    del act, arguments
    if effect.work is not Work.FILE:
        return effect
    if TEMPORARY not in effect.sources:
        return None
    guarded = any(TEMPORARY in tested.reads for tested in state.guards)
    return msgspec.structs.replace(effect, guarded=guarded)


def remove_file(state: State, value: Value, *, every_path: bool) -> None:
    """A file or folder is removed: also one whose name was put together once more in the same way."""
    if TEMPORARY not in value.sources:
        return
    names = {thing.path.root.name for thing in value.things if thing.path.root.owner == "constant"}
    status = Status.SETTLED if every_path else Status.MIXED
    found = []
    for key, token in state.tokens.items():
        effect = token.effect
        if not isinstance(effect, Pending) or effect.work is not Work.FILE or effect.path is None:
            continue
        other = effect.path.root.name if effect.path.root.owner == "constant" else ""
        if names and other and not any(other.startswith(name) for name in names):
            continue
        if value.sources <= effect.sources:
            found.append(key)
    state.settle(found, status)
