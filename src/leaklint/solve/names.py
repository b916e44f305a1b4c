"""Names: what locals, globals and cells denote, and how instructions bind them."""

from __future__ import annotations

from typing import Final

import msgspec.structs

from leaklint.ir import cfg
from leaklint.ir.effects import How
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import effects, fullness, losing
from leaklint.solve.activation import Activation, Direct, Transfer
from leaklint.solve.binding import is_fresh
from leaklint.solve.builtin_calls import rebind
from leaklint.solve.class_tests import of_noted_class
from leaklint.solve.classes import make_class, move_fields
from leaklint.solve.escaping import escape
from leaklint.solve.lattice import FACTORY, extend, is_prefix, of, slot
from leaklint.solve.lookup import imported, load_global, module_object
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving, function_path, variable

FILLED: Final = ("dict", "list")
"""Containers in which something is known to lie wherever anything may."""
PLAIN: Final = ("builtins.int", "builtins.str", "builtins.float", "builtins.tuple", "builtins.bool", "builtins.bytes")


def value_of(act: Activation, state: State, operand: str) -> Value:
    """What a local name or temporary denotes."""
    value = state.env.get(operand)
    if value is None:
        return NOTHING
    if operand in act.cells:
        stored = state.heap.get(cell(act, operand))
        if stored is not None:
            return stored
    return value


def cell(act: Activation, name: str) -> Path:
    """The path of a cell of this function: a local name that inner functions use."""
    kind = RootKind.STATIC if act.importing else RootKind.MADE
    return Path(Root(kind, act.path, f"{act.name}@cells"), (f"<cell {name}>",))


def bind_name(act: Activation, state: State, name: str, value: Value) -> None:
    """Binds a local name."""
    state.env[name] = value
    state.forget_condition(name)
    if name in act.cells:
        state.heap[cell(act, name)] = value


def _store_global(act: Activation, state: State, step: cfg.StoreGlobal) -> None:
    value = value_of(act, state, step.value)
    if act.is_module_body:
        state.env["global " + step.name] = value
        if act.importing:
            act.world.importing[act.path][step.name] = join_if(act, state, step.name, value)
            _tell_factory(act, state, value)
        _name_objects(act, step.name, value, step.span)
        return
    if step.augmented and act.in_place:
        return
    how = How.COUNT if step.augmented else How.REBIND
    act.augmented = act.augmented if step.augmented else ""
    rebind(act, state, variable(act.path, step.name), value, step.span, how)


def _tell_factory(act: Activation, state: State, value: Value) -> None:
    """Functions that the import calls have to know what a dictionary of the module makes for a missing key."""
    for thing in value.things:
        factory = state.heap.get(extend(thing.path, FACTORY))
        if factory is not None and thing.path.root.kind is RootKind.STATIC:
            act.world.keep_field(extend(thing.path, FACTORY), factory)


def join_if(act: Activation, state: State, name: str, value: Value) -> Value:
    """The value that other modules see of a name while this one is being imported."""
    return value


def is_container(value: Value) -> bool:
    """Whether the value is certainly a mutable object."""
    return any(thing.type.kind is TypeKind.INSTANCE and not thing.type.name.startswith(PLAIN) for thing in value.things)


def _name_objects(act: Activation, name: str, value: Value, span: Span) -> None:
    for thing in value.things:
        if thing.path.root.kind is RootKind.STATIC:
            act.world.name_object(thing, name, act.path, span)


def _delete_global(act: Activation, state: State, step: cfg.DeleteGlobal) -> None:
    if act.is_module_body:
        state.env.pop("global " + step.name, None)
        return
    effects.write(act, state, variable(act.path, step.name), How.DELETE, "del", step.span)


def _load_free(act: Activation, state: State, step: cfg.LoadFree) -> None:
    path = Path(Root(RootKind.FREE, "", step.name))
    stored = state.heap.get(path)
    state.env[step.target] = stored if stored is not None else of(Thing(path), sources=frozenset({path}))
    state.read(path)


def _store_free(act: Activation, state: State, step: cfg.StoreFree) -> None:
    path = Path(Root(RootKind.FREE, "", step.name))
    value = value_of(act, state, step.value)
    if step.augmented and act.in_place:
        return
    sources = deep_sources(state, value)
    how = How.COUNT if step.augmented else How.REBIND
    operation = act.augmented if step.augmented else "="
    effects.write(act, state, path, how, operation, step.span, sources=sources, value=value)
    if is_fresh(value, sources):
        effects.reset(state, path, act.site(step.span))
    escape(state, value, path)
    state.heap[path] = value


def _delete_local(act: Activation, state: State, step: cfg.DeleteLocal) -> None:
    state.env.pop(step.name, None)


def _make_function(act: Activation, state: State, step: cfg.MakeFunction) -> None:
    identity = f"{act.path}::{step.function}"
    facts = act.world.program.function(identity)
    inner = facts is not None and bool(facts.free)
    path = act.made(step.span) if inner or not act.importing else function_path(identity)
    if facts is not None:
        for name in facts.free:
            own = cell(act, name)
            value = state.heap.get(own) or state.env.get(name)
            if value is None and name == step.function.rpartition(".")[2] and name in act.facts.cells:
                value = of(Thing(path, Type(TypeKind.FUNCTION, identity)))  # the function itself
            elif value is None or name in act.facts.free:
                free = Path(Root(RootKind.FREE, "", name))
                value = state.heap.get(free) or of(Thing(free), sources=frozenset({free}))
                own = free
            state.heap[slot(path, f"<{name}>")] = value
            state.heap[slot(path, f"<cell {name}>")] = of(Thing(own))
    for name, operand in step.defaults:
        value = value_of(act, state, operand)
        field = slot(path, f"<default {name}>")
        kept = set()
        for each in value.things:
            if not _is_display(act, state, each):
                kept.add(each)
                continue
            inside = [key for key in state.heap.under(each.path.root) if is_prefix(each.path, key)]
            kept.add(Thing(field, each.type if inside else _empty(each.type)))
            move_fields(state, each, field)
            for old in inside:
                state.heap.pop(old)
        state.heap[field] = Value(frozenset(kept), value.sources)
    state.env[step.target] = of(Thing(path, Type(TypeKind.FUNCTION, identity)))


def _empty(kind: Type) -> Type:
    """The type of an empty container: it is not true, unless something is put into it, which is said there."""
    package, _, name = kind.name.partition(".")
    return msgspec.structs.replace(kind, constant=(name, False)) if package == "builtins" and name in FILLED else kind


def _is_display(act: Activation, state: State, thing: Thing) -> bool:
    """Whether a default is a new container that has no other name."""
    return (
        is_container(of(thing))
        and thing.path.root.kind in (RootKind.STATIC, RootKind.MADE)
        and thing.path not in act.world.named
        and not losing.names_of(state.env, thing.path, passing=False)
    )


def _import_module(act: Activation, state: State, step: cfg.ImportModule) -> None:
    state.env[step.target] = module_object(act, step.module, whole=step.whole)


def _load_global(act: Activation, state: State, step: cfg.LoadGlobal) -> Solving:
    value = yield from load_global(act, state, step.name)
    place = variable(act.path, step.name)
    value = of_noted_class(act.world, state, place, value)
    state.env[step.target] = fullness.without_none(state, place, value)


def _make_class(act: Activation, state: State, step: cfg.MakeClass) -> Solving:
    bases = [value_of(act, state, base) for base in step.bases]
    keywords = {name: value_of(act, state, operand) for name, operand in step.keywords}
    made: Value = yield from make_class(act, state, step.name, bases, keywords, step.span)
    for thing in made.things if not act.importing else ():
        effects.reset(state, thing.path)  # a new class each time: nothing is in it that an earlier one was given
    state.env[step.target] = made


def _import_name(act: Activation, state: State, step: cfg.ImportName) -> Solving:
    if step.name == "*":
        return
    state.env[step.target] = yield from imported(act, step.module, step.name, step.level)


DIRECT: Final[dict[type, Direct]] = {
    cfg.StoreGlobal: _store_global,
    cfg.DeleteGlobal: _delete_global,
    cfg.LoadFree: _load_free,
    cfg.StoreFree: _store_free,
    cfg.DeleteLocal: _delete_local,
    cfg.MakeFunction: _make_function,
    cfg.ImportModule: _import_module,
}
ASKING: Final[dict[type, Transfer]] = {
    cfg.LoadGlobal: _load_global,
    cfg.MakeClass: _make_class,
    cfg.ImportName: _import_name,
}
