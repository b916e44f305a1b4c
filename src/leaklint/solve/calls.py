"""Calls: which functions a call may run, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leaklint.ir.effects import Work
from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import NOWHERE, Span
from leaklint.ir.summary import Summary
from leaklint.ir.values import NOTHING, Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import awaitable_tests, caches, cursory, effects, pending, several, survivors, uses
from leaklint.solve.activation import Activation, shape_of
from leaklint.solve.arguments import (
    THERE,
    Arguments,
    bind,
    fits,
    formals_of,
    is_there,
    note_none_given,
    sources_of,
    suspended,
    unpacked,
)
from leaklint.solve.budget import LEFT_OUT
from leaklint.solve.failing import STRICT, is_plain_class, is_quiet_callee, may_refuse
from leaklint.solve.fields import keep_fields
from leaklint.solve.guards import Tested
from leaklint.solve.instantiate import instantiate
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    ELEMENT,
    SYMBOLIC,
    extend,
    join,
    join_all,
    of,
    ordered,
    slot,
    survives,
    unknown,
)
from leaklint.solve.library_calls import call_library, call_library_method, unknown_result
from leaklint.solve.lookup import read_field
from leaklint.solve.members import DECORATED, MAKING, WITHIN, class_member
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State, Token
from leaklint.solve.undoing import assume_removal
from leaklint.solve.validating import unchecked, validate
from leaklint.solve.world import CURSORY, Ask, Shape, Solving, class_path, instance

MAX_CALLEES: Final = 8
FOLLOWED: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.CLASS, TypeKind.PARTIAL})
"""Kinds of callables of which the functions of the project that they call say whether they may fail."""
PLAIN: Final = frozenset({"builtins.int", "builtins.str", "builtins.float", "builtins.bytes", "builtins.NoneType"})


_OF_PROJECT: Final = (TypeKind.FUNCTION, TypeKind.METHOD)
LONGEST: Final = 40
"""Characters of a text that chooses something: a mode, a key of a table."""


def apply(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Solving:
    """Calls whatever ``callee`` may be; the state afterwards is that of all possibilities joined."""
    things = [each for each in ordered(callee.things) if not _is_plain(each)]
    if not things or len(things) > MAX_CALLEES:
        act.fail()
        return unknown_result(act, state, callee, arguments, span)
    if awaitable_tests.variants(act.world, things) or any(each.type.name in act.world.unsure for each in things):
        result = yield from _apply_variants(act, state, things, callee, arguments, span)
        return result
    result = yield from _apply_each(act, state, things, callee, arguments, span)
    return result


def _apply_variants(
    act: Activation, state: State, things: Sequence[Thing], callee: Value, arguments: Arguments, span: Span
) -> Solving:
    """Nobody knows that there is a coroutine to be awaited: one of two functions runs, of which only one gives one, or
    a function of which an unknown decorator may have made something else.
    """
    before = set(pending.tokens_at(state, act.made(span), (Work.COROUTINE,)))
    result = yield from _apply_each(act, state, things, callee, arguments, span)
    for key in pending.tokens_at(state, act.made(span), (Work.COROUTINE,)):
        if key not in before:
            del state.tokens[key]
    return result


def _apply_each(
    act: Activation, state: State, things: Sequence[Thing], callee: Value, arguments: Arguments, span: Span
) -> Solving:
    """Calls each of the things that a callee may be, of which one runs: what only one of them does may not happen."""
    results: list[Value] = []
    repeated: set[tuple[object, ...]] = set()
    # one of several functions runs: what it opens, throws away or binds, another one finds as it was
    apart = len(things) > 1 and _are_alternatives(state, things)
    before, opened = set(state.tokens) if apart else set(), dict[tuple[object, ...], Token]()
    start, ends = (state.resets, state.written), []
    for thing in things:
        if apart:
            state.resets, state.written = start
        result = yield from _apply_one(act, state, thing, callee, arguments, span)
        if len(things) > 1:
            now = {key for key, token in state.tokens.items() if token.repeated}
            if results:
                # one of several callees opens what another one would have opened: nothing is opened twice
                for key in now - repeated:
                    state.tokens[key] = state.tokens[key]._replace(repeated=False)
            else:
                repeated = now
        results.append(result)
        ends.append((state.resets, state.written))
        for key in [key for key in state.tokens if key not in before] if apart else ():
            token = state.tokens.pop(key)
            known = opened.get(key)
            opened[key] = token if known is None or token.status > known.status else known
    if apart:
        state.tokens.update(opened)
        state.resets = frozenset.intersection(*(resets for resets, _ in ends))
        state.written = frozenset.intersection(*(written for _, written in ends))
    if any(
        thing.type.kind in _OF_PROJECT and all(each.type.kind is not TypeKind.COROUTINE for each in result.things)
        for thing, result in zip(things, results, strict=True)
    ):
        several.note_others(state, act.made(span))
    for thing, result in zip(things, results, strict=True):
        several.note_other_paths(act, state, thing, result, span)
    return join_all(results)


def _are_alternatives(state: State, things: Sequence[Thing]) -> bool:
    """Whether one of several functions runs, or of the methods of one object, where no loop goes through them all."""
    kinds = {each.type.kind for each in things}
    if kinds == {TypeKind.METHOD} and state.iterating.isdisjoint(each.path for each in things):
        return len({state.heap.get(slot(each.path, "<self>")) for each in things} - {None}) == 1
    return kinds == {TypeKind.FUNCTION}


def _is_plain(thing: Thing) -> bool:
    """Whether it is a constant, a text or a number, which nobody can call: a default, or a key of the table."""
    of_plain = thing.type.kind is TypeKind.INSTANCE and thing.type.name in PLAIN
    return of_plain or thing.type.kind is TypeKind.CONSTANT


def _apply_one(act: Activation, state: State, thing: Thing, callee: Value, arguments: Arguments, span: Span) -> Solving:
    """Calls one thing, by what it is: a function, a bound method, a class, a name of a library, …"""
    from leaklint.solve import decorating

    kind = thing.type.kind
    if kind not in FOLLOWED:
        if not is_quiet_callee(act, thing):
            act.fail(STRICT.get(thing.type.name, ()))
        act.risks |= not act.catching and may_refuse(act, thing, arguments)
    if decorating.makes_wrapped(act, thing, arguments, span):
        return decorating.wrapped(act, state, thing, arguments, span)
    if kind is TypeKind.FUNCTION:
        result = yield from _call_function(act, state, thing, arguments, span)
        if span in act.world.decorations(act.path):
            decorating.keep_call_for_decorator(act, state, thing, arguments, result, span)
            return decorating.or_same(act, thing, arguments, result)
    elif kind is TypeKind.METHOD:
        receiver = state.heap.get(slot(thing.path, "<self>"))
        if receiver is None:
            receiver = read_field(act, state, slot(thing.path, "<self>")) or _receiver(thing)
        receiver = _of_its_class(act, receiver, thing)
        function = read_field(act, state, slot(thing.path, "<func>")) or NOTHING
        target = Thing(CONSTANT_PATH, Type(TypeKind.FUNCTION, thing.type.name))
        target = next((each for each in ordered(function.things) if each.type == target.type), target)
        result = yield from _call_function(act, state, target, arguments.before([receiver]), span)
    elif kind is TypeKind.CLASS:
        result = yield from _construct(act, state, thing, arguments, span)
        if span in act.world.decorations(act.path):
            decorating.keep_decorated(act, state, result, arguments)
    elif kind is TypeKind.LIBRARY:
        result = yield from call_library(act, state, thing.type.name, arguments, span, callee)
    elif kind is TypeKind.LIBRARY_METHOD:
        receiver = state.heap.get(slot(thing.path, "<self>")) or read_field(act, state, slot(thing.path, "<self>"))
        if thing.type == MAKING and receiver is not None:
            result = NOTHING
            for each in ordered(receiver.things):
                made = yield from _construct(act, state, each, arguments, span, by_metaclass=False)
                result = join(result, made)
            return result
        result = yield from call_library_method(act, state, thing, receiver, arguments, span, callee)
    elif kind is TypeKind.PARTIAL:
        inner, bound = unpacked(act, state, thing)
        merged = Arguments((*bound.positional, *arguments.positional), (*bound.named, *arguments.named), arguments.rest)
        within = read_field(act, state, slot(thing.path, WITHIN))
        if within is not None:
            result = yield from decorating.call_within(act, state, within, inner, merged, span)
        else:
            result = yield from apply(act, state, inner, merged, span)
    elif kind is TypeKind.INSTANCE and "::" in thing.type.name:
        method = yield from class_member(act, state, thing.type.name, "__call__", bound_to=thing, on_class=False)
        if method is None and decorating.decorates(act, state, thing, arguments):
            return decorating.decorated(act, state, thing, arguments, span)
        method = method or read_field(act, state, slot(thing.path, DECORATED))
        if method is None:
            return unknown_result(act, state, callee, arguments, span)
        result = yield from apply(act, state, method, arguments, span)
    elif kind is TypeKind.INSTANCE:
        if decorating.decorates(act, state, thing, arguments):
            return decorating.decorated(act, state, thing, arguments, span)
        uses.use_on_loop(act, state, thing, span)
        row = act.world.models.method(thing.type.name, "__call__")
        if row is None:
            return unknown_result(act, state, callee, arguments, span)
        result = yield from call_library(act, state, row, arguments.before([of(thing)]), span, callee)
    else:
        caches.clear(state, thing)
        _assume_emptied(state, thing, callee)
        if len(arguments.positional) == 1:
            assume_removal(act, state, thing, arguments.positional[0], span)
        result = unknown_result(act, state, callee, arguments, span)
    return result


def _assume_emptied(state: State, method: Thing, callee: Value) -> None:
    """``clear`` of what a place holds, where all that is known is a container that this invocation may have put there.

    Then it is one as well where an earlier invocation has put it there.
    """
    place = Path(method.path.root, method.path.fields[:-1])
    others = [Path(each.path.root, each.path.fields[:-1]) for each in callee.things if each != method]
    if method.path.fields[-1:] != (".clear",) or not others or not survives(place):
        return
    if all(each.root.kind is RootKind.MADE and state.kept_at(each) == place for each in others):
        effects.reset(state, place)


def _receiver(method: Thing) -> Value:
    """The object of a method that another function has looked up: the one in whose field it seems to lie.

    A parameter may carry the method too deep for its shape to say: the caller knows the object then.
    """
    owner, _, name = method.type.name.rpartition(".")
    fields = method.path.fields
    if not fields or "::" not in owner:
        return NOTHING
    if method.path.root.kind in SYMBOLIC:
        return of(Thing(slot(method.path, "<self>"), instance(owner)))
    if not survives(method.path) or fields[-1] != f".{name}":
        return NOTHING
    holder = Path(method.path.root, fields[:-1])
    return of(Thing(holder, Type(TypeKind.CLASS, owner) if holder == class_path(owner) else instance(owner)))


def _of_its_class(act: Activation, receivers: Value, method: Thing) -> Value:
    """Of the objects to which the methods in one place are bound, those whose class has this one."""
    owner, order = method.type.name.rpartition(".")[0], act.world.order
    others = {
        each for each in receivers.things if each.type.kind is TypeKind.INSTANCE and owner not in order(each.type.name)
    }
    return Value(receivers.things - others or receivers.things, receivers.sources) if others else receivers


def _call_function(act: Activation, state: State, thing: Thing, arguments: Arguments, span: Span) -> Solving:
    facts = act.world.program.function(thing.type.name)
    if facts is None:
        return unknown_result(act, state, of(thing), arguments, span)
    cached, thing = caches.bound_of(act, thing), caches.without(thing)
    if facts.is_async and not facts.is_generator:
        if not fits(formals_of(facts), arguments):
            return unknown_result(act, state, of(thing), arguments, span)
        return suspended(act, state, of(thing), arguments, span)
    bound = bind(act, state, formals_of(facts), arguments, span)
    guards = state.guards
    if cached is not None:
        # what it does is done once for each of the arguments
        asked = frozenset({uses.cache_of(thing)}).union(*(deep_sources(state, value) for value in bound))
        state.guards = guards | {Tested(asked, False, span)}
    result = yield from call_project(act, state, thing, bound, span)
    state.guards = guards
    if cached is not None and not act.importing:
        summary: Summary = yield Ask("function", thing.type.name)
        chosen = yield from _chosen_key(act, state, thing, arguments, span)
        uses.cached_call(act, state, thing, facts, bound, cached, summary, result, chosen, span)
    return caches.kept(act, state, thing, facts, result) if cached is not None else result


def _chosen_key(act: Activation, state: State, cached: Thing, arguments: Arguments, span: Span) -> Solving:
    """The key under which a cache keeps a result, where a function of the project makes it of the arguments."""
    maker = act.world.cache_keys.get(cached.type.name)
    if maker is None:
        return None
    result = yield from apply(act, state, maker, arguments, span)
    return result


def call_project(act: Activation, state: State, thing: Thing, bound: Sequence[Value], span: Span | None) -> Solving:
    """Runs the body of a project's function with bound arguments."""
    span = span or NOWHERE
    facts = act.world.program.function(thing.type.name)
    if facts is None:
        return unknown(act.made(span))
    captured = [read_field(act, state, slot(thing.path, f"<{name}>")) or NOTHING for name in facts.free]
    busy = cursory.busy(act, state, [*bound, *captured])
    if busy == ():
        result = yield from cursory.result_of_call(act, state, thing, facts, span)
        if result is not None:
            return result
    bound = _with_defaults(act, state, thing, facts, bound, span)
    note_none_given(state, formals_of(facts), bound)
    shapes: list[tuple[int, Shape]] = []
    texts: dict[int, Shape] = {}
    compared, optional = act.world.choosing(thing.type.name, facts)
    for index, value in enumerate(bound):
        text = _text(value)
        if text is not None and index in compared:
            texts[index] = frozenset({(text, ())})
        shape = shape_of(act, state, value)
        if index in optional and is_there(value):
            shape = frozenset((kind, (*fields, THERE)) for kind, fields in shape)
        if shape:
            shapes.append((index, shape))
    for position, value in enumerate(captured):
        shape = shape_of(act, state, value)
        if shape:
            shapes.append((-1 - position, shape))
    if act.world.examines:
        act.world.calls.setdefault(act.identity, {}).setdefault(thing.type.name, act.place(span))
    chosen = tuple((index, texts.get(index, shape)) for index, shape in shapes)
    question = act.world.specialised(thing.type.name, chosen, tuple(shapes))
    if busy is not None:
        question = question._replace(what=CURSORY, busy=busy)
    summary: Summary = yield question
    summary = yield from survivors.knowing(act, state, question, summary, bound)
    if summary.fails or thing.type.name in act.world.altered:
        act.fail(summary.raises if thing.type.name not in act.world.altered else ())
    if summary is LEFT_OUT:
        return unknown_result(act, state, of(thing), Arguments(tuple(bound)), span)
    cells = dict(zip(facts.free, captured, strict=True))
    cell_paths = {name: slot(thing.path, f"<{name}>") for name in facts.free}
    for name in facts.free:
        owner = state.heap.get(slot(thing.path, f"<cell {name}>")) or act.world.field(
            slot(thing.path, f"<cell {name}>")
        )
        if owner is not None and owner.things:
            cell_paths[name] = next(iter(ordered(owner.things))).path
    result = yield from instantiate(act, state, summary, list(bound), span, cells=cells, cell_paths=cell_paths)
    return result


def _text(value: Value) -> Type | None:
    """The type of a value that is one short constant text."""
    if len(value.things) != 1:
        return None
    (thing,) = value.things
    constant = thing.type.constant
    short = constant is not None and isinstance(constant[1], str) and len(constant[1]) <= LONGEST
    return thing.type if short and thing.type.kind is TypeKind.CONSTANT else None


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


def _construct(
    act: Activation, state: State, thing: Thing, arguments: Arguments, span: Span, *, by_metaclass: bool = True
) -> Solving:
    """An object of a project's class is made."""
    world, class_name = act.world, thing.type.name
    if not is_plain_class(act, class_name):
        act.fail()
    if world.is_subclass(class_name, uses.ENUMS):
        # no new object: one of the members, if there is such a one
        act.fail({"builtins.ValueError"})
        return of(Thing(extend(thing.path, ELEMENT), instance(class_name)), sources=sources_of(arguments))
    known = world.classes.get(class_name)
    if known is not None and known.metaclass and by_metaclass:
        call = yield from class_member(act, state, known.metaclass, "__call__", bound_to=thing, on_class=False)
        if call is not None and known.metaclass != thing.type.name:
            result = yield from apply(act, state, call, arguments, span)
            return result
    maker = yield from class_member(act, state, class_name, "__new__", bound_to=thing, on_class=True)
    made = Thing(act.made(span), instance(class_name))
    result = of(made, sources=sources_of(arguments))
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
            yield from keep_fields(act, state, each, class_name, arguments, span)
            data = Value(frozenset(), sources_of(arguments))
            yield from validate(act, state, each, data, span, unchecked(arguments))
            after = yield from class_member(act, state, each.type.name, "__post_init__", bound_to=each, on_class=False)
            if after is not None:
                yield from apply(act, state, after, Arguments(), span)
    return result
