"""Class statements: the body runs, the bases are put in order, and the class object is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from leaklint.ir.location import Place, Span
from leaklint.ir.values import Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.kinds import is_from_elsewhere
from leaklint.solve.lattice import ELEMENT, NONE, constant, extend, join_all, of, ordered
from leaklint.solve.state import State
from leaklint.solve.world import ClassState, Named, Solving, World, class_path, instance, span_in

SUBCLASS_HOOK: Final = "__init_subclass__"
SUBCLASSES: Final = "builtins.type.__subclasses__"
MAX_SUBCLASSES: Final = 8
"""Of how many classes one may be meant where a class is asked for its own; beyond, it is unknown."""


def make_class(
    act: Activation, state: State, name: str, bases: Sequence[Value], keywords: Mapping[str, Value], span: Span
) -> Solving:
    """Runs the body of a class and registers the class."""
    from leaklint.solve.flow import run_body

    world = act.world
    identity = f"{act.path}::{name}"
    direct = []
    for base in bases:
        for thing in ordered(base.things):
            if thing.type.kind in (TypeKind.CLASS, TypeKind.LIBRARY) and thing.type.name not in direct:
                direct.append(thing.type.name)
    order = world.linearized(identity, direct)
    metaclass = ""
    for thing in ordered(keywords.get("metaclass", NONE).things):
        if thing.type.kind is TypeKind.CLASS:
            metaclass = thing.type.name
    if not metaclass:
        for base_name in direct:
            known = world.classes.get(base_name)
            metaclass = metaclass or (known.metaclass if known is not None else "")
    known_bases = [world.classes.get(base_name) for base_name in direct]
    heard = any(known is None or known.announces for known in known_bases)
    describes = _may_describe(world, identity, bases)
    world.classes[identity] = ClassState({}, order, metaclass, heard, describes)
    attributes = yield from run_body(act, state, f"{name}.<body>")
    heard = heard or SUBCLASS_HOOK in attributes
    world.classes[identity] = ClassState(attributes, order, metaclass, heard, describes)
    for attribute, value in attributes.items():
        kept = []
        for thing in ordered(value.things):
            if (
                thing.type.kind is TypeKind.INSTANCE
                and thing.path.root.kind in (3, 4)
                and thing.path not in world.named
            ):
                place = extend(class_path(identity), f".{attribute}")
                made_at = span_in(thing.path.root.name)
                if made_at is not None:
                    called = f"{name.rpartition('.')[2]}.{attribute}"
                    world.named.setdefault(place, Named(called, Place(act.path, made_at), ""))
                    if thing.path.root.kind is RootKind.STATIC and not thing.path.fields:
                        # what its constructor has put into it may know the object by the name it had before
                        world.named.setdefault(thing.path, Named(called, Place(act.path, made_at), "", of_class=True))
                kept.append(Thing(place, thing.type))
                move_fields(state, thing, place)
            else:
                kept.append(thing)
        attributes[attribute] = Value(frozenset(kept), value.sources)
    made = Thing(class_path(identity), Type(TypeKind.CLASS, identity))
    if metaclass:
        yield from _tell_metaclass(act, state, metaclass, made, bases, span)
    yield from _announce(act, state, made, attributes, span)
    if heard:
        yield from _tell_bases(act, state, made, keywords, span)
    return of(made)


def _may_describe(world: World, identity: str, bases: Sequence[Value]) -> bool:
    """Whether a class is made by more than the language: a base, or a decorator, that reads what its body binds."""
    facts = world.program.class_(identity)
    if facts is not None and facts.decorators:
        return True
    for base in bases:
        for thing in base.things:
            known = world.classes.get(thing.type.name) if thing.type.kind is TypeKind.CLASS else None
            if known is None and is_from_elsewhere(thing.type.name):
                return True
            if known is not None and known.describes:
                return True
    return not all(base.things for base in bases)


def _tell_metaclass(
    act: Activation, state: State, metaclass: str, made: Thing, bases: Sequence[Value], span: Span
) -> Solving:
    """What a metaclass of the project does with a new class: ``__new__`` is given it as if it were there already."""
    from leaklint.solve.calls import apply
    from leaklint.solve.members import class_member

    name, namespace = made.type.name.rpartition("::")[2].rpartition(".")[2], act.made(span, "namespace")
    given = Arguments((constant(name), join_all(bases), of(Thing(namespace, Type(TypeKind.INSTANCE, "builtins.dict")))))
    for method, on_class in (("__new__", True), ("__init__", False)):
        found = yield from class_member(act, state, metaclass, method, bound_to=made, on_class=on_class)
        if found is not None and all(each.type.kind is TypeKind.METHOD for each in found.things):
            yield from apply(act, state, found, given, span)


def _announce(act: Activation, state: State, made: Thing, attributes: Mapping[str, Value], span: Span) -> Solving:
    """Tells descriptors their names."""
    from leaklint.solve.calls import apply
    from leaklint.solve.descriptors import descriptor_method

    for attribute, value in attributes.items():
        for thing in ordered(value.things):
            told = yield from descriptor_method(act, state, thing, "__set_name__")
            if told is not None:
                yield from apply(act, state, told, Arguments((of(made), constant(attribute))), span)


def _tell_bases(act: Activation, state: State, made: Thing, keywords: Mapping[str, Value], span: Span) -> Solving:
    """Tells the bases of their new subclass."""
    from leaklint.solve.calls import apply
    from leaklint.solve.members import class_member

    name = made.type.name
    hook = yield from class_member(act, state, name, SUBCLASS_HOOK, bound_to=made, on_class=True, after=name)
    if hook is not None and all(each.type.kind is TypeKind.METHOD for each in hook.things):
        given = tuple((key, value) for key, value in keywords.items() if key != "metaclass")
        yield from apply(act, state, hook, Arguments((), given), span)


def move_fields(state: State, thing: Thing, place: Path) -> None:
    """What an object holds is found under another path from now on."""
    for key, value in state.heap.under(thing.path.root).items():
        if key.fields[: len(thing.path.fields)] == thing.path.fields:
            rest = key.fields[len(thing.path.fields) :]
            if rest and len(place.fields) + len(rest) <= MAX_DEPTH:
                moved = Path(place.root, (*place.fields, *rest))
                # what stands for what lies in a field is known by that field
                things = frozenset(Thing(moved, each.type) if each.path == key else each for each in value.things)
                state.heap[moved] = Value(things, value.sources)


MAX_DEPTH = 4


def subclasses(act: Activation, state: State, receiver: Value, arguments: Arguments, span: Span) -> Solving:
    """``C.__subclasses__()``: a list of the classes that name it as a base, as far as these have been imported."""
    world, wanted = act.world, {thing.type.name for thing in receiver.things}
    found = sorted(
        name
        for name, known in world.classes.items()
        if not wanted.isdisjoint(known.order[1:])
        and not any(each in world.classes and not wanted.isdisjoint(world.order(each)[1:]) for each in known.order[1:])
    )
    path = act.made(span)
    if 0 < len(found) <= MAX_SUBCLASSES:
        of_class = (Thing(class_path(name), Type(TypeKind.CLASS, name)) for name in found)
        state.heap[extend(path, ELEMENT)] = Value(frozenset(of_class))
    return of(Thing(path, instance("builtins.list")))
    yield
