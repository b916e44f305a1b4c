"""Context variables: setting, resetting and reading them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from leaklint.ir.cfg import ConstantValue
from leaklint.ir.effects import AnyEffect, Create, Pending, Read, Site, Work
from leaklint.ir.location import Span
from leaklint.ir.summary import Summary
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Thing, TypeKind, Value
from leaklint.solve import effects, pending
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import (
    CONSTANT_PATH,
    HELD,
    NONE,
    ORIGINAL,
    constants,
    extend,
    is_prefix,
    is_within,
    join,
    join_all,
    of,
    ordered,
    single_constant,
    slot,
)
from leaklint.solve.lookup import read_field
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State, Status
from leaklint.solve.substitution import Substitution
from leaklint.solve.world import Solving, instance

DECLARED: Final = "<declared>"
"""The field of a variable in which lies what its annotation says of its value."""

_BEFORE: Final = "<before>"
"""The slot of a token in which lie those of the sets of its variable that were not undone when it was made."""

_EXPECTING: Final = frozenset({"LookupError", "Exception", "BaseException", ""})

_UNCHANGING: Final = frozenset({"builtins.tuple", "builtins.frozenset"})
"""Types of objects that stay as they are made."""

_MERGING: Final = frozenset({"builtins.dict", "builtins.set", "builtins.frozenset"})
"""Types of objects of which two that are merged once more are the same."""


def set_variable(act: Activation, state: State, receiver: Value, arguments: Arguments, span: Span) -> Solving:
    """``variable.set(value)``: the token has to be reset."""
    value = arguments.positional[0] if arguments.positional else NOTHING
    sources = deep_sources(state, value)
    made = act.made(span)
    # several variables where the expression may denote any of them
    variables = join(state.heap[slot(made, "<variable>")], receiver)
    state.heap[slot(made, "<variable>")] = state.heap[extend(made, ".var")] = variables
    own = _stands_for(act.site(span))
    state.heap[slot(made, _BEFORE)] = Value(
        frozenset(
            place
            for each in variables.things
            for key in pending.tokens_at(state, each.path, (Work.TOKEN,))
            if state.tokens[key].status > Status.SETTLED
            and (place := _stands_for(state.tokens[key].effect.site)) != own
        )
    )
    for thing in ordered(receiver.things):
        state.heap[extend(thing.path, HELD)] = value
        default = read_field(act, state, extend(thing.path, ".default"))
        if _is_as_before(act, state, thing, value, default):
            pending.settle_at(state, thing.path, (Work.TOKEN,))
        else:
            kept = frozenset() if _is_another(state, thing, value) else frozenset({extend(thing.path, HELD)})
            effects.open_effect(
                act,
                state,
                Pending(
                    site=act.site(span),
                    operation="set",
                    path=thing.path,
                    work=Work.TOKEN,
                    ends_with_context=True,
                    sources=sources - kept,
                ),
            )
        state.resets |= {extend(thing.path, HELD)}
    return of(Thing(made, instance("contextvars.Token")), sources=sources)
    yield


def _is_as_before(act: Activation, state: State, variable: Thing, value: Value, default: Value | None) -> bool:
    """Whether a variable gets nothing of this invocation: None, its default, or what it held at the start."""
    default = default or NONE
    if _are_alike(act, state, value, default):
        return True
    _, initial = single_constant(default)
    held = extend(variable.path, HELD)
    plain = {each for each in value.things if each.type.kind is TypeKind.CONSTANT}
    earlier = _earlier(state, variable, value)
    if value.sources == {held}:  # what a function gives that reads it
        earlier |= {each for each in value.things if each.type.kind is TypeKind.UNKNOWN and "/" in each.path.root.name}
    if earlier and not value.sources <= {held, *(each.path for each in earlier), *default.sources}:
        return False
    none_or_initial = all(single_constant(of(each)) in ((True, None), (True, initial)) for each in plain)
    return bool(value.things) and none_or_initial and value.things <= plain | earlier | default.things


def _are_alike(act: Activation, state: State, value: Value, default: Value) -> bool:
    """Whether both are the same kind of object that nobody can change, and hold the same constants: ``("a",)``."""
    if len(value.things) != 1 or len(default.things) != 1 or value.sources - default.sources:
        return False
    (one,), (other,) = value.things, default.things
    if one.type != other.type or one.type.kind is not TypeKind.INSTANCE or one.type.name not in _UNCHANGING:
        return False
    held = _constants_in(act, state, one)
    return held is not None and held == _constants_in(act, state, other)


def _constants_in(act: Activation, state: State, holder: Thing) -> dict[str, list[ConstantValue]] | None:
    """The constants in an object by their places; None where something else may lie in it."""
    found: dict[str, list[ConstantValue]] = {}
    for heap in (act.world.fields_below(holder.path), state.heap.under(holder.path.root)):
        for key, value in heap.items():
            if is_prefix(holder.path, key) and key != holder.path:
                known = constants(value)
                if known is None:
                    return None
                found[key.fields[len(holder.path.fields)]] = known
    return found


def put_back(sub: Substitution, summary: Summary, effect: AnyEffect, variable: Thing) -> Solving:
    """Whether a callee sets a variable to just what it is given, and that is what the variable held at the start.

    It may lie in an attribute of what the callee is given: ``__enter__`` keeps it for ``__exit__``.
    """
    if not isinstance(effect, Pending) or effect.work is not Work.TOKEN or len(effect.sources) != 1:
        return False
    assert effect.path is not None
    (source,), place = effect.sources, extend(effect.path, HELD)
    made = {thing.path for store in summary.stores if store.path == place for thing in store.value.things}
    if source.root.kind is not RootKind.PARAMETER or not made <= {source, CONSTANT_PATH, place}:
        return False
    given = yield from sub.things(source)
    default = read_field(sub.act, sub.state, extend(variable.path, ".default"))
    if not _is_as_before(sub.act, sub.state, variable, given, default):
        return False
    pending.settle_at(sub.state, variable.path, (Work.TOKEN,), every_path=place in summary.resets)
    return True


def _earlier(state: State, variable: Thing, value: Value) -> set[Thing]:
    """The objects of a value that the variable may have held when the function began."""
    held = extend(variable.path, HELD)
    return {
        each
        for each in value.things
        if each.path == held
        or any(of_variable.path == variable.path for of_variable in state.heap[slot(each.path, "<earlier>")].things)
    }


def _is_another(state: State, variable: Thing, value: Value) -> bool:
    """Whether what a variable gets, where it is made from what it held, is another value each time.

    ``v.set(v.get() or make())`` leaves what was there, and so does, from the second time on, ``v.set({**v.get(), …})``.
    """
    return not _earlier(state, variable, value) and not any(each.type.name in _MERGING for each in value.things)


def counts(effect: Pending, effects: Iterable[AnyEffect]) -> bool:
    """Whether a variable is set to what is made from what it held: ``calls.set(calls.get() + 1)``.

    Not where it is set at several places: one may count up, and another one down.
    """
    if effect.path is None or extend(effect.path, HELD) not in effect.sources:
        return False
    setting = [each for each in effects if isinstance(each, Pending) and each.work is Work.TOKEN]
    return all(each.site == effect.site for each in setting if each.path == effect.path)


def reset_variable(act: Activation, state: State, receiver: Value, arguments: Arguments, span: Span) -> Solving:
    """``variable.reset(token)``."""
    for token in arguments.positional[0].things if arguments.positional else ():
        # of the variable of a token that it is given, a caller knows which one it is
        for thing in state.heap[slot(token.path, "<variable>")].things - receiver.things:
            pending.settle_at(state, thing.path, (Work.TOKEN,))
    for thing in receiver.things:
        undone = _set_since(state, thing, arguments.positional[0] if arguments.positional else NOTHING)
        if undone:  # what this function has set earlier, or a caller, is what the variable holds again
            state.settle(undone)
        else:
            pending.settle_at(state, thing.path, (Work.TOKEN,))
        state.heap.pop(extend(thing.path, HELD))
        if not act.facts.is_generator:  # else the caller's statements stood before this one
            state.resets -= {extend(thing.path, HELD)}
    return NONE
    yield


def _set_since(state: State, variable: Thing, token: Value) -> list[tuple[object, ...]]:
    """Keys of what a variable was set to since a token was made; none where it is not known when that was."""
    made = [state.heap.get(slot(each.path, _BEFORE)) for each in token.things if each.type.kind is TypeKind.INSTANCE]
    before = [each.things for each in made if each is not None]
    if not before or len(before) < len(made):
        return []
    keys = pending.tokens_at(state, variable.path, (Work.TOKEN,))
    return [key for key in keys if _stands_for(state.tokens[key].effect.site) not in frozenset.intersection(*before)]


def _stands_for(site: Site) -> Thing:
    """What stands for the expression that has set a variable."""
    span = site.span
    return Thing(Path(Root(RootKind.LIBRARY, "context", f"{site.path}:{site.function}@{span.line}:{span.column}")))


def get_variable(act: Activation, state: State, receiver: Value, arguments: Arguments, span: Span) -> Solving:
    """``variable.get()``: what was set last, the default, or an error."""
    found = []
    for thing in ordered(receiver.things):
        path = extend(thing.path, HELD)
        if thing.path.root.kind is not RootKind.MADE:
            state.read(extend(thing.path, ".context"))
        stored = state.heap.get(path)
        default = read_field(act, state, extend(thing.path, ".default"))
        here = [each for each in stored.things if each.type != ORIGINAL] if stored is not None else []
        if stored is not None:
            found.append(Value(frozenset(here), stored.sources))
        declared = _declared(act, state, thing)
        if stored is None:
            act.wonders.add(path)
        if default is None and stored is None and declared:
            # what it holds is no object that survives, and its annotation says what it can do
            made = act.made(span)
            state.heap[slot(made, "<earlier>")] = of(thing)
            found.append(Value(frozenset(Thing(made, each.type) for each in declared)))
        elif default is None and stored is None:
            found.append(_set_at_import(act, path))
        elif default is not None and (stored is None or len(here) < len(stored.things)):
            # a caller may have set it
            earlier = Thing(act.made(span))
            state.heap[slot(earlier.path, "<earlier>")] = of(thing)
            found += [of(earlier), default]
        known = state.is_reset(path) or act.world.field(path) is not None or path.root.kind is RootKind.VARIABLE
        if stored is not None and path.root.kind is RootKind.MADE and len(here) == len(stored.things):
            known = True  # by the function that has made it
        if thing.path.root.kind is RootKind.LIBRARY:
            known = True  # nobody has seen its constructor, which may give it a default
        if default is None and not arguments.positional and not known and not is_expected(act, state):
            effects.open_effect(act, state, Read(site=act.site(span), operation="get", path=path, origin="unset"))
    found.extend(arguments.positional[:1])
    value = join_all(found)
    return Value(value.things, value.sources | {extend(t.path, HELD) for t in receiver.things})
    yield


def _declared(act: Activation, state: State, variable: Thing) -> list[Thing]:
    """What the annotation says of the value; nothing of a container, for who has set it takes out what is put in."""
    said = read_field(act, state, slot(variable.path, DECLARED)) or NOTHING
    return [each for each in said.things if not is_mutable(each)]


def is_expected(act: Activation, state: State) -> bool:
    """Whether the function, as far as it has come, handles that a variable is read that nothing has set."""
    return not _EXPECTING.isdisjoint(act.handling | state.suppressed)


def is_set(sub: Substitution, value: Path) -> bool:
    """Whether a variable was set on every path to the call or at import, has a default, or may be unset here."""
    default = Path(value.root, (*value.fields[:-1], ".default"))
    return (
        is_within(value, sub.new[0])
        or sub.act.world.field(value) is not None
        or read_field(sub.act, sub.state, default) is not None
        or value.root.kind is RootKind.VARIABLE
        or is_expected(sub.act, sub.state)
    )


def _set_at_import(act: Activation, value: Path) -> Value:
    """What a variable holds that nobody has set here: what a caller has, or the import, which says of what type."""
    held = act.world.field(value) or NOTHING
    types = {thing.type for thing in held.things if thing.type.kind is TypeKind.INSTANCE}
    return Value(frozenset(Thing(value, each) for each in types) or of(Thing(value)).things)


def made(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """A context variable is made: wrong with a mutable default, and wrong in a function."""
    default = dict(arguments.named).get("default", NOTHING)
    if any(is_mutable(thing) for thing in default.things):
        effects.open_effect(act, state, Create(site=act.site(span), what="mutable-default", operation="ContextVar"))
    if not act.importing:
        effects.open_effect(act, state, Create(site=act.site(span), what="in-function", operation="ContextVar"))
    return None
    yield


def is_mutable(thing: Thing) -> bool:
    """Whether something can be put into it."""
    if thing.type.kind is not TypeKind.INSTANCE:
        return False
    return thing.type.name in MUTABLE or thing.type.name.startswith("collections.")


MUTABLE: Final = frozenset({"builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray"})
