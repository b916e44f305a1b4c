"""What a module, or a name of it, is called in a file, and the import that it takes to be called so."""

from __future__ import annotations

from leaklint.fix.plan import Import, NoFix
from leaklint.fix.tree import Tree


def module(tree: Tree, name: str) -> tuple[str, list[Import]]:
    """What the file calls a module, and the import where there is none yet."""
    known = tree.imported_as(name)
    if known:
        return known, []
    first = name.partition(".")[0]
    if tree.is_taken(first):
        raise NoFix(f"the name {first} means something else in the file")
    return name, [Import(name)]


def attribute(tree: Tree, name: str, wanted: str) -> tuple[str, list[Import]]:
    """What the file calls a name of a module, as the file imports the module: whole, or name by name."""
    if not tree.imported_as(name) and (tree.name_as(name, wanted) or tree.takes_from(name)):
        try:
            return member(tree, name, wanted)
        except NoFix:
            pass  # the name is taken, the module's perhaps not
    whole, imports = module(tree, name)
    return f"{whole}.{wanted}", imports


def member(tree: Tree, name: str, wanted: str) -> tuple[str, list[Import]]:
    """What the file calls a name of a module, through the module where that is imported already."""
    known = tree.name_as(name, wanted)
    if known:
        return known, []
    whole = tree.imported_as(name)
    if whole:
        return f"{whole}.{wanted}", []
    if tree.is_taken(wanted, imported=True):
        raise NoFix(f"the name {wanted} means something else in the file")
    return wanted, [Import(name, wanted)]
