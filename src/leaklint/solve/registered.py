"""Handlers that code registers while it is imported: by decorators in factories, own wrappers, calls and injection.

A *registrar* is a library's function or method that keeps a callable and calls it for each request
(``app.add_url_rule``, ``Depends``). What it is given travels through summaries as a field of a place of its own, so
that it does not matter how many functions of the project lie in between.
"""

from __future__ import annotations

from typing import Final

from leaklint.ir.location import Place, Span
from leaklint.ir.values import Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.link.frameworks import named_like
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.attributes import get_attribute
from leaklint.solve.lattice import CONSTANT_PATH, is_prefix, join, of, ordered, slot
from leaklint.solve.lookup import read_field
from leaklint.solve.registration import Registration
from leaklint.solve.state import State
from leaklint.solve.world import Solving, World, function_path

_PLACE: Final = "handlers of "
_DECORATOR: Final = ".<decorator>"
_METHODS: Final = ("__call__", "dispatch")
"""Methods of an object that a framework calls, beside those that its table names."""
MAX_RECEIVERS: Final = 8
"""Objects that have one method from their base, beyond which the others are not followed: more callees are unknown."""


def is_registry(path: Path) -> bool:
    """Whether a place stands for what a registrar has been given."""
    return path.root.kind is RootKind.LIBRARY and path.root.name.startswith(_PLACE)


def register(act: Activation, state: State, name: str, arguments: Arguments, span: Span) -> Solving:
    """Takes note of what a registrar is given, and gives what the call gives; None where the name is no registrar."""
    wanted = name.removesuffix(_DECORATOR)
    if not act.world.is_registrar(wanted):
        return None
    everything = arguments.everything()
    given = [value for value in everything if _has_callable(act, state, value)]
    is_handed = bool(given) or name.endswith(_DECORATOR)
    given = given or [value for value in everything if _is_symbolic(value)]
    for index, value in enumerate(given):
        place = Path(
            Root(RootKind.LIBRARY, "library", _PLACE + wanted), (f".{act.path}:{span.line}:{span.column}#{index}",)
        )
        yield from keep(act, state, place, value, span)
    if act.world.is_adapter(wanted):
        return None
    if not is_handed:
        return of(Thing(CONSTANT_PATH, Type(TypeKind.LIBRARY, wanted + _DECORATOR)))
    first = arguments.positional[0] if arguments.positional else None
    return first if first in given else None


def keep(act: Activation, state: State, place: Path, value: Value, span: Span) -> Solving:
    """A registrar keeps a callable: for good while a module is imported, else in the summary of the function."""
    if not act.importing:
        here = Path(place.root, (f"{place.fields[0][:200]}<{span.line}:{span.column}",))
        old = state.heap.get(here)
        state.heap[here] = value if old is None else join(old, value)
        return
    registrar = place.root.name.removeprefix(_PLACE)
    for thing in ordered(value.things):
        for each in (thing, *_elements(state, thing)):
            yield from _note(act, state, registrar, each)
            act.world.registered_at.setdefault(each.type.name, set()).add(Place(act.path, span))


def registered_here(state: State) -> list[tuple[str, Thing]]:
    """The functions that an invocation has handed to registrars, each with the registrar."""
    kept = sorted((path, value) for path, value in state.heap.items() if is_registry(path))
    return [
        (path.root.name.removeprefix(_PLACE), thing)
        for path, value in kept
        for thing in ordered(value.things)
        if thing.type.kind is TypeKind.FUNCTION
    ]


def _note(act: Activation, state: State, registrar: str, thing: Thing) -> Solving:
    world, kind = act.world, thing.type.kind
    if kind is TypeKind.PARTIAL:
        inner = read_field(act, state, slot(thing.path, "<func>"))
        for each in ordered(inner.things) if inner else ():
            if each.type.kind in (TypeKind.FUNCTION, TypeKind.METHOD):
                world.registered.setdefault(each.type.name, Registration(registrar, of(thing)))
    elif kind in (TypeKind.FUNCTION, TypeKind.METHOD):
        known = world.registered.get(thing.type.name)
        value = of(thing) if known is None else join(known.value, of(thing))
        if known is not None and world.makes_for_each_request(known.registrar):  # Depends(f), also in a list for others
            registrar = known.registrar
        world.registered[thing.type.name] = Registration(registrar, value)
    elif kind is TypeKind.CLASS and _listens(act, thing.type.name):
        yield from _note(act, state, registrar, world.kept_object(thing.type.name))
    elif kind is TypeKind.CLASS and world.makes_for_each_request(registrar):
        maker = f"{thing.type.name}.__init__"
        if world.program.function(maker) is not None:
            made = Thing(function_path(maker), Type(TypeKind.FUNCTION, maker))
            world.registered[maker] = Registration(registrar, of(made))
    elif kind is TypeKind.INSTANCE and "::" in thing.type.name:
        for name in (*_METHODS, *_handling(world, thing.type.name, registrar)):
            method = yield from get_attribute(act, state, of(thing), name)
            for each in ordered(method.things):
                if each.type.kind is TypeKind.METHOD:
                    _note_method(world, registrar, each)


def note_listed(world: World, path: str, registrar: str) -> None:
    """Takes note of the functions that a class of a file lists in an attribute, the last part of the registrar."""
    attribute = registrar.rpartition(".")[2]
    for name in world.program.files[path].classes:
        known = world.classes.get(f"{path}::{name}")
        for listed in known.attributes[attribute].things if known and attribute in known.attributes else ():
            for place, value in world.fields_below(listed.path).items():
                for thing in ordered(value.things) if is_prefix(listed.path, place) else ():
                    if thing.type.kind is TypeKind.FUNCTION:
                        world.registered.setdefault(thing.type.name, Registration(registrar, of(thing)))


def _note_method(world: World, registrar: str, method: Thing) -> None:
    """Takes note of an object's method; objects of several classes may have it from one base."""
    known = world.registered.get(method.type.name)
    value = of(method)
    if known is not None and known.registrar == registrar:
        value = join(known.value, value) if len(known.value.things) < MAX_RECEIVERS else known.value
    world.registered[method.type.name] = Registration(registrar, value)


def _handling(world: World, class_name: str, registrar: str) -> list[str]:
    """The methods of a class that a framework calls because of its bases, or because a registrar is given an object."""
    if (registrars := world.program.registrars) is None:
        return []
    order = world.order(class_name)
    own = {name for each in order for name in getattr(world.program.class_(each), "methods", ())}
    inherited = [name for each in order[1:] for name in registrars.methods_of(each)]
    framework = registrars.registrar(registrar)
    return [*inherited, *named_like(own, framework.methods)] if framework is not None else inherited


def _listens(act: Activation, class_name: str) -> bool:
    """Whether objects of a class are called themselves, so that handing over the class means one kept object."""
    return any(
        (facts := act.world.program.class_(each)) is not None and any(name in facts.methods for name in _METHODS)
        for each in act.world.order(class_name)
        if "::" in each
    )


def _has_callable(act: Activation, state: State, value: Value) -> bool:
    return any(
        each.type.kind in (TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.PARTIAL)
        or (each.type.kind in (TypeKind.INSTANCE, TypeKind.CLASS) and "::" in each.type.name)
        for thing in value.things
        for each in (thing, *_elements(state, thing))
    )


def _is_symbolic(value: Value) -> bool:
    """Whether only a caller knows what the value is."""
    return any(
        thing.type.kind is TypeKind.UNKNOWN and thing.path.root.kind in (RootKind.PARAMETER, RootKind.FREE)
        for thing in value.things
    )


def _elements(state: State, thing: Thing) -> list[Thing]:
    """What a list or tuple that was written out holds."""
    if thing.type.kind is not TypeKind.INSTANCE or thing.type.name not in ("builtins.list", "builtins.tuple"):
        return []
    count = len(thing.path.fields)
    return [
        each
        for path, value in state.heap.under(thing.path.root).items()
        if path.fields[:count] == thing.path.fields and len(path.fields) == count + 1
        for each in ordered(value.things)
    ]
