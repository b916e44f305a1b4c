"""An async entry point gets a plain function of its name that runs it with ``asyncio.run`` (LK209)."""

from __future__ import annotations

import ast

from leaklint.fix.names import module
from leaklint.fix.occurrences import occurrences
from leaklint.fix.plan import After, NoFix, Plan, Rename, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree
from leaklint.fix.waits import alone
from leaklint.ir.finding import Finding


@fix("run-coroutine")
def make(finding: Finding, project: Project) -> Plan:
    path = finding.place.path
    tree = project.tree(path)
    found = [
        each
        for each in tree.module.body
        if isinstance(each, ast.AsyncFunctionDef) and each.name == finding.hint.function
    ]
    if len(found) != 1:
        raise NoFix("the entry point is no function of its module")
    function = found[0]
    if function.decorator_list:
        raise NoFix("decorators would have to move to the new function")
    elsewhere = [each for each in occurrences(project, path, function.name) if not each.is_definition]
    if elsewhere:
        raise NoFix(f"{elsewhere[0].path} uses the function, and awaits it perhaps")
    arguments = function.args
    if arguments.vararg or arguments.kwarg:
        raise NoFix("its parameters are no plain names")
    if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in tree.own_nodes(function)):
        raise NoFix("it is a generator")
    alone(tree, function)
    asyncio, imports = module(tree, "asyncio")
    name = tree.fresh(f"_{function.name.lstrip('_')}", f"_{function.name.lstrip('_')}_async")
    signature, given = _parameters(tree, arguments)
    returns = f" -> {tree.text_of(function.returns)}" if function.returns is not None else ""
    text = f"\n\ndef {function.name}({signature}){returns}:\n    return {asyncio}.run({name}({given}))"
    return plan(
        finding,
        [Rename(tree.span(function), name), After(tree.span(function), text), *imports],
        safe=True,
    )


def _parameters(tree: Tree, arguments: ast.arguments) -> tuple[str, str]:
    """The parameters as they are written, and the arguments by which they are handed on."""
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    written = [
        _parameter(tree, each, default)
        for each, default in zip(positional, [*missing, *arguments.defaults], strict=True)
    ]
    if arguments.posonlyargs:
        written.insert(len(arguments.posonlyargs), "/")
    if arguments.kwonlyargs:
        written.append("*")
    written += [
        _parameter(tree, each, default)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    given = [each.arg for each in positional] + [f"{each.arg}={each.arg}" for each in arguments.kwonlyargs]
    return ", ".join(written), ", ".join(given)


def _parameter(tree: Tree, argument: ast.arg, default: ast.expr | None) -> str:
    text = tree.text_of(argument)
    if default is None:
        return text
    return f"{text}{'=' if argument.annotation is None else ' = '}{tree.text_of(default)}"
