"""Writes of a callee, as they happen in its caller: to which place, under which tests, and what they undo there."""

from __future__ import annotations

from typing import Final

import msgspec.structs

from leaklint.ir.effects import AnyEffect, How, Settled, Write
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve import effects as happening
from leaklint.solve import fullness, holding, listed, looping, replacing, saving, undoing
from leaklint.solve.escaping import Removal
from leaklint.solve.kinds import (
    BINDING,
    is_bounded,
    is_composed,
    is_distinct,
    is_new_object,
    is_of_request,
    is_weak,
    note_change,
)
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    KEYS,
    NEW,
    SYMBOLIC,
    constant_keys,
    extend,
    is_prefix,
    is_within,
    join_all,
    survives,
)
from leaklint.solve.lookup import read_field
from leaklint.solve.state import Status, Token, Trace
from leaklint.solve.substitution import Substitution

STATUS: Final = {
    Settled.NEVER: Status.OPEN,
    Settled.SOME_PATHS: Status.MIXED,
    Settled.UNCERTAIN: Status.UNCERTAIN,
    Settled.NORMAL_PATHS: Status.SETTLED,
    Settled.ALWAYS: Status.SETTLED,
}


def with_status(token: Token, effect: AnyEffect) -> Token:
    """The token of a callee's effect, as far as the callee has settled it."""
    status = STATUS[effect.settled]
    return token._replace(
        status=status, skipped_at=effect.skipped_at, settled_with_exception=effect.settled is Settled.NORMAL_PATHS
    )


def write(sub: Substitution, effect: Write, original: Write, thing: Thing, trace: Trace) -> None:
    """A callee's write to what ``thing`` denotes here; ``original`` is the same in terms of its parameters."""
    act, state = sub.act, sub.state
    written = sub.whole(original.sources)
    given_keys = [sub.arguments[index] for index in sub.whole(original.key_sources)]
    keys = [constant_keys(key) for key in given_keys]
    effect = msgspec.structs.replace(
        effect,
        key_sources=sub.key(effect.key_sources).union(sub.keys, *keys),
        guards=sub.sources(effect.guards),
        tests=frozenset(sub.sources(test) for test in effect.tests),
        chosen=sub.sources(effect.chosen),
        vacant=sub.sources(effect.vacant),
    )
    effect = msgspec.structs.replace(effect, tables=_tables(sub, effect.tables))
    if len(given_keys) == len(original.key_sources) > 0 and all(listed.is_one_of_few(key) for key in given_keys):
        effect = msgspec.structs.replace(effect, tables=frozenset({CONSTANT_PATH}))
    place = thing.path
    if state.asked:
        state.changes(place)
    if place.root.kind is RootKind.MADE:
        kept = state.kept_at(place)
        saving.forget(state, place)
        if kept is None or effect.settled is not Settled.NEVER:
            return  # the callee puts another object there once this one is kept
        if not effect.once_kept and not any(is_prefix(each, place) for each in sub.escaped):
            return  # the callee makes it what it is, and keeps it then
        place = kept
        happening.absorb(act, state, place, sub.span)
        effect = msgspec.structs.replace(effect, path=place, of_own=not state.is_reset(place))
    if thing.type.kind is TypeKind.CONSTANT or (place.root.kind is RootKind.LIBRARY and place.root.owner == "constant"):
        return
    if is_weak(act.world, thing) or is_of_request(act.world, thing):
        return
    if effect.how not in BINDING and is_bounded(act.world, thing):
        effect = msgspec.structs.replace(effect, bounded=True)
    held = sub.arguments[1:] if not trace else [sub.arguments[index] for index in written]
    of_work = holding.work_in(state, held)
    if of_work is None:
        return
    effect = msgspec.structs.replace(effect, of_work=of_work.union(sub.plain(each) for each in original.of_work))
    if not effect.once_kept and is_within(place, state.kept):
        effect = msgspec.structs.replace(effect, once_kept=True)
    if undoing.drops_when_full(state, place, effect):
        state.trimmed |= {place}
    fullness.take(state, place, effect.how)
    put_aside = NOTHING
    taken = effect.sources | effect.key_sources
    own = all(survives(each) or each.root.kind is RootKind.LIBRARY for each in taken)
    if effect.how in undoing.REMOVING and (own or extend(place, KEYS) in taken):
        state.trimmed |= {place}  # whatever the request says: a key that is found in the container
    if any(is_composed(sub.arguments[index]) for index in written):
        effect = msgspec.structs.replace(effect, composed=True)
    if effect.how is How.GROW and any(is_distinct(act.world, sub.arguments[index]) for index in written):
        effect = msgspec.structs.replace(effect, distinct=True)
    if effect.how in undoing.REPLACING and len(written) == 1 and len(effect.sources) <= 1:
        put_aside = sub.arguments[written[0]]
        effect = msgspec.structs.replace(effect, puts_back=replacing.puts_back(place, put_aside))
        if place.root.kind is RootKind.LIBRARY and is_new_object(sub.arguments[written[0]]):
            effect = msgspec.structs.replace(effect, sources=effect.sources | {NEW})
    elif effect.how in undoing.REPLACING and original.sources and not effect.puts_back:
        source = min(original.sources, key=lambda each: (len(each.fields), each))
        alone = all(is_prefix(source, each) for each in original.sources)
        # what the callee makes of the place itself, it has seen to be another value
        own = original.path is not None and is_prefix(original.path, source)
        put_aside = _behind(sub, source) if alone and not own else NOTHING
        effect = msgspec.structs.replace(effect, puts_back=replacing.puts_back(place, put_aside))
    if put_aside.things and effect.settled is Settled.NEVER and not effect.tests:
        undone_by_copy = saving.undone_by(act, state, place, put_aside)
        if undone_by_copy is not None:
            state.settle(undoing.with_callbacks(state, undone_by_copy))
            return
    if effect.unique and _is_of_import(sub, original.sources):
        effect = msgspec.structs.replace(effect, how=How.SET_ITEM, constant=True)
    given = original.sources | original.key_sources if effect.how in undoing.REMOVING else frozenset()
    whole = [sub.arguments[index] for index in sub.whole(given)]
    taken_out = whole[0] if len(whole) == 1 else _behind(sub, min(given)) if len(given) == 1 else NOTHING
    found = [key for key in undoing.undone_by(state, effect, taken_out) if key not in sub.done]
    undone = undoing.with_callbacks(state, found)
    looping.lose(act, state, place, taken_out, sub.arguments[0] if sub.arguments else NOTHING)
    if undone or undoing.is_next_of_several(state, effect) or undoing.fills_again(state, effect):
        sure = [key for key in undone if not trace or not undoing.may_be_left_out(effect, state.tokens[key].effect)]
        one_of_many = undoing.is_one_of_many(state, effect)
        if effect.how in undoing.REMOVING and len(sure) == len(undone) and not one_of_many and not act.working:
            tokens = [state.tokens[key] for key in undone]
            sub.removals.append(Removal(place, effect.operation, tokens, taken_out))
            if undoing.is_only_looked_up(state, place):
                happening.put_back(act, state, effect, trace)
        state.settle(sure, within=one_of_many)
        state.settle([key for key in undone if key not in sure], Status.MIXED)
        return
    handed = original.path is not None and is_within(place, sub.key(frozenset({original.path})))
    if thing.path.root.kind is RootKind.MADE and not handed and undoing.is_from_new(state, effect):
        return
    if effect.puts_back and trace and not effect.guards:
        happening.put_back(act, state, effect, trace)
        return
    if effect.settled and trace:
        guards = frozenset().union(*(tested.reads for tested in state.guards)) if state.guards else frozenset()
        if sub.is_new(place):
            effect = msgspec.structs.replace(happening.without_guards(state, effect), reset_before=True)
        tests = effect.tests | happening.tests_of(state)
        effect = msgspec.structs.replace(effect, guards=effect.guards | guards, tests=tests)
        note_change(act.world, effect)
        token = with_status(Token(effect, trace), effect)
        _note_done(sub, token)
        state.open(token)
        return
    new = sub.is_new(place)
    if new and effect.unique and not trace:
        new = not looping.is_of_another(act, state, place, sub.arguments[0])
    _note_done(sub, Token(effect, trace))
    happening.open_effect(act, state, effect, trace, new=new)


def _note_done(sub: Substitution, token: Token) -> None:
    """The call writes: it is no other call that has left this open, which the callee may be there to undo.

    Nor is it one of several that a loop over constants makes: ``for mode in ("enter", "leave"): track(mode)``.
    """
    if not token.trace or CONSTANT_PATH in sub.state.iterating:
        return
    old = sub.state.tokens.get(token.key)
    if old is None or old.status is Status.SETTLED or old.trace[:1] == token.trace[:1]:
        sub.done.add(token.key)


def _is_of_import(sub: Substitution, sources: Sources) -> bool:
    """Whether a function writes only objects that the import has made, the same ones each time."""
    values = [_behind(sub, source) for source in sources]
    made = [thing.path.root.kind is RootKind.STATIC for value in values for thing in value.things]
    return bool(made) and all(made) and all(value.things for value in values)


def _tables(sub: Substitution, tables: Sources) -> Sources:
    """The tables in which a callee has found its key; none where one of them is not a single object that lasts."""
    found: set[Path] = set()
    for table in tables:
        things = _behind(sub, table).things if table.root.kind in SYMBOLIC else frozenset({Thing(table)})
        paths = {thing.path for thing in things}
        lasting = [each for each in paths if survives(each) or each.root.kind in SYMBOLIC or each == CONSTANT_PATH]
        if len(lasting) != 1 or len(paths) != 1:
            return frozenset()
        found.update(lasting)
    return frozenset(found)


def _behind(sub: Substitution, source: Path) -> Value:
    """What a function writes that it has been given, or has put aside in a field or a variable; nothing if unknown."""
    if source.root.kind is RootKind.FREE:
        value = sub.cells.get(source.root.name, NOTHING)
    elif source.root.kind is RootKind.PARAMETER and int(source.root.name) < len(sub.arguments):
        value = sub.arguments[int(source.root.name)]
    else:
        return NOTHING
    for field in source.fields:
        found = [read_field(sub.act, sub.state, extend(thing.path, field)) for thing in value.things]
        value = join_all([each for each in found if each is not None]) if None not in found else NOTHING
    return value
