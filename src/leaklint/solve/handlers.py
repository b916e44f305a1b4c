"""From handlers to effects: each handler is called once, as its platform would call it."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Declare, Pending, Site
from leaklint.ir.facts import FunctionFacts, Parameter
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place
from leaklint.ir.summary import Moment
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Thing, TypeKind, Value
from leaklint.solve import holding, pending
from leaklint.solve.activation import PLATFORM, Activation
from leaklint.solve.annotations import annotated
from leaklint.solve.arguments import Arguments, unpacked
from leaklint.solve.async_generators import ASYNC_GENERATOR
from leaklint.solve.attributes import get_attribute
from leaklint.solve.calls import apply
from leaklint.solve.coroutines import invoked, run_coroutine
from leaklint.solve.injected import injected
from leaklint.solve.lattice import extend, is_from_outside, of, ordered, parameter, slot
from leaklint.solve.lookup import module_name
from leaklint.solve.members import DECORATED
from leaklint.solve.origins import deep_sources
from leaklint.solve.registered import registered_here
from leaklint.solve.replacing import closed_where_kept
from leaklint.solve.run_callables import ends_with_context
from leaklint.solve.state import State, Status, Trace
from leaklint.solve.validating import validate
from leaklint.solve.world import Solving, World, instance

BY_DEFAULT: Final = "handler by default"
OF_CLASS: Final = "handler of "
MOST_CLASSES: Final = 8
"""Classes that inherit a handler, beyond which it is called on an object of the class that defines it alone."""


class Invoked(NamedTuple):
    """What one call of a handler does."""

    handler: Handler
    function: FunctionFacts | None
    bound: int
    """How many of its parameters are bound before the platform gives it any."""
    path: str
    effects: tuple[tuple[AnyEffect, Trace, Status, object], ...]
    written: frozenset[Path]
    """Places that the invocation binds on every path."""
    reads: frozenset[Path]
    reread: frozenset[Path]
    """Places that it reads when it has bound them."""
    trimmed: frozenset[Path]
    """Places that the invocation may empty or take something out of."""
    resets: frozenset[Path]
    """Places that it throws away what was in, on every path."""
    settled: frozenset[Path]
    """What it settles, whoever has opened it: perhaps only where a test says that there is something to settle."""
    sets: frozenset[Path]
    """The context variables that some path of it sets, whatever becomes of that; and what else it settles."""


def callable_of(world: World, handler: Handler) -> Solving:
    """What the handler's name denotes after import; with ``()`` behind it, what a call of it gives then."""
    head, *rest = handler.attribute.removesuffix("()").split(".")
    value = yield from module_name(world, handler.path, head)
    if value is None:
        return None
    act = _outside(world, handler)
    state = State()
    for name in rest:
        value = yield from get_attribute(act, state, value, name)
    if handler.attribute.endswith("()"):
        value = yield from apply(act, state, value, Arguments((NOTHING,), ()), handler.place.span)
    return value


def _outside(world: World, handler: Handler) -> Activation:
    facts = FunctionFacts(
        name=PLATFORM,
        span=handler.place.span,
        name_span=handler.place.span,
        parameters=tuple(
            Parameter(name, "either", handler.place.span) for name in ("event", "context", "third", "fourth")
        ),
    )
    return Activation(world, f"{handler.path}::{PLATFORM}", facts, importing=False)


def signature(world: World, value: Value) -> Solving:
    """The function behind a callable, and how many of its parameters are bound already; None where there is none."""
    for thing in ordered(value.things):
        if thing.type.kind in (TypeKind.FUNCTION, TypeKind.METHOD):
            facts = world.program.function(thing.type.name)
            if facts is not None:
                return facts, 1 if thing.type.kind is TypeKind.METHOD else 0, thing.type.name.partition("::")[0]
        if thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name:
            known = world.classes.get(thing.type.name)
            if known is None:
                continue
            for owner in world.order(thing.type.name):
                facts = world.program.function(f"{owner}.__call__") if "::" in owner else None
                if facts is not None:
                    return facts, 1, owner.partition("::")[0]
            decorated = world.field(slot(thing.path, DECORATED))
            found = (yield from signature(world, decorated)) if decorated is not None else None
            if found is not None:
                return found
        if thing.type.kind is TypeKind.PARTIAL:
            inner = world.field(slot(thing.path, "<func>"))
            count, names, _ = thing.type.name.split(";")
            if inner is not None:
                found = yield from signature(world, inner)
                if found is not None:
                    return _with_defaults(found[0], names.split(",")), found[1] + int(count), found[2]
    return None


def _with_defaults(facts: FunctionFacts, names: list[str]) -> FunctionFacts:
    """A function whose parameters of these names are given by keyword, unless a caller gives others."""
    parameters = tuple(
        msgspec.structs.replace(each, kind="keyword", has_default=True) if each.name in names else each
        for each in facts.parameters
    )
    return msgspec.structs.replace(facts, parameters=parameters)


def ways(world: World, handler: Handler) -> list[str]:
    """How a handler is called, as questions: callers may leave out what has a default, and classes may inherit it."""
    inheriting = [f"{OF_CLASS}{each}" for each in handler.of_classes if each in world.classes]
    found = ["handler"] if handler.replaces_defaults else ["handler", BY_DEFAULT]
    return [*found, *inheriting] if len(inheriting) <= MOST_CLASSES else found


def invoke(world: World, handler: Handler, way: str, nth: int) -> Solving:
    """Calls a handler in one of these ways; gives what it did, or None where the name is no callable of the project.

    ``BY_DEFAULT`` gives it only the arguments that it requires; None too where it requires all, or where a platform
    calls it and none of its defaults is an object that may be changed. ``nth`` is which of several callables of its
    name is called.
    """
    by_default, of_class = way == BY_DEFAULT, way.removeprefix(OF_CLASS) if way.startswith(OF_CLASS) else ""
    act = _outside(world, handler)
    state = State()
    registration = world.registered.get(f"{handler.path}::{handler.attribute}")
    if registration is None:
        value = yield from callable_of(world, handler)
    else:
        value = of(list(ordered(registration.value.things))[nth])
    if value is None:
        return None
    found = yield from signature(world, value)
    facts, bound, path = found if found is not None else (None, 0, handler.path)
    if facts is None:
        return None
    receiver = _receiver(world, state, handler, facts, of_class) if not bound else None
    bound += receiver is not None
    free = [each for each in facts.parameters[bound:] if each.kind in ("positional", "either")]
    required = [each for each in free if not each.has_default]
    declares, is_public = handler.source is Source.DECORATOR, handler.source is Source.PUBLIC
    if by_default and not (len(required) < len(free) if is_public else _keeps_default(world, value, facts)):
        return None
    variadic = any(each.kind == "star" for each in facts.parameters)
    count = len(required) if by_default else len(free) if not variadic else max(2, len(free))
    if handler.platform in (Platform.AWS_LAMBDA, Platform.AWS_LAMBDA_MANAGED):
        count = min(count, handler.arguments) if handler.source not in (Source.DECORATOR, Source.PUBLIC) else count
    formals = dict(enumerate(facts.parameters[bound:]))
    given: list[Value] = []
    named: list[tuple[str, Value]] = []
    rest: Value | None = None
    for index in range(max(len(formals), count)):
        formal = formals.get(index)
        if formal is not None and formal.kind == "double_star" and declares and not by_default:
            rest = yield from _argument(act, state, value, index, None)
        elif index < min(count, 8):
            given.append((yield from _argument(act, state, value, index, formal if declares else None)))
        elif formal is not None and formal.kind == "keyword" and declares and not (by_default and formal.has_default):
            named.append((formal.name, (yield from _argument(act, state, value, index, formal))))
    declared: list[AnyEffect] = []
    sets: set[Path | None] = set()
    first = [receiver] if receiver is not None else []
    if handler.takes_request and given and not facts.parameters[0].annotation and facts.in_class is None:
        given[0] = Value(frozenset({Thing(parameter(0), instance(handler.takes_request))}), given[0].sources)
    arguments = Arguments((*first, *given), tuple(named), rest)
    result: Value = yield from apply(act, state, value, arguments, facts.name_span)
    if not declares:
        yield from _answer(act, state, facts)
    for thing in ordered(result.things):
        if thing.type == ASYNC_GENERATOR and facts.is_async and not handler.awaited:
            declared.append(_declared(handler, facts, path))
        if thing.type.kind is TypeKind.COROUTINE:
            if not handler.awaited and not facts.is_async and not _is_entry(world, state, thing, handler):
                continue  # the handler gives away a coroutine of another function: nobody awaits that one
            pending.settle_at(state, thing.path)
            if handler.awaited:
                callee, arguments = unpacked(act, state, thing)
                yield from run_coroutine(act, state, callee, arguments, facts.name_span)
                # the platform runs it in a task, which has a context of its own, on a loop that goes on running
                for key in [key for key, token in state.tokens.items() if _ends_with_task(token.effect)]:
                    sets.add(state.tokens.pop(key).effect.path)
            else:
                declared.append(_declared(handler, facts, path))
    if handler.copies_context:
        for key in [key for key, token in state.tokens.items() if ends_with_context(token.effect)]:
            sets.add(state.tokens.pop(key).effect.path)
    # what a framework calls gets the arguments of the framework, and a decorator may give it some of its own
    called_by_lambda = handler.declared and handler.source is not Source.DECORATOR and not facts.decorators
    if len(required) == 3 > handler.arguments and handler.platform is Platform.AWS_LAMBDA and called_by_lambda:
        declared.append(
            Declare(
                site=Site(path, facts.name, facts.name_span),
                what="node-handler",
                platform=handler.platform.value,
                operation=required[2].name,
            )
        )
    sets.update(token.effect.path for token in state.tokens.values() if ends_with_context(token.effect))
    world.put_for_request |= _put_for_request(state)
    left = [token for token in state.tokens.values() if not holding.is_said_of_work(state, token)]
    left = [token._replace(effect=closed_where_kept(state, token.effect)) for token in left]
    found_effects = [(token.effect, token.trace[1:], token.status, token.skipped_at) for token in left]
    found_effects += [(each, (), Status.OPEN, None) for each in declared]
    return Invoked(
        handler,
        facts,
        bound,
        path,
        tuple(found_effects),
        state.written,
        state.reads,
        state.reread,
        state.trimmed,
        state.resets,
        frozenset(state.settled),
        frozenset(filter(None, sets)).union(state.settled),
    )


def _put_for_request(state: State) -> set[Path]:
    """Where request data has been put into what a framework has for each request: ``g.user``."""
    return {
        place
        for place, value in state.heap.items()
        if place.fields
        and place.root.owner == "request"
        and any(is_from_outside(each) and each.root != place.root for each in deep_sources(state, value))
    }


def _keeps_default(world: World, value: Value, facts: FunctionFacts) -> bool:
    """Whether a default is an object that each call gets which leaves it out: a list, or an object of the project."""
    kept = [
        world.field(slot(thing.path, f"<default {formal.name}>")) or NOTHING
        for thing in value.things
        for formal in facts.parameters
        if formal.has_default
    ]
    return any(thing.type.kind is TypeKind.INSTANCE for each in kept for thing in each.things)


def _answer(act: Activation, state: State, facts: FunctionFacts) -> Solving:
    """What the invocation itself has handed to a framework answers the request (``Mangum(make())(event, context)``)."""
    before = set(state.tokens)
    request = of(Thing(parameter(0)), sources=frozenset({parameter(0)}))
    for registrar, thing in registered_here(state):
        path, _, name = thing.type.name.partition("::")
        function = act.world.program.function(thing.type.name)
        if function is not None and act.world.overview.registered(registrar, path, name) is not None:
            given = [request for each in function.parameters if each.kind in ("positional", "either")]
            yield from invoked(act, state, of(thing), Arguments(tuple(given)), Moment.LOOP, facts.name_span)
    for key in [key for key, token in state.tokens.items() if key not in before and _ends_with_task(token.effect)]:
        del state.tokens[key]


def _argument(act: Activation, state: State, value: Value, index: int, formal: Parameter | None) -> Solving:
    """What the platform gives for a parameter: request data, or what a dependency gives (``formal`` may name one)."""
    place = parameter(index)
    request = of(Thing(place), sources=frozenset({place}))
    for thing in ordered(value.things) if formal is not None else ():
        if thing.type.kind is TypeKind.FUNCTION and formal is not None:
            made = yield from injected(act, state, thing, formal, place)
            if made is not None:
                return made
            model = yield from annotated(act.world, thing.type.name.partition("::")[0], formal.annotation)
            for each in ordered(model.things):
                yield from validate(act, state, Thing(place, each.type), request, formal.span)
    return request


def _declared(handler: Handler, facts: FunctionFacts, path: str) -> Declare:
    """An entry point that is asynchronous, which its platform does not know."""
    site = Site(path, facts.name, facts.name_span)
    return Declare(site=site, what="async-handler", platform=handler.platform.value, operation=facts.name)


def _receiver(world: World, state: State, handler: Handler, facts: FunctionFacts, of_class: str) -> Value | None:
    """The object whose method is called: one for each request, or one that the framework keeps."""
    if not handler.receiver or facts.in_class is None or "staticmethod" in facts.decorators:
        return None
    class_name = of_class or f"{handler.path}::{facts.in_class}"
    if handler.receiver == "kept":
        thing = world.kept_object(class_name)
    else:
        thing = Thing(Path(Root(RootKind.MADE, handler.path, "<platform>")), instance(class_name))
    for name in handler.request_attributes:
        source = Path(Root(RootKind.LIBRARY, "request", f"self.{name}"))
        state.heap[extend(thing.path, f".{name}")] = of(Thing(source), sources=frozenset({source}))
    return of(thing)


def _is_entry(world: World, state: State, coroutine: Thing, handler: Handler) -> bool:
    """Whether a coroutine is that of the handler itself, which a decorator may have wrapped."""
    callee, _ = unpacked(_outside(world, handler), state, coroutine)
    names = [thing.type.name for thing in callee.things]
    wanted = f"{handler.path}::{handler.attribute}"
    functions = [world.program.function(name) for name in names]
    return any(name == wanted for name in names) or any(each is None or each.decorators for each in functions)


def _ends_with_task(effect: AnyEffect) -> bool:
    return ends_with_context(effect) or (isinstance(effect, Pending) and effect.until_loop)


def first_line(handler: Handler, facts: FunctionFacts | None, path: str) -> Place:
    """Where the handler's function is defined."""
    return Place(path, facts.name_span) if facts is not None else handler.place
