"""A buffer is flushed, a library's context cleared, by the call that the library's row names (LK111, LK211)."""

from __future__ import annotations

import ast

from leaklint.fix.names import module
from leaklint.fix.plan import After, Before, Change, Enclose, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tails import in_handler
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import alone, at_the_end, blocks_around, finally_after, goes_on_behind, guarded, harmless
from leaklint.ir.finding import Finding, StepKind

_ENTERS = "inject_lambda_context"
"""Powertools' decorator of handlers, which clears what its logger keeps where it is told to."""


@fix("flush")
def flush(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node, function, statement = _fed(tree, finding)
    closing, imports = _closing(tree, node, finding, function)
    loops = tree.loops(statement)
    outer = loops[-1] if loops else statement
    others = [each for each in tree.after(outer) if _is_call(each, closing)]
    if others:
        raise NoFix("it is flushed on some paths already")
    alone(tree, outer)
    change = at_the_end(tree, outer, closing)
    fed = dotted(node.func).rpartition(".")[0]
    again = any(dotted(each) == fed for other in tree.after(outer) for each in ast.walk(other))
    if isinstance(change, Enclose) and not (fed and again):
        # at once rather than around all that follows: an exception in between would keep it back
        change = After(tree.span(outer), closing)
    return plan(finding, [change, *imports], safe=True)


@fix("clear-context")
def clear(finding: Finding, project: Project) -> Plan:
    decorated = _decorated(finding, project)
    if decorated is not None:
        return decorated
    if not in_handler(finding):
        raise NoFix("the context is put in place for code that runs after this function")
    tree = project.tree(finding.place.path)
    node, function, statement = _fed(tree, finding)
    if tree.loops(statement):
        raise NoFix("it stands in a loop")
    closing, imports = _closing(tree, node, finding, function)
    blocks = blocks_around(tree, statement)
    if goes_on_behind(tree, blocks) or any(isinstance(each, ast.Try) for each in blocks):
        # what comes behind, or a handler of exceptions, is to have the context still
        rest = [blocks[-1], *tree.after(blocks[-1])]
        return plan(finding, [guarded(tree, rest, closing), *imports], safe=True)
    rest = list(tree.after(statement))
    if rest and all(map(harmless, rest[:-1])) and isinstance(rest[-1], ast.Return) and harmless_answer(rest[-1]):
        alone(tree, statement, rest[-1])
        return plan(finding, [Before(tree.span(rest[-1]), closing), *imports], safe=True)
    return plan(finding, [finally_after(tree, statement, closing), *imports], safe=True)


def harmless_answer(statement: ast.Return) -> bool:
    """Whether an answer is made of names and literals."""
    return statement.value is None or harmless(ast.Expr(statement.value))


def _fed(tree: Tree, finding: Finding) -> tuple[ast.Call, Function, ast.stmt]:
    node = tree.at(finding.place.span)
    if isinstance(node, ast.Await):
        node = node.value
    function = tree.function(node) if node is not None else None
    if not isinstance(node, ast.Call) or function is None:
        raise NoFix("it is no call in a function")
    statement = tree.statement(node)
    if isinstance(statement, ast.Return | ast.If | ast.While | ast.With | ast.AsyncWith):
        raise NoFix("it is part of a statement that leaves the function or opens a block")
    return node, function, statement


def _closing(tree: Tree, node: ast.Call, finding: Finding, function: Function) -> tuple[str, list[Change]]:
    """The call that the row names, as this file writes it."""
    cure = finding.hint.cure
    last = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
    if last != finding.hint.operation:
        raise NoFix("what is fed here is fed through something else")
    if not cure:
        raise NoFix("no row says what settles it")
    waits = cure.startswith("await ")
    if waits and not isinstance(function, ast.AsyncFunctionDef):
        raise NoFix("only a function that is async can await")
    name = cure.removeprefix("await ").removesuffix("()")
    prefix = "await " if waits else ""
    if name.startswith("self."):
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        if not dotted(receiver):
            raise NoFix("what is fed has no name")
        return f"{prefix}{dotted(receiver)}.{name.removeprefix('self.')}()", []
    written = dotted(node.func)
    owner, _, last = name.rpartition(".")
    if tree.full_name(node.func).rpartition(".")[0] == owner and "." in written:
        # called through the same module as the call that feeds it
        return f"{prefix}{written.rpartition('.')[0]}.{last}()", []
    called, imports = module(tree, owner)
    return f"{prefix}{called}.{last}()", list(imports)


def _is_call(statement: ast.stmt, closing: str) -> bool:
    name = closing.removeprefix("await ").removesuffix("()")
    return any(isinstance(each, ast.Call) and dotted(each.func) == name for each in ast.walk(statement))


def _decorated(finding: Finding, project: Project) -> Plan | None:
    """``clear_state=True`` for the decorator of the handler, where the logger of Powertools decorates it."""
    if "powertools logger" not in finding.hint.state:
        return None
    place = next((step.place for step in finding.trace if step.kind is StepKind.HANDLER), finding.place)
    tree = project.tree(place.path)
    for function in tree.nodes:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.lineno == place.span.line:
            for decorator in function.decorator_list:
                call = decorator if isinstance(decorator, ast.Call) else None
                name = dotted(call.func if call is not None else decorator)
                if name.rpartition(".")[2] != _ENTERS or (call and any(k.arg == "clear_state" for k in call.keywords)):
                    continue
                more = "clear_state=True"
                text = f"{name}({more})" if call is None else tree.with_arguments(call, more)
                return plan(finding, [(place.path, Replace(tree.span(decorator), text))], safe=True)
    return None
