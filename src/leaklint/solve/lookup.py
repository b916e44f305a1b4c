"""Reading names and attributes: what a global name, a class member, a field of an object denotes."""

from __future__ import annotations

import builtins
from typing import Final

from leaklint.ir.facts import FunctionFacts
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
)
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    ORIGINAL,
    SYMBOLIC,
    TEMPORARY,
    constants,
    extend,
    join,
    join_all,
    of,
    slot,
    survives,
    with_sources,
)
from leaklint.solve.state import State
from leaklint.solve.world import (
    Ask,
    ModuleState,
    Solving,
    World,
    class_path,
    function_path,
    instance,
    variable,
)

BUILTINS: Final = frozenset(dir(builtins))
SNAPSHOT: Final = "snapshot"


def library(name: str) -> Value:
    """A module, class or function of a library."""
    return of(Thing(Path(Root(RootKind.LIBRARY, "library", name)), Type(TypeKind.LIBRARY, name)))


def library_object(world: World, name: str) -> Value:
    """A name of a library: an object where a row says which class it is of, else the name itself."""
    name = world.models.canonical(name)
    row = world.models.row(name)
    if row is not None and row.instance_of:
        path = Path(Root(RootKind.LIBRARY, "request" if row.per_request else "process", name))
        return of(Thing(path, instance(world.models.canonical(row.instance_of))))
    return library(name)


# -------------------------------------------------------------------------------------------------------- module names
def module_name(world: World, module: str, name: str) -> Solving:
    """What a name of a module denotes for functions that run after its import; None where it has no such name."""
    state: ModuleState = yield Ask("module", module)
    facts = world.program.files.get(module)
    value = state.names.get(name)
    if value is None:
        if facts is not None and name in facts.global_writers:
            value = NOTHING
        else:
            return None
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
        return Value(frozenset(known or things or {Thing(place)}), _kept(value.sources) | {place})
    sources = _kept(value.sources)
    if found is not None:
        sources |= {place}
    return Value(value.things, sources)


def _kept(sources: Sources) -> Sources:
    """Of what a value was made from at import, only that it is a snapshot matters later: all else is constant then."""
    return frozenset(source for source in sources if source == TEMPORARY or source.root.owner.startswith(SNAPSHOT))


def written_types(world: World, module: str, name: str, writers: tuple[str, ...]) -> Solving:
    """Types of the values that functions bind a module-level name to."""
    place = variable(module, name)
    types: set[Type] = set()
    for writer in writers:
        summary = yield Ask("function", f"{module}::{writer}")
        for store in summary.stores:
            if store.path == place:
                types |= {thing.type for thing in store.value.things if thing.type.kind is not TypeKind.CONSTANT}
    value = world.rebound.get(place)
    if value is not None:
        types |= {thing.type for thing in value.things if thing.type.kind is not TypeKind.CONSTANT}
    types.discard(UNKNOWN_TYPE)
    return types if len(types) <= 4 else set()


def load_global(act: Activation, state: State, name: str) -> Solving:
    """What a global name denotes in this function."""
    place = variable(act.path, name)
    stored = state.heap.get(place)
    if stored is not None:
        if all(thing.type != ORIGINAL for thing in stored.things):
            return stored
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
        return of(Thing(Path(Root(RootKind.MODULE, act.path, "__name__")), Type(TypeKind.UNKNOWN, "module name")))
    if name in BUILTINS:
        return library_object(act.world, f"builtins.{name}")
    stars = yield from star_imported(act, name)
    return stars if stars is not None else of(Thing(place))


def star_imported(act: Activation, name: str) -> Solving:
    """What a name denotes that only ``from module import *`` can have brought."""
    facts = act.world.program.files.get(act.path)
    for each in facts.imports if facts is not None else ():
        if each.name == "*":
            found = act.world.program.modules.resolve(act.path, each.module, each.level)
            if found is not None and found != act.path:
                value = yield from module_name(act.world, found, name)
                if value is not None:
                    return value
    return None


def imported(act: Activation, module: str, name: str, level: int) -> Solving:
    """What ``from module import name`` gives."""
    found = act.world.program.modules.import_name(act.path, module, name, level)
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


# ---------------------------------------------------------------------------------------------------------- attributes
def get_attribute(act: Activation, state: State, value: Value, name: str) -> Solving:
    """What ``value.name`` denotes."""
    found = []
    for thing in value.things:
        each = yield from _attribute_of(act, state, thing, name)
        found.append(each)
    result = join_all(found)
    return with_sources(result, frozenset(_narrowed(source, name) for source in value.sources))


def _narrowed(source: Path, name: str) -> Path:
    if source.root.kind in SYMBOLIC and len(source.fields) < 2:
        return Path(source.root, (*source.fields, f".{name}"))
    return source


def read_field(act: Activation, state: State, path: Path) -> Value | None:
    """What is known to be in a field: written here, or there since import."""
    stored = state.heap.get(path)
    if stored is not None and any(thing.type == ORIGINAL for thing in stored.things):
        rest = Value(frozenset(t for t in stored.things if t.type != ORIGINAL), stored.sources)
        after = act.world.field(path)
        return join(rest, after if after is not None else of(Thing(path)))
    return stored if stored is not None else act.world.field(path)


def _attribute_of(act: Activation, state: State, thing: Thing, name: str) -> Solving:
    world, kind = act.world, thing.type.kind
    path = extend(thing.path, f".{name}")
    if kind is TypeKind.INSTANCE:
        value = yield from _instance_attribute(act, state, thing, path, name)
        return value
    if kind is TypeKind.MODULE:
        value = yield from _module_attribute(act, state, thing, name)
        return value
    if kind is TypeKind.LIBRARY:
        stored = state.heap.get(path)
        full = f"{thing.type.name}.{name}"
        # a submodule of the project behind a package without a file
        return stored if stored is not None else library_object(world, full)
    if kind is TypeKind.CLASS:
        value = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=True)
        return value if value is not None else of(Thing(path))
    if kind is TypeKind.SUPER:
        value = yield from _super_attribute(act, state, thing, name)
        return value
    if kind is TypeKind.CONSTANT:
        assert thing.type.constant is not None
        return of(Thing(path, Type(TypeKind.LIBRARY_METHOD, f"builtins.{thing.type.constant[0]}.{name}")))
    if kind is TypeKind.COROUTINE:
        # close(), send() and __await__(): whoever does that takes care of it
        pending.settle_at(state, thing.path)
    if kind in (TypeKind.LIBRARY_METHOD, TypeKind.COROUTINE, TypeKind.PARTIAL):
        stored = read_field(act, state, path)
        full = f"{thing.type.name}.{name}" if kind is TypeKind.LIBRARY_METHOD else f"coroutine.{name}"
        if stored is not None:
            return stored
        world_type = world.models.row(full)
        if world_type is not None and world_type.instance_of:
            return of(Thing(path, instance(world.models.canonical(world_type.instance_of))))
        return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, full)), of(thing))
    stored = read_field(act, state, path)
    if stored is not None:
        return stored
    if survives(thing.path):
        state.read(path)
    return of(Thing(path))


def bound(state: State, method: Thing, receiver: Value) -> Value:
    """A method bound to its receiver."""
    state.heap[slot(method.path, "<self>")] = receiver
    return of(method)


def _instance_attribute(act: Activation, state: State, thing: Thing, path: Path, name: str) -> Solving:
    world, class_name = act.world, thing.type.name
    stored = read_field(act, state, path)
    if name == "__class__" and "::" in class_name:
        return of(Thing(class_path(class_name), Type(TypeKind.CLASS, class_name)))
    if "::" not in class_name:
        if stored is not None:
            return stored
        return library_member(act, state, thing, class_name, name)
    if stored is not None:
        if thing.path.root.kind is RootKind.MADE or act.importing or state.heap.get(path) is not None:
            return stored
        found = constants(stored)
        if found is None:
            state.read(path)
            return stored
        if not (yield from rebinds_field(act, class_name, name)):
            return stored
    member = yield from class_member(act, state, class_name, name, bound_to=thing, on_class=False)
    bound_by_methods = any(
        name in facts.instance_attributes
        for each in world.order(class_name)
        if (facts := world.program.class_(each)) is not None
    )
    types = yield from field_types(world, class_name, name)
    if types and (bound_by_methods or member is None or _is_dataclass(world, class_name)):
        if thing.path.root.kind is not RootKind.MADE:
            state.read(path)
        things = frozenset(Thing(path, each) for each in types)
        return Value(things, frozenset({path}) if survives(path) else frozenset())
    if member is not None:
        return member
    if stored is not None:
        state.read(path)
        return Value(frozenset({Thing(path)}), frozenset({path}))
    dynamic = yield from class_member(act, state, class_name, "__getattr__", bound_to=thing, on_class=False)
    del dynamic
    if thing.path.root.kind is not RootKind.MADE:
        state.read(path)
    if survives(thing.path):
        return Value(frozenset({Thing(path)}), frozenset({path}))
    return of(Thing(path))


def _is_dataclass(world: World, class_name: str) -> bool:
    facts = world.program.class_(class_name)
    return facts is not None and any("dataclass" in text or "define" in text for text in facts.decorators)


def rebinds_field(act: Activation, class_name: str, name: str) -> Solving:
    """Whether a method other than ``__init__`` binds the attribute."""
    for each in act.world.order(class_name):
        facts = act.world.program.class_(each) if "::" in each else None
        if facts is not None and any(
            not method.endswith((".__init__", ".__post_init__")) for method in facts.instance_attributes.get(name, ())
        ):
            return True
    return False
    yield  # a generator like the other look-ups


def library_member(act: Activation, state: State, thing: Thing, class_name: str, name: str) -> Value:
    """An attribute of an object of a library's class: a method with a row, a typed attribute, or unknown."""
    models = act.world.models
    path = extend(thing.path, f".{name}")
    typed = models.attribute(class_name, name)
    if typed is not None:
        return of(Thing(path, instance(models.canonical(typed))))
    full = models.method(class_name, name) or f"{class_name}.{name}"
    row = models.row(full)
    if row is not None and row.instance_of:
        return library_object(act.world, full)
    return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, full)), of(thing))


def _module_attribute(act: Activation, state: State, thing: Thing, name: str) -> Solving:
    module = thing.type.name
    if module.startswith("package:"):
        dotted = f"{module.removeprefix('package:')}.{name}"
        found = act.world.program.modules.resolve(act.path, dotted)
        if found is not None:
            return of(Thing(Path(Root(RootKind.MODULE, found)), Type(TypeKind.MODULE, found)))
        return of(Thing(Path(Root(RootKind.MODULE, "", dotted)), Type(TypeKind.MODULE, "package:" + dotted)))
    place = variable(module, name)
    stored = state.heap.get(place)
    if stored is not None:
        return stored
    if name == "__dict__":
        return of(Thing(Path(Root(RootKind.MODULE, module), (".__dict__",)), instance("builtins.dict")))
    if module in act.world.importing:
        value = act.world.importing[module].get(name)
    else:
        value = yield from module_name(act.world, module, name)
    if value is not None:
        if place in value.sources and not act.importing:
            state.read(place)
        return value
    below = act.world.program.modules.submodule(module, name)
    if below is not None:
        return of(Thing(Path(Root(RootKind.MODULE, below)), Type(TypeKind.MODULE, below)))
    return of(Thing(place))


# ------------------------------------------------------------------------------------------------------------- classes
def class_member(
    act: Activation, state: State, class_name: str, name: str, *, bound_to: Thing, on_class: bool, after: str = ""
) -> Solving:
    """What a class or its bases define under a name, bound as an attribute of ``bound_to``; None where nothing does.

    ``after`` starts the search behind that class (``super()``).
    """
    world = act.world
    order = world.order(class_name)
    if after in order:
        order = order[order.index(after) + 1 :]
    for owner in order:
        if "::" not in owner:
            row = world.models.method(owner, name)
            typed = world.models.attribute(owner, name)
            path = extend(bound_to.path, f".{name}")
            if typed is not None:
                return of(Thing(path, instance(world.models.canonical(typed))))
            if row is not None and not on_class:
                return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, row)), of(bound_to))
            continue
        known = world.classes.get(owner)
        place = extend(class_path(owner), f".{name}")
        stored = state.heap.get(place)
        if stored is not None:
            return stored
        if known is None or name not in known.attributes:
            continue
        value = known.attributes[name]
        result = yield from _bind(act, state, owner, name, value, place, bound_to, on_class=on_class)
        return result
    return None


def _bind(
    act: Activation, state: State, owner: str, name: str, value: Value, place: Path, bound_to: Thing, *, on_class: bool
) -> Solving:
    found = []
    facts = act.world.program.class_(owner)
    for thing in value.things:
        if thing.type.kind is not TypeKind.FUNCTION:
            if thing.type.kind is TypeKind.CONSTANT or thing.path.root.kind is RootKind.LIBRARY:
                found.append(Value(frozenset({thing}), _kept(value.sources) | {place}))
                state.read(place)
            else:
                found.append(of(thing, sources=_kept(value.sources) | {place}))
            continue
        function = act.world.program.function(thing.type.name)
        decorators = function.decorators if function is not None else ()
        if any(each.endswith((".setter", ".deleter")) for each in decorators):
            getter = f"{owner}.{name}"
            function = act.world.program.function(getter) or function
            found.append((yield from _property(act, state, getter, function, of(bound_to))))
            continue
        plain = [each.rpartition(".")[2] for each in decorators]
        receiver = of(bound_to)
        if "staticmethod" in plain or (function is not None and facts is None):
            found.append(of(thing))
        elif "classmethod" in plain or name in ("__new__", "__init_subclass__", "__class_getitem__"):
            of_class = bound_to.type.name
            receiver = of(Thing(class_path(of_class), Type(TypeKind.CLASS, of_class)))
            found.append(method_of(state, bound_to.path, name, thing, receiver))
        elif on_class:
            found.append(of(thing))
        elif any(each in ("property", "cached_property") for each in plain):
            found.append((yield from _property(act, state, thing.type.name, function, receiver)))
        else:
            found.append(method_of(state, bound_to.path, name, thing, receiver))
    if not value.things:
        return Value(frozenset(), _kept(value.sources) | {place})
    return join_all(found)


def _property(act: Activation, state: State, getter: str, facts: FunctionFacts | None, receiver: Value) -> Solving:
    """What a property gives."""
    from leaklint.solve.calls import call_project

    function = Thing(function_path(getter), Type(TypeKind.FUNCTION, getter))
    value = yield from call_project(act, state, function, [receiver], facts.name_span if facts else None)
    return value


def method_of(state: State, path: Path, name: str, function: Thing, receiver: Value) -> Value:
    """A project's function bound to a receiver."""
    where = extend(path, f".{name}")
    if where == path:
        where = Path(path.root, (*path.fields[:-1], f".{name}"))
    state.heap[Path(where.root, (*where.fields, "<self>"))] = receiver
    state.heap[Path(where.root, (*where.fields, "<func>"))] = of(function)
    return of(Thing(where, Type(TypeKind.METHOD, function.type.name)))


def _super_attribute(act: Activation, state: State, thing: Thing, name: str) -> Solving:
    owner, _, actual = thing.type.name.partition("|")
    receivers = state.heap[slot(thing.path, "<self>")]
    found = []
    for receiver in receivers.things:
        value = yield from class_member(
            act,
            state,
            actual or owner,
            name,
            bound_to=receiver,
            on_class=receiver.type.kind is TypeKind.CLASS,
            after=owner,
        )
        found.append(value if value is not None else library(f"builtins.object.{name}"))
    return join_all(found)


def field_types(world: World, class_name: str, name: str) -> Solving:
    """Types of the values that the methods of a class, or its annotations, give an attribute."""
    types: set[Type] = set()
    for owner in world.order(class_name):
        facts = world.program.class_(owner) if "::" in owner else None
        if facts is None:
            continue
        for method in facts.instance_attributes.get(name, ()):
            summary = yield Ask("function", f"{owner.partition('::')[0]}::{method}")
            for store in summary.stores:
                if store.path == Path(Root(RootKind.PARAMETER, "", "0"), (f".{name}",)):
                    types |= {thing.type for thing in store.value.things}
        if name in facts.annotations and not types:
            value = yield from annotated(world, owner.partition("::")[0], facts.annotations[name])
            types |= {thing.type for thing in value.things}
        if types or name in facts.instance_attributes or name in facts.annotations:
            break
    types = {each for each in types if each.kind not in (TypeKind.CONSTANT, TypeKind.UNKNOWN)}
    return types if len(types) <= 4 else set()


def annotated(world: World, module: str, text: str) -> Solving:
    """A value of the type that an annotation names: ``Optional[X]`` and ``X | None`` mean X."""
    names = annotation_names(text)
    things = set()
    for dotted in names:
        head, *rest = dotted.split(".")
        value = yield from module_name(world, module, head)
        if value is None:
            value = library(f"builtins.{head}") if head in BUILTINS else None
        for thing in value.things if value is not None else ():
            if thing.type.kind is TypeKind.CLASS and not rest:
                things.add(Thing(thing.path, instance(thing.type.name)))
            elif thing.type.kind is TypeKind.LIBRARY:
                full = world.models.canonical(".".join([thing.type.name, *rest]))
                if world.models.is_class(full):
                    things.add(Thing(thing.path, instance(full)))
            elif thing.type.kind is TypeKind.MODULE and len(rest) == 1:
                inner = yield from module_name(world, thing.type.name, rest[0])
                for each in inner.things if inner is not None else ():
                    if each.type.kind is TypeKind.CLASS:
                        things.add(Thing(each.path, instance(each.type.name)))
    return Value(frozenset(things)) if len(things) <= 3 else NOTHING


def annotation_names(text: str) -> list[str]:
    """Dotted names of the classes that an annotation allows, without None and without type arguments."""
    text = text.strip().strip("'\"")
    for wrapper in ("Optional[", "typing.Optional[", "t.Optional[", "Annotated[", "Final[", "ClassVar["):
        if text.startswith(wrapper) and text.endswith("]"):
            text = text[len(wrapper) : -1]
            if wrapper == "Annotated[":
                text = text.partition(",")[0]
    names = []
    depth, current = 0, ""
    for character in text:
        if character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == "|" and depth == 0:
            names.append(current)
            current = ""
        elif depth == 0:
            current += character
    names.append(current)
    cleaned = [name.strip().strip("'\"") for name in names]
    return [name for name in cleaned if name and name != "None" and all(p.isidentifier() for p in name.split("."))]


__all__ = [
    "annotated",
    "bound",
    "class_member",
    "field_types",
    "function_path",
    "get_attribute",
    "imported",
    "library",
    "library_object",
    "load_global",
    "method_of",
    "module_name",
    "module_object",
    "read_field",
]
