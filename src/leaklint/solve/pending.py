"""Pending work in a state: what hangs on a value is used, settled, handed over or removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Close, Defer, Pending, Work, Write
from leaklint.ir.values import Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import soon
from leaklint.solve.filenames import is_emptied
from leaklint.solve.lattice import (
    ELSEWHERE,
    FOLDER,
    SYMBOLIC,
    TEMPORARY,
    context_of,
    extend,
    is_prefix,
    named,
    names_in,
    slot,
)
from leaklint.solve.state import State, Status, Token
from leaklint.solve.world import class_path

ALL: Final = {
    "asyncio.all_tasks": Work.TASK,
    "multiprocessing.active_children": Work.PROCESS,
    "threading.enumerate": Work.THREAD,
}
"""What gives every object of a kind that has work pending: what settles an element settles all of them."""
ANY_CHILD: Final = Path(Root(RootKind.LIBRARY, "context", "child process"))
"""What stands for whichever process ends next, as ``os.wait`` waits for it."""
_WAITED_FOR: Final = (Work.FUTURE, Work.PROCESS, Work.TASK, Work.THREAD)
ONE_BY_ONE: Final = (Work.COROUTINE, *_WAITED_FOR)
"""Work of which each object is waited for by itself."""
_NUMBERS: Final = ("builtins.bool", "builtins.int")
"""What tells of work, such as the number of a process: whoever is given it has not been given the work."""
TOGETHER: Final = ".together"
"""The field of what stands for siblings in which lie the tasks that have been waited for together."""
SOME: Final = "<some>"
"""The field of a path that stands for some of the objects there, and not for all."""
FINISHED: Final = ".finished"
UNFINISHED: Final = ".unfinished"
"""The fields of the two sets that waiting for work gives: what was waited for."""
WAKERS: Final = "<wakers>"
"""The field of a future or an event in which lies what sets it: timers, and the work after which a callback does so."""


def all_of(name: str) -> Path:
    """What stands for all that a function of ``ALL`` gives, whoever has started it."""
    return Path(Root(RootKind.LIBRARY, "process", name))


def _is_one_of(effect: AnyEffect, work: Work) -> bool:
    if isinstance(effect, Defer):
        return work is Work.TASK
    return isinstance(effect, Pending) and effect.work is work


def _meant(state: State, path: Path, work: Sequence[Work]) -> list[tuple[object, ...]]:
    """Keys of what is settled with the object at a path: all of its kind where the path stands for all of them."""
    kind = ALL.get(path.root.name) if path.root.owner == "process" and path.fields else None
    if path == ANY_CHILD:
        kind = Work.PROCESS
    if kind is None:
        return tokens_at(state, path, work)
    found = {key: token for key, token in state.tokens.items() if _is_one_of(token.effect, kind)}
    state.tokens.update({key: token._replace(repeated=False) for key, token in found.items()})
    return list(found)


def tokens_at(state: State, path: Path, work: Sequence[Work] = ()) -> list[tuple[object, ...]]:
    """Keys of the pending work that hangs on a path, and of what has been changed there in a library or the process."""
    below = path.root.kind is RootKind.LIBRARY and path.root.owner == "process"
    if below:
        return [
            key for key, token in state.tokens.items() if _is_at(token.effect, path, work) or _is_below(token, path)
        ]
    if path == context_of(path):
        return [
            key for key, token in state.tokens.items() if token.effect.path and context_of(token.effect.path) == path
        ]
    return [key for key in state.tokens.about(path) if _is_at(state.tokens[key].effect, path, work)]


def _is_at(effect: AnyEffect, path: Path, work: Sequence[Work]) -> bool:
    return effect.path == path and (
        (isinstance(effect, Pending) and (not work or effect.work in work))
        or (isinstance(effect, Defer) and _waits_with(effect, work))
        or (isinstance(effect, Write) and path.root.kind is RootKind.LIBRARY)
    )


def _is_below(token: Token, path: Path) -> bool:
    effect = token.effect
    return isinstance(effect, Write) and effect.path is not None and is_prefix(path, effect.path)


def _waits_with(effect: Defer, work: Sequence[Work]) -> bool:
    """Whether a callback has been called once such work has been waited for: not one that an object merely keeps."""
    return effect.api != "context" and (effect.to_work or (not work and effect.api != "parameter"))


FILE_GONE: Final = "<file removed>"
FOLDER_GONE: Final = "<folder removed>"
"""Slots of a parameter, among what is settled: the file, or the folder and all that is in it, has been removed."""
GONE: Final = (FILE_GONE, FOLDER_GONE)


def settle_at(
    state: State,
    path: Path,
    work: Sequence[Work] = (),
    *,
    certain: bool = True,
    every_path: bool = True,
    times_out: bool = False,
    single: bool = False,
    cancels: bool = False,
) -> None:
    """Work that hangs on a path is waited for, closed, flushed or removed; ``single`` for one object by itself."""
    if path.fields[-1:] == (SOME,):
        path, every_path = Path(path.root, path.fields[:-1]), False
    status = Status.MIXED if not every_path else Status.SETTLED if certain else Status.UNCERTAIN
    within = single and path in state.iterating
    meant = _meant(state, path, work)
    for key in meant if not single else ():
        if _is_one_of(state.tokens[key].effect, Work.FUTURE):  # an executor knows all of them
            state.tokens[key] = state.tokens[key]._replace(repeated=False)
    state.settle(meant, status, times_out=times_out, within=within)
    for handle in soon.handles(state, meant):
        state.settle(tokens_at(state, handle, (Work.TIMER,)), status)
    for waker in state.heap[slot(path, WAKERS)].things:
        state.settle(tokens_at(state, waker.path), status)
    if not work:
        state.settle(_left_by(state, path, ".shielded"), status)
        if not single:
            state.settle(_left_by(state, path, ".racing"), status)
        if not cancels:
            _settle_last_of_siblings(state, path, status, within=within)
        for variable in state.heap[slot(path, "<variable>")].things:
            # a token that is not there, or no longer
            state.settle(tokens_at(state, variable.path, (Work.TOKEN,)), status)
    stop(state, path, every_path=every_path)
    if path.root.kind is not RootKind.MADE:
        old = state.settled.get(path)
        if within and (old is None or (certain and not old[0])):
            state.partly |= {path}
        elif not within and path in state.partly:
            state.partly -= {path}
        state.absent -= {path}
        state.settled[path] = (certain or bool(old and old[0]), every_path or bool(old and old[1]))


def note_removed(state: State, things: Iterable[Thing], *, every_path: bool = True, contents: bool = False) -> None:
    """The file, or the folder with its contents, that a parameter names is removed: the caller knows what it is."""
    for thing in things:
        if thing.path.root.kind in SYMBOLIC:
            place = slot(thing.path, FOLDER_GONE if contents else FILE_GONE)
            state.settled[place] = (True, every_path or state.settled.get(place, (True, False))[1])


def with_names(state: State, things: Iterable[Thing]) -> frozenset[Thing]:
    """The things, and the names from which path objects among them were made, as they are."""
    found, waiting = set(things), list(things)
    while waiting:
        path = waiting.pop().path
        text = state.heap.get(slot(path, ".text"))
        if text is not None and state.heap.get(slot(path, ".rest")) is None:
            waiting += text.things - found
            found |= text.things
    return frozenset(found)


def _left_by(state: State, path: Path, field: str) -> list[tuple[object, ...]]:
    """Keys of the work that waiting in vain has left, for a shield or for a race: it is done when that in it is."""
    waited = {
        token.effect.path: key
        for key, token in state.tokens.items()
        if isinstance(token.effect, Pending) and token.effect.work is Work.SIBLINGS and token.effect.path is not None
    }
    return [
        key
        for place, key in waited.items()
        if any(_is_task_at(thing, path) for thing in state.heap[extend(place, field)].things)
    ]


def siblings_of(state: State, path: Path) -> list[Path]:
    """What stands for the work that goes on beside a task, each time that it is waited for together with others."""
    return [
        token.effect.path
        for token in state.tokens.values()
        if isinstance(token.effect, Pending)
        and token.effect.work is Work.SIBLINGS
        and token.effect.path is not None
        and any(_is_task_at(thing, path) for thing in state.heap[extend(token.effect.path, TOGETHER)].things)
    ]


def _settle_last_of_siblings(state: State, path: Path, status: Status, *, within: bool) -> None:
    """A task is waited for by itself: where it is the last one of several, none of them is left running."""
    for place in siblings_of(state, path):
        beside = state.heap[extend(place, TOGETHER)]
        rest = frozenset(thing for thing in beside.things if not _is_task_at(thing, path))
        if status is Status.SETTLED:
            state.heap[extend(place, TOGETHER)] = Value(rest, beside.sources)
        if not rest:
            state.settle(tokens_at(state, place, (Work.SIBLINGS,)), status, within=within)


def _is_task_at(thing: Thing, path: Path) -> bool:
    return thing.path == path and thing.type.kind is not TypeKind.COROUTINE


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


def is_missing(state: State, path: Path) -> None:
    """On this path nothing is there that would have to be settled."""
    known = path in state.settled and path not in state.absent
    state.settle(tokens_at(state, path), absent=True)
    settle_at(state, path)
    if path.root.kind is not RootKind.MADE and not known:
        state.absent |= {path}


def never_was(state: State, path: Path) -> None:
    """On this path the object is not there, and neither is what hangs on it."""
    if path.root.kind is not RootKind.MADE:
        is_missing(state, path)
    for key in tokens_at(state, path):
        del state.tokens[key]


def is_open(state: State, path: Path) -> bool:
    """Whether nobody has yet done anything about the work that this function has hung on an object."""
    keys = tokens_at(state, path, ONE_BY_ONE) if path.root.kind is RootKind.MADE else ()
    return any(state.tokens[key].status is Status.OPEN for key in keys)


def use(state: State, value: Value) -> None:
    """The value is used for something: what hangs on it is held."""
    for thing in value.things:
        for key in tokens_at(state, thing.path) if thing.path.root.kind is RootKind.MADE else ():
            token = state.tokens[key]
            if isinstance(token.effect, Pending) and not token.effect.held:
                state.tokens[key] = token._replace(effect=msgspec.structs.replace(token.effect, held=True))


def drop(state: State, value: Value) -> None:
    """A display or comprehension is thrown away: nothing holds what it was the only one to hold.

    What somebody has waited for, and what goes on, was held.
    """
    for thing in value.things:
        if thing.path.root.kind is not RootKind.MADE or thing.path in state.escaped:
            continue
        fields = [(key.fields[-1:], below.things) for key, below in state.heap.under(thing.path.root).items()]
        waited = frozenset().union(*(things for last, things in fields if last == (UNFINISHED,)))
        held = frozenset().union(*(things for last, things in fields if last and last[0].startswith("[")))
        for token_key in [key for inner in held - waited for key in tokens_at(state, inner.path, (Work.TASK,))]:
            token = state.tokens[token_key]
            if isinstance(token.effect, Pending):
                effect = msgspec.structs.replace(token.effect, held=False)
                state.tokens[token_key] = token._replace(effect=effect)


def is_under_way(state: State) -> bool:
    """Whether work is under way that hangs on single objects."""
    return any(
        isinstance(token.effect, Pending) and token.effect.work in ONE_BY_ONE and token.status is not Status.SETTLED
        for token in state.tokens.values()
    )


def hand_over(state: State, value: Value, work: Sequence[Work] = (), *, made: RootKind = RootKind.MADE) -> None:
    """The value goes where nobody sees it: work that hangs on it, or on its elements, counts as settled.

    ``made`` are the objects that are made here: at import, those that survive.
    """
    hand_over_all(state, (value,), work, made=made)


def hand_over_all(state: State, values: Iterable[Value], work: Sequence[Work], *, made: RootKind) -> None:
    """All of the values go where nobody sees them."""
    seen: set[Thing] = set()
    for is_last in (False, False, True):
        fresh = {thing for value in values for thing in value.things} - seen
        seen |= fresh
        inside: list[Value] = []
        for thing in fresh:
            if thing.path.root.kind is RootKind.PARAMETER:
                state.handed_over |= {thing.path}
            if thing.path.root.kind is not made:
                continue
            state.settle(tokens_at(state, thing.path, work))
            if not is_last and thing.type.name not in _NUMBERS:
                below = state.heap.under(thing.path.root).items()
                inside += [held for key, held in below if is_prefix(thing.path, key) and key != thing.path]
        values = inside


def keep_coroutine(state: State, value: Value) -> None:
    """The value is stored, returned or passed on: a coroutine in it is no longer this function's to await."""
    for thing in value.things:
        if thing.type.kind is TypeKind.COROUTINE:
            state.settle(tokens_at(state, thing.path, (Work.COROUTINE,)))


def entrust(state: State, value: Value) -> None:
    """An object keeps a function: what it has captured is that object's to run, and nobody knows when it does so."""
    for function in value.things:
        if function.type.kind not in (TypeKind.FUNCTION, TypeKind.PARTIAL):
            continue
        for key, captured in state.heap.under(function.path.root).items():
            if is_prefix(function.path, key) and key.fields[-1:] and key.fields[-1].startswith("<"):
                for thing in captured.things:
                    if thing.type.kind is TypeKind.COROUTINE:
                        settle_at(state, thing.path, (Work.COROUTINE,))


def forget_coroutine(state: State, value: Value) -> None:
    """The value is stored where nothing reads it: a coroutine in it will not be awaited."""
    for thing in value.things:
        for key in tokens_at(state, thing.path, (Work.COROUTINE,)) if thing.type.kind is TypeKind.COROUTINE else ():
            token = state.tokens[key]
            effect = msgspec.structs.replace(token.effect, how_dropped="unread")
            state.tokens[key] = token._replace(effect=effect)


def holds_task(state: State, value: Value) -> bool:
    """Whether a task that somebody has to await hangs on the value."""
    return any(
        not isinstance(state.tokens[key].effect, Write)
        for thing in value.things
        if thing.type.kind is not TypeKind.CONSTANT
        for key in tokens_at(state, thing.path, (Work.TASK,))
    )


def reopened(state: State, path: Path, owner: Type | None = None) -> bool:
    """A resource is bound anew: closing the old one no longer matters; gives whether it had been closed.

    What has been closed is known by the class, also where that is the ``cls`` of a class method.
    """
    places = [path]
    if owner is not None and owner.kind is TypeKind.CLASS:
        places.append(Path(class_path(owner.name).root, path.fields[-1:]))
    closed = [
        key
        for key, token in state.tokens.items()
        if isinstance(token.effect, Close) and token.effect.path is not None
        if any(is_prefix(place, token.effect.path) for place in places)
    ]
    state.settle(closed)
    return bool(closed)


def described(state: State, effect: Pending) -> Pending | None:
    """The work that a call opens, with what is known there; None where it is no such work."""
    return file_of(state, effect) if effect.work is Work.FILE else effect


def file_of(state: State, effect: Pending) -> Pending | None:
    """A file that is made, as far as it lies, or may lie, under the folder for temporary files; None elsewhere.

    Where the name is a parameter, the caller decides.
    """
    if _follows_folder(state, effect):
        effect = msgspec.structs.replace(effect, sources=effect.sources | {TEMPORARY})
    where = frozenset(source for source in effect.sources if source == TEMPORARY or source.root.kind in SYMBOLIC)
    if not where or (ELSEWHERE in effect.sources and TEMPORARY not in where):
        return None
    names = names_in(effect.sources)
    if any(is_emptied(state, name) for name in names):
        return None
    looked_at = any(tested.reads & where.union(map(named, names)) for tested in state.guards)
    path = effect.path if effect.path is None else _name_of(state, effect.path)
    return msgspec.structs.replace(effect, path=path, guarded=effect.guarded or looked_at)


def _name_of(state: State, path: Path) -> Path:
    """The name from which a path object was made as it is: whoever removes the file may know only that."""
    named_by = with_names(state, [Thing(path)]) - {Thing(path)}
    return next(iter(named_by)).path if len(named_by) == 1 else path


def _follows_folder(state: State, effect: Pending) -> bool:
    """Whether a file lies under the folder for temporary files since this invocation went there: its name is relative.

    A name that the environment or a call gives may be anything.
    """
    went = any(
        isinstance(token.effect, Write) and token.effect.path == FOLDER and TEMPORARY in token.effect.sources
        for token in state.tokens.values()
        if token.status is not Status.SETTLED
    )
    return went and all(source.root.kind in SYMBOLIC for source in effect.sources)
