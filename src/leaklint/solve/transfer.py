"""Transfer functions: what each instruction does to the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from leaklint.ir import cfg
from leaklint.ir.effects import How, Work
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import effects, handed_over, pending, uses
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.attributes import get_attribute
from leaklint.solve.builtin_calls import is_fresh, overwrites, rebind, set_attribute
from leaklint.solve.calls import apply
from leaklint.solve.classes import make_class, move_fields
from leaklint.solve.coroutines import awaited
from leaklint.solve.lattice import (
    ELEMENT,
    KEYS,
    NONE,
    SYMBOLIC,
    TEMPORARY,
    VARIES,
    constant,
    extend,
    field_of_key,
    join,
    join_all,
    observed,
    of,
    ordered,
    single_constant,
    slot,
    survives,
    truth,
    unknown,
    with_sources,
)
from leaklint.solve.lookup import imported, load_global, module_object, read_field
from leaklint.solve.members import class_member
from leaklint.solve.state import State, Tested
from leaklint.solve.substitution import elements
from leaklint.solve.world import Solving, function_path, instance, variable

Transfer = Callable[[Activation, State, Any], Solving]
Direct = Callable[[Activation, State, Any], None]


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


# ------------------------------------------------------------------------------------------------- without questions
def _constant(act: Activation, state: State, step: cfg.Constant) -> None:
    value = constant(step.value)
    if isinstance(step.value, str) and step.value.startswith("/tmp"):
        named = Path(Root(RootKind.LIBRARY, "constant", step.value))
        value = Value(frozenset(Thing(named, thing.type) for thing in value.things), frozenset({TEMPORARY}))
    state.env[step.target] = value


def _copy(act: Activation, state: State, step: cfg.Copy) -> None:
    bind_name(act, state, step.target, value_of(act, state, step.source))


def _store_global(act: Activation, state: State, step: cfg.StoreGlobal) -> None:
    value = value_of(act, state, step.value)
    if act.is_module_body:
        state.env["global " + step.name] = value
        if act.importing:
            act.world.importing[act.path][step.name] = join_if(act, state, step.name, value)
        _name_objects(act, step.name, value, step.span)
        return
    if step.augmented and is_container(value):
        return
    how = How.COUNT if step.augmented else How.REBIND
    act.augmented = act.augmented if step.augmented else ""
    rebind(act, state, variable(act.path, step.name), value, step.span, how)


def join_if(act: Activation, state: State, name: str, value: Value) -> Value:
    """The value that other modules see of a name while this one is being imported."""
    return value


def is_container(value: Value) -> bool:
    """Whether the value is certainly a mutable object."""
    return any(thing.type.kind is TypeKind.INSTANCE and not thing.type.name.startswith(PLAIN) for thing in value.things)


PLAIN: Final = ("builtins.int", "builtins.str", "builtins.float", "builtins.tuple", "builtins.bool", "builtins.bytes")


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
    if step.augmented and is_container(value):
        return
    sources = effects.deep_sources(state, act.world, value)
    how = How.COUNT if step.augmented else How.REBIND
    effects.write(act, state, path, how, "=", step.span, sources=sources, value=value)
    if is_fresh(value, sources):
        effects.reset(state, path, act.site(step.span))
    state.heap[path] = value


def _delete_local(act: Activation, state: State, step: cfg.DeleteLocal) -> None:
    state.env.pop(step.name, None)


def _delete_attribute(act: Activation, state: State, step: cfg.DeleteAttribute) -> None:
    target = value_of(act, state, step.object)
    effects.mutate(act, state, target, How.DELETE, f"del .{step.name}", step.span, field=f".{step.name}")
    for thing in target.things:
        state.heap.pop(extend(thing.path, f".{step.name}"))


def _slice(act: Activation, state: State, step: cfg.Slice) -> None:
    sources: frozenset[Path] = frozenset()
    for part in step.parts:
        sources |= value_of(act, state, part).sources
    whole = all(single_constant(value_of(act, state, part)) == (True, None) for part in step.parts)
    kind = instance(WHOLE_SLICE if whole else "builtins.slice")
    state.env[step.target] = of(Thing(act.made(step.span), kind), sources=sources)


WHOLE_SLICE: Final = "builtins.slice of everything"


def _is_slice(key: Value, *, whole: bool = False) -> bool:
    kinds = {thing.type.name for thing in key.things}
    return bool(kinds) and kinds <= ({WHOLE_SLICE} if whole else {WHOLE_SLICE, "builtins.slice"})


def _operation(act: Activation, state: State, step: cfg.Operation) -> None:
    operands = [value_of(act, state, each) for each in step.operands]
    folded = _folded(step.operator, operands)
    _remember_test(state, step, operands)
    sources: frozenset[Path] = frozenset()
    for value in operands:
        sources |= observed(value)
        if step.operator != "choose":
            _keep_in_text(act, state, step.operator, value)
    if folded is not None:
        state.env[step.target] = with_sources(folded, sources)
        return
    if step.operator == "choose":
        state.env[step.target] = join_all(operands)
        return
    if step.operator in ("in", "not-in") and len(operands) == 2:
        uses.consume(act, state, operands[1], step.span, "in")
    kind = _result_type(step.operator, operands)
    if kind is None and (step.operator == "format" or TEMPORARY in sources):
        kind = instance("builtins.str")
    things = frozenset({Thing(act.made(step.span), kind)}) if kind is not None else frozenset()
    if kind is not None and step.operator in ("+", "|", "*"):
        for value in operands:
            part = elements(act, state, value)
            for thing in things:
                if part.things or part.sources:
                    effects.bind_field(act, state, thing, ELEMENT, part, certain=False)
    if step.operator in MEASURING:
        # a start mark is there to be compared with
        sources = frozenset(VARIES if each.root.owner.startswith("snapshot:") else each for each in sources)
    state.env[step.target] = Value(things, sources)


MEASURING: Final = frozenset({"-", "<", "<=", ">", ">=", "==", "!=", "is", "is-not", "in", "not-in"})


def _remember_test(state: State, step: cfg.Operation, operands: list[Value]) -> None:
    if step.operator == "not":
        state.tests = {**state.tests, step.target: ("false", step.operands[0])}
    elif step.operator in ("is", "is-not", "==", "!=") and single_constant(operands[1]) == (True, None):
        kind = "none" if step.operator in ("is", "==") else "some"
        state.tests = {**state.tests, step.target: (kind, step.operands[0])}


def _keep_in_text(act: Activation, state: State, operator: str, value: Value) -> None:
    del act, operator
    pending.use(state, value)


def _result_type(operator: str, operands: list[Value]) -> Type | None:
    if operator == "/" and operands:
        for thing in operands[0].things:
            if thing.type.kind is TypeKind.INSTANCE and "pathlib" in thing.type.name:
                return thing.type
    if operator in ("+", "|", "*", "&", "-") and operands:
        types = {thing.type for thing in operands[0].things if thing.type.kind is TypeKind.INSTANCE}
        if len(types) == 1:
            kind = types.pop()
            return kind if kind.name.startswith(("builtins.", "collections.")) else None
    return None


def _folded(operator: str, operands: list[Value]) -> Value | None:
    """The value of a test on constants, where every operand is certain."""
    if operator == "not":
        known = truth(operands[0])
        return None if known is None else constant(not known)
    if operator in ("is", "is-not", "==", "!=") and len(operands) == 2:
        (one, left), (two, right) = single_constant(operands[0]), single_constant(operands[1])
        same: bool | None = None
        if one and two:
            same = left == right and type(left) is type(right)
        elif (one and left is None and _never_none(operands[1])) or (
            two and right is None and _never_none(operands[0])
        ):
            same = False
        if same is not None:
            return constant(same if operator in ("is", "==") else not same)
    return None


def _never_none(value: Value) -> bool:
    return bool(value.things) and all(
        thing.path.root.kind is RootKind.MADE and thing.type.kind not in (TypeKind.CONSTANT, TypeKind.UNKNOWN)
        for thing in value.things
    )


def _in_place(act: Activation, state: State, step: cfg.InPlace) -> None:
    act.augmented = f"{step.operator.removesuffix('=')}="
    left, right = value_of(act, state, step.left), value_of(act, state, step.right)
    sources = effects.deep_sources(state, act.world, right)
    if is_container(left):
        effects.mutate(act, state, left, How.GROW, step.operator, step.span, sources=sources)
        part = elements(act, state, right)
        for thing in left.things:
            effects.bind_field(act, state, thing, ELEMENT, with_sources(part, sources), certain=False)
        state.env[step.target] = left
        return
    state.env[step.target] = Value(frozenset(), left.sources | sources | observed(left))


def _build(act: Activation, state: State, step: cfg.Build) -> None:
    kind = "builtins.generator" if step.kind == "generator" else f"builtins.{step.kind}"
    thing = Thing(act.made(step.span), instance(kind))
    position = 0
    sources: frozenset[Path] = frozenset()
    for item in step.items:
        value = value_of(act, state, item.value)
        pending.use(state, value)
        uses.read_snapshots(act, state, value, step.span)
        if item.starred:
            part = elements(act, state, value)
            effects.bind_field(act, state, thing, ELEMENT, with_sources(part, value.sources), certain=False)
            sources |= value.sources
            position = 99
            continue
        if item.key is not None:
            key = value_of(act, state, item.key)
            sources |= key.sources
            field = field_of_key(key)
            effects.bind_field(act, state, thing, KEYS, key, certain=False)
        elif step.kind in ("list", "tuple") and position < 8:
            field = f"[{position}]"
        else:
            field = ELEMENT
        position += 1
        effects.bind_field(act, state, thing, field, value, certain=True)
    state.env[step.target] = of(thing, sources=sources)


def _fill(act: Activation, state: State, step: cfg.Fill) -> None:
    value = value_of(act, state, step.item.value)
    pending.use(state, value)
    if step.item.key is not None:
        key = value_of(act, state, step.item.key)
        pending.use(state, key)
        value = with_sources(value, key.sources)
        for thing in value_of(act, state, step.object).things:
            effects.bind_field(act, state, thing, KEYS, key, certain=False)
    for thing in value_of(act, state, step.object).things:
        effects.bind_field(act, state, thing, ELEMENT, value, certain=False)


def _discard(act: Activation, state: State, step: cfg.Discard) -> None:
    pending.drop(state, value_of(act, state, step.value))


def _yield(act: Activation, state: State, step: cfg.Yield) -> None:
    value = value_of(act, state, step.value)
    pending.use(state, value)
    act.yielded.append(elements(act, state, value) if step.delegates else value)
    state.env[step.target] = unknown(act.made(step.span))


EXCEPTION: Final = "the exception"
"""Name under which a state keeps what an exception may tell until it is caught."""


def _catch(act: Activation, state: State, step: cfg.Catch) -> None:
    told = state.env.pop(EXCEPTION, NOTHING).sources
    bind_name(act, state, step.target, unknown(act.made(step.span), told))
    if state.reads:
        state.guards |= {Tested(frozenset(state.reads), False, step.span)}


def _make_function(act: Activation, state: State, step: cfg.MakeFunction) -> None:
    identity = f"{act.path}::{step.function}"
    facts = act.world.program.function(identity)
    inner = facts is not None and bool(facts.free)
    path = act.made(step.span) if inner or not act.importing else function_path(identity)
    if facts is not None:
        for name in facts.free:
            own = cell(act, name)
            value = state.heap.get(own) or state.env.get(name)
            if value is None or name in act.facts.free:
                free = Path(Root(RootKind.FREE, "", name))
                value = state.heap.get(free) or of(Thing(free), sources=frozenset({free}))
                own = free
            state.heap[slot(path, f"<{name}>")] = value
            state.heap[slot(path, f"<cell {name}>")] = of(Thing(own))
    for name, operand in step.defaults:
        value = value_of(act, state, operand)
        field = slot(path, f"<default {name}>")
        for each in value.things:
            if each.type.kind is TypeKind.INSTANCE and is_container(of(each)):
                move_fields(state, each, field)
        kept = frozenset(
            Thing(field, thing.type) if thing.type.kind is TypeKind.INSTANCE and is_container(of(thing)) else thing
            for thing in value.things
        )
        state.heap[slot(path, f"<default {name}>")] = Value(kept, value.sources)
    state.env[step.target] = of(Thing(path, Type(TypeKind.FUNCTION, identity)))


def _import_module(act: Activation, state: State, step: cfg.ImportModule) -> None:
    state.env[step.target] = module_object(act, step.module, whole=step.whole)


def _return(act: Activation, state: State, step: cfg.Return) -> None:
    value = value_of(act, state, step.value) if step.value is not None else NONE
    pending.use(state, value)
    uses.read_snapshots(act, state, value, step.span)
    act.returned.append(value)


def _raise(act: Activation, state: State, step: cfg.Raise) -> None:
    return


def narrow(act: Activation, state: State, operand: str, holds: bool) -> None:
    """Takes out of a name's value what a test excludes; work that hangs on what is excluded is not there."""
    kind, tested = state.tests.get(operand, ("true", operand))
    if kind == "false":
        narrow(act, state, tested, not holds)
        return
    if not tested.startswith("%"):
        state.assume(tested, kind, holds)
    absent = holds if kind == "none" else not holds
    value = value_of(act, state, tested)
    kept = set()
    for thing in value.things:
        is_none = thing.type.kind is TypeKind.CONSTANT and thing.type.constant == ("NoneType", None)
        typed = thing.type.kind not in (TypeKind.CONSTANT, TypeKind.UNKNOWN)
        solid = typed and (kind != "true" or not _emptiable(thing))
        if absent and solid:
            _missing(state, thing)
        elif absent or not is_none:
            kept.add(thing)
    if kept != value.things and tested in state.env and not tested.startswith("%"):
        bind_name(act, state, tested, Value(frozenset(kept), value.sources))


def _emptiable(thing: Thing) -> bool:
    return thing.type.name.startswith(("builtins.", "collections."))


def _missing(state: State, thing: Thing) -> None:
    """On this path the object was not made, or is not what the name denotes: nothing hangs on it."""
    pending.settle_at(state, thing.path)
    variables = state.heap[slot(thing.path, "<variable>")]
    for each in variables.things:
        state.settle(pending.tokens_at(state, each.path, (Work.TOKEN,)))


def assume(act: Activation, state: State, step: cfg.Assume) -> bool:
    """Adds what a test says on this path; False where the path cannot be taken."""
    value = value_of(act, state, step.condition)
    known = truth(value)
    if known is not None and known is not step.truth:
        return False
    pending.use(state, value)
    narrow(act, state, step.condition, step.truth)
    reads = observed(value)
    if reads:
        state.guards |= {Tested(frozenset(reads), step.truth, step.span)}
    return True


# ---------------------------------------------------------------------------------------------------- with questions
def _load_global(act: Activation, state: State, step: cfg.LoadGlobal) -> Solving:
    state.env[step.target] = yield from load_global(act, state, step.name)


def _get_attribute(act: Activation, state: State, step: cfg.GetAttribute) -> Solving:
    target = value_of(act, state, step.object)
    pending.use(state, target)
    state.env[step.target] = yield from get_attribute(act, state, target, step.name)


def _set_attribute(act: Activation, state: State, step: cfg.SetAttribute) -> Solving:
    target, value = value_of(act, state, step.object), value_of(act, state, step.value)
    pending.use(state, value)
    if step.augmented and is_container(value):
        return
    for thing in target.things:
        if thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name:
            called = yield from _setter(act, state, thing, step.name, value, step.span)
            if called:
                continue
        if thing.type.kind is TypeKind.INSTANCE and not act.importing:
            handed_over.callback_attribute(act, state, thing, step.name, value, step.span)
        how = How.COUNT if step.augmented else None
        set_attribute(act, state, of(thing), step.name, value, step.span, how, certain=len(target.things) == 1)


def _setter(act: Activation, state: State, thing: Thing, name: str, value: Value, span: Span) -> Solving:
    """Calls the property setter, or the ``__setattr__``, of a project's class; whether there was a setter."""
    for owner in act.world.order(thing.type.name):
        known = act.world.classes.get(owner)
        member = known.attributes.get(name) if known is not None else None
        for each in member.things if member is not None else ():
            function = act.world.program.function(each.type.name) if each.type.kind is TypeKind.FUNCTION else None
            if function is not None and any(text.endswith(".setter") for text in function.decorators):
                yield from apply(act, state, of(each), Arguments((of(thing), value)), span)
                return True
        if member is not None:
            break
    general = yield from class_member(act, state, thing.type.name, "__setattr__", bound_to=thing, on_class=False)
    if general is not None and any(each.type.kind is TypeKind.METHOD for each in general.things):
        yield from apply(act, state, general, Arguments((constant(name), value)), span)
    return False


def _get_item(act: Activation, state: State, step: cfg.GetItem) -> Solving:
    target, key = value_of(act, state, step.object), value_of(act, state, step.key)
    pending.use(state, target)
    special = yield from _method_of_project(act, state, target, "__getitem__", (key,), step.span)
    if special is not None:
        state.env[step.target] = special
        return
    module = _module_by_name(target, key)
    if module is not None:
        state.env[step.target] = module
        return
    field = field_of_key(key)
    if _is_slice(key):
        made = Thing(act.made(step.span), instance("builtins.list"))
        effects.bind_field(act, state, made, ELEMENT, elements(act, state, target), certain=False)
        state.env[step.target] = of(made, sources=target.sources | key.sources)
        return
    value = elements(act, state, target, field)
    for thing in target.things:
        if survives(thing.path):
            state.read(extend(thing.path, field))
    if not value.things:
        value = unknown(act.made(step.span), value.sources)
    state.env[step.target] = with_sources(value, target.sources | key.sources | _places(target))


def _module_by_name(target: Value, key: Value) -> Value | None:
    """What ``sys.modules[__name__]`` denotes."""
    names = [thing.path.root.owner for thing in key.things if thing.type.name == "module name"]
    if len(names) == 1 and any(thing.path.root.name == "sys.modules" for thing in target.things):
        return of(Thing(Path(Root(RootKind.MODULE, names[0])), Type(TypeKind.MODULE, names[0])))
    return None


DICTS: Final = frozenset({"builtins.dict", "collections.defaultdict", "collections.OrderedDict", "collections.Counter"})


def _places(target: Value) -> frozenset[Path]:
    return frozenset(
        extend(thing.path, ELEMENT)
        for thing in target.things
        if survives(thing.path) or thing.path.root.kind in SYMBOLIC
    )


def _set_item(act: Activation, state: State, step: cfg.SetItem) -> Solving:
    target, key = value_of(act, state, step.object), value_of(act, state, step.key)
    value = value_of(act, state, step.value)
    pending.use(state, value)
    pending.keep_coroutine(state, value)
    if step.augmented and is_container(value):
        return
    special = yield from _method_of_project(act, state, target, "__setitem__", (key, value), step.span)
    if special is not None:
        return
    sources = effects.deep_sources(state, act.world, value)
    if _is_slice(key, whole=True) and is_fresh(value, sources):
        for thing in target.things:
            effects.reset(state, thing.path)
        return
    for thing in target.things:
        if thing.path == Path(Root(RootKind.MODULE, act.path), (".__dict__",)):
            certain, name = single_constant(key)
            place = variable(act.path, str(name) if certain else "*")
            rebind(act, state, place, value, step.span, How.REBIND)
            continue
        if thing.type.kind is TypeKind.INSTANCE:
            row = act.world.models.method(thing.type.name, "__setitem__") if "::" not in thing.type.name else None
            if row is not None:
                yield from apply(
                    act,
                    state,
                    of(Thing(thing.path, Type(TypeKind.LIBRARY, row))),
                    Arguments((of(thing), key, value)),
                    step.span,
                )
                continue
        effects.mutate(
            act, state, of(thing), How.SET_ITEM, "[…] =", step.span, sources=sources, key=_key_sources(key), value=value
        )
        field = field_of_key(key)
        if field != ELEMENT:
            overwrites(state, extend(thing.path, field))
        effects.bind_field(act, state, thing, KEYS, key, certain=False)
        kept = with_sources(value, key.sources) if field == ELEMENT else value
        effects.bind_field(act, state, thing, field, kept, certain=len(target.things) == 1)
        if not sources and (survives(thing.path) or thing.path.root.kind in SYMBOLIC):
            effects.escape(state, value, extend(thing.path, ELEMENT))


def _key_sources(key: Value) -> frozenset[Path]:
    certain, name = single_constant(key)
    if certain and not key.sources:
        return frozenset({Path(Root(RootKind.LIBRARY, "constant", repr(name)))})
    return key.sources


def _delete_item(act: Activation, state: State, step: cfg.DeleteItem) -> Solving:
    target, key = value_of(act, state, step.object), value_of(act, state, step.key)
    special = yield from _method_of_project(act, state, target, "__delitem__", (key,), step.span)
    if special is not None:
        return
    for thing in target.things:
        if _is_slice(key, whole=True):
            effects.reset(state, thing.path)
            continue
        row = None
        if thing.type.kind is TypeKind.INSTANCE and "::" not in thing.type.name:
            row = act.world.models.method(thing.type.name, "__delitem__")
        if row is not None:
            callee = of(Thing(thing.path, Type(TypeKind.LIBRARY, row)))
            yield from apply(act, state, callee, Arguments((of(thing), key)), step.span)
        else:
            taken = frozenset({VARIES}) if _is_slice(key) else _key_sources(key)
            effects.mutate(act, state, of(thing), How.DELETE, "del […]", step.span, key=taken)


def _method_of_project(
    act: Activation, state: State, target: Value, name: str, arguments: tuple[Value, ...], span: Span
) -> Solving:
    """Calls a special method where the project's class of the target defines it; None where none does."""
    results = []
    for thing in target.things:
        if thing.type.kind is not TypeKind.INSTANCE or "::" not in thing.type.name:
            return None
        method = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=False)
        if method is None:
            return None
        if all(each.type.kind is TypeKind.LIBRARY_METHOD for each in method.things):
            result = yield from apply(act, state, method, Arguments(arguments), span)
        else:
            result = yield from apply(act, state, method, Arguments(arguments), span)
        results.append(result)
    return join_all(results) if results else None


def _call(act: Activation, state: State, step: cfg.Call) -> Solving:
    callee = value_of(act, state, step.function)
    positional: list[Value] = []
    named: list[tuple[str, Value]] = []
    rest: Value | None = None
    logs = all(_logs(thing) for thing in callee.things)
    for argument in step.arguments:
        value = value_of(act, state, argument.value)
        pending.use(state, value)
        if not logs:
            uses.read_snapshots(act, state, value, step.span)
        read_contents(state, value)
        if argument.star == "*":
            known = _known_elements(state, act, value)
            if known is not None and rest is None:
                positional.extend(known)
            else:
                part = with_sources(elements(act, state, value), value.sources)
                rest = part if rest is None else join(rest, part)
        elif argument.star == "**":
            found = _known_names(state, act, value)
            named.extend(found)
            if not found:
                part = with_sources(elements(act, state, value), value.sources)
                rest = part if rest is None else join(rest, part)
        elif argument.name is not None:
            named.append((argument.name, value))
        else:
            positional.append(value)
    state.env[step.target] = yield from apply(
        act, state, callee, Arguments(tuple(positional), tuple(named), rest), step.span
    )


def read_contents(state: State, value: Value) -> None:
    """What surviving containers hold is read as a whole."""
    for thing in value.things:
        if thing.type.kind is TypeKind.INSTANCE and thing.path.root.kind is not RootKind.MADE:
            state.read(thing.path)


def _logs(thing: Thing) -> bool:
    """Whether a callable only writes its arguments down: an id that names the process is welcome there."""
    return thing.type.name == "builtins.print" or thing.type.name.startswith("logging.")


def _known_elements(state: State, act: Activation, value: Value) -> list[Value] | None:
    """The elements of a sequence whose length is known, in order."""
    if len(value.things) != 1:
        return None
    (thing,) = value.things
    found: list[Value] = []
    while len(found) < 8:
        stored = state.heap.get(extend(thing.path, f"[{len(found)}]"))
        if stored is None:
            break
        found.append(stored)
    return found or None


def _known_names(state: State, act: Activation, value: Value) -> list[tuple[str, Value]]:
    result = []
    for thing in value.things:
        for key, stored in state.heap.under(thing.path.root).items():
            field = key.fields[-1] if key.fields else ""
            if key.fields[:-1] == thing.path.fields and field.startswith("['"):
                result.append((field[2:-2], stored))
    return sorted(result, key=lambda item: item[0])


def _await(act: Activation, state: State, step: cfg.Await) -> Solving:
    value = value_of(act, state, step.value)
    pending.use(state, Value(frozenset(each for each in value.things if each.type.kind is not TypeKind.COROUTINE)))
    state.env[step.target] = yield from awaited(act, state, value, step.span)


def _element(act: Activation, state: State, step: cfg.Element) -> Solving:
    iterable = value_of(act, state, step.iterable)
    pending.use(state, iterable)
    read_contents(state, iterable)
    special = yield from _method_of_project(act, state, iterable, "__iter__", (), step.span)
    if special is not None and special.things:
        value = elements(act, state, special)
    else:
        if not step.is_async:
            uses.consume(act, state, iterable, step.span, "for")
            effects.iterate_plainly(act, state, iterable, step.span)
        keys = [read_field(act, state, extend(each.path, KEYS)) for each in iterable.things if each.type.name in DICTS]
        known = [each for each in keys if each is not None]
        value = join_all(known) if known else elements(act, state, iterable)
    if not value.things:
        value = unknown(act.made(step.span), value.sources)
    state.env[step.target] = with_sources(value, iterable.sources | _places(iterable))


def _enter(act: Activation, state: State, step: cfg.Enter) -> Solving:
    manager = value_of(act, state, step.manager)
    pending.use(state, manager)
    for thing in manager.things:
        uses.use_on_loop(act, state, thing, step.span)
    name = "__aenter__" if step.is_async else "__enter__"
    results = []
    for thing in ordered(manager.things):
        result = yield from _managed(act, state, thing, name, Arguments(), step.span)
        if result is None:
            inner = elements(act, state, of(thing))
            result = inner if inner.things and thing.type.name == "builtins.generator" else of(thing)
        elif step.is_async and any(each.type.kind is TypeKind.COROUTINE for each in result.things):
            result = yield from awaited(act, state, result, step.span)
        results.append(result)
    value = join_all(results)
    state.env[step.target] = with_sources(value, manager.sources)


def _exit(act: Activation, state: State, step: cfg.Exit) -> Solving:
    manager = value_of(act, state, step.manager)
    name = "__aexit__" if step.is_async else "__exit__"
    for thing in ordered(manager.things):
        if thing.type.name == "contextvars.Token":
            variables = state.heap[slot(thing.path, "<variable>")]
            for each in variables.things:
                pending.settle_at(state, each.path, (Work.TOKEN,))
        result = yield from _managed(act, state, thing, name, Arguments((NONE, NONE, NONE)), step.span)
        if result is not None and step.is_async:
            yield from awaited(act, state, result, step.span)


def _managed(act: Activation, state: State, thing: Thing, name: str, arguments: Arguments, span: Span) -> Solving:
    """Calls ``__enter__`` or ``__exit__`` of a context manager; None where nothing is known of it."""
    if thing.type.kind is not TypeKind.INSTANCE:
        return None
    if "::" in thing.type.name:
        method = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=False)
        if method is None:
            return None
        result = yield from apply(act, state, method, arguments, span)
        return result
    row = act.world.models.method(thing.type.name, name)
    if row is None:
        return None
    callee = of(Thing(thing.path, Type(TypeKind.LIBRARY, row)))
    result = yield from apply(act, state, callee, arguments.before([of(thing)]), span)
    return result


def _make_class(act: Activation, state: State, step: cfg.MakeClass) -> Solving:
    bases = [value_of(act, state, base) for base in step.bases]
    keywords = {name: value_of(act, state, operand) for name, operand in step.keywords}
    state.env[step.target] = yield from make_class(act, state, step.name, bases, keywords)


def _import_name(act: Activation, state: State, step: cfg.ImportName) -> Solving:
    if step.name == "*":
        return
    state.env[step.target] = yield from imported(act, step.module, step.name, step.level)


DIRECT: Final[dict[type, Direct]] = {
    cfg.Constant: _constant,
    cfg.Copy: _copy,
    cfg.StoreGlobal: _store_global,
    cfg.DeleteGlobal: _delete_global,
    cfg.LoadFree: _load_free,
    cfg.StoreFree: _store_free,
    cfg.DeleteLocal: _delete_local,
    cfg.DeleteAttribute: _delete_attribute,
    cfg.Slice: _slice,
    cfg.Operation: _operation,
    cfg.InPlace: _in_place,
    cfg.Build: _build,
    cfg.Fill: _fill,
    cfg.Discard: _discard,
    cfg.Yield: _yield,
    cfg.Catch: _catch,
    cfg.MakeFunction: _make_function,
    cfg.ImportModule: _import_module,
    cfg.Return: _return,
    cfg.Raise: _raise,
}
ASKING: Final[dict[type, Transfer]] = {
    cfg.LoadGlobal: _load_global,
    cfg.GetAttribute: _get_attribute,
    cfg.SetAttribute: _set_attribute,
    cfg.GetItem: _get_item,
    cfg.SetItem: _set_item,
    cfg.DeleteItem: _delete_item,
    cfg.Call: _call,
    cfg.Await: _await,
    cfg.Element: _element,
    cfg.Enter: _enter,
    cfg.Exit: _exit,
    cfg.MakeClass: _make_class,
    cfg.ImportName: _import_name,
}
RAISING: Final = frozenset({cfg.Call, cfg.Await, cfg.Yield, cfg.Raise, cfg.Element})
"""Instructions after which an exception may leave the function."""
CAUGHT: Final = RAISING | {
    cfg.GetItem,
    cfg.DeleteItem,
    cfg.GetAttribute,
    cfg.LoadGlobal,
    cfg.ImportName,
    cfg.ImportModule,
}
"""Instructions whose exceptions somebody wrote an ``except`` for."""
