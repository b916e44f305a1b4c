"""The application that serves a request: ``request.app`` and ``current_app`` lead to the object of a module.

Rows say of these names that each is one object of the process. Where the modules of a project bind exactly one object
of its class, it is that one: what the import has put into it (``app.state.search = Search()``) is found there, too.
"""

from __future__ import annotations

from leaklint.ir.location import Span
from leaklint.ir.summary import Moment
from leaklint.ir.values import NOTHING, Path, RootKind, TypeKind, Value
from leaklint.solve.activation import PLATFORM, Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.coroutines import invoked
from leaklint.solve.lattice import constants, of, ordered, prolong
from leaklint.solve.leaving import enter_only
from leaklint.solve.lookup import library_object, module_name
from leaklint.solve.state import State
from leaklint.solve.world import Solving, World


def make_application(world: World, factory: str) -> Solving:
    """What a server does before the first request: it calls the function that makes the application."""
    facts = world.program.function(factory)
    path, _, name = factory.partition("::")
    value = (yield from module_name(world, path, name)) if facts is not None else None
    if facts is None or value is None:
        return None
    act, state = Activation(world, f"{path}::{PLATFORM}", facts, importing=True), State()
    required = [each for each in facts.parameters if each.kind in ("positional", "either") and not each.has_default]
    given = Arguments(tuple(NOTHING for _ in required))
    made = yield from invoked(act, state, value, given, Moment.LOOP, facts.name_span)
    world.modules[path].names[f"{name}()"] = made
    for thing in made.things:
        if thing.type.kind is TypeKind.INSTANCE:
            world.name_object(thing, f"{name}()", path, facts.name_span)
    for place, held in state.heap.items():
        world.keep_field(place, held)
    world.forget_owners()
    return None


def start_up(act: Activation, state: State, called: Value, arguments: Arguments, span: Span) -> Solving:
    """What a server calls before it takes the first request: of a generator, what stands before its ``yield``.

    Behind the adapter of a platform, that happens for each request anew, or never.
    """
    registrars = act.world.program.registrars
    if registrars is not None and registrars.adapted(act.path) is not None:
        return None
    for thing in ordered(called.things):
        facts = act.world.program.function(thing.type.name)
        if facts is not None and facts.is_generator and not facts.free:
            yield from enter_only(act, state, thing, arguments, span)
        else:
            yield from invoked(act, state, of(thing), arguments, Moment.LOOP, span)
    return None


def share_applications(world: World) -> None:
    """Puts what the import has put into an application where requests find it; constants may be others by then."""
    for name in world.program.registrars.applications if world.program.registrars is not None else ():
        for served in library_object(world, name).things:
            found = _bound_by_modules(world, served.type.name)
            for own in found if len(found) == 1 else ():
                for place, value in list(world.fields_below(own).items()):
                    if constants(value) is None:
                        world.keep_field(prolong(served.path, place.fields[len(own.fields) :]), value)


def _bound_by_modules(world: World, class_name: str) -> set[Path]:
    """The objects of a class, or of one derived from it, that names of modules denote."""
    return {
        thing.path
        for module in world.modules.values()
        for value in module.names.values()
        for thing in value.things
        if thing.type.kind is TypeKind.INSTANCE
        and thing.path.root.kind is RootKind.STATIC
        and world.is_subclass(thing.type.name, frozenset({class_name}))
    }
