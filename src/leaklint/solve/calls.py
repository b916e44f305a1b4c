"""Calls: which functions a call may run, how arguments meet parameters, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import NOWHERE, Span
from leaklint.ir.summary import CallKind, Formal, Moment, Summary
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, Type, TypeKind, Value
from leaklint.models.load import GIVEN
from leaklint.solve import builtin_calls, effects, pending, uses
from leaklint.solve.activation import Activation, shape_of
from leaklint.solve.instantiate import instantiate
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    ELEMENT,
    VARIES,
    extend,
    join_all,
    of,
    ordered,
    single_constant,
    slot,
    unknown,
    with_sources,
)
from leaklint.solve.lookup import library, read_field
from leaklint.solve.members import class_member
from leaklint.solve.state import State
from leaklint.solve.world import Ask, Solving, instance

MAX_CALLEES: Final = 8
MAX_SPECIALISATIONS: Final = 4


TEXT_METHODS: Final = frozenset(f".{name}" for name in dir(str) if not name.startswith("_"))
"""Methods that make the same of the same text."""


class Arguments(NamedTuple):
    """The arguments of a call: by position, by name, and what stands for any further ones (``*args``)."""

    positional: tuple[Value, ...] = ()
    named: tuple[tuple[str, Value], ...] = ()
    rest: Value | None = None
    """Joined elements of starred arguments of unknown length."""

    def everything(self) -> list[Value]:
        """All argument values."""
        values = [*self.positional, *(value for _, value in self.named)]
        return [*values, self.rest] if self.rest is not None else values

    def before(self, first: Sequence[Value]) -> Arguments:
        """The same with further arguments in front."""
        return Arguments((*first, *self.positional), self.named, self.rest)


def apply(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Solving:
    """Calls whatever ``callee`` may be; the state afterwards is that of all possibilities joined."""
    things = list(ordered(callee.things))
    if not things or len(things) > MAX_CALLEES:
        return unknown_result(act, state, callee, arguments, span)
    results = []
    for thing in things:
        result = yield from _apply_one(act, state, thing, callee, arguments, span)
        results.append(result)
    return join_all(results)


def unknown_result(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Value:
    """Nothing is known of the callee: work passed to it counts as settled, its result carries all request data."""
    decorated = _decorated(act, arguments, span)
    if decorated is not None:
        return decorated
    sources: set[Path] = {_owner(source) for source in callee.sources}
    if not all(thing.path.fields[-1:] and thing.path.fields[-1] in TEXT_METHODS for thing in callee.things):
        sources.add(VARIES)
    for value in arguments.everything():
        sources |= effects.deep_sources(state, act.world, value)
        pending.hand_over(state, value)
    for thing in callee.things:
        receiver = state.heap.get(slot(thing.path, "<self>"))
        if receiver is not None:
            sources |= effects.deep_sources(state, act.world, receiver)
    return unknown(act.made(span), frozenset(sources))


def _owner(source: Path) -> Path:
    """Of ``request.args.get``, what is called is a method of the data, and ``request.args`` is the data."""
    if source.root.kind is RootKind.PARAMETER and source.fields and source.fields[-1].startswith("."):
        return Path(source.root, source.fields[:-1])
    return source


def _decorated(act: Activation, arguments: Arguments, span: Span) -> Value | None:
    """What an unknown decorator makes of a function or class: as far as one can tell, the same."""
    if len(arguments.positional) != 1 or arguments.named:
        return None
    (value,) = arguments.positional
    for thing in value.things:
        if thing.type.kind in (TypeKind.FUNCTION, TypeKind.INSTANCE) and span in act.world.decorations(act.path):
            return value
        if thing.type.kind is TypeKind.CLASS:
            known = act.world.program.class_(thing.type.name)
            if known is not None and known.decorators and span.line < known.name_span.line:
                return value
    return None


def _apply_one(act: Activation, state: State, thing: Thing, callee: Value, arguments: Arguments, span: Span) -> Solving:
    kind = thing.type.kind
    if kind is TypeKind.FUNCTION:
        result = yield from _call_function(act, state, thing, arguments, span)
    elif kind is TypeKind.METHOD:
        receiver = state.heap.get(slot(thing.path, "<self>"))
        if receiver is None:
            receiver = read_field(act, state, slot(thing.path, "<self>")) or NOTHING
        function = read_field(act, state, slot(thing.path, "<func>")) or NOTHING
        target = next(iter(function.things), Thing(CONSTANT_PATH, Type(TypeKind.FUNCTION, thing.type.name)))
        result = yield from _call_function(act, state, target, arguments.before([receiver]), span)
    elif kind is TypeKind.CLASS:
        result = yield from _construct(act, state, thing, arguments, span)
    elif kind is TypeKind.LIBRARY:
        result = yield from call_library(act, state, thing.type.name, arguments, span, callee)
    elif kind is TypeKind.LIBRARY_METHOD:
        receiver = state.heap.get(slot(thing.path, "<self>")) or read_field(act, state, slot(thing.path, "<self>"))
        result = yield from _call_library_method(act, state, thing, receiver, arguments, span, callee)
    elif kind is TypeKind.PARTIAL:
        inner, bound = unpacked(act, state, thing)
        merged = Arguments((*bound.positional, *arguments.positional), (*bound.named, *arguments.named), arguments.rest)
        result = yield from apply(act, state, inner, merged, span)
    elif kind is TypeKind.INSTANCE and "::" in thing.type.name:
        method = yield from class_member(act, state, thing.type.name, "__call__", bound_to=thing, on_class=False)
        if method is None:
            return unknown_result(act, state, callee, arguments, span)
        result = yield from apply(act, state, method, arguments, span)
    elif kind is TypeKind.INSTANCE:
        row = act.world.models.method(thing.type.name, "__call__")
        if row is None:
            return unknown_result(act, state, callee, arguments, span)
        result = yield from call_library(act, state, row, arguments.before([of(thing)]), span, callee)
    else:
        result = unknown_result(act, state, callee, arguments, span)
    return result


# ------------------------------------------------------------------------------------------------------- project's code
def _call_function(act: Activation, state: State, thing: Thing, arguments: Arguments, span: Span) -> Solving:
    facts = act.world.program.function(thing.type.name)
    if facts is None:
        return unknown_result(act, state, of(thing), arguments, span)
    cached = builtin_calls.cache_of(act.world, thing.type.name)
    if facts.is_async and not facts.is_generator:
        return suspended(act, state, of(thing), arguments, span)
    bound = bind(act, state, formals_of(facts), arguments, span)
    result = yield from call_project(act, state, thing, bound, span)
    if cached is not None and not act.importing:
        summary: Summary = yield Ask("function", thing.type.name)
        uses.cached_call(act, state, thing, facts, bound, cached, summary, result, span)
    return _kept_by_cache(state, thing, result) if cached is not None else result


def _kept_by_cache(state: State, function: Thing, result: Value) -> Value:
    """What a caching function returns survives in its cache."""
    place = slot(Path(function.path.root), "<cached>")
    things = set()
    for thing in result.things:
        if thing.path.root.kind is not RootKind.MADE or thing.type.kind is not TypeKind.INSTANCE:
            things.add(thing)
            continue
        things.add(Thing(place, thing.type))
        for path, value in state.heap.under(thing.path.root).items():
            if path.fields[: len(thing.path.fields)] == thing.path.fields:
                rest = path.fields[len(thing.path.fields) :]
                kept = frozenset(
                    Thing(Path(place.root, (*place.fields, *rest)), each.type)
                    if each.path.root.kind is RootKind.MADE
                    else each
                    for each in value.things
                )
                if rest:
                    state.heap[Path(place.root, (*place.fields, *rest))] = Value(kept, value.sources)
    return Value(frozenset(things), result.sources)


def call_project(act: Activation, state: State, thing: Thing, bound: Sequence[Value], span: Span | None) -> Solving:
    """Runs the body of a project's function with bound arguments."""
    span = span or NOWHERE
    facts = act.world.program.function(thing.type.name)
    if facts is None:
        return unknown(act.made(span))
    captured = [read_field(act, state, slot(thing.path, f"<{name}>")) or NOTHING for name in facts.free]
    bound = _with_defaults(act, state, thing, facts, bound, span)
    shapes: list[tuple[int, object]] = []
    for index, value in enumerate(bound):
        shape = shape_of(state, act.world, value)
        if shape:
            shapes.append((index, shape))
    for position, value in enumerate(captured):
        shape = shape_of(state, act.world, value)
        if shape:
            shapes.append((-1 - position, shape))
    question = act.world.specialised(thing.type.name, tuple(shapes))  # type: ignore[arg-type]
    summary: Summary = yield question
    cells = dict(zip(facts.free, captured, strict=True))
    cell_paths = {name: slot(thing.path, f"<{name}>") for name in facts.free}
    for name in facts.free:
        owner = state.heap.get(slot(thing.path, f"<cell {name}>")) or act.world.field(
            slot(thing.path, f"<cell {name}>")
        )
        if owner is not None:
            cell_paths[name] = next(iter(owner.things)).path
    result = yield from instantiate(act, state, summary, list(bound), span, cells=cells, cell_paths=cell_paths)
    return result


def formals_of(facts: FunctionFacts) -> tuple[Formal, ...]:
    """The parameters of a project's function."""
    return tuple(Formal(each.name, each.kind, each.has_default) for each in facts.parameters)


def _with_defaults(
    act: Activation, state: State, thing: Thing, facts: FunctionFacts, bound: Sequence[Value], span: Span
) -> list[Value]:
    result = []
    for formal, value in zip(facts.parameters, bound, strict=False):
        if value is NOTHING and formal.has_default:
            stored = read_field(act, state, slot(thing.path, f"<default {formal.name}>"))
            result.append(stored if stored is not None else NOTHING)
            if stored is not None:
                uses.read_snapshots(act, state, stored, span)
        else:
            result.append(value)
    return result


def bind(act: Activation, state: State, formals: Sequence[Formal], arguments: Arguments, span: Span) -> list[Value]:
    """Values of the parameters, in order; nothing where an argument is not given."""
    named = dict(arguments.named)
    positional = list(arguments.positional)
    result: list[Value] = []
    for index, formal in enumerate(formals):
        if formal.kind == "star":
            path = act.made(span, f"*{index}")
            if positional or arguments.rest is not None:
                state.heap[extend(path, ELEMENT)] = join_all(
                    [*positional, *([arguments.rest] if arguments.rest is not None else [])]
                )
                for position, value in enumerate(positional[:6]):
                    state.heap[extend(path, f"[{position}]")] = value
            sources = frozenset().union(*(value.sources for value in [*positional, arguments.rest] if value))
            result.append(of(Thing(path, instance("builtins.tuple")), sources=sources))
            positional = []
        elif formal.kind == "double_star":
            path = act.made(span, f"**{index}")
            sources = frozenset()
            for name, value in named.items():
                state.heap[extend(path, f"[{name!r}]")] = value
                sources |= value.sources
            result.append(of(Thing(path, instance("builtins.dict")), sources=sources))
            named = {}
        elif formal.kind in ("positional", "either") and positional:
            result.append(positional.pop(0))
        elif formal.name in named and formal.kind != "positional":
            result.append(named.pop(formal.name))
        elif arguments.rest is not None and formal.kind in ("positional", "either"):
            result.append(arguments.rest)
        else:
            result.append(NOTHING)
    return result


def suspended(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Value:
    """A coroutine function is called: nothing runs, a coroutine that somebody has to await is made."""
    path = act.made(span)
    kept = keep_call(act, state, path, callee, arguments)
    value = of(Thing(path, Type(TypeKind.COROUTINE, kept)), sources=_sources_of(arguments))
    effects.open_coroutine(act, state, path, callee, span)
    return value


def keep_call(act: Activation, state: State, path: Path, callee: Value, arguments: Arguments) -> str:
    """Stores a callable and its arguments in the fields of an object; gives the shape that ``unpacked`` needs."""
    state.heap[slot(path, "<func>")] = callee
    for index, value in enumerate(arguments.positional):
        state.heap[slot(path, f"<{index}>")] = value
    for name, value in arguments.named:
        state.heap[slot(path, f"<{name}=>")] = value
    if arguments.rest is not None:
        state.heap[slot(path, "<rest>")] = arguments.rest
    names = ",".join(name for name, _ in arguments.named)
    return f"{len(arguments.positional)};{names};{'rest' if arguments.rest is not None else ''}"


def unpacked(act: Activation, state: State, thing: Thing) -> tuple[Value, Arguments]:
    """The callable and the arguments that an object carries (a partial, a coroutine)."""

    def at(field: str) -> Value:
        path = slot(thing.path, field)
        stored = read_field(act, state, path)
        return stored if stored is not None else unknown(path, frozenset({thing.path}))

    count, names, rest = thing.type.name.split(";")
    positional = tuple(at(f"<{index}>") for index in range(int(count)))
    named = tuple((name, at(f"<{name}=>")) for name in names.split(",") if name)
    return at("<func>"), Arguments(positional, named, at("<rest>") if rest else None)


def _sources_of(arguments: Arguments) -> Sources:
    sources: frozenset[Path] = frozenset()
    for value in arguments.everything():
        sources |= value.sources
    return sources


def _construct(act: Activation, state: State, thing: Thing, arguments: Arguments, span: Span) -> Solving:
    """An object of a project's class is made."""
    world, class_name = act.world, thing.type.name
    known = world.classes.get(class_name)
    if known is not None and known.metaclass:
        call = yield from class_member(act, state, known.metaclass, "__call__", bound_to=thing, on_class=False)
        if call is not None and known.metaclass != thing.type.name:
            result = yield from apply(act, state, call, arguments, span)
            return result
    maker = yield from class_member(act, state, class_name, "__new__", bound_to=thing, on_class=True)
    made = Thing(act.made(span), instance(class_name))
    result = of(made, sources=_sources_of(arguments))
    if maker is not None and any(each.type.kind in (TypeKind.METHOD, TypeKind.FUNCTION) for each in maker.things):
        result = yield from apply(act, state, maker, arguments, span)
        result = Value(
            frozenset(
                Thing(each.path, instance(class_name)) if each.type.kind is TypeKind.UNKNOWN else each
                for each in result.things
            ),
            result.sources,
        )
    for each in ordered(result.things):
        if each.type.kind is not TypeKind.INSTANCE:
            continue
        starter = yield from class_member(act, state, each.type.name, "__init__", bound_to=each, on_class=False)
        if starter is not None:
            yield from apply(act, state, starter, arguments, span)
        else:
            builtin_calls.keep_fields(act, state, each, class_name, arguments)
    return result


# --------------------------------------------------------------------------------------------------------- library code
def call_library(act: Activation, state: State, name: str, arguments: Arguments, span: Span, callee: Value) -> Solving:
    """Calls a library's function or class by dotted name."""
    world = act.world
    name = world.models.canonical(name)
    special = builtin_calls.SPECIAL.get(name)
    if special is not None:
        result = yield from special(act, state, arguments, span)
        if result is not None:
            return result
    formals = world.models.parameters(name)
    row = world.models.row(name)
    if row is None:
        if world.models.is_class(name):
            value = unknown_result(act, state, callee, arguments, span)
            return of(Thing(act.made(span), instance(name)), sources=value.sources)
        found = world.library_kind(name)
        if found == "coroutine":
            return suspended(act, state, callee, arguments, span)
        return unknown_result(act, state, callee, arguments, span)
    bound, given = bind_row(act, state, formals, world.models.is_method(name), arguments, span)
    summary = world.summary_of_row(name, given)
    assert summary is not None
    if row.always_bounded or any(given.get(each) is not None for each in row.bounded_by):
        world.bounded.add(act.made(span))
    if summary.kind is CallKind.COROUTINE:
        return suspended(act, state, library(name), arguments, span)
    result = yield from instantiate(act, state, summary, bound, span, row=name)
    return result


def run_row(act: Activation, state: State, name: str, arguments: Arguments, span: Span) -> Solving:
    """What awaiting a library's coroutine does."""
    formals = act.world.models.parameters(name)
    bound, given = bind_row(act, state, formals, act.world.models.is_method(name), arguments, span)
    summary = act.world.summary_of_row(name, given)
    if summary is None:
        return unknown_result(act, state, NOTHING, arguments, span)
    result = yield from instantiate(act, state, summary, bound, span, row=name)
    return result


def bind_row(
    act: Activation,
    state: State,
    formals: Sequence[Formal] | None,
    is_method: bool,
    arguments: Arguments,
    span: Span,
) -> tuple[list[Value], dict[str, object]]:
    """Values of a row's parameters, and which of them are given: constants by value."""
    given: dict[str, object] = {}
    if formals is None:
        formals = (Formal("self"),) if is_method else ()
    bound = bind(act, state, formals, arguments, span)
    for formal, value in zip(formals, bound, strict=True):
        if formal.kind in ("star", "double_star") and not any(state.heap.under(t.path.root) for t in value.things):
            bound[formals.index(formal)] = NOTHING
        if value is NOTHING or formal.kind in ("star", "double_star"):
            if formal.kind == "star" and len(arguments.positional) > formals.index(formal):
                given[formal.name] = GIVEN
            continue
        given[formal.name] = _given(value)
    for name, value in arguments.named:
        if name not in given:
            given[name] = _given(value)
    return bound, given


def _given(value: Value) -> object:
    """An argument as the conditions of rows see it: a constant, the dotted name of a library's, or just given."""
    certain, found = single_constant(value)
    if certain:
        return found
    if len(value.things) == 1:
        (thing,) = value.things
        if thing.type.kind is TypeKind.LIBRARY:
            return thing.type.name
    return GIVEN


def _call_library_method(
    act: Activation,
    state: State,
    thing: Thing,
    receiver: Value | None,
    arguments: Arguments,
    span: Span,
    callee: Value,
) -> Solving:
    name = thing.type.name
    models = act.world.models
    if receiver is None:
        receiver = of(Thing(Path(thing.path.root, thing.path.fields[:-1])))
    for owner in receiver.things:
        uses.use_on_loop(act, state, owner, span)
    special = builtin_calls.SPECIAL_METHODS.get(name)
    if special is not None:
        result = yield from special(act, state, receiver, arguments, span)
        return result
    if models.row(name) is None:
        kind = act.world.library_kind(name)
        if kind == "coroutine":
            return suspended(act, state, callee, arguments, span)
        return unknown_result(act, state, with_sources(callee, receiver.sources), arguments, span)
    row = models.row(name)
    full = arguments if row is not None and row.static else arguments.before([receiver])
    if row is not None and row.coroutine:
        return suspended(act, state, library(name), full, span)
    result = yield from call_library(act, state, name, full, span, callee)
    return result


def awaited(act: Activation, state: State, value: Value, span: Span) -> Solving:
    """``await value``: a coroutine's body runs, a task or future is waited for, anything else is opaque."""
    results = []
    for thing in ordered(value.things):
        if thing.type.kind is TypeKind.COROUTINE:
            pending.settle_at(state, thing.path)
            callee, arguments = unpacked(act, state, thing)
            result = yield from run_coroutine(act, state, callee, arguments, span)
            results.append(result)
            continue
        pending.settle_at(state, thing.path)
        if thing.type.kind is TypeKind.INSTANCE:
            awaits = act.world.models.class_row(thing.type.name, "awaited") if "::" not in thing.type.name else None
            if "::" in thing.type.name:
                method = yield from class_member(
                    act, state, thing.type.name, "__await__", bound_to=thing, on_class=False
                )
                if method is not None:
                    yield from apply(act, state, method, Arguments(), span)
            if awaits is not None:
                stored = read_field(act, state, extend(thing.path, ".result"))
                if stored is not None:
                    results.append(stored)
                    continue
        results.append(unknown(act.made(span), frozenset({VARIES})))
    result = join_all(results) if results else unknown(act.made(span))
    return with_sources(result, value.sources)


def run_coroutine(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Solving:
    """The body of a coroutine function runs to its end."""
    results = []
    for thing in ordered(callee.things):
        kind = thing.type.kind
        if kind is TypeKind.FUNCTION:
            facts = act.world.program.function(thing.type.name)
            if facts is None:
                continue
            bound = bind(act, state, formals_of(facts), arguments, span)
            result = yield from call_project(act, state, thing, bound, span)
        elif kind is TypeKind.LIBRARY or (kind is TypeKind.LIBRARY_METHOD and act.world.models.row(thing.type.name)):
            result = yield from run_row(act, state, act.world.models.canonical(thing.type.name), arguments, span)
        else:
            result = unknown_result(act, state, of(thing), arguments, span)
        results.append(result)
    return join_all(results)


def invoked(
    act: Activation,
    state: State,
    value: Value,
    arguments: Sequence[Value],
    moment: Moment,
    span: Span,
    fallback: Sources,
) -> Solving:
    """A callable (or a coroutine) that was handed over is run; where arguments are unknown, ``fallback`` feeds them."""
    results = []
    for thing in ordered(value.things):
        kind = thing.type.kind
        if kind is TypeKind.COROUTINE:
            pending.settle_at(state, thing.path)
            callee, kept = unpacked(act, state, thing)
            result = yield from run_coroutine(act, state, callee, kept, span)
        elif kind in (TypeKind.UNKNOWN, TypeKind.CONSTANT):
            continue
        else:
            rest = Value(frozenset(), fallback) if fallback and not arguments else None
            given = Arguments(tuple(arguments), (), rest)
            result = yield from apply(act, state, of(thing), given, span)
            for made in result.things:
                if made.type.kind is TypeKind.COROUTINE and moment is Moment.LOOP:
                    pending.settle_at(state, made.path)
                    callee, kept = unpacked(act, state, made)
                    result = yield from run_coroutine(act, state, callee, kept, span)
        results.append(result)
    return join_all(results)
