"""What is settled for every invocation by what was set up at import: a decorator that clears, an integration."""

from __future__ import annotations

from leaklint.ir.handler import Source
from leaklint.ir.location import Place
from leaklint.ir.values import Path
from leaklint.solve.handlers import Invoked
from leaklint.solve.lattice import context_of
from leaklint.solve.world import World


def settled_at_import(world: World, invoked: Invoked, path: Path) -> bool:
    """Whether something that is set up when the handler is loaded settles it for every invocation."""
    handler, loaded_with = invoked.handler, world.overview.loaded_with
    # a route is called by the entry point that has loaded it
    context = context_of(path)
    if context is not None and context.root.name in handler.isolates:
        return True
    is_route = handler.source is Source.DECORATOR and not handler.entry
    setting_up = {
        place.path
        for place in world.settled.get(context or path, ())
        if is_route or not _of_another(world, invoked, place)
    }
    if not setting_up:
        return False
    loaded = loaded_with(invoked.path) | loaded_with(handler.path)
    if not setting_up.isdisjoint(loaded):
        return True
    return is_route and any(handler.path in loaded_with(each) for each in setting_up)


def _of_another(world: World, invoked: Invoked, place: Place) -> bool:
    """Whether a place is a decorator of another handler, which nothing beside it calls."""
    functions = world.program.files[place.path].functions
    decorated = next((each for each in functions.values() if place.span in each.decorator_spans), None)
    if decorated is None or invoked.function == decorated:
        return False
    is_handler = any((each.path, each.attribute) == (place.path, decorated.name) for each in world.program.handlers)
    return is_handler and not any(decorated.name in each.calls for each in functions.values())
