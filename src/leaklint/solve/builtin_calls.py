"""Functions of the language itself that no row can describe: they read or write names, attributes and classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leaklint.ir.effects import How
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, UNKNOWN_TYPE, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import (
    awaitable_tests,
    caches,
    class_tests,
    classes,
    context_variables,
    copying,
    counts,
    dispatching,
    effects,
    fields,
    fullness,
    generic_functions,
    handed_over,
    named_imports,
    pending,
    uses,
)
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, keep_call
from leaklint.solve.attributes import get_attribute
from leaklint.solve.binding import is_fresh, overwrites
from leaklint.solve.escaping import escape
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    ELEMENT,
    NEW,
    NONE,
    SYMBOLIC,
    UNKNOWN_CALL,
    VARIES,
    constants,
    extend,
    join,
    observed,
    of,
    ordered,
    single_constant,
    slot,
    survives,
    unknown,
    with_sources,
)
from leaklint.solve.looping import is_one_of_loop
from leaklint.solve.members import ANY_ATTRIBUTE, TAKES_RECEIVER
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving, class_path, instance, variable

Special = awaitable_tests.Special
SpecialMethod = Callable[[Activation, State, Value, Arguments, Span], Solving]
METACLASS: Final = frozenset({"builtins.type", "abc.ABCMeta", "enum.EnumMeta"})
MODULE_NAMES: Final = Type(TypeKind.INSTANCE, "builtins.dict")


def _first(arguments: Arguments, index: int = 0) -> Value:
    return arguments.positional[index] if len(arguments.positional) > index else NOTHING


def _attribute_name(arguments: Arguments) -> str | None:
    certain, name = single_constant(_first(arguments, 1))
    return name if certain and isinstance(name, str) and name.isidentifier() else None


def _getattr(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    target, name = _first(arguments), _first(arguments, 1)
    value = yield from dispatching.attribute(act, state, target, name, span)
    if len(arguments.positional) > 2:
        asked = {
            extend(each.path, f".{known}")
            for known in dispatching.names_of(name)
            for each in target.things
            if each.path.root.owner == "library"
        }
        value = with_sources(join(value, arguments.positional[2]), frozenset(asked))
    return value


def _setattr(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    target, value = _first(arguments), _first(arguments, 2)
    name = _attribute_name(arguments)
    if name is not None:
        set_attribute(act, state, target, name, value, span)
    else:
        how, made_from, key = How.SET_ATTRIBUTE, deep_sources(state, value), deep_sources(state, _first(arguments, 1))
        effects.mutate(act, state, target, how, "setattr", span, sources=made_from, key=key, field=ELEMENT, value=value)
        # a loop over their names binds each of them
        names = constants(_first(arguments, 1)) if is_one_of_loop(state, {CONSTANT_PATH}) else None
        for thing in ordered(target.things):
            effects.bind_field(act, state, thing, ANY_ATTRIBUTE, value, certain=False)
            for each in names or ():
                effects.bind_field(act, state, thing, f".{each}", value, certain=len(target.things) == 1)
    return NONE
    yield


OWN: Final = frozenset({TypeKind.CLASS, TypeKind.INSTANCE, TypeKind.MODULE})
"""What has the attributes that the project gives it, and no others that somebody else reads."""


def _set_plainly(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``object.__setattr__``: in a ``__setattr__`` of the class itself, it is what whoever binds the attribute does."""
    if _attribute_name(arguments) is None and act.name.endswith(".__setattr__"):
        return NONE
    result = yield from _setattr(act, state, arguments, span)
    return result


def set_attribute(
    act: Activation,
    state: State,
    target: Value,
    name: str,
    value: Value,
    span: Span,
    how: How | None = None,
    *,
    certain: bool | None = None,
) -> None:
    """``target.name = value``: a field is bound; where the target survives, that is a write."""
    sources = deep_sources(state, value)
    uses.read_snapshots(act, state, value, span)
    if act.world.overview.is_read(name) or not all(thing.type.kind in OWN for thing in target.things):
        pending.keep_coroutine(state, value)
    else:
        pending.forget_coroutine(state, value)
    certain = len(target.things) == 1 if certain is None else certain
    certain_value, given = single_constant(value)
    is_flag = certain_value and isinstance(given, bool)
    for thing in ordered(target.things):
        if is_flag:
            pending.settle_at(state, extend(thing.path, f".{name}"), certain=False)
        if thing.type.kind is TypeKind.MODULE and not thing.type.name.startswith("package:"):
            rebind(act, state, variable(thing.type.name, name), value, span, how or How.REBIND)
            continue
        path = extend(thing.path, f".{name}")
        act.world.note_attribute(thing, path)
        kept = not uses.is_new_in_each_request(act, thing, name)
        if kept:
            overwrites(act, state, path)
        effects.bind_field(act, state, thing, f".{name}", value, certain=certain)
        if not kept:
            continue
        if not act.importing:
            pending.reopened(state, path, thing.type)
        fresh = is_fresh(value, sources)
        if name == "__dict__" and value.things and all(survives(each.path) for each in value.things):
            continue  # what the object shares from now on, others own
        effects.mutate(
            act,
            state,
            of(thing),
            how or How.SET_ATTRIBUTE,
            act.augmented if how is How.COUNT else f".{name} =",
            span,
            sources=sources,
            field=f".{name}",
            value=value,
        )
        if fresh and how is None and (certain or is_one_of_loop(state, (thing.path,))):
            if not state.vacant.isdisjoint(effects.attribute_of_class(act, thing, f".{name}")):
                state.vacant |= {path}
            effects.reset_field(act, state, path, span)
        if certain:
            fullness.bind(state, path, value)
        if survives(thing.path) or thing.path.root.kind in SYMBOLIC:
            escape(state, value, path)
            handed_over.keep_parameter(act, state, value, span, thing.path)


def rebind(act: Activation, state: State, place: Path, value: Value, span: Span, how: How) -> None:
    """A module variable, or a cell, is bound to a value."""
    if act.importing:
        if place.root.kind is RootKind.VARIABLE:
            names = act.world.importing.get(place.root.owner)
            if names is not None:
                names[place.root.name] = value
            else:
                act.world.rebound[place] = value
        state.heap[place] = value
        return
    sources = deep_sources(state, value)
    if pending.holds_task(state, value):
        pending.use(state, value)
        state.heap[place] = value
        escape(state, value, place)
        return
    if how is How.REBIND and place in sources and constants(value) is None and _counts(value, place, sources):
        how = How.COUNT
    pending.keep_coroutine(state, value)
    if not pending.reopened(state, place) or not sources <= {NEW, VARIES, UNKNOWN_CALL}:
        # else a resource takes the place of one like it that has been closed
        operation = act.augmented if act.augmented and how is How.COUNT else "="
        effects.write(act, state, place, how, operation, span, sources=sources, value=value)
    handed_over.keep_parameter(act, state, value, span, place)
    overwrites(act, state, place, value)
    if is_fresh(value, sources):
        effects.reset_field(act, state, place, span)
    fullness.bind(state, place, value)
    escape(state, value, place)
    kept = {Thing(place, thing.type) for thing in value.things if thing.type.kind is TypeKind.INSTANCE}
    state.heap[place] = Value(value.things | kept, value.sources | {place} if kept else value.sources)


def _counts(value: Value, place: Path, sources: frozenset[Path]) -> bool:
    return sources == {place} and all(
        thing.type.kind is not TypeKind.INSTANCE and thing.path != place for thing in value.things
    )


def _delattr(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    name = _attribute_name(arguments)
    field, key = (ELEMENT, deep_sources(state, _first(arguments, 1))) if name is None else (f".{name}", frozenset())
    effects.mutate(act, state, _first(arguments), How.DELETE, "delattr", span, field=field, key=key)
    return NONE
    yield


def _hasattr(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    value, name = _first(arguments), _attribute_name(arguments)
    reads, answer = observed(value), Thing(act.made(span), instance("builtins.bool"))
    if name is not None:
        asked = [extend(thing.path, f".{name}") for thing in ordered(value.things)]
        reads |= frozenset(asked)
        state.heap[slot(answer.path, class_tests.HAS)] = of(*map(Thing, asked))
    return of(answer, sources=reads)
    yield


def _globals(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    return of(Thing(Path(Root(RootKind.MODULE, act.path), (".__dict__",)), MODULE_NAMES))
    yield


def _vars(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    if not arguments.positional:
        return unknown(act.made(span))
    value = yield from get_attribute(act, state, arguments.positional[0], "__dict__")
    return value


def _super(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    owner = act.facts.in_class
    if owner is None or not act.facts.parameters:
        return unknown(act.made(span))
    receiver = state.env.get(act.facts.parameters[0].name, NOTHING)
    actual = next((thing.type.name for thing in receiver.things if thing.type.kind is TypeKind.INSTANCE), "")
    path = act.made(span)
    state.heap[slot(path, "<self>")] = receiver
    return of(Thing(path, Type(TypeKind.SUPER, f"{act.path}::{owner}|{actual or f'{act.path}::{owner}'}")))
    yield


def _type(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    if len(arguments.positional) != 1:
        return unknown(act.made(span))
    things = set()
    for thing in arguments.positional[0].things:
        if thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name:
            things.add(Thing(class_path(thing.type.name), Type(TypeKind.CLASS, thing.type.name)))
    return Value(frozenset(things)) if things else unknown(act.made(span))
    yield


def _exit_callback(place: str) -> SpecialMethod:
    """``stack.callback(f, ...)``: the stack keeps the callable with its arguments, in a field of it."""

    def special(act: Activation, state: State, receiver: Value, arguments: Arguments, span: Span) -> Solving:
        bundle = yield from _partial(act, state, arguments, span)
        for thing in ordered(receiver.things):
            effects.bind_field(act, state, Thing(extend(thing.path, place)), ELEMENT, bundle, certain=False)
        return _first(arguments)

    return special


def _partial(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    if not arguments.positional:
        return unknown(act.made(span))
    path = act.made(span)
    rest = arguments._replace(positional=arguments.positional[1:])
    kept = keep_call(act, state, path, arguments.positional[0], rest)
    sources: frozenset[Path] = frozenset().union(*(value.sources for value in rest.everything()))
    return of(Thing(path, Type(TypeKind.PARTIAL, kept)), sources=sources)
    yield


def _staticmethod(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``name = staticmethod(f)`` in the body of a class: the function, which takes no receiver; as a decorator, it is
    the function's own mark that says so."""
    if span in act.world.decorations(act.path):
        return _first(arguments)
    result = yield from _partial(act, state, arguments, span)
    return result


def _partialmethod(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``partialmethod(f, ...)`` in the body of a class: a partial that takes the receiver when it is read."""
    result = yield from _partial(act, state, arguments, span)
    for thing in result.things:
        state.heap[slot(thing.path, TAKES_RECEIVER)] = NONE
    return result


def _wraps(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    return of(Thing(act.made(span), Type(TypeKind.LIBRARY, SAME)))
    yield


def _same(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    return _first(arguments)
    yield


def _every(name: str, container: str, of_class: str = "") -> Special:
    def special(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
        """What stands for every object of a kind, whoever has started it: what settles an element settles all."""
        found = Thing(pending.all_of(name), instance(container))
        if of_class:
            element = extend(found.path, ELEMENT)
            state.heap[element] = of(Thing(element, instance(of_class)))
        return of(found)
        yield

    return special


def _new_object(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``object.__new__(cls)``: an object of the class that is given; in a metaclass, the class that is made."""
    owner = f"{act.path}::{act.facts.in_class}"
    if act.facts.in_class is not None and act.world.is_subclass(owner, METACLASS):
        return _first(arguments)
    given = [thing for thing in _first(arguments).things if thing.type.kind is TypeKind.CLASS]
    kinds = {instance(thing.type.name) for thing in given} or {UNKNOWN_TYPE}
    return Value(frozenset(Thing(act.made(span), kind) for kind in kinds))
    yield


FUNCTIONS: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD})
SAME: Final = "leaklint.same"
"""A function that gives back its first argument: what ``functools.wraps(f)`` returns."""


def _caching(*, bounded: bool) -> Special:
    def special(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
        return caches.keep(act, state, arguments, span, bounded=bounded)
        yield

    return special


SPECIAL: Final[dict[str, Special]] = {
    **awaitable_tests.SPECIAL,
    caches.BOUNDED: _caching(bounded=True),
    caches.UNBOUNDED: _caching(bounded=False),
    SAME: _same,
    "functools.wraps": _wraps,
    "asyncio.all_tasks": _every("asyncio.all_tasks", "builtins.set"),
    "contextvars.ContextVar": context_variables.made,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.object.__delattr__": _delattr,
    "builtins.object.__setattr__": _set_plainly,
    "builtins.staticmethod": _staticmethod,
    "builtins.delattr": _delattr,
    "builtins.object.__new__": _new_object,
    "builtins.type.__new__": _new_object,
    "builtins.hasattr": _hasattr,
    "builtins.isinstance": class_tests.is_instance,
    "builtins.len": counts.length,
    "builtins.globals": _globals,
    "builtins.vars": _vars,
    "builtins.super": _super,
    "builtins.type": _type,
    "collections.namedtuple": fields.named_tuple_class,
    "copy.copy": copying.copied,
    "copy.replace": copying.copied,
    "dataclasses.replace": copying.copied,
    "functools.partial": _partial,
    "functools.partialmethod": _partialmethod,
    "functools.singledispatch": generic_functions.made,
    "functools.singledispatchmethod": generic_functions.made_as_method,
    "importlib.import_module": named_imports.import_module,
    "builtins.__import__": named_imports.import_top,
    "operator.methodcaller": dispatching.method_caller,
    dispatching.METHOD_CALLED: dispatching.called_method,
    "multiprocessing.active_children": _every(
        "multiprocessing.active_children", "builtins.list", "multiprocessing.Process"
    ),
    "argparse.Namespace": fields.namespace,
    "types.SimpleNamespace": fields.namespace,
    "threading.active_count": counts.active_threads,
    "threading.enumerate": _every("threading.enumerate", "builtins.list", "threading.Thread"),
}
SPECIAL_METHODS: Final[dict[str, SpecialMethod]] = {
    classes.SUBCLASSES: classes.subclasses,
    "contextlib.AsyncExitStack.push_async_callback": _exit_callback(".awaited"),
    "contextlib.ExitStack.callback": _exit_callback(".callbacks"),
    "contextvars.ContextVar.set": context_variables.set_variable,
    "contextvars.ContextVar.reset": context_variables.reset_variable,
    "contextvars.ContextVar.get": context_variables.get_variable,
    generic_functions.REGISTERS: generic_functions.register,
}
