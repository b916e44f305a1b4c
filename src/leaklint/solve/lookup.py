"""Reading names: what a global name, an import or a known field denotes."""

from __future__ import annotations

import builtins
import functools
from typing import Final

from leaklint.ir.values import (
    NOTHING,
    UNKNOWN_TYPE,
    Path,
    Root,
    RootKind,
    Sources,
    Thing,
    Type,
    TypeKind,
    Value,
    is_temporary,
)
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    ANY_NAME,
    AT_IMPORT,
    ELEMENT,
    ELSEWHERE,
    ORIGINAL,
    TEMPORARY,
    at_import,
    constants,
    join,
    of,
)
from leaklint.solve.state import State
from leaklint.solve.world import Ask, ModuleState, Solving, World, instance, variable

BUILTINS: Final = frozenset(dir(builtins))


MODULE_NAME: Final = Type(TypeKind.UNKNOWN, "module name")
"""The type of what ``__name__`` denotes."""
SNAPSHOT: Final = "snapshot"


@functools.lru_cache(10_000)
def library(name: str) -> Value:
    """A module, class or function of a library."""
    return of(Thing(Path(Root(RootKind.LIBRARY, "library", name)), Type(TypeKind.LIBRARY, name)))


def library_object(world: World, name: str) -> Value:
    """A name of a library: an object where a row says which class it is of, else the name itself."""
    name = world.models.canonical(name)
    row = world.models.row(name)
    if row is not None and row.instance_of:
        path = Path(Root(RootKind.LIBRARY, "request" if row.per_request else "process", name))
        sources = frozenset({path}) if row.request_data else frozenset()
        return of(Thing(path, instance(world.models.canonical(row.instance_of))), sources=sources)
    return library(name)


def module_name(world: World, module: str, name: str) -> Solving:
    """What a name of a module denotes for functions that run after its import; None where it has no such name."""
    state: ModuleState = yield Ask("module", module)
    facts = world.program.files.get(module)
    value = state.names.get(name)
    if value is None:
        if facts is not None and name in facts.global_writers:
            value = NOTHING
        else:
            brought = world.overview.brought_from(module, name) if facts is not None else None
            return (yield from module_name(world, brought, name)) if brought is not None else None
    place = variable(module, name)
    writers = facts.global_writers.get(name, ()) if facts is not None else ()
    found = constants(value)
    if writers or (found is not None and None in found) or place in world.rebound:
        things = {
            Thing(place, thing.type if thing.type.kind is not TypeKind.CONSTANT else UNKNOWN_TYPE)
            for thing in value.things
        }
        written = yield from written_types(world, module, name, writers)
        things |= {Thing(place, kind) for kind in written}
        known = {thing for thing in things if thing.type is not UNKNOWN_TYPE and thing.type != UNKNOWN_TYPE}
        return Value(frozenset(known or things or {Thing(place)}), kept(value.sources) | {place})
    sources = kept(value.sources)
    if found is not None:
        sources |= {place}
    return Value(value.things, sources)


def stays_none(world: World, place: Path) -> bool:
    """Whether a module binds a variable to None, and nobody seen so far binds it to anything else."""
    state, facts = world.modules.get(place.root.owner), world.program.files.get(place.root.owner)
    if place.fields or state is None or facts is None or place in world.rebound:
        return False
    return place.root.name not in facts.global_writers and constants(state.names.get(place.root.name, NOTHING)) == [
        None
    ]


def kept(sources: Sources) -> Sources:
    """What of a value's sources at import matters later: snapshots, places for files, what stands for each request's.

    All else is constant then; of which state of the process it was, is known still.
    """
    return frozenset(
        at_import(source) if source.root.owner == "process" and source != TEMPORARY else source
        for source in sources
        if source in (TEMPORARY, ELSEWHERE)
        or source.root.owner in ("request", "process", AT_IMPORT)
        or source.root.owner.startswith(SNAPSHOT)
        or (source.root.owner == "constant" and is_temporary(source.root.name))
    )


def written_types(world: World, module: str, name: str, writers: tuple[str, ...]) -> Solving:
    """Types of the values that functions bind a module-level name to."""
    place = variable(module, name)
    types: set[Type] = set()
    for writer in writers:
        summary = yield world.unshaped(f"{module}::{writer}")
        for store in summary.stores:
            if store.path == place:
                types |= {thing.type for thing in store.value.things if thing.type.kind is not TypeKind.CONSTANT}
    value = world.rebound.get(place)
    if value is not None:
        types |= {thing.type for thing in value.things if thing.type.kind is not TypeKind.CONSTANT}
    types.discard(UNKNOWN_TYPE)
    known = types - {ORIGINAL}
    if known and all("::" in each.name for each in known):
        types = known  # of a project's class one knows all that its objects have
    return types if len(types) <= 4 else set()


def as_variable(place: Path) -> Path:
    """The place itself; the variable for what lies under its name in a module: ``globals()["x"]``, ``module.x``."""
    if place.root.kind is not RootKind.MODULE or not place.root.owner or not place.fields:
        return place
    name, *below = place.fields
    if name == ".__dict__" and below:
        name, *below = below
        name = f".{name[2:-2] or ANY_NAME}"
    if name in (".__dict__", ELEMENT):
        return place
    return Path(variable(place.root.owner, name[1:]).root, tuple(below))


def load_global(act: Activation, state: State, name: str) -> Solving:
    """What a global name denotes in this function."""
    place = variable(act.path, name)
    stored = state.heap.get(place)
    if stored is not None:
        if all(thing.type != ORIGINAL for thing in stored.things):
            if place in state.written:
                state.reread |= {place}
            return stored
        if not act.importing:
            state.read(place)
        original = yield from module_name(act.world, act.path, name)
        rest = Value(frozenset(t for t in stored.things if t.type != ORIGINAL), stored.sources)
        return join(rest, original) if original is not None else rest
    if act.importing:
        value = state.env.get("global " + name)
        if value is not None:
            return value
        known = act.world.importing.get(act.path)
        if known is not None and name in known:
            return known[name]
        if act.path not in act.world.importing:
            value = yield from module_name(act.world, act.path, name)
            if value is not None:
                return value
    else:
        value = yield from module_name(act.world, act.path, name)
        if value is not None:
            if place in value.sources:
                state.read(place)
            return value
    if name == "__name__":
        return of(Thing(Path(Root(RootKind.MODULE, act.path, "__name__")), MODULE_NAME))
    if name in BUILTINS:
        return library_object(act.world, f"builtins.{name}")
    brought = act.world.overview.brought_from(act.path, name) if act.path in act.world.importing else None
    value = (yield from module_name(act.world, brought, name)) if brought is not None else None
    return value if value is not None else of(Thing(place))


def imported(act: Activation, module: str, name: str, level: int) -> Solving:
    """What ``from module import name`` gives."""
    found = act.world.overview.import_name(act.path, module, name, level)
    if isinstance(found, str):
        return of(Thing(Path(Root(RootKind.MODULE, found)), Type(TypeKind.MODULE, found)))
    if found is not None:
        path, attribute = found
        if path in act.world.importing:
            value = act.world.importing[path].get(attribute)
        else:
            value = yield from module_name(act.world, path, attribute)
        return value if value is not None else of(Thing(variable(path, attribute)))
    if level == 0:
        return library_object(act.world, f"{module}.{name}")
    return of(Thing(Path(Root(RootKind.LIBRARY, "unknown", f"{'.' * level}{module}.{name}"))))


def module_object(act: Activation, module: str, *, whole: bool) -> Value:
    """What ``import module`` binds."""
    wanted = module if whole else module.partition(".")[0]
    found = act.world.program.modules.resolve(act.path, wanted)
    if found is not None:
        return of(Thing(Path(Root(RootKind.MODULE, found)), Type(TypeKind.MODULE, found)))
    if not whole and act.world.program.modules.resolve(act.path, module) is not None:
        return of(Thing(Path(Root(RootKind.MODULE, "", wanted)), Type(TypeKind.MODULE, "package:" + wanted)))
    return library(wanted)


def read_field(act: Activation, state: State, path: Path) -> Value | None:
    """What is known to be in a field: written here, or there since import."""
    stored = state.heap.get(path)
    if stored is not None and any(thing.type == ORIGINAL for thing in stored.things):
        rest = Value(frozenset(t for t in stored.things if t.type != ORIGINAL), stored.sources)
        after = act.world.field(path)
        return join(rest, after if after is not None else of(Thing(path)))
    return stored if stored is not None else act.world.field(path)
