"""Members of classes: what a class and its bases define, bound to a receiver, and the types of fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from leaklint.ir.facts import ClassFacts, is_class_method
from leaklint.ir.values import Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import descriptors, uses
from leaklint.solve.activation import Activation
from leaklint.solve.annotations import annotated, annotated_inside
from leaklint.solve.arguments import keep_call, unpacked
from leaklint.solve.kinds import is_from_elsewhere
from leaklint.solve.lattice import ELEMENT, NONE, SYMBOLIC, extend, join_all, of, ordered, slot, with_sources
from leaklint.solve.lookup import kept, library, library_object, read_field
from leaklint.solve.state import State
from leaklint.solve.world import Ask, Solving, World, class_path, instance

TAKES_RECEIVER: Final = "<takes the receiver>"
"""The slot that a partial has which becomes a method: ``functools.partialmethod``."""

ANY_ATTRIBUTE: Final = ".*"
"""The field of an object that holds what code has put there under names that only the program knows."""
GENERATORS: Final = frozenset({"builtins.generator", "types.AsyncGeneratorType"})
"""What a context manager is that is written as a generator: entering it gives what it yields."""
ENTERING: Final = ("__aenter__", "__enter__")
ENTERED: Final = "contextlib._GeneratorContextManager.__enter__"
"""The row of what enters one of ``GENERATORS``, in whatever way."""
DECORATED: Final = "<decorated>"
"""The slot of an object, made by a class that decorates, in which lies the function that is decorated."""
WITHIN: Final = "<its decorator>"
"""The slot of a partial in which lies the context manager that each call of it enters and leaves, or the partial of a
function that is called in its place.
"""


def bound(state: State, method: Thing, receiver: Value) -> Value:
    """A method bound to its receiver."""
    state.heap[slot(method.path, "<self>")] = receiver
    return of(method)


def rebinds_field(act: Activation, class_name: str, name: str) -> Solving:
    """Whether a method other than ``__init__`` binds the attribute."""
    for each in act.world.order(class_name):
        facts = act.world.program.class_(each) if "::" in each else None
        if facts is not None and any(
            not method.endswith((".__init__", ".__post_init__")) for method in facts.instance_attributes.get(name, ())
        ):
            return True
    return False
    yield  # a generator like the other look-ups


def library_member(act: Activation, state: State, thing: Thing, class_name: str, name: str) -> Value:
    """An attribute of an object of a library's class: a method with a row, a typed attribute, or unknown."""
    models = act.world.models
    path = extend(thing.path, f".{name}")
    act.world.note_attribute(thing, path)
    typed = models.attribute(class_name, name)
    if typed is not None:
        return _typed(act.world, path, models.canonical(typed), name)
    full = models.method(class_name, name) or f"{class_name}.{name}"
    if class_name in GENERATORS and name in ENTERING:
        full = ENTERED
    row = models.row(full)
    if row is not None and row.instance_of:
        of_process = library_object(act.world, full)
        for term in row.copies:
            place = extend(extend(thing.path, term.removeprefix("self")), ELEMENT)
            held = read_field(act, state, place)
            if held is None and thing.path.root.kind in SYMBOLIC and row.elements:
                held = of(Thing(place, instance(row.elements)))
            if held is None:
                continue
            for each in of_process.things:
                state.heap[extend(each.path, ELEMENT)] = held
        told = frozenset(Path(Root(RootKind.LIBRARY, "process", each)) for each in row.reads)
        return with_sources(of_process, told)
    telling = models.class_row(class_name, "ended_by")
    if telling is not None and name in telling.ended_by:
        state.heap[slot(path, f"<ended {telling.ended_by[name]}>")] = of(thing)
        return of(Thing(path))
    if row is None:
        described = act.world.member_of_library(class_name, name)
        if described.kind == "object" and described.type:
            return of(Thing(path, instance(models.canonical(described.type))))
    return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, full)), of(thing))


def _typed(world: World, path: Path, kind: str, name: str) -> Value:
    """An attribute of a library's object whose class is known; the request where it is another one in each."""
    row = world.models.row(kind)
    if row is not None and row.request_data:
        path = Path(Root(RootKind.LIBRARY, "request", name))
        return of(Thing(path, instance(kind)), sources=frozenset({path}))
    return of(Thing(path, instance(kind)))


def class_member(
    act: Activation, state: State, class_name: str, name: str, *, bound_to: Thing, on_class: bool, after: str = ""
) -> Solving:
    """What a class or its bases define under a name, bound as an attribute of ``bound_to``; None where nothing does.

    ``after`` starts the search behind that class (``super()``).
    """
    world = act.world
    order = world.order(class_name)
    if after in order:
        order = order[order.index(after) + 1 :]
    for owner in order:
        if "::" not in owner:
            row = world.models.method(owner, name)
            typed = world.models.attribute(owner, name)
            path = extend(bound_to.path, f".{name}")
            if typed is not None:
                return _typed(world, path, world.models.canonical(typed), name)
            if row is None and world.member_of_library(owner, name).kind == "coroutine":
                row = f"{owner}.{name}"
            if row is not None and not on_class:
                return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, row)), of(bound_to))
            if not on_class and world.is_registrar(f"{owner}.{name}"):
                return bound(state, Thing(path, Type(TypeKind.LIBRARY_METHOD, f"{owner}.{name}")), of(bound_to))
            continue
        known, below = world.classes.get(owner), owner
        place = extend(class_path(owner), f".{name}")
        stored = state.heap.get(place)
        if stored is not None:
            return stored
        # what the import has bound on the class from outside its body stands in the world
        rebound = world.field(place)
        if rebound is None and (known is None or name not in known.attributes):
            continue
        if rebound is None and _is_own(act, owner, bound_to) and not on_class and not after:
            below = yield from _implementing(world, owner, name)
            known, place = world.classes[below], extend(class_path(below), f".{name}")
        value = known.attributes[name] if rebound is None and known is not None else rebound
        assert value is not None
        of_object = not on_class and not act.importing and rebound is None
        if of_object and known is not None and known.describes and _may_describe(world, value):
            return of(Thing(extend(bound_to.path, f".{name}")))
        if _is_perhaps_wrapped(world, (*order[: order.index(owner) + 1], below), value):
            return of(Thing(extend(bound_to.path, f".{name}")))
        if NONE.things <= value.things and not act.importing:
            value = yield from _as_it_is_now(act, below, name, value, place)
        result = yield from _bind(act, state, below, name, value, place, bound_to, on_class=on_class)
        return result
    return None


def _is_own(act: Activation, owner: str, receiver: Thing) -> bool:
    """Whether a method asks its own object, of which it knows no more than that its class is one of that family."""
    inside = act.facts.in_class
    of_method = inside is not None and receiver.path == Path(Root(RootKind.PARAMETER, "", "0"))
    return of_method and not act.importing and owner in act.world.order(f"{act.path}::{inside}")


def _implementing(world: World, owner: str, name: str) -> Solving:
    """The class whose method runs: of an abstract one the only implementation that the project has."""
    found = world.overview.only(owner, name)
    if found is None:
        return owner
    yield Ask("module", found[0])
    below = f"{found[0]}::{found[1]}"
    known = world.classes.get(below)
    return below if known is not None and name in known.attributes and owner in world.order(below) else owner


def _may_describe(world: World, value: Value) -> bool:
    """Whether what the body of a class binds may only describe an attribute that each object has for itself."""
    return all(
        thing.type.kind is TypeKind.UNKNOWN
        or (
            (thing.type.kind is TypeKind.INSTANCE and is_from_elsewhere(thing.type.name))
            and thing.type.name not in world.models
        )
        for thing in value.things
    )


def _is_perhaps_wrapped(world: World, classes: Sequence[str], value: Value) -> bool:
    """Whether code may have put something else in the place of a coroutine function, under a name that nobody knows."""
    functions = [world.program.function(thing.type.name) for thing in value.things]
    return any(each is not None and each.is_async for each in functions) and any(
        world.field(extend(class_path(each), ANY_ATTRIBUTE)) is not None for each in classes if "::" in each
    )


def _as_it_is_now(act: Activation, owner: str, name: str, value: Value, place: Path) -> Solving:
    """What a class attribute denotes that was None at import and that methods of the class bind."""
    types = yield from field_types(act.world, owner, name, of_class=True)
    return Value(frozenset(Thing(place, each) for each in types), value.sources | {place}) if types else value


def _bind(
    act: Activation, state: State, owner: str, name: str, value: Value, place: Path, bound_to: Thing, *, on_class: bool
) -> Solving:
    """What ``order.send`` denotes for a member of a class: a method has its receiver, a property its value."""
    found = []
    facts = act.world.program.class_(owner)
    for thing in ordered(value.things):
        if thing.type.kind is TypeKind.PARTIAL and read_field(act, state, slot(thing.path, TAKES_RECEIVER)) is not None:
            found.append(of(thing) if on_class else _received(act, state, thing, name, bound_to))
            continue
        if thing.type.kind is not TypeKind.FUNCTION:
            given = yield from descriptors.got_from(act, state, thing, bound_to, on_class=on_class)
            if given is not None:
                found.append(given)
            elif thing.type.kind is TypeKind.CONSTANT or thing.path.root.kind is RootKind.LIBRARY:
                member = thing.type.kind is TypeKind.CONSTANT and act.world.is_subclass(owner, uses.ENUMS)
                held = Thing(place, thing.type) if member else thing
                found.append(Value(frozenset({held}), kept(value.sources) | {place}))
                state.read(place)
            else:
                found.append(of(thing, sources=kept(value.sources) | {place}))
            continue
        function = act.world.program.function(thing.type.name)
        decorators = function.decorators if function is not None else ()
        if any(each.endswith((".setter", ".deleter")) for each in decorators):
            getter = f"{owner}.{name}"
            function = act.world.program.function(getter) or function
            found.append((yield from descriptors.property_value(act, state, getter, function, of(bound_to))))
            continue
        plain = [each.rpartition(".")[2] for each in decorators]
        receiver = of(bound_to)
        if "staticmethod" in plain or (function is not None and facts is None):
            found.append(of(thing))
        elif (function is not None and is_class_method(function)) or name in RECEIVING_CLASS:
            of_class = bound_to.type.name
            receiver = of(Thing(class_path(of_class), Type(TypeKind.CLASS, of_class)))
            found.append(method_of(state, bound_to.path, name, thing, receiver))
        elif on_class:
            found.append(of(thing))
        elif "cached_property" in plain:
            found.append(
                (yield from descriptors.cached_property_value(act, state, thing.type.name, function, bound_to, name))
            )
        elif "property" in plain:
            found.append((yield from descriptors.property_value(act, state, thing.type.name, function, receiver)))
        else:
            found.append(method_of(state, bound_to.path, name, thing, receiver))
    if not value.things:
        return Value(frozenset(), kept(value.sources) | {place})
    return join_all(found)


def _received(act: Activation, state: State, thing: Thing, name: str, receiver: Thing) -> Value:
    """A partial that is a method, as an attribute of an object, which is its first argument."""
    inner, arguments = unpacked(act, state, thing)
    path = extend(receiver.path, f".{name}")
    within = read_field(act, state, slot(thing.path, WITHIN))
    if within is not None:
        state.heap[slot(path, WITHIN)] = within
    kept = keep_call(act, state, path, inner, arguments.before([of(receiver)]))
    return of(Thing(path, Type(TypeKind.PARTIAL, kept)))


def method_of(state: State, path: Path, name: str, function: Thing, receiver: Value) -> Value:
    """A project's function bound to a receiver.

    An object of one of several types has as many methods of that name: each is an object of its own.
    """
    where = extend(path, f".{name}")
    if where == path:
        where = Path(path.root, (*path.fields[:-1], f".{name}"))
    taken = state.heap.get(slot(where, "<func>"))
    if taken is not None and taken.things and taken != of(function):
        # the objects of a value may be of several classes, and each has a method of its own
        where = slot(where, f"<{function.type.name}>")
    state.heap[slot(where, "<self>")] = receiver
    state.heap[slot(where, "<func>")] = of(function)
    return of(Thing(where, Type(TypeKind.METHOD, function.type.name)))


def super_attribute(act: Activation, state: State, thing: Thing, name: str) -> Solving:
    """What ``super().name`` denotes."""
    owner, _, actual = thing.type.name.partition("|")
    receivers = state.heap[slot(thing.path, "<self>")]
    found = []
    for receiver in ordered(receivers.things):
        value = yield from class_member(
            act,
            state,
            actual or owner,
            name,
            bound_to=receiver,
            on_class=receiver.type.kind is TypeKind.CLASS,
            after=owner,
        )
        if value is None and receiver.type.kind is TypeKind.CLASS and name == "__call__":
            # a metaclass goes on to make the object
            value = bound(state, Thing(extend(receiver.path, f".{name}"), MAKING), of(receiver))
        found.append(value if value is not None else library(f"builtins.object.{name}"))
    return join_all(found)


MAKING: Final = Type(TypeKind.LIBRARY_METHOD, "builtins.type.__call__")
"""What makes an object of a class when its metaclass has nothing more to say."""
RECEIVING_CLASS: Final = frozenset({"__class_getitem__", "__init_subclass__", "__new__"})
"""Methods that are given the class though no decorator says so."""
CLASS_VARIABLES: Final = ("ClassVar", "typing.ClassVar", "t.ClassVar")
"""Annotations that say of an attribute of a dataclass that it is none of its fields."""


def field_types(world: World, class_name: str, name: str, *, of_class: bool = False) -> Solving:
    """Types of the values that the methods of a class, or its annotations, give an attribute.

    With ``of_class``, one of the class itself: what methods bind on objects is none of it.
    """
    types: set[Type] = set()
    attribute = Path(Root(RootKind.PARAMETER, "", "0"), (f".{name}",))
    for owner in world.order(class_name):
        facts = world.program.class_(owner) if "::" in owner else None
        if facts is None:
            continue
        methods = facts.instance_attributes.get(name, ())
        if of_class and methods:
            methods = tuple(each for each in methods if is_given_class(world, owner, each))
            if not methods:
                break
        for method in methods:
            summary = yield world.unshaped(f"{owner.partition('::')[0]}::{method}")
            for store in summary.stores:
                if store.path == attribute:
                    types |= {thing.type for thing in store.value.things}
        if facts.annotations.get(name, "").startswith(CLASS_VARIABLES):
            break
        text = facts.annotations.get(name) or facts.instance_annotations.get(name)
        if text and not any(_telling(each) for each in types):
            value = yield from annotated(world, owner.partition("::")[0], text)
            types |= {thing.type for thing in value.things}
        if types or text or name in facts.instance_attributes:
            break
    types = {each for each in types if _telling(each)}
    return types if len(types) <= 4 else set()


def is_given_class(world: World, owner: str, method: str) -> bool:
    """Whether the first parameter of a method is a class."""
    function = world.program.function(f"{owner.partition('::')[0]}::{method}")
    if function is None or method.rpartition(".")[2] in RECEIVING_CLASS or "builtins.type" in world.order(owner):
        return True
    return is_class_method(function)


def _telling(kind: Type) -> bool:
    return kind.kind not in (TypeKind.CONSTANT, TypeKind.UNKNOWN)


def inside_field(world: World, class_name: str, name: str, place: Path) -> Solving:
    """What lies in a container in an attribute, at a place, as its annotation, or that of a parameter, names it."""
    for owner in world.order(class_name):
        facts = world.program.class_(owner) if "::" in owner else None
        if facts is None:
            continue
        said = facts.annotations.get(name) or facts.instance_annotations.get(name)
        found: list[tuple[Path, Value]] = []
        for text in (said,) if said else _said_of_parameters(world, owner, facts, name):
            found += yield from annotated_inside(world, owner.partition("::")[0], text, place)
        if said or found:
            return found
    return []


def _said_of_parameters(world: World, owner: str, facts: ClassFacts, name: str) -> Iterator[str]:
    """The annotations of the parameters that methods of a class bind to an attribute."""
    path = owner.partition("::")[0]
    for each in facts.instance_attributes.get(name, ()):
        method = world.program.function(f"{path}::{each}")
        bound = method.bindings.get(f"self.{name}", ()) if method is not None else ()
        for parameter in method.parameters if method is not None else ():
            if parameter.name in bound and parameter.kind in ("positional", "either", "keyword"):
                yield parameter.annotation
