"""Summaries of the project's own functions, and the state of its modules after import."""

from __future__ import annotations

from typing import Any, Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Defer, Pending, Settled, Work, Write
from leaklint.ir.facts import FunctionFacts, is_class_method
from leaklint.ir.location import Place
from leaklint.ir.summary import CallKind, Settle, Store, Summary
from leaklint.ir.values import NOTHING, UNKNOWN_TYPE, Path, Root, RootKind, Thing, TypeKind, Value
from leaklint.link.annotations import leaves_open
from leaklint.solve import leaving, results
from leaklint.solve.activation import ANY, Activation
from leaklint.solve.annotations import annotated, annotated_elements, annotated_inside
from leaklint.solve.arguments import formals_of
from leaklint.solve.async_generators import ASYNC_GENERATOR
from leaklint.solve.budget import LEFT_OUT
from leaklint.solve.flow import Ended, run
from leaklint.solve.lattice import BELOW, ELEMENT, SYMBOLIC, extend, join_all, of, parameter, slot, survives
from leaklint.solve.loops import LEFT
from leaklint.solve.pending import FOLDER_GONE, GONE
from leaklint.solve.registered import is_registry
from leaklint.solve.state import State, Status, Token
from leaklint.solve.undoing import REMOVING
from leaklint.solve.world import CURSORY, SUSPECT, Ask, ModuleState, Solving, World, instance

MAX_EFFECTS: Final = 400
_SETTLED: Final = {
    Status.OPEN: Settled.NEVER,
    Status.MIXED: Settled.SOME_PATHS,
    Status.UNCERTAIN: Settled.UNCERTAIN,
    Status.SETTLED: Settled.ALWAYS,
}


def begin(world: World, question: Ask) -> Solving:
    """Starts the computation that answers a question."""
    if question.what == "module":
        return import_module(world, question.name)
    if question.what == leaving.ENTER:
        return _entered(world, question)
    if question.what in (leaving.LEAVE, leaving.LEAVE_BY_EXCEPTION):
        return _left(world, question)
    return summarise(world, question)


def nothing(world: World, question: Ask) -> Any:
    """The answer from which recursion starts: a function does nothing, a module has the names bound so far."""
    if question.what == "module":
        return ModuleState(world.importing.get(question.name, {}))
    return Summary(name=question.name)


def summarise(world: World, question: Ask) -> Solving:
    """The summary of a function for arguments of certain shapes."""
    facts = world.program.function(question.name)
    if facts is None:
        return Summary(name=question.name)
    world.underway[question.name] += 1
    act, ended = yield from _run(world, question, facts)
    returns = join_all(act.returned)
    kept: list[Store] = []
    if facts.returns and not facts.is_generator:
        returns, kept = yield from _declared(act, facts, returns)
    world.underway[question.name] -= 1
    world.budget.took(question.name, act.work, importing=bool(world.importing))
    if act.is_given_up:
        return LEFT_OUT
    found = _summary(act, facts, ended, returns, kept)
    if facts.is_stub and _is_written_elsewhere(act, facts, ended):
        handed_on = tuple(Settle(parameter(index)) for index, _ in enumerate(facts.parameters))
        found = msgspec.structs.replace(found, settles=(*found.settles, *handed_on))
    return world.pool.summary(found)


def _is_written_elsewhere(act: Activation, facts: FunctionFacts, ended: Ended) -> bool:
    """Whether what a stub does stands in another class, or in an installed one: nobody knows what it is given for."""
    if ended.normal is None or {each.rpartition(".")[2] for each in facts.decorators} & {"abstractmethod", "overload"}:
        return True
    return facts.in_class is not None and "typing.Protocol" in act.world.order(f"{act.path}::{facts.in_class}")


def _entered(world: World, question: Ask) -> Solving:
    """The summary of what a generator does up to its ``yield``."""
    facts = world.program.function(question.name)
    if facts is None:
        return Summary(name=question.name)
    changed, body = leaving.part_before(facts, world.program.body(question.name))
    act = Activation(world, f"{question.name}|{question.what}", changed, importing=False)
    state = act.entry(question.shapes)
    yield from _annotate(act, state, changed, {index for index, _ in question.shapes})
    ended: Ended = yield from run(act, body, state)
    world.budget.took(question.name, act.work, importing=bool(world.importing))
    return _summary(act, changed, ended, NOTHING, [])


def _left(world: World, question: Ask) -> Solving:
    """The summary of what a context manager does when it is left."""
    identity = question.name.rpartition("|")[0]
    facts = world.program.function(identity)
    part = leaving.part_behind(question, facts, world.program.body(identity)) if facts is not None else None
    if part is None:
        return Summary(name=question.name)
    changed, body = part
    act = Activation(world, f"{identity}|{question.what}", changed, importing=False)
    ended: Ended = yield from run(act, body, act.entry(question.shapes))
    world.budget.took(identity, act.work, importing=bool(world.importing))
    return _summary(act, changed, ended, join_all(act.returned), [])


def tokens_at_end(world: World, question: Ask) -> Solving:
    """All effects of a function with what has become of them when it ends, those that it undoes itself included."""
    facts = world.program.function(question.name)
    if facts is None:
        return ()
    _, ended = yield from _run(world, question, facts)
    last = ended.normal if ended.normal is not None else ended.raised
    return tuple(last.tokens.values()) if last is not None else ()


def _run(world: World, question: Ask, facts: FunctionFacts) -> Solving:
    act = Activation(world, question.name, facts, importing=False)
    if question.what in (CURSORY, SUSPECT):
        act.is_judged = question.what == SUSPECT or world.cursory is None or world.cursory.gives_back(question.name)
        given = [
            *(parameter(index).root for index, _ in enumerate(facts.parameters)),
            *(Root(RootKind.FREE, "", name) for name in facts.free),
        ]
        act.busy = {given[index]: within for index, within in question.busy}
    state = act.entry(question.shapes, question.survivors)
    yield from _annotate(act, state, facts, {index for index, _ in question.shapes})
    ended: Ended = yield from run(act, world.program.body(question.name), state)
    return act, ended


def _annotate(act: Activation, state: State, facts: FunctionFacts, shaped: set[int]) -> Solving:
    """Gives parameters of unknown shape the types that their annotations name, and ``self`` its class."""
    for index, formal in enumerate(facts.parameters):
        if index in shaped:
            continue
        path = parameter(index)
        if index == 0 and facts.in_class is not None and "staticmethod" not in facts.decorators:
            owner = f"{act.path}::{facts.in_class}"
            kind = instance(owner)
            if not is_class_method(facts) and facts.name.rpartition(".")[2] != "__new__":
                if formal.annotation:
                    # a mixin says which class it is mixed into
                    said = yield from annotated(act.world, act.path, formal.annotation)
                    mixed = [each.type for each in said.things if owner in act.world.order(each.type.name)]
                    kind = mixed[0] if len(mixed) == 1 else kind
                state.env[formal.name] = of(Thing(path, kind), sources=frozenset({path}))
                continue
        if formal.annotation:
            if formal.kind in ("positional", "either", "keyword"):
                value = yield from annotated(act.world, act.path, formal.annotation)
                if value.things:
                    state.env[formal.name] = Value(_at(path, value), frozenset({path}))
                for below, inner in (yield from annotated_inside(act.world, act.path, formal.annotation, path)):
                    state.heap[below] = Value(inner.things, frozenset({below}))
                continue
            below, inner = extend(path, ELEMENT), (yield from annotated(act.world, act.path, formal.annotation))
            if inner.things:
                state.heap[below] = Value(_at(below, inner), frozenset({below}))


def _settle(act: Activation, last: State, path: Path, certain: bool, everywhere: bool, times_out: bool) -> Settle:
    """What the function has settled on a path that its caller knows."""
    gone = path.fields[-1] if path.fields else ""
    if gone in GONE:
        place, name = Path(path.root, path.fields[:-1]), last.heap[path]
        return Settle(place, (Work.FILE,), certain, everywhere, contents=gone == FOLDER_GONE, name=name)
    return Settle(path, (), certain, everywhere, times_out=times_out, repeats=path in act.settling)


def _declared(act: Activation, facts: FunctionFacts, returns: Value) -> Solving:
    """What a function returns, with the types that its annotation gives to what is unknown, and their elements."""
    known = frozenset(thing for thing in returns.things if thing.type not in (UNKNOWN_TYPE, BELOW))
    rest = [thing.path for thing in returns.things - known]
    if facts.is_stub or not returns.things:
        known, rest = frozenset(), [act.made(facts.name_span, "declared")]
    if not rest:
        return returns, []
    named = yield from annotated(act.world, act.path, facts.returns)
    types = {thing.type for thing in named.things if not thing.type.name.startswith(PLAIN)}
    inner = yield from annotated_elements(act.world, act.path, facts.returns)
    if not types and not inner.things:
        return returns, []
    # of several that the annotation allows, those that the function makes itself under these arguments
    types = types & {thing.type for thing in known} or types
    typed = frozenset(Thing(path, each) for path in rest for each in types or {UNKNOWN_TYPE})
    below = [extend(path, ELEMENT) for path in rest if inner.things]
    return Value(known | typed, returns.sources), [Store(path, Value(_at(path, inner))) for path in below]


PLAIN: Final = ("builtins.", "collections.")
"""Types whose methods count as mutations only where the object has been seen to be made."""


def _at(path: Path, value: Value) -> frozenset[Thing]:
    """Things of the types of a value, at a path."""
    return frozenset(Thing(path, thing.type) for thing in value.things)


def _summary(act: Activation, facts: FunctionFacts, ended: Ended, returns: Value, kept: list[Store]) -> Summary:
    """What the state at both ends of a function says of it to its callers: ``def keep(x): SEEN.append(x)`` writes."""
    normal, raised = ended.normal, ended.raised
    last = normal if normal is not None else raised
    kind = CallKind.PLAIN
    if facts.is_async:
        kind = CallKind.ASYNC_GENERATOR if facts.is_generator else CallKind.COROUTINE
    elif facts.is_generator:
        kind = CallKind.GENERATOR
    if last is None:
        return Summary(name=act.identity, formals=formals_of(facts), kind=kind, returns=returns, stores=tuple(kept))
    stores = [*_stores(act, last, join_all([returns, *act.yielded, *act.at_yield.values()])), *kept]
    if facts.is_generator:
        kind_of_iterator = ASYNC_GENERATOR if facts.is_async else instance("builtins.generator")
        made = Thing(act.made(facts.name_span), kind_of_iterator)
        content = join_all(act.yielded)
        stores.append(Store(extend(made.path, ELEMENT), content))
        if not facts.is_async:
            stores.append(Store(slot(made.path, LEFT), leaving.left_at_yield(act, last)))
        if leaving.stands_behind_with(facts):
            stores += leaving.kept_names(act, made.path)
        returns = of(made, sources=content.sources)
    if not facts.is_async and leaves_open(facts.returns):
        # who calls it knows in which case it is, as from synchronous code
        given = {thing.path for thing in returns.things if thing.type.kind is TypeKind.COROUTINE}
        last.settle([key for key, token in last.tokens.items() if token.effect.path in given])
    act.world.waited_for |= {token.effect.site for token in last.tokens.values() if _is_waited_for(token)}
    left_waiting, given_up = ended.given_up if normal is not None else (frozenset(), frozenset())
    effects = tuple(_effects(last, raised if normal is not None else None, given_up))
    _say_left_out(act.world, act.identity, len(effects[MAX_EFFECTS:]) + len(last.unopened))
    return Summary(
        name=act.identity,
        formals=formals_of(facts),
        kind=kind,
        returns=returns,
        effects=effects[:MAX_EFFECTS],
        settles=(
            *(
                _settle(act, last, path, certain, everywhere, path in left_waiting)
                for path, (certain, everywhere) in sorted(last.settled.items())
                if not (path.fields and path.fields[-1] in GONE and path in last.absent)  # no name at all, on all paths
            ),
            *(
                Settle(path, AWAITED, repeats=path in act.settling)
                for path in sorted(last.handed_over - last.settled.keys())
            ),
        ),
        heeds=last.heeded,
        stores=tuple(stores),
        serves=last.served,
        resets=frozenset(path for path in last.resets if path.root.kind is not RootKind.MADE),
        trims=frozenset(path for path in last.trimmed if path.root.kind is not RootKind.MADE),
        writes=frozenset(path for path in last.written if path.root.kind is not RootKind.MADE),
        reads=frozenset(path for path in last.reads if path.root.kind is not RootKind.MADE),
        reads_after=last.reads_after,
        rereads=frozenset(path for path in last.reread if path.root.kind is not RootKind.MADE),
        shows=frozenset(act.shows),
        shows_new=frozenset(act.shows_new),
        fills=frozenset(path for path in last.full if path.root.kind is not RootKind.MADE),
        wonders=frozenset(act.wonders),
        fails=raised is not None or act.risks or facts.is_stub,
        raises=frozenset() if act.risks or facts.is_stub or ANY in act.leaving else frozenset(act.leaving),
    )


def _is_waited_for(token: Token) -> bool:
    """Whether a callee has dropped a task, and this function waits for it nevertheless: for all tasks there are.

    What a callee has settled, it has said itself: or it has dropped it only where it fails.
    """
    effect = token.effect
    dropped = isinstance(effect, Pending) and effect.work is Work.TASK and not effect.held and bool(token.trace)
    return dropped and token.status is Status.SETTLED and not (effect.settled is Settled.NORMAL_PATHS or token.absent)


def _say_left_out(world: World, function: str, number: int) -> None:
    if number:
        world.budget.cut.setdefault(function, f"of its effects, {number} are left out")


def _effects(
    last: State, raising: State | None, given_up: frozenset[tuple[object, ...]]
) -> list[tuple[AnyEffect, tuple[Place, ...]]]:
    """What still hangs when the function ends, with how far it was undone."""
    result: list[tuple[AnyEffect, tuple[Place, ...]]] = []
    raised = raising.tokens if raising is not None else {}
    tokens: dict[tuple[object, ...], Token] = dict(last.tokens)
    for key, token in raised.items():
        if key not in tokens:
            tokens[key] = token._replace(status=Status.SETTLED) if _waits(token.effect) else token
    for key, token in tokens.items():
        settled = _SETTLED[token.status]
        if settled is Settled.ALWAYS:
            left = raised.get(key)
            settled_anyway = not token.settled_with_exception and (left is None or left.status is Status.SETTLED)
            if settled_anyway or _is_from_emptied(last, token.effect):
                if _counts_when_settled(token.effect):
                    result.append((msgspec.structs.replace(token.effect, settled=Settled.ALWAYS), token.trace))
                continue
            settled = Settled.NORMAL_PATHS
        effect, left = token.effect, raised.get(key)
        if key in given_up and isinstance(effect, Pending):
            effect = msgspec.structs.replace(effect, given_up=True)
        changed = msgspec.structs.replace(
            effect,
            settled=settled,
            skipped_at=token.skipped_at,
            only_if=results.needed(token),
            after_exception=left is not None and left.status is not Status.SETTLED,
        )
        result.append((changed, token.trace))
    return result


def _is_from_emptied(last: State, effect: AnyEffect) -> bool:
    """Whether something is taken out of a container that is emptied in the end: an exception leaves more in it."""
    return isinstance(effect, Write) and effect.how in REMOVING and effect.path in last.resets


def _counts_when_settled(effect: AnyEffect) -> bool:
    """Whether a caller needs to know of it: what resets a token, or takes out an element that was made when missing."""
    if isinstance(effect, Write):
        return effect.operation == "setdefault"
    return isinstance(effect, Pending) and effect.work is Work.TOKEN


AWAITED: Final = (Work.COROUTINE, Work.TASK)
"""What nobody but the program itself waits for: given to a callee that nobody knows, it is taken as awaited there."""


def _waits(effect: AnyEffect) -> bool:
    """Whether somebody may wait for it: for work, and for a callback with its work."""
    return isinstance(effect, Pending) or (isinstance(effect, Defer) and effect.api != "context")


def _stores(act: Activation, last: State, returns: Value) -> list[Store]:
    """Fields of objects that the caller can see: arguments', survivors', and those of what is returned."""
    visible: list[Store] = []
    made: set[object] = set()
    pending = [thing.path.root for thing in returns.things]
    for path, value in last.heap.items():
        root = path.root
        if root.kind in SYMBOLIC or survives(path) or (root.owner == "request" and path.fields):
            if any(field.startswith("<") for field in path.fields):
                continue
            if root.kind is RootKind.FREE and not path.fields and value.things == frozenset({Thing(path)}):
                continue
            if _is_original(path, value):
                continue
            visible.append(Store(path, value))
            pending.extend(thing.path.root for thing in value.things)
    pending.extend(token.effect.path.root for token in last.tokens.values() if token.effect.path is not None)
    while pending:
        root = pending.pop()
        if root.kind is not RootKind.MADE or root in made:
            continue
        made.add(root)
        for path, value in last.heap.under(root).items():
            visible.append(Store(path, value))
            pending.extend(thing.path.root for thing in value.things)
    registered = [store for store in visible if is_registry(store.path)]
    others = [store for store in visible if not is_registry(store.path)]
    return [*sorted(others, key=lambda store: store.path)[:200], *sorted(registered, key=lambda store: store.path)]


def _is_original(path: Path, value: Value) -> bool:
    """Whether a field merely stands for itself, as it did at the start."""
    return bool(value.things) and all(thing.path == path for thing in value.things)


def import_module(world: World, path: str) -> Solving:
    """The state of a module after its body has run."""
    identity = f"{path}::<module>"
    facts = world.program.function(identity)
    if facts is None:
        return ModuleState({})
    world.importing[path] = {}
    declared = world.declared[path] = {}
    act = Activation(world, identity, facts, importing=True)
    state = State()
    state.quiet = world.only_work
    ended: Ended = yield from run(act, world.program.body(identity), state)
    world.budget.took(identity, act.work, importing=True)
    names = dict(world.importing[path])
    last = ended.normal if ended.normal is not None else ended.raised
    if last is not None:
        for name, value in last.env.items():
            if name.startswith("global "):
                names[name.removeprefix("global ")] = value
        for place, value in last.heap.items():
            world.keep_field(place, value)
        if world.cursory is None:  # outside of handlers it leads deep into what only seems to run nothing
            yield from _annotate_variables(world, path, facts)
        _say_left_out(world, identity, len(last.unopened))
        for key, token in last.tokens.items():
            if token.status is not Status.OPEN:
                continue
            declared[key] = (token.effect, token.trace)
    del world.importing[path]
    found = world.modules[path] = ModuleState(names)
    return found


def _annotate_variables(world: World, path: str, facts: FunctionFacts) -> Solving:
    """Gives empty containers of a module that is being imported the elements that annotations tell of."""
    for name, texts in facts.bindings.items():
        value = world.importing[path].get(name)
        said = [text[1:] for text in texts if text.startswith("(") and "[" in text]
        for thing in value.things if value is not None and said else ():
            if not world.fields_below(thing.path):
                for place, inner in (yield from annotated_inside(world, path, said[0], thing.path)):
                    world.keep_field(place, inner)
