"""Solving: what the handlers of a program do that outlives an invocation.

``solve`` calls each handler once, as its platform would, through summaries of all that it reaches, and follows every
effect to the end: what is written, what is left pending, with which request data, under which tests, on which paths.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword
from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Create, Defer, Pending, Settled, Work, Write
from leaklint.ir.examined import Examined
from leaklint.ir.facts import FileFacts, FunctionFacts
from leaklint.ir.finding import Step, StepKind
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place, Span
from leaklint.ir.reached import Reached
from leaklint.ir.summary import Summary
from leaklint.ir.values import Path, RootKind, Sources
from leaklint.link.handlers import guessed
from leaklint.link.modules import is_test
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.anywhere import without_await
from leaklint.solve.applications import make_application, share_applications
from leaklint.solve.beside import read_beside
from leaklint.solve.describe import Describer
from leaklint.solve.ending import ended
from leaklint.solve.engine import Engine
from leaklint.solve.examine import examine
from leaklint.solve.handlers import Invoked, callable_of, invoke, signature, ways
from leaklint.solve.kept import Kept
from leaklint.solve.lattice import survives
from leaklint.solve.leaving import is_kept_name
from leaklint.solve.overview import Overview
from leaklint.solve.registered import note_listed
from leaklint.solve.sparing import Sparing
from leaklint.solve.state import Status, Trace
from leaklint.solve.summaries import begin, nothing, tokens_at_end
from leaklint.solve.surrounding import surrounded
from leaklint.solve.world import CURSORY, SUSPECT, Ask, Busy, Solving, World

_LAMBDA: Final = (Platform.AWS_LAMBDA, Platform.AWS_LAMBDA_MANAGED)
ANYWHERE: Final = frozenset({Work.COROUTINE, Work.TASK})
_SETTLED: Final = {
    Status.OPEN: Settled.NEVER,
    Status.MIXED: Settled.SOME_PATHS,
    Status.UNCERTAIN: Settled.UNCERTAIN,
}


class Solved(msgspec.Struct, frozen=True):
    """The effects of a program and the handlers that were found to be handlers."""

    reached: tuple[Reached, ...]
    handlers: tuple[Handler, ...]
    examined: Examined | None = None
    """Of the line that was asked for."""
    cut_short: tuple[tuple[Place, str], ...] = ()
    """Where more is done than was followed, and what was left out."""


def solve(
    overview: Overview,
    models: Models,
    *,
    asked: tuple[str, int] | None = None,
    only_handlers: bool = False,
    called: Callable[[int, int], None] = lambda _handlers, _of: None,
) -> Solved:
    """The effects of all handlers, and of other code as far as rules of scope ``any`` judge what it does.

    ``asked`` is a line, by path and number, of which all is wanted that is known; with ``only_handlers`` there are no
    effects. ``called`` hears how many of the handlers have been called.
    """
    world = World(overview, models, examines=asked is not None)
    program = overview.program
    handlers = {handler.label + handler.path: handler for handler in [*program.handlers, *program.candidates]}

    def start(question: Ask) -> Solving:
        is_function = question.what in ("function", CURSORY, SUSPECT)
        if is_function and world.budget.refuses(question.name, importing=bool(world.importing)):
            return sparing.left_out()
        if question.what.startswith("handler"):
            return invoke(world, handlers[question.name], question.what, question.nth)
        if question.what == "application":
            return make_application(world, question.name)
        if question.what == "signature":
            return _signature(world, handlers[question.name])
        if question.what == "tokens":
            return tokens_at_end(world, question)
        return begin(world, question)

    engine = Engine(
        start, lambda question: nothing(world, question), lambda: world.budget.is_spent(importing=bool(world.importing))
    )
    sparing = Sparing(engine, world)
    all_asked = asked is not None or only_handlers
    quiet = {} if all_asked else overview.quiet()
    found = _confirmed(sparing, world, quiet)
    handlers |= {handler.label + handler.path: handler for handler in found}
    world.only_work = not found and asked is None
    if not only_handlers and any(each not in quiet for each in found):
        _import_all(sparing, world, found)
    confirmed = [_with_request(sparing, world, program.placed(handler), quiet.get(handler)) for handler in found]
    solved = _to_be_solved(found, confirmed, quiet)
    handlers |= {handler.label + handler.path: handler for handler in confirmed}
    if only_handlers:
        return Solved((), tuple(confirmed))
    calls: list[Invoked] = []
    for number, handler in enumerate(solved):
        called(number, len(solved))
        registration = world.registered.get(f"{handler.path}::{handler.attribute}")
        asks = [
            Ask(way, handler.label + handler.path, nth=nth)
            for way in ways(world, handler)
            for nth in range(len(registration.value.things) if registration is not None else 1)
        ]
        answers = [sparing.answer(ask, handler.place, handler.label) for ask in asks]
        calls.extend(answer for answer in answers if answer is not None)
    called(len(solved), len(solved))
    written = frozenset(
        effect.path
        for call in calls
        for effect, _, _, _ in call.effects
        if isinstance(effect, Write) and not effect.assumed and effect.path is not None and survives(effect.path)
    )
    calls = surrounded(world, ended(calls))
    reached = [
        each
        for call, reads in zip(calls, read_beside(world, calls), strict=True)
        for each in _reached(world, call, written, reads)
    ]
    seen = {effect.effect.site for effect in reached}
    world.cursory = overview if asked is None and overview.has_asynchronous() else None
    reached.extend(each for each in _anywhere(engine, sparing, world) if each.effect.site not in seen)
    world.budget.begin()
    examined = examine(engine, world, asked, calls, [*reached, *declared(overview.whole)]) if asked else None
    return Solved(tuple(reached), tuple(confirmed), examined, sparing.cut_short())


def _to_be_solved(
    found: Sequence[Handler], confirmed: Sequence[Handler], quiet: Mapping[Handler, FunctionFacts | None]
) -> list[Handler]:
    """The handlers that may do something; what one of a framework's reads is asked of those beside it, too."""
    busy = [each for each in found if each not in quiet]
    beside = any(each.source is Source.DECORATOR for each in busy)
    return [
        each
        for before, each in zip(found, confirmed, strict=True)
        if before not in quiet or (beside and before.source is Source.DECORATOR)
    ]


def _confirmed(sparing: Sparing, world: World, quiet: Mapping[Handler, FunctionFacts | None]) -> list[Handler]:
    """The handlers, those candidates that turn out to be callables with a handler's parameters, and what registers."""
    program = world.program
    confirmed = list(program.handlers)
    known = {(handler.path, handler.attribute) for handler in confirmed}
    for candidate in program.candidates:
        if (candidate.path, candidate.attribute) in known:
            continue
        function = quiet.get(candidate)
        facts = (function, 0) if function is not None else _signature_of(sparing, candidate)
        if facts is not None and guessed(candidate.attribute, facts[0], bound=facts[1], made=True):
            confirmed.append(candidate)
            known.add((candidate.path, candidate.attribute))
    confirmed += _registered(sparing, world, known)
    return sorted(confirmed, key=lambda handler: (handler.path, handler.place.span, handler.attribute))


def _import_all(sparing: Sparing, world: World, handlers: Sequence[Handler]) -> None:
    """Runs what is imported together with the handlers: also for nothing but what it puts into other modules."""
    below = [each.partition("::")[0] for handler in handlers for each in handler.of_classes]
    paths = dict.fromkeys(
        [*(handler.path for handler in handlers), *(each for each in below if each in world.program.files)]
    )
    for path in paths:
        world.overview.loaded_with(path)
    for path in world.program.modules.in_order(paths):
        sparing.imported(path)
    share_applications(world)


def _registered(sparing: Sparing, world: World, known: set[tuple[str, str]]) -> list[Handler]:
    """The handlers that only show when the files that use frameworks are imported."""
    program, found = world.program, []
    if program.registrars is None:
        return []
    for path in world.overview.registering():
        sparing.imported(path)
        for name in world.overview.listing(path):
            note_listed(world, path, name)
    for path, name in world.overview.factories():
        place = Place(path, program.files[path].functions[name].name_span)
        sparing.answer(Ask("application", f"{path}::{name}"), place, name)
    for identity, registration in sorted(world.registered.items()):
        path, _, name = identity.partition("::")
        function = program.function(identity)
        if function is not None and (path, name) not in known and program.reported(path):
            handler = world.overview.registered(registration.registrar, path, name)
            found += [handler] if handler is not None else []
    return found


def _with_request(sparing: Sparing, world: World, handler: Handler, function: FunctionFacts | None) -> Handler:
    """The handler with the names of what it takes as request data; ``function`` is what is called, where known."""
    found = (function, 0) if function is not None else _signature_of(sparing, handler)
    if found is None:
        return handler
    facts, bound = found[0], found[1] + bool(handler.receiver and found[0].in_class)
    taken = [each for each in facts.parameters[bound:] if each.kind in ("positional", "either", "keyword")]
    if handler.source in (Source.TEMPLATE, Source.SETTING, Source.NAME, Source.GUESS) and handler.platform in _LAMBDA:
        taken = taken[: handler.arguments]
    attributes = [f"self.{name}" for name in handler.request_attributes]
    return msgspec.structs.replace(handler, request=(*(each.name for each in taken), *attributes, *handler.request))


def _signature_of(sparing: Sparing, handler: Handler) -> tuple[FunctionFacts, int] | None:
    found: tuple[FunctionFacts, int] | None = sparing.answer(
        Ask("signature", handler.label + handler.path), handler.place, handler.label
    )
    return found


def _signature(world: World, handler: Handler) -> Solving:
    registration = world.registered.get(f"{handler.path}::{handler.attribute}")
    value = registration.value if registration is not None else (yield from callable_of(world, handler))
    if value is None:
        return None
    found = yield from signature(world, value)
    return found


def _reached(world: World, call: Invoked, written: frozenset[Path], read_by_others: Sources) -> list[Reached]:
    describer = Describer(world, call, written, read_by_others)
    result = []
    forgotten = {each.site for each, _, status, _ in call.effects if _is_forgotten(each, status)}
    for effect, trace, status, skipped_at in call.effects:
        if isinstance(effect, Pending) and effect.work is Work.SIBLINGS and effect.site in forgotten:
            continue  # nobody waits for any of them
        settled = _SETTLED.get(status)
        if isinstance(effect, Pending) and effect.or_constant and settled is Settled.NEVER:
            settled = Settled.SOME_PATHS
        if isinstance(effect, Pending) and status is not Status.OPEN and _may_be_awaited(effect):
            continue
        if settled is None:
            if effect.settled is not Settled.NORMAL_PATHS:
                continue
            settled = Settled.NORMAL_PATHS
        current = msgspec.structs.replace(effect, settled=settled, skipped_at=skipped_at)
        described = describer.resolve(current)
        if described is not None:
            steps = _steps(world, call, described, trace)
            statement = statement_of(world.program.files.get(described.site.path), described.site.span)
            result.append(Reached(described, steps, (call.handler,), statement))
    return result


def _may_be_awaited(effect: Pending) -> bool:
    """Whether somebody still has a coroutine that is awaited on some paths: not those that a loop has not come to."""
    return effect.work is Work.COROUTINE and effect.held and effect.how_dropped != "left"


def _is_forgotten(effect: AnyEffect, status: Status) -> bool:
    return isinstance(effect, Pending) and effect.work is Work.TASK and status is Status.OPEN


def _steps(world: World, call: Invoked, effect: AnyEffect, trace: Trace) -> tuple[Step, ...]:
    """The trace of an effect: the handler, the calls, the leak, and where the subject was defined."""
    facts = call.function
    start = Place(call.path, facts.name_span) if facts is not None else call.handler.place
    steps = [Step(StepKind.HANDLER, start, f"{call.handler.label} is called for each event")]
    steps.extend(Step(StepKind.CALL, place, "") for place in without_rounds(trace))
    steps.append(Step(StepKind.LEAK, Place(effect.site.path, effect.site.span), _called(effect.operation)))
    defined = effect.subject.defined
    if defined is not None:
        name = effect.subject.name
        steps.append(Step(StepKind.DEFINED, defined, f"{'it' if name.startswith('an ') else name} is made here"))
    del world
    return tuple(steps)


def without_rounds(trace: Trace) -> Trace:
    """The calls on the way without the rounds of a recursion: a call that is there again leads on from its first."""
    if len(set(trace)) == len(trace):
        return trace
    last = {place: index for index, place in enumerate(trace)}
    shorter, index = [], 0
    while index < len(trace):
        index = last[trace[index]]
        shorter.append(trace[index])
        index += 1
    return tuple(shorter)


def _called(operation: str) -> str:
    """``append()``: the call that leaks; empty for operators and statements, which their source line shows well."""
    words = operation.split(".")
    return f"{operation}()" if all(each.isidentifier() and not iskeyword(each) for each in words) else ""


def statement_of(facts: FileFacts | None, span: Span) -> Span:
    """The lines of the statement that holds an expression."""
    if facts is None or not facts.statements:
        return span
    index = bisect.bisect_right(facts.statements, (span.line, 1 << 30)) - 1
    while index >= 0:
        first, last = facts.statements[index]
        if first <= span.line <= last:
            return Span(first, 1, last, 1)
        if span.line - first > 2000:
            break
        index -= 1
    return span


# ---------------------------------------------------------------------------------------------------------- any code
def _anywhere(engine: Engine, sparing: Sparing, world: World) -> list[Reached]:
    """Effects for rules of scope ``any`` in functions that may drop something asynchronous."""
    program = world.program
    result: list[Reached] = []
    for path in world.overview.with_context_variables():
        engine.answer(Ask("module", path))

    def general(identity: str, busy: Busy) -> Summary | None:
        _import(sparing, world, identity.partition("::")[0])
        found: Summary | None = sparing.whole(Ask(CURSORY, identity, busy=busy))
        return found

    kept = Kept(world.overview, general) if world.overview.has_asynchronous() else None
    for suspect in world.overview.suspects():
        if kept is not None and kept.all(suspect):
            continue
        path, name = suspect.path, suspect.function
        _import(sparing, world, path)
        if name.endswith(("<module>", "<body>")):
            continue
        place = Place(path, program.files[path].functions[name].name_span)
        sparing.forget()
        summary: Summary = sparing.answer(Ask(SUSPECT, f"{path}::{name}"), place, name, handler=False)
        given_back = {thing.path for thing in summary.returns.things}
        given_back |= {
            thing.path
            for store in summary.stores
            for thing in store.value.things
            if thing.path.root != store.path.root  # a method of it
            and not is_kept_name(store.path)
        }
        watched = {
            each.path.root
            for each, _ in summary.effects
            if isinstance(each, Defer) and each.api == "done-callback" and each.path is not None
        }
        for effect, trace in summary.effects:
            if trace or effect.site.path != path:
                continue
            if isinstance(effect, Create) and not is_test(path) and not _at_import(world, effect, name):
                result.append(_local(program, effect))
            if not isinstance(effect, Pending) or effect.work not in ANYWHERE:
                continue
            if effect.settled is not Settled.NEVER and _may_be_awaited(effect):
                continue
            if effect.path is None or effect.path.root.kind is not RootKind.MADE:
                continue
            if effect.site in world.waited_for:
                continue
            if effect.path.root in watched or (effect.path in given_back and effect.how_dropped != "unread"):
                continue
            on_some = effect.or_constant and effect.settled is Settled.NEVER
            settled = Settled.SOME_PATHS if on_some else effect.settled
            result.append(_local(program, msgspec.structs.replace(effect, settled=settled)))
    for effect, trace in [each for effects in world.declared.values() for each in effects.values()]:
        declares = isinstance(effect, Create) or (isinstance(effect, Pending) and effect.work in ANYWHERE)
        if declares and not trace and program.reported(effect.site.path):
            result.append(_local(program, effect))
    return result


def declared(program: Program) -> list[Reached]:
    """What is said of functions by their outlines alone."""
    return [_local(program, effect) for effect in without_await(program)]


def _import(sparing: Sparing, world: World, path: str) -> None:
    for package in world.program.modules.packages_of(path):
        sparing.imported(package)
    sparing.imported(path)


def _at_import(world: World, effect: Create, function: str) -> bool:
    """Whether what declares it runs while modules are imported: once, whatever handlers do is seen from them."""
    if effect.what != "in-function":
        return False
    called = {each.site for effects in world.declared.values() for each, trace in effects.values() if trace}
    return function.endswith(".__init__") or effect.site in called


def _local(program: Program, effect: AnyEffect) -> Reached:
    place = Place(effect.site.path, effect.site.span)
    statement = statement_of(program.files.get(effect.site.path), effect.site.span)
    return Reached(effect, (Step(StepKind.LEAK, place, _called(effect.operation)),), (), statement)


__all__ = ["Path", "Solved", "declared", "solve", "statement_of"]
