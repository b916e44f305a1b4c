"""Unread: variables and attributes that invocations bind, and that no code of the project ever looks at."""

from __future__ import annotations

from leaklint.ir.effects import How
from leaklint.ir.values import NOTHING, Path, RootKind, Sources
from leaklint.solve.concerning import read_first
from leaklint.solve.world import World


def is_unread(world: World, path: Path, how: How, reads: Sources) -> bool:
    """Whether no code reads the module variable, or the attribute of an object of the project's, that is bound.

    ``reads`` are the places that invocations read, perhaps together with all around them: ``vars(STATE)``.
    """
    if how not in (How.REBIND, How.SET_ATTRIBUTE):
        return False
    if path.root.kind is RootKind.VARIABLE and not path.fields:
        read = world.overview.is_read_variable(path.root.owner, path.root.name)
    elif path.fields and path.fields[-1].startswith("."):
        read = world.overview.is_read(path.fields[-1][1:]) or not _is_of_own_class(world, path)
    else:
        return False
    return not read and not read_first(path, reads)


def _is_of_own_class(world: World, attribute: Path) -> bool:
    """Whether an attribute is one of a class, or of an object of one, that nobody else's code knows."""
    owner = Path(attribute.root, attribute.fields[:-1])
    if owner.root.kind is RootKind.CLASS and not owner.fields:
        classes = [f"{owner.root.owner}::{owner.root.name}"]
    else:
        named, held = world.named.get(owner), world.field(owner) or NOTHING
        classes = [named.type] if named is not None else [thing.type.name for thing in held.things]
    return bool(classes) and all(
        "::" in each or each == "builtins.object" for name in classes for each in world.order(name)
    )
