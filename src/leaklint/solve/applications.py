"""The application that serves a request: ``request.app`` and ``current_app`` lead to the object of a module.

Rows say of these names that each is one object of the process. Where the modules of a project bind exactly one object
of its class, it is that one: what the import has put into it (``app.state.search = Search()``) is found there, too.
"""

from __future__ import annotations

from leaklint.ir.values import Path, RootKind, TypeKind
from leaklint.solve.lattice import constants, prolong
from leaklint.solve.lookup import library_object
from leaklint.solve.world import World


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
