"""All places of a project where a module-level name is meant, through whatever imports."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator

from leaklint.fix.plan import NoFix
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, Unreadable, dotted
from leaklint.ir.location import Span


@dataclasses.dataclass(frozen=True, slots=True)
class Occurrence:
    """One place: the expression that means the name (``messages``, ``log.messages``), or the alias of an import."""

    path: str
    tree: Tree
    node: ast.expr | ast.alias
    is_definition: bool = False

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.tree.span(self.node)


def occurrences(project: Project, path: str, name: str) -> list[Occurrence]:
    """Every place, file by file; raises ``NoFix`` where one cannot be sure to know them all.

    A file that imports the name is another home of it: others may import it from there.
    """
    found: list[Occurrence] = list(_in_own_file(path, _parsed(project, path), name))
    homes = [path]
    for home in homes:
        for file in sorted(project.importers(home)):
            if not project.mentions(file, name) and not project.may_import_all(file):
                continue
            here = list(_through_imports(project, file, _parsed(project, file), home, name))
            if file not in homes and any(isinstance(each.node, ast.alias) for each in here):
                homes.append(file)
            found += [each for each in here if each not in found]
    return sorted(found, key=lambda each: (each.path, each.span))


def _parsed(project: Project, path: str) -> Tree:
    try:
        return project.tree(path)
    except Unreadable:
        raise NoFix(f"{path} may use the name and cannot be parsed") from None


def _in_own_file(path: str, tree: Tree, name: str) -> Iterator[Occurrence]:
    for node in tree.nodes:
        if isinstance(node, ast.Name) and node.id == name and not is_local(tree, node, name):
            definition = isinstance(node.ctx, ast.Store) and tree.statement(node) in tree.module.body
            yield Occurrence(path, tree, node, definition)


def _through_imports(project: Project, file: str, tree: Tree, path: str, name: str) -> Iterator[Occurrence]:
    for node in tree.nodes:
        if not isinstance(node, ast.ImportFrom | ast.Import):
            continue
        for alias in node.names:
            if isinstance(node, ast.Import):
                if project.resolve(file, alias.name, "", 0) == (path, ""):
                    yield from _attributes(file, tree, alias.asname or alias.name, name)
                continue
            if alias.name == "*":
                if project.resolve(file, node.module or "", "", node.level) == (path, ""):
                    raise NoFix(f"{file} imports everything from the module")
                continue
            meant = project.resolve(file, node.module or "", alias.name, node.level)
            if meant == (path, name):
                if alias.asname not in (None, name):
                    raise NoFix(f"{file} imports it under another name")
                yield Occurrence(file, tree, alias)
                for use in tree.nodes:
                    if isinstance(use, ast.Name) and use.id == name and not is_local(tree, use, name):
                        yield Occurrence(file, tree, use)
            elif meant == (path, ""):
                yield from _attributes(file, tree, alias.asname or alias.name, name)


def _attributes(file: str, tree: Tree, module: str, name: str) -> Iterator[Occurrence]:
    """``module.name`` wherever it stands."""
    wanted = f"{module}.{name}"
    for node in tree.nodes:
        if isinstance(node, ast.Attribute) and node.attr == name and dotted(node) == wanted:
            yield Occurrence(file, tree, node)


def is_local(tree: Tree, node: ast.AST, name: str) -> bool:
    """Whether a function or comprehension around a place has a variable of its own of that name."""
    inner = node
    for scope in tree.above(node):
        if isinstance(scope, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            targets = [part for each in scope.generators for part in ast.walk(each.target)]
            outside = inner is scope.generators[0] and _is_below(tree, node, scope.generators[0].iter)
            if not outside and any(isinstance(each, ast.Name) and each.id == name for each in targets):
                return True
        inner = scope
        if isinstance(scope, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = scope.args
            listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            if any(each is not None and each.arg == name for each in listed):
                return True
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            shared, bound = tree.names_of(scope)
            if name in shared:
                return False
            if name in bound:
                return True
    return False


def _is_below(tree: Tree, node: ast.AST, holder: ast.AST) -> bool:
    return node is holder or any(each is holder for each in tree.above(node))
