"""A callable that is handed to another thread runs in a copy of this one's context (LK403)."""

from __future__ import annotations

import ast

from leaklint.fix.names import member
from leaklint.fix.plan import Change, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, dotted
from leaklint.ir.finding import Finding

_FIRST = {"submit": 0, "run_in_executor": 1}
"""Where the callable stands among the arguments, followed by its own."""

_LATER = {"Thread": (("target", 1), ("args", 3)), "Timer": (("function", 1), ("args", 2))}
"""What the callable and its arguments are called, and where they stand."""


@fix("copy-context")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if not isinstance(node, ast.Call):
        raise NoFix("the callable is not handed over by a call")
    copy, imports = member(tree, "contextvars", "copy_context")
    run = f"{copy}().run"
    name = dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")
    if "ProcessPool" in finding.hint.row or any(_is_process_pool(tree, node, each) for each in ast.walk(node.func)):
        raise NoFix("a context cannot be sent to another process")
    if name in _FIRST:
        position = _FIRST[name]
        if len(node.args) <= position or isinstance(node.args[position], ast.Starred):
            raise NoFix("the callable is no plain argument")
        given = node.args[position]
        return plan(
            finding,
            [Replace(tree.span(node), tree.text_with(node, (given, f"{run}, {tree.text_of(given)}"))), *imports],
            safe=True,
        )
    if name not in _LATER:
        raise NoFix("it is not known where the callable stands among the arguments")
    target, arguments = _argument(node, *_LATER[name][0]), _argument(node, *_LATER[name][1])
    if target is None or any(isinstance(each, ast.Starred) for each in node.args):
        raise NoFix("it is not known where the callable stands among the arguments")
    text = tree.text_of(target)
    if arguments is None:
        whole = tree.with_arguments(node, f"args=({text},)", instead=(target, run))
        return plan(finding, [Replace(tree.span(node), whole), *imports], safe=True)
    if not isinstance(arguments, ast.Tuple | ast.List):
        raise NoFix("the arguments are no tuple")
    listed = tree.text_of(arguments)
    opening, closing = listed[0], listed[-1]
    inner = listed[1:-1].strip()
    inner = inner.removesuffix(",")
    changed = f"{opening}{text}, {inner}{closing}" if inner else f"{opening}{text},{closing}"
    changes: list[Change] = [Replace(tree.span(target), run), Replace(tree.span(arguments), changed), *imports]
    return plan(finding, changes, safe=True)


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """What a call gives for a parameter."""
    if position < len(call.args):
        return call.args[position]
    return next((each.value for each in call.keywords if each.arg == name), None)


def _is_process_pool(tree: Tree, call: ast.Call, receiver: ast.AST) -> bool:
    """Whether a name is bound to an executor of processes somewhere in the file."""
    if not isinstance(receiver, ast.Name | ast.Attribute):
        return False
    name = dotted(receiver)
    for each in tree.nodes:
        match each:
            case ast.Assign(targets=[target], value=made) if dotted(target) == name:
                pass
            case ast.withitem(context_expr=made, optional_vars=ast.Name() as target) if dotted(target) == name:
                pass
            case _:
                continue
        if isinstance(made, ast.Call) and dotted(made.func).endswith("ProcessPoolExecutor") and made is not call:
            return True
    return False
