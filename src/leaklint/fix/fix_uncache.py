"""The decorator that caches request data goes, or what its key lacks becomes an argument (LK105)."""

from __future__ import annotations

import ast

from leaklint.fix.keys import keyed
from leaklint.fix.occurrences import occurrences
from leaklint.fix.plan import Change, Forget, NoFix, Plan, Undecorate, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.ir.finding import Finding, StepKind

_CACHES = ("alru_cache", "cache", "cached", "cachedmethod", "lru_cache", "memoize")


@fix("uncache")
def make(finding: Finding, project: Project) -> Plan:
    place = next(
        (step.place for step in finding.trace if step.kind in (StepKind.DEFINED, StepKind.RELATED)), finding.place
    )
    tree = project.tree(place.path)
    function, decorator = _cached(tree, place.span.line)
    if finding.hint.cure:
        try:
            return plan(finding, keyed(project, place.path, function, finding.hint.cure.split()), safe=False)
        except NoFix:
            pass  # without the cache it is right, too
    name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if tree.function(function) is None and function in tree.module.body:
        for each in occurrences(project, place.path, function.name):
            parent = each.tree.parents.get(each.node)
            if isinstance(parent, ast.Attribute) and parent.attr.startswith("cache_"):
                raise NoFix(f"{each.path} uses {function.name}.{parent.attr}")
    elif any(isinstance(each, ast.Attribute) and each.attr.startswith("cache_") for each in tree.nodes):
        raise NoFix("the cache is looked into somewhere")
    changes: list[Change] = [Undecorate(tree.span(decorator))]
    first = name.partition(".")[0]
    used = [each for each in tree.nodes if isinstance(each, ast.Name) and each.id == first]
    if len(used) == 1 and _imported(tree, first):
        changes.append(Forget(first))
    return plan(finding, [(place.path, each) for each in changes], safe=False)


def _cached(tree: Tree, line: int) -> tuple[Function, ast.expr]:
    for function in tree.nodes:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = {function.lineno, *(each.lineno for each in function.decorator_list)}
        if line not in lines:
            continue
        for decorator in function.decorator_list:
            name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name.rpartition(".")[2] in _CACHES:
                return function, decorator
    raise NoFix("what caches is no decorator of a def")


def _imported(tree: Tree, name: str) -> bool:
    return any(
        (alias.asname or alias.name) == name
        for each in tree.module.body
        if isinstance(each, ast.Import | ast.ImportFrom)
        for alias in each.names
    )
