"""Imports outside of handlers that are carried out when somebody asks for what they bind, if anybody ever does.

What handlers' files import has run before the first of them is called, whatever it is good for. Outside of handlers a
module is only run for what its names denote: a file with one suspect imports dozens of modules, and the suspect uses
two. So an import there is noted (``World.deferred``), and ``leaklint.solve.lookup`` carries it out.
"""

from __future__ import annotations

from collections import Counter

from leaklint.ir import cfg
from leaklint.solve.world import World


def deferrable(world: World, path: str, body: cfg.Body) -> dict[str, str]:
    """The temporaries of a module's body that bring an import to the name that it binds, and that name.

    Only where nothing else ever binds the name, and only outside of handlers.
    """
    if world.cursory is None:
        return {}
    world.deferred[path] = {}
    steps = [each for block in body.blocks for each in block.instructions]
    brought = {each.target for each in steps if type(each) is cfg.ImportName and each.name != "*"}
    stores = [each for each in steps if type(each) is cfg.StoreGlobal]
    bound = Counter([*(each.name for each in stores), *(each.name for each in steps if type(each) is cfg.DeleteGlobal)])
    written = world.program.files[path].global_writers
    return {
        each.value: each.name
        for each in stores
        if each.value in brought and bound[each.name] == 1 and each.name not in written
    }
