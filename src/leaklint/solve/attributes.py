"""Reading attributes: what an attribute of an object, a module, a class or a library denotes."""

from __future__ import annotations

from typing import Final

from leaklint.ir.values import UNKNOWN_TYPE, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import fullness, pending
from leaklint.solve.activation import Activation
from leaklint.solve.classes import SUBCLASSES
from leaklint.solve.descriptors import computed_attribute
from leaklint.solve.fields import NAMESPACE, is_dataclass
from leaklint.solve.kinds import having, holding
from leaklint.solve.lattice import (
    CONTENT,
    ORIGINAL,
    constants,
    extend,
    join,
    join_all,
    narrowed,
    of,
    ordered,
    parameter,
    slot,
    survives,
    too_deep,
    with_sources,
)
from leaklint.solve.lineages import OF_NOTHING
from leaklint.solve.lookup import library_object, module_name, read_field
from leaklint.solve.members import (
    CLASS_VARIABLES,
    bound,
    class_member,
    field_types,
    inside_field,
    is_given_class,
    library_member,
    rebinds_field,
    super_attribute,
)
from leaklint.solve.state import State
from leaklint.solve.uses import ENUMS
from leaklint.solve.world import Solving, World, class_path, instance, variable

DRIVING: Final = frozenset({"__await__", "close", "cr_await", "cr_frame", "cr_running", "send", "throw"})
"""Attributes of a coroutine with which one runs it by hand, or throws it away on purpose."""


def get_attribute(act: Activation, state: State, value: Value, name: str) -> Solving:
    """What ``value.name`` denotes."""
    found = []
    # what a property makes is one thing for all of them: first for those that survive, which take nothing of it
    things = holding(act.world, state, having(ordered(value.things), name), name)
    for thing in sorted(things, key=lambda thing: thing.path.root.kind is RootKind.MADE):
        each = yield from _attribute_of(act, state, thing, name)
        found.append(too_deep(each, thing.path))
    result = join_all(found)
    if value.things and all(_is_known(state, thing, name) for thing in value.things):
        return result
    if result.things and all(is_of_process(thing.path) for thing in result.things):
        return result  # a request leads to the application that serves it, and tells nothing by that
    return with_sources(result, narrowed(value, f".{name}"))


def is_of_process(path: Path) -> bool:
    """Whether an object is one that the process has once, as a row says."""
    return path.root.kind is RootKind.LIBRARY and path.root.owner == "process" and not path.fields


def _is_known(state: State, thing: Thing, name: str) -> bool:
    """Whether the attribute of an object of a project's class is what this invocation has put there."""
    path = extend(thing.path, f".{name}")
    own = thing.path.root.kind is RootKind.MADE or path in state.written
    of_project = thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name
    return own and of_project and state.heap.get(path) is not None


def _attribute_of(act: Activation, state: State, thing: Thing, name: str) -> Solving:
    """What ``thing.name`` denotes, by what the thing is: an object, a module, a class, a constant."""
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
        value = yield from _class_attribute(act, state, thing, path, name)
        return value
    if kind is TypeKind.SUPER:
        value = yield from super_attribute(act, state, thing, name)
        return value
    if kind is TypeKind.CONSTANT:
        assert thing.type.constant is not None
        if thing.path.root.kind is RootKind.CLASS:
            value = yield from _of_member(act, state, thing, path, name)
            if value is not None:
                return value
        return of(Thing(path, Type(TypeKind.LIBRARY_METHOD, f"builtins.{thing.type.constant[0]}.{name}")))
    if kind is TypeKind.COROUTINE and (name in DRIVING or may_be_wrapped(act, state, thing)):
        # whoever does that takes care of it
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
    act.wonder(thing.path)
    if survives(thing.path) and (stored is None or (not act.importing and not state.is_bound(path))):
        state.read(path)
    return stored if stored is not None else of(Thing(path))


def _of_member(act: Activation, state: State, member: Thing, path: Path, name: str) -> Solving:
    """An attribute of a member of an enumeration, whose class says more than the constant; None where it does not."""
    class_name = f"{member.path.root.owner}::{member.path.root.name}"
    if name in ("value", "_value_"):
        return of(member)
    whole = Thing(member.path, instance(class_name))
    found = yield from class_member(act, state, class_name, name, bound_to=whole, on_class=False)
    if found is not None:
        return found
    facts = act.world.program.class_(class_name)
    if facts is None or name not in facts.instance_attributes:
        return None
    value = yield from _instance_attribute(act, state, whole, path, name)
    return value


def may_be_wrapped(act: Activation, state: State, coroutine: Thing) -> bool:
    """Whether a decorator that nobody knows may have made something else of the coroutine function."""
    callee = read_field(act, state, slot(coroutine.path, "<func>"))
    for thing in callee.things if callee is not None else ():
        function = act.world.program.function(thing.type.name)
        if function is None or function.decorators:
            return True
    return False


def _instance_attribute(act: Activation, state: State, thing: Thing, path: Path, name: str) -> Solving:
    """What ``order.lines`` denotes: what was put there, else what its class says, else what its methods bind."""
    world, class_name = act.world, thing.type.name
    stored = read_field(act, state, path) if path != thing.path else None
    if name == "__dict__":
        return of(Thing(path, instance("builtins.dict")))
    if name == "__class__" and "::" in class_name:
        return of(Thing(class_path(class_name), Type(TypeKind.CLASS, class_name)))
    if "::" not in class_name:
        if survives(path) and not act.importing:
            state.read(path)
        if stored is not None:
            return stored
        if NAMESPACE in world.order(class_name) and world.models.method(class_name, name) is None:
            kept = survives(path) or path.root.owner == "request"  # by another function, or by an earlier handler
            return of(Thing(path), sources=frozenset({path}) if kept else frozenset())
        member = library_member(act, state, thing, class_name, name)
        if survives(path) and not act.importing and _looks_at_all(world, member):
            state.read(slot(thing.path, CONTENT))
        return member
    if path in state.written:
        state.reread |= {path}
    if stored is not None:
        if thing.path.root.kind is RootKind.MADE or act.importing or state.heap.get(path) is not None:
            if not act.importing and survives(path) and not state.is_bound(path):
                state.read(path)  # what some path has put there, or what was there before
                stored = Value(stored.things, stored.sources | {path})
            return fullness.without_none(state, path, stored)
        found = constants(stored)
        if found is None:
            state.read(path)
            return stored
        if not (yield from rebinds_field(act, class_name, name)):
            state.read(path)
            return _as_it_is_now(path, stored)
    member = yield from class_member(act, state, class_name, name, bound_to=thing, on_class=False)
    bound_by_methods = any(
        not is_given_class(world, each, method)
        for each in world.order(class_name)
        if (facts := world.program.class_(each)) is not None
        for method in facts.instance_attributes.get(name, ())
    )
    copied = _is_copied(world, class_name, name)
    if (
        member is not None
        and stored is None
        and _made_without(act, state, thing)
        and not (copied or is_dataclass(world, class_name))
    ):
        return member  # nobody has given this object one of its own
    types = yield from field_types(world, class_name, name)
    if types and (bound_by_methods or member is None or is_dataclass(world, class_name) or copied):
        if thing.path.root.kind is not RootKind.MADE:
            state.read(path)
        things = frozenset(Thing(path, each) for each in types)
        for below, inner in (yield from inside_field(world, class_name, name, path)):
            if below != path and read_field(act, state, below) is None:
                state.heap[below] = inner
        # what the class says is the default of a dataclass's field
        default = member.sources if member is not None else frozenset()
        return Value(things, default | (frozenset({path}) if survives(path) else frozenset()))
    if member is not None and copied:
        if thing.path.root.kind is not RootKind.MADE:
            state.read(path)
        return of(Thing(path), sources=member.sources | (frozenset({path}) if survives(path) else frozenset()))
    if member is not None and constants(member) == [None] and path.root.kind is not RootKind.MADE and not act.importing:
        # a default of the class, in the place of which something may have been put by now
        state.read(path)
        return Value(member.things | {Thing(path)}, member.sources | {path})
    if member is not None and bound_by_methods and (yield from _is_shadowed(act, class_name, name)):
        return of(Thing(path), sources=frozenset({path}) if survives(path) else frozenset())
    if member is not None:
        if thing.path.root.kind is not RootKind.MADE and not act.importing and _is_container(member):
            state.read(path)  # or another one that somebody has put in its place
        return member
    if stored is not None:
        state.read(path)
        return Value(frozenset({Thing(path)}), frozenset({path}))
    finder = yield from class_member(act, state, class_name, "__getattr__", bound_to=thing, on_class=False)
    if (
        finder is not None
        and not _is_bound_at_first(world, class_name, name)
        and all("::" in each or each in OF_NOTHING for each in world.order(class_name))
    ):
        computed = yield from computed_attribute(act, state, finder, path, name)
        if computed is not None:
            return computed
    if thing.path.root.kind is not RootKind.MADE:
        state.read(path)
    if survives(thing.path):
        return Value(frozenset({Thing(path)}), frozenset({path}))
    return of(Thing(path))


def _is_bound_at_first(world: World, class_name: str, name: str) -> bool:
    """Whether the constructor of a class binds the attribute, so that nobody asks ``__getattr__`` for it."""
    known = (world.program.class_(each) for each in world.order(class_name))
    methods = (method for facts in known if facts is not None for method in facts.instance_attributes.get(name, ()))
    return any(method.rpartition(".")[2] == "__init__" for method in methods)


def _looks_at_all(world: World, member: Value) -> bool:
    """Whether a method of a library's object has no row that says what it looks at: it may be all that is in it."""
    return any(
        thing.type.kind is TypeKind.LIBRARY_METHOD and world.models.row(thing.type.name) is None
        for thing in member.things
    )


def _made_without(act: Activation, state: State, thing: Thing) -> bool:
    """Whether the constructor of an object of a project's class has run, or runs, here: its attributes are known."""
    if _is_constructor(act) and thing.path == parameter(0):
        return True
    made = thing.path.root.kind is RootKind.MADE and not thing.path.fields
    return (
        made
        and state.heap.get(slot(thing.path, ".__init__")) is None
        and any(path.fields[:1] == (".__init__",) for path in state.heap.under(thing.path.root))
    )


def _is_constructor(act: Activation) -> bool:
    return act.facts.in_class is not None and act.name.endswith(".__init__")


def _is_shadowed(act: Activation, class_name: str, name: str) -> Solving:
    """Whether the constructor of a class gives each object an attribute of its own, once it has run."""
    if _is_constructor(act):
        return False
    for owner in act.world.order(class_name):
        facts = act.world.program.class_(owner) if "::" in owner else None
        if facts is None:
            return False
        if "__init__" in facts.methods:
            summary = yield act.world.unshaped(f"{owner.partition('::')[0]}::{facts.methods['__init__']}")
            return extend(parameter(0), f".{name}") in summary.writes
    return False


def _class_attribute(act: Activation, state: State, thing: Thing, path: Path, name: str) -> Solving:
    """What an attribute of a class denotes: what this invocation has put there, what the class or its class defines."""
    stored = state.heap.get(path)
    if path in state.written:
        state.reread |= {path}
    if stored is not None and not any(each.type == ORIGINAL for each in stored.things):
        return stored
    value = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=True)
    known = act.world.classes.get(thing.type.name)
    # what every class has from ``object`` is not looked for in its metaclass
    if value is None and known is not None and known.metaclass and name not in vars(object):
        value = yield from class_member(act, state, known.metaclass, name, bound_to=thing, on_class=False)
    builder = act.world.builder(thing.type.name, name) if value is None else None
    if builder is not None:
        return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, builder)), of(thing))
    if value is None and name == "__subclasses__":
        return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, SUBCLASSES)), of(thing))
    if value is None and name == "__members__" and act.world.is_subclass(thing.type.name, ENUMS):
        return of(Thing(path, instance("builtins.dict")))
    if value is None:
        return stored if stored is not None else of(Thing(path))
    if not act.importing and constants(value) == [None]:
        value = yield from _perhaps_made(act, state, thing, name, value)
    if stored is not None:
        rest = Value(frozenset(each for each in stored.things if each.type != ORIGINAL), stored.sources)
        value = join(rest, value)
    return value


def _perhaps_made(act: Activation, state: State, thing: Thing, name: str, value: Value) -> Solving:
    """A class attribute that is None after import may hold what a method has put there since."""
    places = [each for each in value.sources if each.root.kind is RootKind.CLASS and each.fields[-1:] == (f".{name}",)]
    if len(places) != 1:
        return value
    (place,) = places
    types = yield from field_types(act.world, f"{place.root.owner}::{place.root.name}", name, of_class=True)
    things = frozenset(Thing(place, each) for each in types) or frozenset({Thing(place)})
    return Value(value.things | things, value.sources)


def _as_it_is_now(path: Path, stored: Value) -> Value:
    """What was a constant after import may be another one by now: code elsewhere may bind the attribute."""
    things = frozenset(
        Thing(path, UNKNOWN_TYPE if thing.type.constant and thing.type.constant[1] is None else thing.type)
        for thing in stored.things
    )
    return Value(things, stored.sources | {path})


def _is_copied(world: World, class_name: str, name: str) -> bool:
    """Whether each object has a copy of its own of what the class says of the attribute."""
    order = world.order(class_name)
    said = (world.program.class_(each) for each in order if "::" in each)
    annotation = next(
        (facts.annotations[name] for facts in said if facts is not None and name in facts.annotations), ""
    )
    if not annotation or annotation.startswith(CLASS_VARIABLES):
        return False
    return any(world.models.class_row(each, "copies_defaults") for each in order if "::" not in each)


def _is_container(held: Value) -> bool:
    """Whether a variable or an attribute holds a container, as far as the import says: others may have put another."""
    return any(
        thing.type.kind is TypeKind.INSTANCE and thing.type.name.startswith("builtins.") for thing in held.things
    )


def _module_attribute(act: Activation, state: State, thing: Thing, name: str) -> Solving:
    """What ``config.LIMIT`` denotes: what is bound here, else what the module holds after import."""
    module = thing.type.name
    if module.startswith("package:"):
        dotted = f"{module.removeprefix('package:')}.{name}"
        found = act.world.program.modules.resolve(act.path, dotted)
        if found is not None:
            return of(Thing(Path(Root(RootKind.MODULE, found)), Type(TypeKind.MODULE, found)))
        return of(Thing(Path(Root(RootKind.MODULE, "", dotted)), Type(TypeKind.MODULE, "package:" + dotted)))
    place = variable(module, name)
    stored = state.heap.get(place)
    if place in state.written:
        state.reread |= {place}
    if stored is not None:
        return stored
    if name == "__dict__":
        return of(Thing(Path(Root(RootKind.MODULE, module), (".__dict__",)), instance("builtins.dict")))
    if module in act.world.importing:
        value = act.world.importing[module].get(name)
    else:
        value = yield from module_name(act.world, module, name)
    if value is not None:
        if not act.importing and (place in value.sources or _is_container(value)):
            state.read(place)
        return value
    below = act.world.program.modules.submodule(module, name)
    if below is not None:
        return of(Thing(Path(Root(RootKind.MODULE, below)), Type(TypeKind.MODULE, below)))
    facts = act.world.program.files.get(module)
    if facts is not None and "__getattr__" in facts.functions and module not in act.world.importing:
        finder = yield from module_name(act.world, module, "__getattr__")
        computed = (yield from computed_attribute(act, state, finder, place, name)) if finder is not None else None
        if computed is not None:
            return computed
    return of(Thing(place))
