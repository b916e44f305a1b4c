"""Which functions may run because of a call, and which lead to a place, as far as names tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from leaklint.fix.project import Project
from leaklint.fix.tree import Function, Tree, Unreadable, dotted

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPLIED = ("__init__", "__enter__", "__aenter__")
_DEEPEST = 6
"""Calls from the function that begins to the last one that is looked at."""


def last_name(node: ast.expr) -> str:
    """The last part of what a call calls, or a decorator is: ``lock`` of ``self.table.lock``; or nothing."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else dotted(called)


def named(project: Project, path: str, name: str) -> Iterator[tuple[Tree, Function]]:
    """The functions and methods of a file that have a name."""
    if not project.mentions(path, f"def {name}"):
        return
    try:
        tree = project.tree(path)
    except Unreadable:
        return
    for function in project.once(("functions", path), lambda: _by_name(tree)).get(name, ()):
        yield tree, function


def _by_name(tree: Tree) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = {}
    for node in tree.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


def near(project: Project, path: str, name: str) -> Iterator[tuple[str, Tree, Function]]:
    """Those of a file and of the files that it imports itself, with their paths."""
    for each in (path, *sorted(project.imported(path))):
        for tree, function in named(project, each, name):
            yield each, tree, function


def may_run(project: Project, path: str, callee: str) -> list[tuple[str, Tree, Function]]:
    """The functions that may run when a name is called, with their files: what they call, and their decorators."""
    return project.once(("may run", path, callee), lambda: list(_may_run(project, path, callee)))


def _may_run(project: Project, path: str, callee: str) -> Iterator[tuple[str, Tree, Function]]:
    first = callee.partition("#")[0].rpartition(".")[2]
    pending = [(path, each, 0) for each in (_called_in_lambda(project.tree(path), first) or {first})]
    seen = {(where, name) for where, name, _ in pending}
    while pending:
        where, name, depth = pending.pop(0)
        for each, tree, function in [*near(project, where, name), *_entered(project, where, name)]:
            yield each, tree, function
            called = {last_name(node) for node in tree.own_nodes(function) if isinstance(node, ast.Call)}
            called |= around(project, each, function)
            fresh = {(each, other) for other in called - {""}} - seen if depth < _DEEPEST else set()
            seen |= fresh
            pending += [(file, other, depth + 1) for file, other in sorted(fresh)]


def _called_in_lambda(tree: Tree, name: str) -> set[str]:
    """What a lambda calls, by the line in its name: ``<lambda:LINE:COLUMN>``."""
    if not name.startswith("<lambda:"):
        return set()
    line = int(name.split(":")[1])
    found = [each for each in tree.nodes if isinstance(each, ast.Lambda) and each.lineno == line]
    return {last_name(node) for each in found for node in ast.walk(each) if isinstance(node, ast.Call)}


def _entered(project: Project, path: str, name: str) -> Iterator[tuple[str, Tree, Function]]:
    """What Python calls of a class of that name where an object is made and entered."""
    for each in (path, *sorted(project.imported(path))):
        if not project.mentions(each, f"class {name}"):
            continue
        try:
            tree = project.tree(each)
        except Unreadable:
            continue
        for made in tree.nodes:
            if isinstance(made, ast.ClassDef) and made.name == name:
                for member in made.body:
                    if isinstance(member, _FUNCTIONS) and member.name in _IMPLIED:
                        yield each, tree, member


def around(project: Project, path: str, function: Function) -> set[str]:
    """The names of a function's decorators, and of the functions in those that they may put around it."""
    decorators = {last_name(each) for each in function.decorator_list} - {""}
    made = [found for name in decorators for _, _, found in near(project, path, name)]
    inner = {node.name for each in made for node in ast.walk(each) if isinstance(node, _FUNCTIONS)}
    return decorators | inner


def ways_to(project: Project, path: str, node: ast.AST) -> Iterator[tuple[str, Tree, ast.AST]]:
    """A place, and all places that name a function which leads to it: calls, and where it is handed on."""
    files = {path}
    homes = [path]
    for home in homes:
        homes += sorted(project.importers(home) - files)
        files.update(homes)
    pending = [(path, node)]
    seen: set[str] = set()
    while pending:
        where, place = pending.pop()
        tree = project.tree(where)
        yield where, tree, place
        function = next((each for each in tree.above(place) if isinstance(each, _FUNCTIONS)), None)
        if function is None:
            continue
        name, of_object = function.name, isinstance(tree.parents[function], ast.ClassDef)
        if name not in seen:
            seen.add(name)
            pending += [(each, use) for each in sorted(files) for use in _uses(project, each, name, of_object)]


def _uses(project: Project, path: str, name: str, of_object: bool) -> Iterator[ast.expr]:
    """Where a file reads a function by its name, or a method as an attribute of whatever object."""
    if not project.mentions(path, name):
        return
    try:
        tree = project.tree(path)
    except Unreadable:
        return
    imported = {(each.asname or each.name).partition(".")[0] for each in tree.nodes if isinstance(each, ast.alias)}
    for each in tree.nodes:
        if isinstance(each, ast.Attribute) and each.attr == name:
            if of_object or dotted(each).partition(".")[0] in imported:
                yield each
        elif isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load):
            taken = any(isinstance(above, _FUNCTIONS) and name in _parameters(above) for above in tree.above(each))
            if not of_object and not taken:
                yield each


def _parameters(function: Function) -> set[str]:
    return {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
