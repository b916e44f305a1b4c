"""Effects as they happen: mutations, work opened and settled, resets; each becomes a token of the state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec.structs

from leaklint.ir.effects import (
    AnyEffect,
    Cached,
    Close,
    Consume,
    Defer,
    Guard,
    How,
    Pending,
    Read,
    Site,
    Work,
    Write,
)
from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import Span
from leaklint.ir.summary import Summary
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Sources, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    ELEMENT,
    ORIGINAL,
    SYMBOLIC,
    TEMPORARY,
    VARIES,
    extend,
    is_prefix,
    join,
    of,
    ordered,
    parameter,
    survives,
)
from leaklint.solve.state import State, Status, Token, Trace
from leaklint.solve.world import World

AWAITED_WORK: Final = frozenset({Work.TASK, Work.FUTURE, Work.COROUTINE})
ASYNC_GENERATOR: Final = Type(TypeKind.INSTANCE, "leaklint.async_generator")
OPPOSITE: Final = {"+=": "-=", "-=": "+="}
REMOVING: Final = frozenset({How.SHRINK, How.DELETE})
CHANGING: Final = frozenset(
    {How.GROW, How.SHRINK, How.SET_ITEM, How.SET_ATTRIBUTE, How.DELETE, How.REORDER, How.REBIND, How.COUNT}
)


def deep_sources(state: State, world: World, value: Value) -> Sources:
    """What a value was made from, and what was put into the objects it denotes."""
    made = [thing.path for thing in value.things if thing.path.root.kind is RootKind.MADE]
    if not made:
        return value.sources
    sources = set(value.sources)
    seen: set[Path] = set()
    while made and len(seen) < 32:
        path = made.pop()
        if path in seen:
            continue
        seen.add(path)
        for key, below in state.heap.under(path.root).items():
            if len(key.fields) > len(path.fields) and is_prefix(path, key):
                if key.fields[len(path.fields)].startswith("<func"):
                    continue
                sources |= below.sources
                made.extend(thing.path for thing in below.things if thing.path.root.kind is RootKind.MADE)
    return frozenset(sources)


def open_effect(act: Activation, state: State, effect: AnyEffect, trace: Trace = ()) -> None:
    """An effect happens here, or did in a callee."""
    guards: set[Path] = set()
    for tested in state.guards:
        guards |= tested.reads
    if isinstance(effect, Write):
        if guards - effect.guards:
            chosen = {place for tested in state.guards if tested.truth for place in tested.reads}
            effect = msgspec.structs.replace(effect, guards=effect.guards | guards, chosen=effect.chosen | chosen)
        if not effect.reset_before and effect.path is not None and state.is_reset(effect.path):
            effect = msgspec.structs.replace(effect, reset_before=True)
    state.open(Token(effect, trace))


# ----------------------------------------------------------------------------------------------------------- mutations
def mutate(
    act: Activation,
    state: State,
    target: Value,
    how: How,
    operation: str,
    span: Span,
    *,
    sources: Sources = frozenset(),
    key: Sources = frozenset(),
    field: str = "",
    value: Value = NOTHING,
) -> None:
    """The objects that ``target`` denotes are mutated in place (at ``field``, where an attribute is bound)."""
    if holds_task(state, value):
        return
    for thing in target.things:
        path = extend(thing.path, field) if field else thing.path
        root = path.root
        if root.kind is RootKind.MADE:
            kept = state.escaped.get(Path(root))
            if kept is None:
                continue
            path = Path(kept.root, (*kept.fields, *path.fields)[:3])
        elif (
            thing.type.kind is TypeKind.CONSTANT
            or (root.kind not in SYMBOLIC and not survives(path))
            or (root.kind is RootKind.LIBRARY and root.owner == "library" and how is not How.SET_ATTRIBUTE)
        ):
            continue
        write(act, state, path, how, operation, span, sources=sources, key=key, value=value)


def write(
    act: Activation,
    state: State,
    path: Path,
    how: How,
    operation: str,
    span: Span,
    *,
    sources: Sources = frozenset(),
    key: Sources = frozenset(),
    value: Value = NOTHING,
) -> None:
    """A place that may survive is written; ``value`` is what it holds then, where that is known."""
    effect = Write(
        site=act.site(span),
        operation=operation,
        path=path,
        how=how,
        sources=sources,
        key_sources=key,
        puts_back=bool(value.things) and all(_is_of(path, thing) for thing in value.things),
        # ``x = x or make()`` tests x itself
        guards=frozenset({path}) if any(thing.path == path for thing in value.things) else frozenset(),
    )
    if how in REMOVING:
        state.trimmed |= {path}
    undone = undone_by(state, effect)
    if undone:
        state.settle(undone)
        return
    open_effect(act, state, effect)


def _is_of(place: Path, thing: Thing) -> bool:
    """Whether an object is what the place held before."""
    if thing.type.kind is TypeKind.LIBRARY and place.root.kind is RootKind.LIBRARY:
        return thing.type.name == place.root.name + "".join(place.fields)
    return is_prefix(place, thing.path)


def undone_by(state: State, effect: Write) -> list[tuple[object, ...]]:
    """Tokens that a write undoes: the same element is taken out again, or the old value is put back."""
    path, how = effect.path, effect.how
    assert path is not None
    opened = [
        token
        for token in state.tokens.values()
        if isinstance(token.effect, Write) and token.status is not Status.SETTLED and token.effect.path is not None
    ]
    if how in REMOVING:
        return [
            token.key
            for token in opened
            if token.effect.path == path
            and isinstance(token.effect, Write)
            and (token.effect.how in (How.GROW, How.SET_ITEM) or path.root.kind is RootKind.LIBRARY)
            and _same_element(token.effect, effect)
        ]
    if how is How.GROW and {path, extend(path, ELEMENT)} & (effect.sources | effect.key_sources):
        taken = [token.key for token in opened if token.effect.path == path and _takes(token.effect)]
        if taken:
            return taken
    if how is How.COUNT and effect.operation in OPPOSITE:
        return [
            token.key
            for token in opened
            if token.effect.path == path and token.effect.operation == OPPOSITE[effect.operation]
        ]
    restores = effect.puts_back or (path.root.kind is RootKind.LIBRARY and path in effect.sources)
    if how in (How.REBIND, How.SET_ATTRIBUTE, How.SET_ITEM) and restores:
        return [token.key for token in opened if token.effect.path is not None and is_prefix(path, token.effect.path)]
    return []


def _takes(effect: AnyEffect) -> bool:
    return isinstance(effect, Write) and effect.how in REMOVING


def _same_element(added: Write, removed: Write) -> bool:
    """Whether a removal takes out what was added: same key, same element, or the last one."""
    if removed.key_sources:
        return removed.key_sources in (added.key_sources, added.sources)
    if removed.sources:
        return removed.sources in (added.sources, added.key_sources)
    return True


def reset(state: State, path: Path, by: Site | None = None) -> None:
    """What a place holds is thrown away: earlier writes to it (not the one at ``by``) are undone."""
    earlier = [
        token
        for token in state.tokens.values()
        if isinstance(token.effect, Write)
        and token.effect.path is not None
        and is_prefix(path, token.effect.path)
        and token.effect.site != by
    ]
    state.settle([token.key for token in earlier])
    if path.root.kind is not RootKind.MADE:
        state.trimmed |= {path}
    if any(_grew_before(token.effect, path) for token in earlier):
        return
    if path not in state.resets:
        state.resets |= {path}


def _grew_before(effect: AnyEffect, place: Path) -> bool:
    if not isinstance(effect, Write) or effect.reset_before:
        return False
    return effect.how not in (How.REBIND, How.SET_ATTRIBUTE, How.COUNT) or effect.path != place


def escape(state: State, value: Value, place: Path) -> None:
    """A surviving place refers to objects made here from now on."""
    for thing in value.things:
        if thing.path.root.kind is RootKind.MADE and thing.type.kind is TypeKind.INSTANCE:
            state.escaped.setdefault(Path(thing.path.root), place)


def bind_field(act: Activation, state: State, target: Thing, field: str, value: Value, *, certain: bool) -> None:
    """A field of an object holds a value from now on (perhaps, where not ``certain``)."""
    path = extend(target.path, field)
    strong = certain and field != ELEMENT and path != target.path
    old = state.heap.get(path)
    if strong or (old is None and target.path.root.kind is RootKind.MADE):
        state.heap[path] = value
    elif old is None:
        state.heap[path] = join(value, of(Thing(path, ORIGINAL)))
    else:
        state.heap[path] = join(old, value)


# ---------------------------------------------------------------------------------------------------------------- work
def open_coroutine(act: Activation, state: State, path: Path, callee: Value, span: Span) -> None:
    """A coroutine was made that somebody has to await."""
    open_effect(
        act,
        state,
        Pending(
            site=act.site(span),
            operation="call",
            path=path,
            work=Work.COROUTINE,
            callee=_callee_name(callee),
        ),
    )


def iterate_plainly(act: Activation, state: State, iterable: Value, span: Span) -> None:
    """A plain ``for`` over an async generator: nothing runs."""
    for thing in iterable.things:
        if thing.type == ASYNC_GENERATOR:
            open_effect(
                act,
                state,
                Pending(
                    site=act.site(span),
                    operation="for",
                    path=act.made(span),
                    work=Work.COROUTINE,
                    callee=thing.path.root.name.partition("@")[0].replace("<locals>.", ""),
                    how_dropped="iterated",
                ),
            )


def _callee_name(callee: Value) -> str:
    names = sorted(thing.type.name.rpartition("::")[2].replace("<locals>.", "") for thing in callee.things)
    return names[0] if names else ""


def tokens_at(state: State, path: Path, work: Sequence[Work] = ()) -> list[tuple[object, ...]]:
    """Keys of the pending work that hangs on a path."""
    return [
        key
        for key, token in state.tokens.items()
        if token.effect.path == path
        and (
            (isinstance(token.effect, Pending) and (not work or token.effect.work in work))
            or (isinstance(token.effect, Defer) and not work)
            or (isinstance(token.effect, Write) and path.root.kind is RootKind.LIBRARY)
        )
    ]


def settle_at(
    state: State, path: Path, work: Sequence[Work] = (), *, certain: bool = True, every_path: bool = True
) -> None:
    """Work that hangs on a path is waited for, closed, flushed or removed."""
    status = Status.SETTLED if certain else Status.UNCERTAIN
    if not every_path:
        status = Status.MIXED
    state.settle(tokens_at(state, path, work), status)
    if path.root.kind is not RootKind.MADE:
        old = state.settled.get(path)
        state.settled[path] = (certain or bool(old and old[0]), every_path or bool(old and old[1]))


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


# ------------------------------------------------------------------------------------------------------- other effects
def consume(act: Activation, state: State, value: Value, span: Span, operation: str) -> None:
    """Iterating over a value uses up the surviving iterators among the things it denotes."""
    for thing in value.things:
        if thing.path.root.kind is not RootKind.MADE and is_iterator(act.world, thing):
            open_effect(act, state, Consume(site=act.site(span), operation=operation, path=thing.path))


def holds_task(state: State, value: Value) -> bool:
    """Whether a task that somebody has to await hangs on the value."""
    return any(tokens_at(state, thing.path, (Work.TASK,)) for thing in value.things)


def context_lost(act: Activation, state: State, target: Value, span: Span) -> None:
    """A function runs where the context does not follow, and reads variables that this invocation has set."""
    names = [_callee_name(of(thing)) for thing in ordered(target.things)]
    for place in sorted(state.reads):
        variable = Path(place.root, place.fields[:-1])
        if place.fields[-1:] == (".context",) and state.is_reset(extend(variable, ".value")):
            open_effect(
                act,
                state,
                Defer(site=act.site(span), path=variable, api="context", callee=names[0] if names else ""),
            )


def defer_parameter(act: Activation, state: State, value: Value, span: Span, kept_in: Path | None) -> None:
    """A callback parameter of the project's own function is handed to deferred work, or kept in an object."""
    for index, formal in enumerate(act.facts.parameters):
        if not CALLBACK.fullmatch(formal.name):
            continue
        if any(
            thing.path == parameter(index) and thing.type.kind in (*CALLABLES, TypeKind.UNKNOWN)
            for thing in value.things
        ):
            open_effect(act, state, Defer(site=act.site(span), path=kept_in, api="parameter", operation=formal.name))


CALLBACK: Final = re.compile(r"(.*_)?(callback|cb|listener|subscriber)|on_\w+|then|(.*_)?(done|complete)_fn")
"""Names of parameters that take a callback."""


def callback_attribute(act: Activation, state: State, thing: Thing, name: str, value: Value, span: Span) -> None:
    """A callback is set as an attribute of a library's object (``client.on_message = f``), as a row says."""
    full = act.world.models.method(thing.type.name, name)
    row = act.world.models.row(full) if full is not None else None
    for defers in row.defers if row is not None else ():
        if any(each.type.kind in CALLABLES for each in value.things):
            open_effect(
                act,
                state,
                Defer(
                    site=act.site(span),
                    path=extend(thing.path, f".{name}"),
                    api=defers.api,
                    row=full or "",
                    instead=defers.instead,
                    operation=name,
                ),
            )


CALLABLES: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.PARTIAL})


def is_iterator(world: World, thing: Thing) -> bool:
    """Whether iterating over an object uses it up."""
    if thing.type.kind is not TypeKind.INSTANCE or "::" in thing.type.name:
        return False
    return thing.type.name == "builtins.generator" or world.models.class_row(thing.type.name, "iterator") is not None


def use_on_loop(act: Activation, state: State, thing: Thing, span: Span) -> None:
    """A surviving object that belongs to one event loop is used."""
    if act.importing or thing.type.kind is not TypeKind.INSTANCE or "::" in thing.type.name:
        return
    if thing.path.root.kind is RootKind.MADE:
        return
    row = act.world.models.class_row(thing.type.name, "loop_bound")
    if row is not None:
        name = "asyncio." if row.loop_bound == "primitive" else thing.type.name
        open_effect(act, state, Read(site=act.site(span), path=thing.path, origin="loop", row=name))


def reopened(state: State, path: Path) -> None:
    """A resource is bound anew: closing the old one no longer matters."""
    state.settle(
        [
            key
            for key, token in state.tokens.items()
            if isinstance(token.effect, Close) and token.effect.path is not None and is_prefix(path, token.effect.path)
        ]
    )


def read_snapshots(act: Activation, state: State, value: Value, span: Span) -> None:
    """A value that was taken at import and should be new for each invocation is used."""
    if act.importing:
        return
    for source in value.sources:
        if source.root.owner.startswith("snapshot"):
            open_effect(
                act,
                state,
                Read(
                    site=act.site(span),
                    path=source,
                    origin="snapshot",
                    row=source.root.owner.partition(":")[2],
                    operation=source.root.name.partition("|")[0],
                ),
            )


def cached_call(
    act: Activation,
    state: State,
    thing: Thing,
    facts: FunctionFacts,
    bound: Sequence[Value],
    bounded: bool,
    summary: Summary,
    result: Value,
    span: Span,
) -> None:
    """A caching function of the project is called: its arguments are kept."""
    sources: set[Path] = set()
    for value in bound:
        sources |= deep_sources(state, act.world, value)
    hidden = sorted(source for source in result.sources if source.fields[-1:] == (".value",))
    open_effect(
        act,
        state,
        Cached(
            site=act.site(span),
            operation=facts.name.rpartition(".")[2],
            path=Path(thing.path.root, thing.path.fields),
            sources=frozenset(sources),
            bounded=bounded,
            pure=VARIES not in summary.returns.sources,
            side_effects=any(isinstance(effect, Write | Pending) for effect, _ in summary.effects),
            missing=tuple(act.world.name_of(source) for source in hidden),
        ),
    )


def snapshot_taken(act: Activation, source: Path, span: Span) -> Path:
    """The source of a value that is new for each call: its place matters where the call is made at import."""
    if not act.importing:
        return VARIES
    place = f"{source.root.name}|{act.path}|{act.name}|{span.line}:{span.column}:{span.end_line}:{span.end_column}"
    return Path(Root(source.root.kind, source.root.owner, place))


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


def guard_kind(effect: Write, request: bool, key_request: bool, guard_request: bool, tests_place: bool) -> Guard:
    """Under which kind of test a write stands."""
    if not effect.guards or not tests_place:
        return Guard.NONE
    if not guard_request:
        return Guard.LAZY
    if effect.how is How.SET_ITEM and key_request:
        return Guard.KEYED
    return Guard.REQUEST
