"""An async entry point gets a plain function of its name that runs it with ``asyncio.run`` (LK209)."""

from __future__ import annotations

import ast

from leaklint.fix.names import module
from leaklint.fix.occurrences import occurrences
from leaklint.fix.plan import After, NoFix, Plan, Rename, fix, plan
from leaklint.fix.project import Project
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
    plain = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults:
        raise NoFix("its parameters are no plain names")
    if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in tree.own_nodes(function)):
        raise NoFix("it is a generator")
    alone(tree, function)
    asyncio, imports = module(tree, "asyncio")
    name = tree.fresh(f"_{function.name.lstrip('_')}", f"_{function.name.lstrip('_')}_async")
    written = [tree.text_of(each) for each in plain]
    if arguments.posonlyargs:
        written.insert(len(arguments.posonlyargs), "/")
    signature = ", ".join(written)
    returns = f" -> {tree.text_of(function.returns)}" if function.returns is not None else ""
    given = ", ".join(each.arg for each in plain)
    text = f"\n\ndef {function.name}({signature}){returns}:\n    return {asyncio}.run({name}({given}))"
    return plan(
        finding,
        [Rename(tree.span(function), name), After(tree.span(function), text), *imports],
        safe=True,
    )
