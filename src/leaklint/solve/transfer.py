"""Transfer functions: what each instruction does to the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.effects import How, Work
from leaklint.ir.values import NOTHING, Path, RootKind, Thing, TypeKind, Value
from leaklint.solve import (
    accessors,
    awaitable_tests,
    choosing,
    earlier,
    effects,
    folders,
    handed_over,
    items,
    leaving,
    looping,
    managers,
    names,
    operations,
    pending,
    results,
    slices,
    uses,
)
from leaklint.solve.activation import Activation, Direct, Transfer
from leaklint.solve.annotations import annotated, annotated_content, annotated_elements
from leaklint.solve.arguments import Arguments, is_none_given
from leaklint.solve.attributes import get_attribute, is_of_process
from leaklint.solve.binding import is_fresh
from leaklint.solve.builtin_calls import set_attribute
from leaklint.solve.calls import apply
from leaklint.solve.catching import missing_files
from leaklint.solve.contents import but_for_what_is_new, written_within
from leaklint.solve.context_variables import DECLARED
from leaklint.solve.coroutines import awaited
from leaklint.solve.draining import take_all
from leaklint.solve.elements import elements
from leaklint.solve.escaping import make_anew
from leaklint.solve.failing import BEYOND, EXCEPTION, FAILED
from leaklint.solve.guards import Tested
from leaklint.solve.lattice import (
    CONTENT,
    DICTS,
    ELEMENT,
    NONE,
    SIZE,
    SYMBOLIC,
    VARIES,
    constant,
    extend,
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
from leaklint.solve.lookup import read_field
from leaklint.solve.losing import PRUNED, RETURNED
from leaklint.solve.members import library_member
from leaklint.solve.names import bind_name, value_of
from leaklint.solve.narrowing import DONE, INSTANCE
from leaklint.solve.origins import deep_sources
from leaklint.solve.pruning import is_slice_of
from leaklint.solve.reading import read_contents, read_throughout, throw_away
from leaklint.solve.several import single_out
from leaklint.solve.state import State
from leaklint.solve.world import Solving

FINISHED: Final = frozenset({"asyncio.Future.done", "asyncio.Task.done", "concurrent.futures.Future.done"})
PICKING: Final = frozenset({"builtins.next"})
SLICING: Final = frozenset({"itertools.islice"})
WALKED: Final = (Work.FUTURE, Work.SIBLINGS)
MEASURING: Final = frozenset(f"builtins.{name}" for name in ("bool", "id", "isinstance", "len", "type"))
"""Functions that do not look at what is in an object."""
OWN: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.CLASS})


def _constant(act: Activation, state: State, step: cfg.Constant) -> None:
    value = folders.literal(step.value) if isinstance(step.value, str) else constant(step.value)
    state.env[step.target] = value


def _copy(act: Activation, state: State, step: cfg.Copy) -> None:
    value = value_of(act, state, step.source)
    if step.target[:1] != PRUNED and pending.holds_task(state, value) and _is_read(act, step):
        pending.use(state, value)
    bind_name(act, state, step.target, choosing.answer(act, state, value))
    results.rename(act, state, value, step.source, step.target)


def _is_read(act: Activation, step: cfg.Copy) -> bool:
    """Whether some path, or an inner function, reads the name that is bound."""
    prepared = act.world.prepared.get(act.identity)
    return step.target in act.cells or (prepared is not None and prepared.is_read_later(step))


def _annotate(act: Activation, state: State, step: cfg.Annotate) -> Solving:
    """A value of unknown type is of the type that its annotation names."""
    value = value_of(act, state, step.source)
    if all(thing.type.kind is TypeKind.UNKNOWN for thing in value.things):
        named = yield from annotated(act.world, act.path, step.annotation)
        known = {Thing(thing.path, each.type) for thing in value.things for each in named.things}
        if known:
            value = Value(frozenset(known), value.sources)
            inner = yield from annotated_elements(act.world, act.path, step.annotation)
            for thing in known if inner.things else ():
                below = extend(thing.path, ELEMENT)
                if state.heap.get(below) is None:
                    state.heap[below] = Value(frozenset(Thing(below, each.type) for each in inner.things))
    for thing in ordered(value.things):
        if thing.type.name == "contextvars.ContextVar":
            said = yield from annotated_content(act.world, act.path, step.annotation)
            state.heap[slot(thing.path, DECLARED)] = said
    state.env[step.target] = value


def _delete_attribute(act: Activation, state: State, step: cfg.DeleteAttribute) -> Solving:
    target = value_of(act, state, step.object)
    called = yield from accessors.delete(act, state, target, step.name, step.span)
    if called:
        return
    effects.mutate(act, state, target, How.DELETE, f"del .{step.name}", step.span, field=f".{step.name}")
    for thing in target.things:
        state.heap.pop(extend(thing.path, f".{step.name}"))


def _discard(act: Activation, state: State, step: cfg.Discard) -> None:
    pending.drop(state, value_of(act, state, step.value))


def _yield(act: Activation, state: State, step: cfg.Yield) -> None:
    value = value_of(act, state, step.value)
    pending.use(state, value)
    uses.read_snapshots(act, state, value, step.span)
    if step.delegates:
        for thing in value.things:
            pending.settle_at(state, thing.path, WALKED)
    given = elements(act, state, value) if step.delegates else value
    act.yielded.append(given)
    # whoever goes on with the generator has it, also where an exception ends the generator
    place = extend(act.made(act.facts.name_span), ELEMENT)
    state.heap[place] = join(state.heap.get(place) or NOTHING, given)
    if leaving.stands_behind_with(act.facts):
        leaving.keep_names(act, state)
    state.env[step.target] = unknown(act.made(step.span))


def _catch(act: Activation, state: State, step: cfg.Catch) -> None:
    state.env.pop(BEYOND, None)
    told = state.env.pop(EXCEPTION, NOTHING).sources
    bind_name(act, state, step.target, unknown(act.made(step.span), told))
    reads = state.reads | state.env.pop(FAILED, NOTHING).sources | missing_files(step, told)
    if reads:
        state.guards |= {Tested(frozenset(reads), False, step.span, indirect=True)}


def _return(act: Activation, state: State, step: cfg.Return) -> None:
    value = choosing.answer(act, state, value_of(act, state, step.value)) if step.value is not None else NONE
    pending.use(state, value)
    uses.read_snapshots(act, state, value, step.span)
    for thing in value.things:
        if survives(thing.path) and thing.type.name in (*DICTS, "builtins.list"):
            content = slot(thing.path, CONTENT)
            act.shows_new |= written_within(content, state.written)
            act.shows_new |= {place for place in state.written if is_prefix(place, thing.path)}
            if not state.is_bound(thing.path):
                act.shows.add(but_for_what_is_new(content, state.written))
    value = awaitable_tests.without_unsure(act, state, value)
    act.returned.append(value)
    state.env[RETURNED] = value
    if step.value is not None:
        results.rename(act, state, value, step.value, RETURNED)


def _raise(act: Activation, state: State, step: cfg.Raise) -> None:
    return


def _get_attribute(act: Activation, state: State, step: cfg.GetAttribute) -> Solving:
    target = value_of(act, state, step.object)
    pending.use(state, target)
    act.at = step.span
    state.env[step.target] = yield from get_attribute(act, state, target, step.name)


def _set_attribute(act: Activation, state: State, step: cfg.SetAttribute) -> Solving:
    target, value = value_of(act, state, step.object), value_of(act, state, step.value)
    pending.use(state, value)
    if step.augmented and act.in_place:
        return
    for thing in ordered(target.things):
        if thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name:
            called = yield from accessors.assign(act, state, thing, step.name, value, step.span)
            if called:
                continue
        if thing.type.kind is TypeKind.INSTANCE and not act.importing:
            handed_over.callback_attribute(act, state, thing, step.name, value, step.span)
        if is_slice_of(act, state, extend(thing.path, f".{step.name}"), value) and not act.importing:
            # the same as if the rest were deleted
            held = yield from get_attribute(act, state, of(thing), step.name)
            effects.mutate(act, state, held, How.SHRINK, f".{step.name} =", step.span, key=frozenset({VARIES}))
            continue
        how = How.COUNT if step.augmented else None
        certain = len(target.things) == 1
        set_attribute(act, state, of(thing), step.name, value, step.span, how, certain=certain)
        if certain and not step.augmented and is_fresh(value, deep_sources(state, value)):
            _throw_away(act, state, thing, step.name)


def _throw_away(act: Activation, state: State, thing: Thing, name: str) -> None:
    """An attribute that is a state of the process gets a new value: ``log.handlers = []`` leaves none of the others."""
    if thing.type.kind is not TypeKind.INSTANCE or "::" in thing.type.name:
        return
    for each in library_member(act, state, thing, thing.type.name, name).things:
        if is_of_process(each.path):
            effects.empty(act, state, each.path)
            looping.share_lost(act, state, each.path, thing)


def _is_lone(act: Activation, state: State, step: cfg.Call) -> bool:
    """Whether a call picks one of several objects that work hangs on, and is the only one that picks among them."""
    prepared = act.world.prepared.get(act.identity)
    several = any(token.many for token in state.tokens.values())
    return several and prepared is not None and prepared.is_lone_call(step)


def _call(act: Activation, state: State, step: cfg.Call) -> Solving:
    """``send(job, *more)``: what is read of the arguments, then what the callee does with them."""
    earlier.tell_apart(act, state, step.span)
    make_anew(act, state, step.span)
    callee = value_of(act, state, step.function)
    positional: list[Value] = []
    named: list[tuple[str, Value]] = []
    rest: Value | None = None
    carries = all(uses.carries(act.world, thing) for thing in callee.things)
    # what a function of the project reads of its arguments, its summary says
    reads = not all(thing.type.kind in OWN for thing in callee.things)
    measures = bool(callee.things) and all(thing.type.name in MEASURING for thing in callee.things)
    prepared = act.world.prepared.get(act.identity) if measures else None
    if prepared is not None and prepared.is_only_asked(step):
        reads = False  # whether there is anything is no more than ``if jobs`` asks
    for argument in step.arguments:
        value = value_of(act, state, argument.value)
        pending.use(state, value)
        if not carries:
            uses.read_snapshots(act, state, value, step.span)
        if reads and not measures:
            read_throughout(act, state, value)
        elif reads or argument.star:
            read_contents(state, value, SIZE if measures else CONTENT)
        else:
            for thing in value.things if state.written and not state.quiet else ():
                if thing.type.kind is TypeKind.INSTANCE and thing.path.root.kind is not RootKind.MADE:
                    state.hands_on(thing.path)
        if argument.star and is_none_given(state, value):
            continue
        if argument.star == "*":
            yield from take_all(act, state, value, step.span)
            known = _known_elements(state, act, value)
            open_ended = any(
                thing.path.root.kind in SYMBOLIC or state.heap.get(extend(thing.path, ELEMENT))
                for thing in value.things
            )
            if known is not None and rest is None:
                positional.extend(known)
            if known is None or open_ended or rest is not None:
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
    results.expect(act, state, step.target)
    before = state.reads
    state.env[step.target] = yield from apply(
        act, state, callee, Arguments(tuple(positional), tuple(named), rest), step.span
    )
    results.hang(act, state, step.target)
    if state.reads is not before and all(thing.type.kind is TypeKind.LIBRARY_METHOD for thing in callee.things):
        prepared = act.world.prepared.get(act.identity)
        if prepared is not None and not prepared.is_used(step.target):
            throw_away(act, state, callee, before)
    if callee.things and all(thing.type.name in PICKING for thing in callee.things) and _is_lone(act, state, step):
        state.env[step.target] = single_out(state, state.env[step.target])
    if callee.things and all(thing.type.name in SLICING for thing in callee.things) and _is_lone(act, state, step):
        slices.leave_out(state, state.env[step.target], positional[1:3])
    if callee.things and all(thing.type.name in FINISHED for thing in callee.things):
        asked = join_all([state.heap[slot(thing.path, "<self>")] for thing in callee.things])
        for thing in state.env[step.target].things:
            state.heap[slot(thing.path, DONE)] = asked
    tests = {thing.type.name for thing in callee.things} if step.arguments else set()
    if tests and tests <= awaitable_tests.COROUTINE_FUNCTION:
        state.tests = {**state.tests, step.target: (awaitable_tests.FUNCTION, step.arguments[0].value)}
    elif tests and tests <= awaitable_tests.KINDS.keys():
        kind = awaitable_tests.KINDS[min(tests)]
        state.tests = {**state.tests, step.target: (kind, step.arguments[0].value)}
    if len(step.arguments) == 2 and tests == {"builtins.hasattr"}:
        _, name = single_constant(value_of(act, state, step.arguments[1].value))
        if name in awaitable_tests.BY_METHOD:
            state.tests = {**state.tests, step.target: (awaitable_tests.BY_METHOD[name], step.arguments[0].value)}
    if len(step.arguments) == 2 and tests == {"builtins.isinstance"}:
        state.tests = {**state.tests, step.target: (INSTANCE, step.arguments[0].value)}


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
        below: Mapping[Path, Value] = state.heap.under(thing.path.root)
        if survives(thing.path) and read_field(act, state, extend(thing.path, ELEMENT)) is None:
            below = {**act.world.fields_below(thing.path), **below}
        for key, stored in below.items():
            field = key.fields[-1] if key.fields else ""
            if key.fields[:-1] == thing.path.fields and field.startswith("['"):
                result.append((field[2:-2], stored))
    return sorted(result, key=lambda item: item[0])


def _await(act: Activation, state: State, step: cfg.Await) -> Solving:
    value = value_of(act, state, step.value)
    pending.use(state, Value(frozenset(each for each in value.things if each.type.kind is not TypeKind.COROUTINE)))
    state.env[step.target] = yield from awaited(act, state, value, step.span)


DIRECT: Final[dict[type, Direct]] = {
    cfg.Constant: _constant,
    cfg.Copy: _copy,
    cfg.Discard: _discard,
    cfg.Yield: _yield,
    cfg.Catch: _catch,
    cfg.Return: _return,
    cfg.Raise: _raise,
    **names.DIRECT,
    **items.DIRECT,
}
ASKING: Final[dict[type, Transfer]] = {
    cfg.Annotate: _annotate,
    cfg.GetAttribute: _get_attribute,
    cfg.SetAttribute: _set_attribute,
    cfg.DeleteAttribute: _delete_attribute,
    cfg.Call: _call,
    cfg.Await: _await,
    **names.ASKING,
    **items.ASKING,
    **managers.ASKING,
    **operations.ASKING,
}
RAISING: Final = frozenset({cfg.Call, cfg.Await, cfg.Yield, cfg.Raise, cfg.Element})
"""Instructions after which an exception may leave the function."""
CAUGHT: Final[dict[type, frozenset[str]]] = {
    cfg.GetItem: frozenset(),
    cfg.DeleteItem: frozenset(),
    cfg.GetAttribute: frozenset({"AttributeError", "Exception", "BaseException", ""}),
    cfg.LoadGlobal: frozenset({"NameError", "UnboundLocalError", ""}),
    cfg.ImportName: frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException", ""}),
    cfg.ImportModule: frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException", ""}),
}
"""Instructions whose exceptions somebody may have written an ``except`` for, and for which (any, where empty)."""
MAY_RAISE: Final = RAISING | CAUGHT.keys()
