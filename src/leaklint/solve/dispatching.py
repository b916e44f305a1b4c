"""Dispatching by name: which functions ``getattr(self, "do_" + kind)`` may mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from leaklint.ir.facts import is_property
from leaklint.ir.location import Span
from leaklint.ir.values import Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, keep_call
from leaklint.solve.attributes import get_attribute
from leaklint.solve.lattice import (
    ELEMENT,
    VARIES,
    constants,
    extend,
    join,
    join_all,
    of,
    ordered,
    single_constant,
    slot,
    unknown,
    with_sources,
)
from leaklint.solve.lookup import library
from leaklint.solve.origins import deep_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving

BEGINS: Final = "<begins>"
"""The field of a text that is put together in which lies what it begins with."""
METHOD_CALLED: Final = "operator.<method called>"
MAX_NAMED: Final = 8
"""Of how many functions a name may be that of one; beyond, it is unknown."""


def remember_beginning(state: State, text: Thing, first: Value) -> None:
    """A text is put together, of which only the beginning is known."""
    certain, begins = single_constant(first)
    if certain and isinstance(begins, str) and begins:
        state.heap[slot(text.path, BEGINS)] = first


def names_of(name: Value) -> list[str]:
    """The names that an attribute may have, where these are a few constants."""
    found = constants(name) or []
    names = sorted({each for each in found if isinstance(each, str) and each.isidentifier()})
    return names if 0 < len(found) <= MAX_NAMED else []


def attribute(act: Activation, state: State, target: Value, name: Value, span: Span) -> Solving:
    """What ``getattr(target, name)`` may denote."""
    known = names_of(name)
    if known:
        found = yield from _attributes(act, state, target, known)
        return found
    begins = _beginning(state, name)
    if begins is not None:
        found = None if begins.startswith("__") else (yield from _functions(act, state, target, begins))
        return _attribute_of_any_name(act, state, target, name, span) if found is None else found
    found = yield from _functions(act, state, target, "")
    other = _attribute_of_any_name(act, state, target, name, span)
    return other if found is None else join(found, other)


def global_function(act: Activation, state: State, target: Value, key: Value) -> Solving:
    """What ``globals()["do_" + kind]`` may denote; None where it is anything else."""
    modules = [thing.path.root.owner for thing in target.things if thing.path.fields == (".__dict__",)]
    begins = _beginning(state, key)
    if not begins or len(modules) != 1 or len(target.things) != 1:
        return None
    module = Thing(Path(Root(RootKind.MODULE, modules[0])), Type(TypeKind.MODULE, modules[0]))
    found = yield from _functions(act, state, of(module), begins)
    return found


def method_caller(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``operator.methodcaller(name, …)``: a partial that waits for the object."""
    path = act.made(span)
    return of(Thing(path, Type(TypeKind.PARTIAL, keep_call(act, state, path, library(METHOD_CALLED), arguments))))
    yield


def called_method(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """What such a partial does with the object, which comes last."""
    from leaklint.solve.calls import apply

    if len(arguments.positional) < 2:
        return unknown(act.made(span))
    name, *given, receiver = arguments.positional
    method = yield from attribute(act, state, receiver, name, span)
    result = yield from apply(act, state, method, arguments._replace(positional=tuple(given)), span)
    return result


def _beginning(state: State, name: Value) -> str | None:
    """What a name begins with, where no more is known of it."""
    found = [single_constant(state.heap[slot(thing.path, BEGINS)])[1] for thing in name.things]
    return found[0] if len(found) == 1 and isinstance(found[0], str) else None


def _attributes(act: Activation, state: State, target: Value, names: Iterable[str]) -> Solving:
    found = []
    for each in names:
        value = yield from get_attribute(act, state, target, each)
        found.append(value)
    return join_all(found)


def _functions(act: Activation, state: State, target: Value, begins: str) -> Solving:
    """The functions of an object whose names begin so; None where that may be too many."""
    found = []
    for thing in ordered(target.things):
        names = [each for each in _functions_of(act, thing) if each.startswith(begins) and (begins or each[0] != "_")]
        if not 0 < len(names) <= MAX_NAMED:
            return None
        value = yield from _attributes(act, state, of(thing), sorted(set(names)))
        found.append(value)
    return with_sources(join_all(found), target.sources) if found else None


def _functions_of(act: Activation, thing: Thing) -> list[str]:
    """Names of the methods of an object of the project that are no properties, or of the functions of a module."""
    program = act.world.program
    if thing.type.kind in (TypeKind.INSTANCE, TypeKind.CLASS) and "::" in thing.type.name:
        classes = [(owner, program.class_(owner)) for owner in act.world.order(thing.type.name) if "::" in owner]
        methods = [
            (name, program.function(f"{owner.partition('::')[0]}::{method}"))
            for owner, facts in classes
            if facts is not None
            for name, method in facts.methods.items()
        ]
        return [name for name, method in methods if method and not is_property(method)]
    facts = program.files.get(thing.type.name) if thing.type.kind is TypeKind.MODULE else None
    return [name for name in facts.functions if name.isidentifier()] if facts is not None else []


def _attribute_of_any_name(act: Activation, state: State, target: Value, name: Value, span: Span) -> Value:
    """One of the attributes of an object: what is set under such a name, and a test of it is one of that."""
    kept = {extend(each.path, ELEMENT) for each in target.things if each.path.root.kind is not RootKind.MADE}
    asked = deep_sources(state, name) if kept else frozenset()
    found = of(*map(Thing, kept)) if kept else unknown(act.made(span))
    return Value(found.things, target.sources.union({VARIES}, kept, asked))
