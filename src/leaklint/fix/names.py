"""What a module, or a name of it, is called in a file, and the import that it takes to be called so."""

from __future__ import annotations

import ast
from keyword import iskeyword

from leaklint.fix.plan import Change, Import, NoFix
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree


def module(tree: Tree, name: str) -> tuple[str, list[Import]]:
    """What the file calls a module, and the import where there is none yet."""
    known = tree.imported_as(name)
    if known:
        return _visible(tree, known), []
    first = name.partition(".")[0]
    if tree.is_taken(first):
        raise NoFix(f"the name {first} means something else in the file")
    return name, [Import(name)]


def _visible(tree: Tree, known: str) -> str:
    """A name that the file imports, where no function gives it another meaning."""
    first = known.partition(".")[0]
    if tree.is_shadowed(first):
        raise NoFix(f"the name {first} means something else in the file")
    return known


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
        return _visible(tree, known), []
    whole = tree.imported_as(name)
    if whole:
        return f"{_visible(tree, whole)}.{wanted}", []
    if tree.is_taken(wanted, imported=True):
        raise NoFix(f"the name {wanted} means something else in the file")
    return wanted, [Import(name, wanted)]


def called_in(project: Project, tree: Tree, file: str, path: str, name: str) -> tuple[str, list[Change]]:
    """What a file calls the variable, and the import that it takes."""
    if file == path:
        return name, []
    for statement in tree.module.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if project.resolve(file, alias.name, "", 0) == (path, ""):
                    return f"{alias.asname or alias.name}.{name}", []
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                meant = project.resolve(file, statement.module or "", alias.name, statement.level)
                if meant == (path, name):
                    return alias.asname or alias.name, []
                if meant == (path, ""):
                    return f"{alias.asname or alias.name}.{name}", []
    if tree.is_taken(name) or any(isinstance(each, ast.Name) and each.id == name for each in tree.nodes):
        raise NoFix(f"the name {name} means something else in {file}")

    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    for start in range(len(parts)):
        module = ".".join(parts[start:])
        is_name = all(each.isidentifier() and not iskeyword(each) for each in parts[start:])
        if is_name and project.resolve(file, module, "", 0) == (path, ""):
            return name, [Import(module, name)]
    raise NoFix(f"{file} cannot import {path}")
