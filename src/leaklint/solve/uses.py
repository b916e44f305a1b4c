"""Uses of what survives: iterators, import-time snapshots, objects of one event loop, caches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Cached, Consume, How, Lifetime, Pending, Read, Settled, Site, Subject, Write
from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import Place, Span
from leaklint.ir.summary import Summary
from leaklint.ir.values import MAX_FIELDS, NOTHING, Path, Root, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve import outside
from leaklint.solve.activation import Activation
from leaklint.solve.effects import open_effect, tests_of
from leaklint.solve.kinds import is_distinct
from leaklint.solve.lattice import (
    HELD,
    POSITION,
    VARIES,
    extend,
    is_from_outside,
    is_prefix,
    is_within,
    ordered,
    slot,
    survives,
)
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import World

ENUMS: Final = frozenset({"enum.Enum", "enum.Flag", "enum.IntEnum", "enum.IntFlag", "enum.StrEnum"})
CACHED: Final = "<cached>"
"""The field of a caching function that holds what it has returned."""
AROUND: Final = "<with a cache>"
"""The field of a function that stands for it with the cache that a call put around it: ``fast = cache(slow)``."""

_LOG_HANDLERS: Final = frozenset({"logging.Handler"})
_MADE_OF_OTHERS: Final = frozenset(
    f"builtins.{each}" for each in ("bytes", "dict", "frozenset", "list", "set", "str", "tuple")
)


def consume(act: Activation, state: State, value: Value, span: Span, operation: str) -> None:
    """Iterating over a value uses up the surviving iterators among the things it denotes."""
    for thing in ordered(value.things):
        if thing.path.root.kind is RootKind.MADE or state.is_reset(extend(thing.path, POSITION)):
            continue  # its own, or taken back to the start before
        if is_new(state, thing.path, state.written):
            continue
        if is_iterator(act.world, thing):
            tests = tests_of(state)
            open_effect(act, state, Consume(site=act.site(span), operation=operation, path=thing.path, tests=tests))


def is_new(state: State, place: Path, written: Sources) -> bool:
    """Whether a variable holds what this invocation has bound it to, and no name what it held before."""
    return place in written and not any(
        [thing.path for thing in value.things] == [place]
        for name, value in state.env.items()
        if not name.startswith("%")
    )


def is_iterator(world: World, thing: Thing) -> bool:
    """Whether iterating over an object uses it up."""
    if thing.type.kind is not TypeKind.INSTANCE or "::" in thing.type.name:
        return False
    return thing.type.name == "builtins.generator" or world.models.class_row(thing.type.name, "iterator") is not None


def use_on_loop(act: Activation, state: State, thing: Thing, span: Span, *, waits: bool = True) -> None:
    """A surviving object that belongs to one event loop is used, perhaps through its parts (``client.users.find``).

    One of asyncio's own binds itself to a loop only where something can wait.
    """
    # A path of too many fields stands for what is below it, so that a method may seem to be its own receiver.
    for _ in range(MAX_FIELDS + 1):
        if thing.type.kind is not TypeKind.LIBRARY_METHOD:
            break
        owners = state.heap.get(slot(thing.path, "<self>"))
        if owners is None or len(owners.things) != 1:
            return
        (thing,) = owners.things
    if act.importing or thing.type.kind is not TypeKind.INSTANCE or "::" in thing.type.name:
        return
    if thing.path.root.kind is RootKind.MADE or is_new(state, thing.path, state.written):
        return
    row = act.world.models.class_row(thing.type.name, "loop_bound")
    if row is not None and (waits or row.loop_bound != "primitive"):
        name = "asyncio." if row.loop_bound == "primitive" else thing.type.name
        open_effect(act, state, Read(site=act.site(span), path=thing.path, origin="loop", row=name))


def read_snapshots(act: Activation, state: State, value: Value, span: Span) -> None:
    """A value that was taken at import and should be new for each invocation is used, or one that was made of it."""
    if act.importing:
        return
    for source in sorted(deep_sources(state, value)):
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


def carries(world: World, thing: Thing) -> bool:
    """Whether a callable writes down what it is given, as loggers do, or makes a text or a container of it.

    That is no use of an id that names the process: who uses what is made of it, does.
    """
    if thing.type.kind not in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD):
        return False
    row, models = world.models.row(thing.type.name), world.models
    makes = row is not None and not (row.opens or row.mutates or row.process or models.asks_outside(thing.type.name))
    return models.writes_down(thing.type.name) or (
        row is not None and makes and (row.type in _MADE_OF_OTHERS or thing.type.name in _MADE_OF_OTHERS)
    )


def cache_of(function: Thing) -> Path:
    """The place in which lies what a caching function has returned."""
    return slot(Path(function.path.root), CACHED)


def cached_call(
    act: Activation,
    state: State,
    thing: Thing,
    facts: FunctionFacts,
    bound: Sequence[Value],
    bounded: bool,
    summary: Summary,
    result: Value,
    chosen: Value | None,
    span: Span,
) -> None:
    """A caching function of the project is called: its arguments are kept.

    ``chosen`` is the key, where a function of the project makes it of the arguments. What is kept for an object that
    equals no other one, such as the ``self`` of a method, no later invocation is ever given.
    """
    unequalled = chosen is None and any(is_distinct(act.world, value) for value in bound)
    if unequalled and bounded:
        return
    sources, key = frozenset[Path](), frozenset[Path]()
    for value in bound:
        given = deep_sources(state, value)
        if are_of_enumerations(act.world, value, TypeKind.INSTANCE):
            # a member is one of a few constants, whoever chooses it
            key |= given | {thing.path for thing in value.things}
        else:
            key, sources = key | given, sources | given
    told = result.sources | deep_sources(state, result)
    changes = outside.CHANGED in summary.trims or any(_is_missed(act.world, effect) for effect, _ in summary.effects)
    pure = VARIES not in summary.returns.sources and (VARIES in key or VARIES not in told)
    if chosen is not None:
        key = deep_sources(state, chosen)
    # what an argument was made from is a part of the key, and so is each part of it
    beside = frozenset(each for each in told if not is_within(each, key))
    left_out = sources & beside if chosen is not None else frozenset()
    hidden = sorted(left_out | {source for source in beside if source.fields[-1:] == (HELD,)})
    open_effect(
        act,
        state,
        Cached(
            site=act.site(span),
            operation=facts.name.rpartition(".")[2],
            path=Path(thing.path.root, thing.path.fields),
            sources=sources,
            bounded=bounded,
            pure=pure or unequalled,
            side_effects=changes and not unequalled,
            missing=() if unequalled else tuple(_told(act, source) for source in hidden),
            reads=frozenset(source for source in beside if survives(source) and not unequalled),
        ),
    )


def _told(act: Activation, source: Path) -> str:
    """What a function calls what a cached result depends on: a context variable, or an argument of its own."""
    from leaklint.solve.labels import shown

    if source.root.kind is not RootKind.PARAMETER or int(source.root.name) >= len(act.facts.parameters):
        if source.root.kind is RootKind.STATIC:
            return act.world.name_of(source)
        name = source.root.name.rpartition(".")[2]  # ``flask.request``
    else:
        name = act.facts.parameters[int(source.root.name)].name
    return name + "".join(shown(field) for field in source.fields)


def _is_missed(world: World, effect: AnyEffect) -> bool:
    """Whether a cached call lacks what an effect of the function does: not what is done once anyway.

    What a handler of a logger does with a line is no more than writing it.
    """
    owner = effect.site.function.rpartition(".")[0]
    if world.is_subclass(f"{effect.site.path}::{owner}", _LOG_HANDLERS):
        return False
    if isinstance(effect, Write) and effect.path is not None:
        path = effect.path
        asks_itself = any(
            any(is_prefix(place, path) or is_prefix(path, place) for place in test)
            and not any(place.root.kind is RootKind.PARAMETER for place in test)
            for test in effect.tests
        )
        return effect.settled is not Settled.ALWAYS and not asks_itself
    if not isinstance(effect, Pending) or effect.settled >= Settled.NORMAL_PATHS:
        return False
    return not effect.only_with or world.overview.is_imported(*effect.only_with)


def are_of_enumerations(world: World, value: Value, kind: TypeKind) -> bool:
    """Whether all that a value denotes are enumerations of the project, or members of such."""
    return bool(value.things) and all(
        thing.type.kind is kind and world.is_subclass(thing.type.name, ENUMS) for thing in value.things
    )


def snapshot_taken(act: Activation, source: Path, span: Span) -> set[Path]:
    """The source of a value that is new for each call: its place matters where the call is made at import.

    In a function, whether that is so is known when the function is called.
    """
    owner, place = source.root.owner, source.root.name
    if "|" not in place:
        place = f"{place}|{act.path}|{act.name}|{span.line}:{span.column}:{span.end_line}:{span.end_column}"
    if act.importing:
        return {Path(Root(source.root.kind, owner.replace(TAKEN, "snapshot:"), place))}
    return {VARIES, Path(Root(source.root.kind, owner.replace("snapshot:", TAKEN), place))}


TAKEN: Final = "taken:"
"""Start of the owner of a source that is a snapshot where the function that takes it is called at import."""


def is_renewed(world: World, read: Read, effects: Iterable[AnyEffect]) -> bool:
    """Whether the invocation binds the variable of an import-time snapshot to a later value of the same kind.

    What the import took is no more than the first one then, and of the variable it is said that it is rebound. A
    request that decides whether to renew it leaves it to all others.
    """
    return any(
        isinstance(each, Write)
        and each.how is How.REBIND
        and each.path is not None
        and not any(is_from_outside(place) for test in each.tests for place in test)
        and any(source.root.owner == TAKEN + read.row for source in each.sources)
        and read.path in (world.initial(each.path) or NOTHING).sources
        for each in effects
    )


def snapshot_read(effect: Read) -> Read | None:
    """The read of an import-time snapshot stands where the snapshot is taken."""
    assert effect.path is not None
    name, path, function, numbers = [*effect.path.root.name.split("|"), "", "", ""][:4]
    if not numbers:
        return None
    line, column, end_line, end_column = (int(each) for each in numbers.split(":"))
    return msgspec.structs.replace(
        effect,
        site=Site(path, function, Span(line, column, end_line, end_column)),
        operation=name,
        subject=Subject(Lifetime.MODULE, name, "", Place(path, Span(line, column, end_line, end_column))),
    )


def is_new_in_each_request(act: Activation, thing: Thing, name: str) -> bool:
    """Whether the library itself binds the attribute of its object anew before it calls a handler."""
    if thing.type.kind is not TypeKind.INSTANCE or "::" in thing.type.name:
        return False
    row = act.world.models.row(f"{act.world.models.canonical(thing.type.name)}.{name}")
    return row is not None and row.per_request
