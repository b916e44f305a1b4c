"""Fields that a class has without saying so: those of dataclasses, named tuples and namespaces."""

from __future__ import annotations

import re
from typing import Final

from leaklint.ir.facts import decorator_name
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import effects, pending
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments, sources_of
from leaklint.solve.lattice import ELEMENT, constants, extend, join_all, of, single_constant, slot
from leaklint.solve.lookup import kept, read_field
from leaklint.solve.members import CLASS_VARIABLES
from leaklint.solve.origins import GIVEN
from leaklint.solve.state import State
from leaklint.solve.world import NAMED_TUPLE, Solving, World, class_path, instance

DEFAULT: Final = ".default"
"""The field of what declares a field in which lies its default."""
FACTORY: Final = ".default_factory"
"""The field of what declares a field in which lies what makes its default, anew for each instance."""
_ATTRS: Final = re.compile(r"(?:attrs?\.)?(?:attrs|define|frozen|mutable|s)\b")
"""Decorators by which the attributes of a class become the fields of its objects, as attrs has them."""
_MAKING: Final = re.compile(r"\w*dataclass|define")
"""Decorators, by their names, that give a class its constructor."""
NAMESPACE: Final = "types.SimpleNamespace"


def is_dataclass(world: World, class_name: str) -> bool:
    """Whether a decorator, of Python or of attrs, gives a class its constructor."""
    facts = world.program.class_(class_name)
    return facts is not None and any(_MAKING.fullmatch(decorator_name(text)) for text in facts.decorators)


def keep_fields(
    act: Activation, state: State, thing: Thing, class_name: str, arguments: Arguments, span: Span
) -> Solving:
    """A dataclass or a named tuple keeps its arguments in its fields, or their plain defaults, or new objects.

    Where there are more of them than fields, a base that nobody has seen takes the rest.
    """
    facts = act.world.program.class_(class_name)
    known = act.world.classes.get(class_name)
    if facts is None:
        return
    names = [name for name, text in facts.annotations.items() if not text.startswith(CLASS_VARIABLES)]
    given = dict(zip(names, arguments.positional, strict=False)) | dict(arguments.named)
    if surplus := arguments.positional[len(names) :]:
        state.heap[slot(thing.path, GIVEN)] = Value(frozenset(), join_all(surplus).sources)
        for name, value in known.attributes.items() if known is not None else ():
            if constants(value) is not None:
                state.heap[extend(thing.path, f".{name}")] = value
    for name, value in given.items():
        state.heap[extend(thing.path, f".{name}")] = value
        pending.entrust(state, value)
    if "typing.NamedTuple" in act.world.order(class_name):
        for position, name in enumerate(names):
            if name in given:
                state.heap[extend(thing.path, f"[{position}]")] = given[name]
    for name in names if known is not None and not arguments.rest else ():
        default = known.attributes.get(name) if known is not None else None
        if default is None or name in given:
            continue
        place = extend(thing.path, f".{name}")
        factory = join_all([read_field(act, state, extend(each.path, FACTORY)) or NOTHING for each in default.things])
        if factory.things:
            state.heap[place] = yield from _made_by(act, state, factory, place, span)
            continue
        declared = join_all([act.world.field(extend(each.path, DEFAULT)) or NOTHING for each in default.things])
        default = _of_class(act, declared, class_name, name) if declared.things else default
        # attrs gives all objects what the class says, where a dataclass would refuse it; not what a call may declare
        of_attrs = not default.sources and any(_ATTRS.match(text) for text in facts.decorators)
        shares = bool(declared.things) or of_attrs or all(_is_plain(act, each) for each in default.things)
        shared = all(_is_shared(thing, of_class=shares) for thing in default.things)
        snapshot = any(source.root.owner.startswith("snapshot") for source in default.sources)
        if snapshot or shared or constants(default) is not None:
            state.heap[place] = Value(default.things, kept(default.sources))


def _made_by(act: Activation, state: State, factory: Value, place: Path, span: Span) -> Solving:
    """The new object that each instance gets: one of a library's class lies in the field that holds it."""
    from leaklint.solve.calls import apply

    functions = {thing for thing in factory.things if thing.type.kind in (TypeKind.CLASS, TypeKind.FUNCTION)}
    made: Value = (
        (yield from apply(act, state, Value(frozenset(functions)), Arguments(), span)) if functions else NOTHING
    )
    plain = {
        Thing(place, instance(act.world.models.canonical(thing.type.name)))
        for thing in factory.things
        if thing.type.kind is TypeKind.LIBRARY
    }
    unseen = {Thing(place)} if len(functions) + len(plain) < len(factory.things) else frozenset()
    return Value(made.things | plain | unseen, made.sources)


def _of_class(act: Activation, declared: Value, class_name: str, name: str) -> Value:
    """The default that ``field(default=[])`` says: an object that is made there is an attribute of the class."""
    place = extend(class_path(class_name), f".{name}")
    things = frozenset(
        Thing(place, each.type) if each.path.root.kind is RootKind.STATIC and each.path not in act.world.named else each
        for each in declared.things
    )
    return Value(things, declared.sources)


def _is_plain(act: Activation, default: Thing) -> bool:
    """Whether a default is an object of a class of the project that leaves to Python what its attributes are.

    A dataclass takes it for a default as it is; lists and the like, it refuses.
    """
    own = [act.world.program.class_(each) for each in act.world.order(default.type.name) if "::" in each]
    return bool(own) and not any(each is not None and "__get__" in each.methods for each in own)


def _is_shared(default: Thing, *, of_class: bool) -> bool:
    """Whether a default is an object of the project's with a name of its own, which all instances then share.

    With ``of_class``, they share one that only the class has, too.
    """
    kinds = (RootKind.STATIC, RootKind.CLASS) if of_class else (RootKind.STATIC,)
    return default.path.root.kind in kinds and default.type.kind is TypeKind.INSTANCE


def namespace(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``SimpleNamespace(rows=[])``: an object with the attributes that are given by name."""
    made = Thing(act.made(span), instance(NAMESPACE))
    for name, value in arguments.named:
        effects.bind_field(act, state, made, f".{name}", value, certain=True)
    return of(made, sources=sources_of(arguments))
    yield


def named_tuple_class(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``namedtuple("Point", "x y")``: a class of the language's own making, whose name says its fields."""
    given = dict(arguments.named).get("field_names", arguments.positional[1] if len(arguments.positional) > 1 else None)
    certain, text = single_constant(given) if given is not None else (False, None)
    names = str(text).replace(",", " ").split() if certain else []
    for thing in given.things if given is not None and not certain else ():
        listed = [state.heap.get(extend(thing.path, f"[{position}]")) for position in range(MOST_NAMES)]
        told = [single_constant(each) for each in listed if each is not None]
        unknown = state.heap.get(extend(thing.path, ELEMENT)) is not None or not all(known for known, _ in told)
        names = [] if unknown else [str(name) for _, name in told]
    if not names or "defaults" in dict(arguments.named):
        return None
    return of(
        Thing(
            Path(Root(RootKind.LIBRARY, "library", NAMED_TUPLE)), Type(TypeKind.LIBRARY, NAMED_TUPLE + " ".join(names))
        )
    )
    yield


MOST_NAMES: Final = 8
"""Fields of a named tuple, as a list says them, that are known by name."""


def named_tuple(act: Activation, state: State, name: str, arguments: Arguments, span: Span) -> Value:
    """An object of such a class: a tuple whose elements have names too."""
    made = Thing(act.made(span), instance("builtins.tuple"))
    names = name.removeprefix(NAMED_TUPLE).split()
    given = dict(zip(names, arguments.positional, strict=False)) | dict(arguments.named)
    for position, each in enumerate(names):
        if each in given:
            effects.bind_field(act, state, made, f".{each}", given[each], certain=True)
            effects.bind_field(act, state, made, f"[{position}]", given[each], certain=True)
    return of(made, sources=sources_of(arguments))
