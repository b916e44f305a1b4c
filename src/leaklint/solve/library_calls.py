"""Calls of library code: what rows say of a function or method, and what a call of an unknown one does."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from leaklint.ir.effects import Work
from leaklint.ir.location import Span
from leaklint.ir.summary import CallKind, Formal
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, Type, TypeKind, Value
from leaklint.models.load import GIVEN
from leaklint.solve import (
    builtin_calls,
    by_default,
    caches,
    filenames,
    folders,
    outside,
    overriding,
    pending,
    protocols,
    saving,
    shell,
    uses,
)
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, bind, suspended
from leaklint.solve.draining import take_all
from leaklint.solve.elements import elements, found_or_none
from leaklint.solve.fields import named_tuple
from leaklint.solve.instantiate import instantiate
from leaklint.solve.lattice import (
    ELEMENT,
    NEW,
    PATTERN,
    SYMBOLIC,
    UNKNOWN_CALL,
    VARIES,
    extend,
    is_within,
    of,
    ordered,
    parameter,
    single_constant,
    slot,
    survives,
    unknown,
    with_sources,
)
from leaklint.solve.lookup import library, read_field, stays_none
from leaklint.solve.looping import ALL_OF, COPYING
from leaklint.solve.origins import deep_sources
from leaklint.solve.pairs import as_dictionary
from leaklint.solve.registered import register
from leaklint.solve.state import State
from leaklint.solve.validating import build
from leaklint.solve.world import NAMED_TUPLE, Solving, instance

TEXT_METHODS: Final = frozenset(f".{name}" for name in dir(str) if not name.startswith("_"))
"""Methods that make the same of the same text."""


_OF_PYTHON: Final = frozenset({*sys.stdlib_module_names, "typing_extensions"})
_DECORATED: Final = (TypeKind.FUNCTION, TypeKind.INSTANCE, TypeKind.PARTIAL)
_ALL_BUT_FILES: Final = tuple(work for work in Work if work is not Work.FILE)


def unknown_result(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Value:
    """Nothing is known of the callee: work passed to it counts as settled, its result carries all request data."""
    decorated = _decorated(act, callee, arguments, span)
    if decorated is not None:
        return decorated
    if act.identity == act.world.watched:
        act.world.unknown_calls.add(span)
    sources: set[Path] = set(_without_method(callee))
    if not all(thing.path.fields[-1:] and thing.path.fields[-1] in TEXT_METHODS for thing in callee.things):
        reaches_out = _reaches_out(act, callee)
        sources.add(VARIES if reaches_out else UNKNOWN_CALL)
        for name in sorted({_plain_name(thing) for thing in callee.things}) if reaches_out else ():
            outside.note_change(state, name, arguments)
        if reaches_out and act.importing:
            act.world.from_outside.add(act.made(span))
    for value in arguments.everything():
        sources |= deep_sources(state, value)
        made = RootKind.STATIC if act.importing else RootKind.MADE
        if not _is_put_among_others(callee):
            pending.hand_over(state, value, _ALL_BUT_FILES if _of_python(callee) else (), made=made)
    for thing in callee.things:
        receiver = state.heap.get(slot(thing.path, "<self>"))
        if receiver is not None:
            sources |= deep_sources(state, receiver)
        owner = Path(thing.path.root, thing.path.fields[:-1])
        if thing.type.kind is TypeKind.UNKNOWN and owner.root.kind in SYMBOLIC and owner.fields[-1:] == (ELEMENT,):
            state.handed_over |= {owner}  # whoever puts something there knows what it is, and what waits for it
    return unknown(act.made(span), frozenset(sources))


def _is_put_among_others(callee: Value) -> bool:
    """Whether the call puts something into a container that lies, as it seems, in one that survives."""
    unknown_ones = [thing for thing in callee.things if not thing.type.name.startswith("builtins.")]
    return bool(unknown_ones) and all(
        thing.path.fields[-1:] in ((".add",), (".append",))
        and thing.path.fields[-2:-1] > ("[",)
        and thing.type.kind is TypeKind.UNKNOWN
        and survives(thing.path)
        for thing in unknown_ones
    )


def _plain_name(callee: Thing) -> str:
    """The last part of the name by which something is called."""
    return callee.path.fields[-1].removeprefix(".") if callee.path.fields else callee.type.name.rpartition(".")[2]


def _reaches_out(act: Activation, callee: Value) -> bool:
    """Whether the callee asks the outside world, as a row says, or may, being of what has come from there."""
    if VARIES in callee.sources:
        return True
    own = act.facts.parameters[0].name if act.facts.parameters else ""
    for thing in callee.things:
        root, kind = thing.path.root, thing.type.kind
        if kind in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD):
            if act.world.models.asks_outside(thing.type.name):
                return True
        elif thing.path.fields and (
            is_within(thing.path, act.world.from_outside) or (root == parameter(0).root and own in ("self", "cls"))
        ):
            return True
    return False


def _of_python(callee: Value) -> bool:
    """Whether the callee is certainly of the standard library: what takes files away there has a row."""
    return bool(callee.things) and all(
        thing.type.kind in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD)
        and thing.type.name.partition(".")[0] in sys.stdlib_module_names
        for thing in callee.things
    )


def _without_method(callee: Value) -> Sources:
    """Of ``request.args.get``, what is called is a method of the data, and ``request.args`` is the data."""
    methods = {thing.path.fields[-1] for thing in callee.things if thing.path.fields}
    return frozenset(
        Path(source.root, source.fields[:-1])
        if source.fields and source.fields[-1] in methods and source.fields[-1].startswith(".")
        else source
        for source in callee.sources
    )


def _decorated(act: Activation, callee: Value, arguments: Arguments, span: Span) -> Value | None:
    """What an unknown decorator makes of a function or class: as far as one can tell, the same.

    Only of a coroutine function nobody knows that calling it still gives a coroutine.
    """
    if len(arguments.positional) != 1 or arguments.named or _makes_decorator(act, callee, arguments, span):
        return None
    (value,) = arguments.positional
    for thing in ordered(value.things):
        if thing.type.kind in _DECORATED and span in act.world.decorations(act.path):
            functions = [each.type.name for each in value.things if each.type.kind is TypeKind.FUNCTION]
            act.world.altered.update(functions)
            if not _keeps_async(act, callee):
                act.world.unsure.update(functions)
            return value
        if thing.type.kind is TypeKind.CLASS:
            known = act.world.program.class_(thing.type.name)
            if known is not None and known.decorators and span.line < known.name_span.line:
                return value
    return None


def _keeps_async(act: Activation, decorator: Value) -> bool:
    """Whether a decorator certainly leaves a coroutine function one: Python's do, and those of which that is known."""
    names = {thing.type.name for thing in decorator.things}
    return {thing.type.kind for thing in decorator.things} <= {TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD} and all(
        each.partition(".")[0] in _OF_PYTHON or act.world.models.decorates(each) or act.world.library.keeps_async(each)
        for each in names
    )


def _makes_decorator(act: Activation, callee: Value, arguments: Arguments, span: Span) -> bool:
    """Whether ``@make(f)`` calls ``make`` here: what comes of it decorates, and ``f`` is another function."""
    if not act.world.decorations(act.path).get(span, False) or any(
        each.path == act.made(span) for each in callee.things
    ):
        return False
    given = [
        act.world.program.function(thing.type.name) for value in arguments.positional[:1] for thing in value.things
    ]
    return not any(each is not None and span in each.decorator_spans for each in given)


def call_library(act: Activation, state: State, name: str, arguments: Arguments, span: Span, callee: Value) -> Solving:
    """Calls a library's function or class by dotted name."""
    world = act.world
    if name.startswith(NAMED_TUPLE):
        return named_tuple(act, state, name, arguments, span)
    name = world.models.canonical(name)
    if world.models.asks_outside(name):
        outside.note_change(state, name.rpartition(".")[2], arguments)
        if act.importing:
            world.from_outside.add(act.made(span))
    yield from protocols.tell(act, state, name, arguments, span)
    if name == folders.TEMPORARY_FOLDER:
        return folders.literal("/tmp")
    if name == folders.JOIN:
        arguments = folders.joined(arguments)
        if len(arguments.positional) == 1 and arguments.rest is None:
            return arguments.positional[0]
        for last in arguments.positional[-1:] if arguments.rest is None else ():
            filenames.remember_end(state, Thing(act.made(span)), last)
    if name == "builtins.iter" and len(arguments.positional) == 1:
        (iterated,) = arguments.positional
        if iterated.things and all(uses.is_iterator(world, thing) for thing in iterated.things):
            return iterated  # an iterator is its own
    special = builtin_calls.SPECIAL.get(name)
    if special is not None:
        result = yield from special(act, state, arguments, span)
        if result is not None:
            return result
    formals = world.models.parameters(name)
    row = world.models.row(name)
    registered = yield from register(act, state, name, arguments, span)
    if row is None and registered is not None:
        return registered
    if row is None:
        if _makes_decorator(act, callee, arguments, span) and _keeps_async(act, callee):
            return of(Thing(act.made(span), Type(TypeKind.LIBRARY, builtin_calls.SAME)))
        if world.models.is_class(name):
            value = unknown_result(act, state, callee, arguments, span)
            return of(Thing(act.made(span), instance(name)), sources=(value.sources - {VARIES}) | {NEW})
        found = world.library.describe(name)
        if found.kind == "coroutine":
            return suspended(act, state, library(name), arguments, span)
        value = unknown_result(act, state, callee, arguments, span)
        return of(Thing(act.made(span), instance(found.type)), sources=value.sources) if found.type else value
    for value in arguments.everything() if formals is None else ():
        # nobody says what becomes of its arguments: an iterator among them counts as walked through
        if any(uses.is_iterator(world, thing) for thing in value.things):
            yield from take_all(act, state, value, span)
    bound, given = bind_row(act, state, formals, world.models.is_method(name), arguments, span)
    for index, formal in enumerate(formals or ()):
        if formal.name in row.pairs:
            bound[index] = yield from as_dictionary(act, state, bound[index], span)
    if row.cached is not None:
        names = [formal.name for formal in formals or ()]
        return caches.decorated(act, state, row, dict(zip(names, bound, strict=False)), arguments, span)
    summary = world.summary_of_row(name, given)
    assert summary is not None
    if row.always_bounded or any(given.get(each) is not None for each in row.bounded_by):
        world.bounded.add(act.made(span))
    if summary.kind is CallKind.COROUTINE:
        return suspended(act, state, library(name), arguments, span)
    replacing = [bound[index] for index, formal in enumerate(formals or ()) if formal.name in row.overrides]
    of_method, keys = world.models.is_method(name), overriding.keys_of(state, replacing)
    for value in replacing if of_method else ():
        overriding.override(act, state, bound[0], value, span)
    result = yield from instantiate(act, state, summary, bound, span, row=name, keys=keys)
    if row.none_without and row.none_without not in given and arguments.rest is None:
        result = found_or_none(act, state, result, bound[0], bound[1])
    if formals is None and row.request and not row.constant:
        carried = [deep_sources(state, value) for value in arguments.everything()]
        result = with_sources(result, result.sources.union(*carried))
    first = folders.beginning(name, arguments, bound)
    if first is not None:
        result = folders.put_together(state, result, first)
    if act.importing:
        result = with_sources(result, result.sources | folders.made_at_import(name, given, act.made(span)))
    if name == by_default.MAKING and bound:
        yield from by_default.fill(act, state, result, bound[0], span)
    if name in saving.SAVING and len(arguments.everything()) == 1:
        saving.save(state, result, bound[0])
    if name == "builtins.len":
        saving.save(state, result, bound[0], saving.LENGTH)
    if name in COPYING and bound:
        for thing in result.things:
            state.heap[slot(thing.path, ALL_OF)] = bound[0]
    for term in row.on_loop_of:
        _use_on_loop(act, state, term, dict(zip([formal.name for formal in formals or ()], bound, strict=False)), span)
    for value in (bound[position] for position, formal in enumerate(formals or ()) if formal.name in row.copies):
        overriding.take_over(act, state, name, result, value, span)
    for value in replacing if not of_method else ():
        overriding.override(act, state, result, value, span)
    if row.shell:
        shell.run(act, state, dict(zip([formal.name for formal in formals or ()], bound, strict=False))[row.shell])
    if row.lists:
        position = [formal.name for formal in formals or ()].index(row.lists)
        state.heap[slot(act.made(span), PATTERN)] = bound[position]
    if row.tells_file:
        position = [formal.name for formal in formals or ()].index(row.tells_file)
        state.heap[slot(act.made(span), "<folder>" if row.tells_folder else "<file>")] = bound[position]
    return result


def item_of_library(act: Activation, state: State, target: Value, key: Value, span: Span) -> Solving:
    """The new object that ``object[key]`` gives where a row says so; None where it is one that lies under this key."""
    if len(target.things) == 1:
        (thing,) = target.things
        is_library = thing.type.kind is TypeKind.INSTANCE and "::" not in thing.type.name
        row = act.world.models.method(thing.type.name, "__getitem__") if is_library else None
        if row is not None and not (single_constant(key)[0] and elements(act, state, target).things):
            result = yield from call_library(act, state, row, Arguments((target, key)), span, target)
            return with_sources(result, deep_sources(state, target))
    return None


def _use_on_loop(act: Activation, state: State, term: str, bound: Mapping[str, Value], span: Span) -> None:
    """What a term of a row denotes is used on the loop that runs."""
    name, _, field = term.partition(".")
    for thing in ordered(bound[name].things):
        lies = read_field(act, state, extend(thing.path, f".{field}")) if field else of(thing)
        for each in ordered(lies.things) if lies is not None else ():
            uses.use_on_loop(act, state, each, span)


def run_row(act: Activation, state: State, name: str, arguments: Arguments, span: Span) -> Solving:
    """What awaiting a library's coroutine does."""
    formals = act.world.models.parameters(name)
    bound, given = bind_row(act, state, formals, act.world.models.is_method(name), arguments, span)
    summary = act.world.summary_of_row(name, given)
    if summary is None:
        made = act.world.library.describe(name).type
        value = unknown_result(act, state, NOTHING, arguments, span)
        return of(Thing(act.made(span), instance(made)), sources=value.sources) if made else value
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
            more = len(arguments.positional) - formals.index(formal)
            if formal.kind == "star" and (arguments.rest is not None or more > 0):
                given[formal.name] = GIVEN if arguments.rest is not None else more
            continue
        given[formal.name] = _given(act, value)
    for name, value in arguments.named:
        if name not in given:
            given[name] = _given(act, value)
    return bound, given


def _given(act: Activation, value: Value) -> object:
    """An argument as the conditions of rows see it: a constant, the dotted name of a library's, or just given."""
    certain, found = single_constant(value)
    if certain:
        return found
    if len(value.things) == 1:
        (thing,) = value.things
        if thing.type.kind in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD):
            return thing.type.name
        if thing.path.root.kind is RootKind.VARIABLE and stays_none(act.world, thing.path):
            return None
    return GIVEN


def call_library_method(
    act: Activation,
    state: State,
    thing: Thing,
    receiver: Value | None,
    arguments: Arguments,
    span: Span,
    callee: Value,
) -> Solving:
    """Calls a method of an object of a library by dotted name."""
    name = thing.type.name
    models = act.world.models
    if receiver is None:
        receiver = of(Thing(Path(thing.path.root, thing.path.fields[:-1])))
    seen = receiver.sources
    receiver = with_sources(receiver, _without_method(callee))
    row = models.row(name)
    for owner in ordered(receiver.things):
        uses.use_on_loop(act, state, owner, span, waits=row is not None and row.coroutine)
    special = builtin_calls.SPECIAL_METHODS.get(name)
    if special is not None:
        result = yield from special(act, state, receiver, arguments, span)
        return result
    if row is None:
        registered = yield from register(act, state, name, arguments, span)
        if registered is not None:
            return registered
        if _makes_decorator(act, callee, arguments, span) and _keeps_async(act, callee):
            return of(Thing(act.made(span), Type(TypeKind.LIBRARY, builtin_calls.SAME)))
        found = act.world.library.describe(name)
        if found.kind == "coroutine":
            return suspended(act, state, library(name), arguments.before([receiver]), span)
        value = unknown_result(act, state, with_sources(callee, seen), arguments, span)
        return of(Thing(act.made(span), instance(found.type)), sources=value.sources) if found.type else value
    if row.builds:
        result = yield from build(act, state, receiver, arguments, span)
        return result
    full = arguments if row.static else arguments.before([receiver])
    if row.coroutine:
        return suspended(act, state, library(name), full, span)
    result = yield from call_library(act, state, name, full, span, callee)
    return result
