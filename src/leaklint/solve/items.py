"""Items: displays, subscripts, slices and elements of containers."""

from __future__ import annotations

from typing import Final

from leaklint.ir import cfg
from leaklint.ir.effects import How
from leaklint.ir.location import Span
from leaklint.ir.values import UNKNOWN_TYPE, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import dispatching, earlier, effects, handed_over, listed, overriding, pending, saving, uses
from leaklint.solve.activation import SMALL_CONSTANTS, Activation, Direct, Transfer
from leaklint.solve.arguments import Arguments
from leaklint.solve.async_generators import iterate, iterate_plainly
from leaklint.solve.binding import is_fresh, overwrites
from leaklint.solve.builtin_calls import rebind
from leaklint.solve.calls import apply
from leaklint.solve.coroutines import awaited
from leaklint.solve.draining import take_all
from leaklint.solve.elements import elements
from leaklint.solve.escaping import escape, make_anew
from leaklint.solve.kinds import is_unchanging, keeps
from leaklint.solve.lattice import (
    ANY_NAME,
    CONSTANT_PATH,
    DICTS,
    ELEMENT,
    KEYS,
    NEW,
    SYMBOLIC,
    VARIES,
    constant_keys,
    constants,
    extend,
    field_of_key,
    is_from_outside,
    is_part_of_sources,
    is_prefix,
    join,
    join_all,
    of,
    ordered,
    single_constant,
    slot,
    survives,
    unknown,
    with_sources,
)
from leaklint.solve.library_calls import item_of_library
from leaklint.solve.lookup import read_field
from leaklint.solve.looping import ALL_OF, is_one_of_loop, note_set_item
from leaklint.solve.loops import suspend
from leaklint.solve.members import class_member
from leaklint.solve.missing import make_missing
from leaklint.solve.named_imports import module_by_name
from leaklint.solve.names import value_of
from leaklint.solve.origins import deep_sources
from leaklint.solve.pruning import SLICED
from leaklint.solve.reading import read_contents
from leaklint.solve.several import is_of_several, single_out
from leaklint.solve.slices import BEFORE, is_slice, leaves_none_out, of_slice, slice_made, without_last
from leaklint.solve.state import State
from leaklint.solve.world import Solving, instance, variable

MOST_KEYS: Final = 1_000
"""A container of more items is not known by its keys: the others are elements like any other."""
SEQUENCES: Final = frozenset({"builtins.list", "builtins.tuple", "collections.deque"})
"""Their elements are found under numbers."""
PLAIN: Final = frozenset({TypeKind.CONSTANT, TypeKind.UNKNOWN})
"""Kinds of what holds nothing that anybody knows of."""


def _is_one_place(state: State, target: Value) -> bool:
    """Whether an object is what one place holds: what was there before, or what this invocation has put there."""
    paths = {each.path for each in target.things if not is_unchanging(each)}
    return len({state.kept_at(each) or each if each.root.kind is RootKind.MADE else each for each in paths}) < 2


def _taking(target: Value, key: Value) -> Value:
    """What is subscripted: a list or a tuple is it not where the key is a text."""
    certain, name = single_constant(key)
    if not certain or not isinstance(name, str):
        return target
    things = frozenset(thing for thing in target.things if thing.type.name not in SEQUENCES)
    return Value(things, target.sources) if things else target


def _build(act: Activation, state: State, step: cfg.Build) -> Solving:
    """``[a, *b]`` or ``{"k": v}``: a new object, and what lies in which of its fields."""
    kind = "builtins.generator" if step.kind == "generator" else f"builtins.{step.kind}"
    earlier.tell_contents_apart(act, state, step.span)
    make_anew(act, state, step.span)
    thing = Thing(act.made(step.span), instance(kind))
    position = 0
    large = len(step.items) > MOST_KEYS
    sources: frozenset[Path] = frozenset()
    for item in step.items:
        value = value_of(act, state, item.value)
        pending.use(state, value)
        if item.starred:
            uses.consume(act, state, value, step.span, "unpacking")
            read_contents(state, value)
            yield from take_all(act, state, value, step.span)
            part = elements(act, state, value)
            effects.bind_field(act, state, thing, ELEMENT, with_sources(part, value.sources), certain=False)
            if step.kind == "dict":
                overriding.override(act, state, of(thing), value, step.span)
            sources |= value.sources
            position = 99
            continue
        if item.key is not None:
            key = value_of(act, state, item.key)
            sources |= key.sources
            field = ELEMENT if large else field_of_key(key)
            effects.bind_field(act, state, thing, KEYS, key, certain=False)
        elif step.kind in ("list", "tuple") and position < 8:
            field = f"[{position}]"
        else:
            field = ELEMENT
        position += 1
        effects.bind_field(act, state, thing, field, value, certain=True)
    if len(step.items) == 1 and step.items[0].starred:
        saving.save(state, of(thing), value)
    if step.kind == "tuple" and [item.starred for item in step.items] == [True, False]:
        state.heap[slot(thing.path, BEFORE)] = value_of(act, state, step.items[0].value)
    state.env[step.target] = of(thing, sources=sources)


def _fill(act: Activation, state: State, step: cfg.Fill) -> None:
    value = value_of(act, state, step.item.value)
    pending.use(state, value)
    if step.item.key is not None:
        key = value_of(act, state, step.item.key)
        pending.use(state, key)
        value = with_sources(value, key.sources)
        for thing in ordered(value_of(act, state, step.object).things):
            effects.bind_field(act, state, thing, KEYS, key, certain=False)
    for thing in ordered(value_of(act, state, step.object).things):
        effects.bind_field(act, state, thing, ELEMENT, value, certain=False)


def _get_item(act: Activation, state: State, step: cfg.GetItem) -> Solving:
    """``jobs[key]``: what lies under the key, or a new list where the key is a slice."""
    key = value_of(act, state, step.key)
    target = _taking(value_of(act, state, step.object), key)
    pending.use(state, target)
    uses.consume(act, state, target, step.span, "unpacking")
    if any(uses.is_iterator(act.world, thing) for thing in target.things):
        # nobody asks an iterator for an element by its position: it is unpacked
        yield from take_all(act, state, target, step.span)
    special = yield from _method_of_project(act, state, target, "__getitem__", (key,), step.span)
    if special is not None or _is_alias(act, target):
        # ``Box[int]`` makes what ``Box`` makes
        state.env[step.target] = target if special is None else special
        return
    if uses.are_of_enumerations(act.world, target, TypeKind.CLASS):
        members = [Thing(extend(thing.path, ELEMENT), instance(thing.type.name)) for thing in target.things]
        state.env[step.target] = of(*members, sources=key.sources)
        return
    named = module_by_name(act, target, key) or (yield from dispatching.global_function(act, state, target, key))
    if named is not None:
        state.env[step.target] = named
        return
    field = field_of_key(key)
    if is_slice(key):
        read_contents(state, target)
        made = Thing(act.made(step.span), instance("builtins.list"))
        effects.bind_field(act, state, made, ELEMENT, of_slice(act, state, step, target, key), certain=False)
        state.heap[slot(made.path, ALL_OF if leaves_none_out(key) else SLICED)] = target
        if is_slice(key, whole=True):
            saving.save(state, of(made), target)
        state.env[step.target] = without_last(state, target, key) or of(made, sources=target.sources | key.sources)
        return
    made = yield from make_missing(act, state, target, key, step.span)
    new = yield from item_of_library(act, state, target, key, step.span)
    value = elements(act, state, target, field, keys=False) if new is None else new
    others = [state.heap.get(extend(thing.path, ELEMENT)) for thing in target.things]
    if constants(value) is not None and any(each is not None for each in others):
        # something may have been put under this key since
        value = Value(value.things | {Thing(act.made(step.span))}, value.sources)
    if not act.importing:
        value = _as_it_is_now(state, target, field, value)
    for thing in target.things:
        if survives(thing.path) or thing.path.root.kind in (RootKind.MADE, *SYMBOLIC):
            state.read_in_place(extend(thing.path, field))
    listed.find(state, key, target)
    value = join(value, made) if made.things else value
    if not value.things:
        value = unknown(act.made(step.span), value.sources)
    prepared = act.world.prepared.get(act.identity)
    put = prepared.just_put(step) if prepared is not None and len(value.things) > 1 else None
    if put is not None:
        value = state.env.get(put, value)
    elif prepared is not None and is_of_several(state, value) and prepared.is_lone_pick(step):
        value = single_out(state, value)
    state.env[step.target] = with_sources(value, _as_a_whole(target) | key.sources | _places(target))


def _is_alias(act: Activation, target: Value) -> bool:
    """Whether a subscript only says of which types a generic class is: one of the project, or one that has a row."""
    world, models = act.world, act.world.models
    for thing in target.things:
        name, kind = thing.type.name, thing.type.kind
        if kind is TypeKind.LIBRARY and models.row(name) is not None and models.is_class(name):
            continue
        if kind is not TypeKind.CLASS or world.is_subclass(name, uses.ENUMS):
            return False
        for known in map(world.classes.get, world.order(name)):
            if known is not None and ("__class_getitem__" in known.attributes or known.metaclass):
                return False
    return bool(target.things)


def _as_it_is_now(state: State, target: Value, field: str, value: Value) -> Value:
    """An element that was a constant at import, perhaps one of those that a copy took over, may be another by now."""
    places = [extend(thing.path, field) for thing in target.things if survives(thing.path)]
    if len(places) != 1 or state.heap.get(places[0]) is not None:
        return value
    if len(value.things) > 1 and field != ELEMENT and all(thing.type.kind in PLAIN for thing in value.things):
        return Value(frozenset({Thing(places[0])}), value.sources)
    if len(value.things) != 1:
        return value
    (thing,) = value.things
    if thing.path != CONSTANT_PATH or thing.type.constant is None:
        return value
    known = not isinstance(thing.type.constant[1], SMALL_CONSTANTS)
    return Value(frozenset({Thing(places[0], thing.type if known else UNKNOWN_TYPE)}), value.sources)


def _as_a_whole(target: Value) -> frozenset[Path]:
    """The sources of a container that its elements have too."""
    if not is_part_of_sources(target):
        return target.sources
    return frozenset(source for source in target.sources if not is_from_outside(source))


def _places(target: Value) -> frozenset[Path]:
    return frozenset(extend(thing.path, ELEMENT) for thing in target.things if survives(thing.path))


def _set_item(act: Activation, state: State, step: cfg.SetItem) -> Solving:
    """``jobs[key] = value``: an entry of each object that the target may be; a slice empties, shrinks or fills it."""
    key, value = value_of(act, state, step.key), value_of(act, state, step.value)
    target = _taking(value_of(act, state, step.object), key)
    pending.use(state, value)
    if any(thing.path.root.kind is not RootKind.MADE for thing in target.things):
        pending.keep_coroutine(state, value)
        uses.read_snapshots(act, state, value, step.span)
    if step.augmented and act.in_place and not is_slice(key):
        return
    special = yield from _method_of_project(act, state, target, "__setitem__", (key, value), step.span)
    if special is not None:
        return
    sources = deep_sources(state, value)
    if is_slice(key, whole=True) and not step.augmented and is_fresh(value, sources):
        for thing in target.things:
            effects.empty(act, state, thing.path)
        return
    single = len(target.things) == 1 or is_one_of_loop(state, (thing.path for thing in target.things))
    if is_slice(key):
        yield from take_all(act, state, value, step.span)
    given = elements(act, state, value).things if is_slice(key) and not step.augmented else frozenset()
    for thing in ordered(target.things):
        if given and given <= elements(act, state, of(thing)).things:
            if is_slice(key, whole=True) and saving.is_copy_of(state, value, thing.path):
                effects.write(act, state, thing.path, How.REBIND, "[…] =", step.span, value=value)
                continue
            # some of what it held already: it is made shorter, or what it holds is moved
            how = How.SHRINK if is_slice(key, whole=True) else How.REORDER
            effects.mutate(act, state, of(thing), how, "[…] =", step.span, key=frozenset({VARIES}))
            continue
        if is_slice(key, whole=True) and not step.augmented and len(target.things) == 1:
            own = thing.path.root.kind is not RootKind.LIBRARY
            if own and not any(is_prefix(thing.path, each) for each in sources):
                effects.empty(act, state, thing.path)  # what was in it is gone
        if thing.path == Path(Root(RootKind.MODULE, act.path), (".__dict__",)):
            certain, name = single_constant(key)
            place = variable(act.path, str(name) if certain else ANY_NAME)
            rebind(act, state, place, value, step.span, How.REBIND)
            continue
        if thing.type.kind is TypeKind.INSTANCE:
            row = act.world.models.method(thing.type.name, "__setitem__") if "::" not in thing.type.name else None
            if row is not None and not row.startswith("builtins."):
                yield from apply(
                    act,
                    state,
                    of(Thing(thing.path, Type(TypeKind.LIBRARY, row))),
                    Arguments((of(thing), key, value)),
                    step.span,
                )
                continue
        field = _field_among_many(state, thing.path, key)
        effects.mutate(
            act,
            state,
            of(thing),
            How.SET_ITEM,
            act.augmented if step.augmented else "[…] =",
            step.span,
            sources=sources,
            key=_key_sources(act, state, key),
            element=field,
            value=value,
            few=listed.is_one_of_few(key),
        )
        handed_over.keep_parameter(act, state, value, step.span, thing.path)
        place = extend(thing.path, field)
        if field != ELEMENT:
            if single or _is_one_place(state, target):
                overwrites(act, state, place)
            if single and place != thing.path and not step.augmented and is_fresh(value, sources):
                effects.reset_field(act, state, place, step.span)
        effects.bind_field(act, state, thing, KEYS, key, certain=False)
        kept = with_sources(value, key.sources) if field == ELEMENT else value
        effects.bind_field(act, state, thing, field, kept, certain=len(target.things) == 1)
        if single and not step.augmented and is_fresh(value, sources):
            note_set_item(state, thing.path, key)
        if sources <= {NEW} and keeps(act.world, thing):
            escape(state, value, place)


def _field_among_many(state: State, container: Path, key: Value) -> str:
    """The field of an element that is set, as in a display: beyond ``MOST_KEYS`` it is an element like any other."""
    field = field_of_key(key)
    known = state.heap.under(container.root)
    return field if len(known) <= MOST_KEYS or extend(container, field) in known else ELEMENT


def _key_sources(act: Activation, state: State, key: Value) -> frozenset[Path]:
    return constant_keys(key) | deep_sources(state, key)


def _delete_item(act: Activation, state: State, step: cfg.DeleteItem) -> Solving:
    key = value_of(act, state, step.key)
    target = _taking(value_of(act, state, step.object), key)
    special = yield from _method_of_project(act, state, target, "__delitem__", (key,), step.span)
    if special is not None:
        return
    for thing in ordered(target.things):
        if is_slice(key, whole=True):
            effects.empty(act, state, thing.path)
            continue
        if saving.cut_back(state, key, thing.path):
            continue
        in_library = thing.type.kind is TypeKind.INSTANCE and "::" not in thing.type.name
        row = act.world.models.method(thing.type.name, "__delitem__") if in_library else None
        if row is not None:
            callee = of(Thing(thing.path, Type(TypeKind.LIBRARY, row)))
            yield from apply(act, state, callee, Arguments((of(thing), key)), step.span)
        else:
            taken = frozenset({VARIES}) if is_slice(key) else _key_sources(act, state, key)
            effects.mutate(act, state, of(thing), How.DELETE, "del […]", step.span, key=taken)


def _method_of_project(
    act: Activation, state: State, target: Value, name: str, arguments: tuple[Value, ...], span: Span
) -> Solving:
    """Calls a special method that the project's class of each target defines; None where one of them has none."""
    methods = []
    for thing in ordered(target.things):
        if thing.type.kind is not TypeKind.INSTANCE or "::" not in thing.type.name:
            return None
        method = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=False)
        if method is None:
            return None
        methods.append(method)
    if not methods:
        return None
    result = yield from apply(act, state, join_all(methods), Arguments(arguments), span)
    return result


def _element(act: Activation, state: State, step: cfg.Element) -> Solving:
    iterable = value_of(act, state, step.iterable)
    pending.use(state, iterable)
    read_contents(state, iterable, keys=True)
    start = "__aiter__" if step.is_async else "__iter__"
    special = yield from _method_of_project(act, state, iterable, start, (), step.span)
    whole = iterable.sources
    if special is not None and special.things:
        value = yield from _next_of_project(act, state, special, step)
    else:
        if step.is_async:
            iterate(act, state, iterable, step.span)
        else:
            suspend(state, iterable)
            uses.consume(act, state, iterable, step.span, "for")
            iterate_plainly(act, state, iterable, step.span)
        keys = [read_field(act, state, extend(each.path, KEYS)) for each in iterable.things if each.type.name in DICTS]
        known = [each for each in keys if each is not None]
        value = join_all(known) if known else elements(act, state, iterable)
        whole = iterable.sources if known else _as_a_whole(iterable)
    if not value.things:
        value = unknown(act.made(step.span), value.sources)
    state.env[step.target] = with_sources(value, whole | _places(iterable))


def _next_of_project(act: Activation, state: State, iterator: Value, step: cfg.Element) -> Solving:
    """What an iterator gives next: the result of its own ``__next__`` or ``__anext__``, or its elements."""
    name = "__anext__" if step.is_async else "__next__"
    given = yield from _method_of_project(act, state, iterator, name, (), step.span)
    if given is None:
        return elements(act, state, iterator)
    if step.is_async:
        given = yield from awaited(act, state, given, step.span)
    return given


DIRECT: Final[dict[type, Direct]] = {
    cfg.Slice: slice_made,
    cfg.Fill: _fill,
}
ASKING: Final[dict[type, Transfer]] = {
    cfg.Build: _build,
    cfg.GetItem: _get_item,
    cfg.SetItem: _set_item,
    cfg.DeleteItem: _delete_item,
    cfg.Element: _element,
}
