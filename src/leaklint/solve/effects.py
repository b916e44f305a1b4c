"""Effects as they happen: mutations, resets and work that is opened; each becomes a token of the state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Cached, Consume, How, Pending, Site, Work, Write
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve import choosing, fullness, holding, listed, pending, replacing, saving
from leaklint.solve.activation import Activation
from leaklint.solve.consuming import keep_consumed
from leaklint.solve.elements import together
from leaklint.solve.escaping import Removal, escape, take_out
from leaklint.solve.kinds import (
    is_bounded,
    is_composed,
    is_empty,
    is_new_object,
    is_of_request,
    is_unchanging,
    is_weak,
    note_change,
)
from leaklint.solve.lattice import (
    BELOW,
    CONSTANT_PATH,
    ELEMENT,
    NEW,
    ORIGINAL,
    POSITION,
    SYMBOLIC,
    extend,
    is_prefix,
    is_within,
    join,
    of,
    ordered,
    survives,
)
from leaklint.solve.pruning import pruned
from leaklint.solve.state import State, Token, Trace
from leaklint.solve.undoing import (
    REMOVING,
    REPLACING,
    is_in_element,
    is_next_of_several,
    is_one_of_many,
    is_only_looked_up,
    undone_by,
    with_callbacks,
)
from leaklint.solve.world import class_path, variable

MADE_ONCE: Final = (Work.FILE, Work.LIBRARY_CONTEXT)
"""What may be opened once for all invocations, under a test of something that survives."""


def open_effect(
    act: Activation, state: State, effect: AnyEffect, trace: Trace = (), *, new: bool | None = None
) -> None:
    """An effect happens here, or did in a callee; ``new`` says whether its place had been reset before the call."""
    guards: set[Path] = set()
    for tested in state.guards:
        guards |= tested.reads
    if isinstance(effect, Write):
        state.empty -= {effect.path}
        if act.importing:
            return  # what an import changes is no invocation's
        note_change(act.world, effect)
        keep_consumed(state, effect, trace)
        effect = listed.with_tables(state, effect)
        new = new if new is not None else effect.path is not None and state.is_new(effect.path)
        if new:
            effect = msgspec.structs.replace(without_guards(state, effect), reset_before=True)
        tests = effect.tests | tests_of(state)
        if tests != effect.tests or guards - effect.guards:
            of_process = effect.path is not None and effect.path.root.kind is RootKind.LIBRARY  # see ``with_choices``
            chosen = {place for tested in state.guards if tested.truth and not of_process for place in tested.reads}
            vacant = {place for tested in state.guards if tested.vacant for place in tested.reads}
            effect = msgspec.structs.replace(
                effect,
                guards=effect.guards | guards,
                tests=tests,
                chosen=effect.chosen | chosen,
                vacant=effect.vacant | vacant,
            )
    if isinstance(effect, Cached) and effect.path is not None and state.is_reset(effect.path):
        return
    state.open(Token(effect, trace))


def without_guards(state: State, effect: Write) -> Write:
    """A change in a callee without the tests of what this invocation has emptied before the call."""
    new = frozenset(place for place in effect.guards if state.is_new(place))
    if not new:
        return effect
    tests = frozenset(test for test in effect.tests if not test & new)
    return msgspec.structs.replace(effect, guards=effect.guards - new, tests=tests)


def tests_of(state: State) -> frozenset[Sources]:
    """What each of the tests on the way here reads."""
    return frozenset(tested.reads for tested in state.guards)


def mutate(
    act: Activation,
    state: State,
    target: Value,
    how: How,
    operation: str,
    span: Span,
    *,
    sources: Sources = frozenset(),
    key: Sources = frozenset(),
    field: str = "",
    element: str = "",
    value: Value = NOTHING,
    few: bool = False,
) -> None:
    """Objects are mutated in place: the attribute ``field`` is bound, or ``element``, under one of ``few`` keys."""
    of_work = holding.work_in(state, (value,))
    if of_work is None:
        return
    for thing in ordered(target.things):
        path = extend(thing.path, field) if field else thing.path
        root = path.root
        if root.kind is RootKind.MADE:
            kept = state.kept_at(path)
            if kept is None:
                saving.forget(state, thing.path)
                continue
            path = kept
            absorb(act, state, path, span)
        elif (
            is_unchanging(thing)
            or is_weak(act.world, thing)
            or (not field and is_of_request(act.world, thing))
            or (root.kind not in SYMBOLIC and not survives(path))
            or (root.kind is RootKind.LIBRARY and root.owner == "library" and how is not How.SET_ATTRIBUTE)
        ):
            continue
        read_from = attribute_of_class(act, thing, field) & {each.path for each in value.things}
        place = extend(path, element) if element else min(read_from, default=None)
        own = root.kind is RootKind.MADE and not state.is_reset(path)
        written: dict[str, Any] = {"sources": sources, "key": key, "of_work": of_work}
        written["bounded"] = not field and is_bounded(act.world, thing)
        write(act, state, path, how, operation, span, **written, value=value, place=place, few=few, own=own)
        if how is How.SET_ITEM and len(target.things) == 1:
            fullness.fill(state, path)


def attribute_of_class(act: Activation, owner: Thing, field: str) -> frozenset[Path]:
    """An attribute as a class and its bases have it, whatever stands for the class here; none of another object."""
    if owner.type.kind is not TypeKind.CLASS or not field:
        return frozenset()
    return frozenset(extend(class_path(each), field) for each in act.world.order(owner.type.name) if "::" in each)


def absorb(act: Activation, state: State, path: Path, span: Span) -> None:
    """``X.setdefault(key, []).append(item)`` is one change: that of the element says it all."""
    state.settle(
        [
            token.key
            for token in state.tokens.values()
            if isinstance(token.effect, Write)
            and token.effect.operation == "setdefault"
            and token.effect.site == act.site(token.effect.site.span)
            and token.effect.path is not None
            and is_prefix(token.effect.path, path)
            and span.line <= token.effect.site.span.line
            and token.effect.site.span.end_line <= span.end_line
        ]
    )


def write(
    act: Activation,
    state: State,
    path: Path,
    how: How,
    operation: str,
    span: Span,
    *,
    sources: Sources = frozenset(),
    key: Sources = frozenset(),
    of_work: Sources = frozenset(),
    value: Value = NOTHING,
    place: Path | None = None,
    few: bool = False,
    own: bool = False,
    bounded: bool = False,
) -> None:
    """A place that may survive is written; ``value`` is what it holds then, where that is known.

    ``place`` is the element that is set, where one is, or the attribute of a class as others know it; ``own`` says that
    the object there is this invocation's.
    """
    tests_itself = any(thing.path == (place or path) for thing in value.things)
    if path.root.kind is RootKind.LIBRARY and (is_new_object(value) or replacing.wraps(act, state, path, value)):
        sources |= {NEW}
    effect = Write(
        site=act.site(span),
        operation=operation,
        path=path,
        how=how,
        sources=sources,
        key_sources=key,
        of_work=of_work,
        tables=frozenset({CONSTANT_PATH}) if few else frozenset(),
        puts_back=replacing.puts_back(place or path, value),
        prunes=pruned(act, state, path, value) if how is How.REBIND else frozenset(),
        once_kept=is_within(path, state.kept),
        of_own=own,
        bounded=bounded,
        becomes=next(iter(value.things)).type.constant if len(value.things) == 1 else None,
        empties=is_empty(state, value),
        composed=is_composed(value),
        # ``x = x or make()`` tests x itself
        guards=frozenset({path}) if tests_itself else frozenset(),
        tests=frozenset({frozenset({path})}) if tests_itself else frozenset(),
        vacant=frozenset({path}) if tests_itself else frozenset(),
    )
    fullness.take(state, path, how)
    if effect.prunes:
        state.trimmed |= effect.prunes
    if how in REMOVING:
        state.trimmed |= {path}
    undone_by_copy = saving.undone_by(act, state, place or path, value) if how in REPLACING else None
    if undone_by_copy is not None:
        state.settle(with_callbacks(state, undone_by_copy))
        return
    undone = with_callbacks(state, undone_by(state, effect))
    if undone or is_next_of_several(state, effect):
        one_of_many, tokens = is_one_of_many(state, effect), [state.tokens[key] for key in undone]
        state.settle(undone, within=one_of_many)
        if how in REMOVING and not one_of_many:
            take_out(state, Removal(path, operation, tokens, NOTHING))
            if is_only_looked_up(state, path):
                put_back(act, state, effect, ())
    elif effect.puts_back and how in REPLACING and not effect.guards:
        put_back(act, state, effect, ())
    else:
        open_effect(act, state, effect)


def put_back(act: Activation, state: State, effect: Write, trace: Trace) -> None:
    """A place gets back what it held: that may undo what a caller has done before."""
    if not act.importing and effect.path is not None and effect.path.root.kind is not RootKind.MADE:
        state.open(Token(msgspec.structs.replace(effect, assumed=True), trace))


def reset(state: State, path: Path, by: Site | None = None) -> None:
    """What a place holds is thrown away: earlier writes to it (not the one at ``by``) are undone."""
    fullness.take(state, path)
    if state.asked:
        state.changes(path)
    if path.fields[-1:] == (".__dict__",):
        path = Path(path.root, path.fields[:-1])  # the object's attributes are all that there is to it
    kept = state.kept_at(path) if path.root.kind is RootKind.MADE else None
    places = {path} if kept is None or ELEMENT in kept.fields else {path, kept}
    earlier = [
        token
        for token in state.tokens.values()
        if isinstance(token.effect, Write | Cached | Consume)
        and token.effect.path is not None
        and is_within(_changed_by(token.effect, token.effect.path), places)
        and token.effect.site != by
    ]
    state.settle(with_callbacks(state, [token.key for token in earlier]))
    if path in state.vacant:
        state.vacant -= {path}
    elif (place := state.lasting(path)) is not None and (place == path or by is None):
        state.trimmed |= {place}
    if any(_grew_before(token.effect, path) for token in earlier):
        return
    if read_before(state.reads, path):
        state.read_first |= {path}
    if path not in state.resets:
        state.resets |= {path}
    if kept is not None and not state.may_hold_another(path.root):
        state.resets |= {kept}


def empty(act: Activation, state: State, path: Path) -> None:
    """An object loses all that is in it: so does whichever object an attribute holds that one reached it through."""
    reset(state, path)
    if path.root.kind is not RootKind.STATIC or act.importing:
        return
    owner = act.world.owner_of(path)
    if owner is not None and owner[1].startswith("."):
        reset(state, extend(*owner))
    below = len(path.fields)
    for place in act.world.fields_below(path):
        if len(place.fields) == below + 1 and is_prefix(path, place) and place.fields[below].startswith("["):
            for thing in _held_there_alone(act, place):
                reset(state, thing.path)


def reset_field(act: Activation, state: State, place: Path, span: Span) -> None:
    """A field or a variable holds something new: what the import had put there is thrown away, if it was only there."""
    site = act.site(span)
    for thing in _held_there_alone(act, place):
        reset(state, thing.path, site)
        if is_within(thing.path, state.read_first):
            state.read_first |= {place}
    reset(state, place, site)


def _held_there_alone(act: Activation, place: Path) -> Iterator[Thing]:
    """The objects of the import that only one place leads to."""
    world = act.world
    held = None if act.importing else world.field(place) or world.initial(place)
    for thing in held.things if held is not None else ():
        if not place.fields:
            alone = world.owner_of(thing.path) is None and _variables_with(act, thing) == [place]
        else:
            owner = None if thing.path in world.named else world.owner_of(thing.path)
            alone = owner == (Path(place.root, place.fields[:-1]), place.fields[-1])
        if alone:
            yield thing


def _variables_with(act: Activation, thing: Thing) -> list[Path]:
    """The variables of all modules that hold an object made at import."""
    if thing.path.root.kind is not RootKind.STATIC:
        return []
    modules = act.world.modules.items()
    return [variable(path, name) for path, each in modules for name, held in each.names.items() if thing in held.things]


def read_before(reads: Sources, place: Path) -> bool:
    """Whether what earlier invocations left in a container has been read before it is thrown away."""
    below = len(place.fields)
    return any(is_prefix(place, read) and read.fields[below : below + 1] > (".~",) for read in reads)


def _changed_by(effect: AnyEffect, path: Path) -> Path:
    """The place that an effect changes: reading a file changes only where it stands."""
    return extend(path, POSITION) if isinstance(effect, Consume) else path


def _grew_before(effect: AnyEffect, place: Path) -> bool:
    """Whether something has been put into a place: what is changed in one of its elements makes it no larger."""
    if not isinstance(effect, Write) or effect.path is None or effect.reset_before or effect.how in REMOVING:
        return False
    if is_in_element(place, effect.path):
        return False
    return effect.how not in (How.REBIND, How.SET_ATTRIBUTE, How.COUNT) or effect.path != place


def share_attributes(state: State, target: Thing, attributes: Value) -> None:
    """``self.__dict__ = shared``: what is bound on the object is bound in that dictionary."""
    for thing in ordered(attributes.things):
        if target.path.root.kind is RootKind.MADE and not target.path.fields and survives(thing.path):
            state.escaped[target.path] = thing.path


def bind_field(act: Activation, state: State, target: Thing, field: str, value: Value, *, certain: bool) -> None:
    """A field of an object holds a value from now on (perhaps, where not ``certain``)."""
    path = extend(target.path, field)
    if state.asked:
        state.changes(path)
    if state.guards and field.startswith("["):
        choosing.put_under_tests(state, target.path)
    if field.startswith("["):
        fullness.put_in(state, target.path)
    if field == ".__dict__":
        share_attributes(state, target, value)
    if field.startswith("."):
        pending.entrust(state, value)
    owner = state.kept_at(path, whole=True) if target.path.root.kind is RootKind.MADE else None
    if owner is not None:
        escape(state, value, owner)
    if path == target.path:
        # the parent stands for what is too deep, and is not one of the objects that others know
        inner = frozenset(
            thing for thing in value.things if not survives(thing.path) and thing.path.root.kind not in SYMBOLIC
        )
        value = Value(inner or frozenset({Thing(path, BELOW)}), value.sources)
    strong = certain and field != ELEMENT and path != target.path
    old = state.heap.get(path)
    if strong or (old is None and target.path.root.kind is RootKind.MADE):
        state.heap[path] = value
    elif old is None:
        state.heap[path] = join(value, of(Thing(path, ORIGINAL)))
    else:
        state.heap[path] = together(state, (old, value))


def open_coroutine(act: Activation, state: State, path: Path, callee: Value, span: Span) -> None:
    """A coroutine was made that somebody has to await."""
    open_effect(
        act,
        state,
        Pending(
            site=act.site(span),
            operation="",
            path=path,
            work=Work.COROUTINE,
            callee=callee_name(callee),
        ),
    )


def callee_name(callee: Value) -> str:
    """The name of what a call runs, the first one where there are several."""
    names = sorted(thing.type.name.rpartition("::")[2].replace("<locals>.", "") for thing in callee.things)
    return next((name for name in names if "<" not in name or "<lambda" in name), "")
