"""A mutable default becomes ``None``, and the function makes a new object for each call (LK104)."""

from __future__ import annotations

import ast

from leaklint.fix.annotations import optional
from leaklint.fix.plan import Before, Change, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import alone
from leaklint.ir.finding import Finding, StepKind

_MAKERS = ("bytearray", "collections.Counter", "collections.OrderedDict", "collections.deque", "dict", "list", "set")
_LITERALS = (ast.List, ast.Dict, ast.Set, ast.Constant, ast.UnaryOp, ast.USub, ast.expr_context, ast.Tuple)


@fix("none-default")
def make(finding: Finding, project: Project) -> Plan:
    place = next((step.place for step in finding.trace if step.kind is StepKind.DEFINED), finding.place)
    tree = project.tree(place.path)
    functions = [
        each
        for each in tree.nodes
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.lineno == place.span.line
    ]
    if len(functions) != 1:
        raise NoFix("the default is none of a def")
    if any(project.mentions(path, "defaults__") for path in project.sources):
        raise NoFix("the project looks into the defaults of functions")
    name = finding.hint.state
    parameter, default = _default(functions[0], name)
    if not is_fresh(tree, default):
        raise NoFix("what the default is made of may change between two calls")
    changes = none_instead(tree, functions[0], parameter, default, project)
    return plan(finding, [(place.path, each) for each in changes], safe=not _is_cache(functions[0], name))


def _is_cache(function: Function, name: str) -> bool:
    """Whether a function looks a key up in the default before it writes: the cache that this may be goes."""
    for each in ast.walk(function):
        match each:
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=looked_into)]):
                pass
            case ast.Call(func=ast.Attribute(value=ast.Name(id=looked_into), attr="get" | "setdefault")):
                pass
            case _:
                continue
        if looked_into == name:
            return True
    return False


def _default(function: Function, name: str) -> tuple[ast.arg, ast.expr]:
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    pairs = list(zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True))
    pairs += [(each, value) for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    for argument, default in pairs:
        if argument.arg == name:
            return argument, default
    raise NoFix("the function has no such default")


def is_fresh(tree: Tree, default: ast.expr) -> bool:
    """Whether evaluating an expression once more gives an equal new object, whenever that is."""
    if isinstance(default, ast.Call):
        arguments = [*default.args, *(each.value for each in default.keywords)]
        return tree.full_name(default.func) in _MAKERS and all(map(_is_literal, arguments))
    return isinstance(default, ast.List | ast.Dict | ast.Set) and _is_literal(default)


def _is_literal(node: ast.expr) -> bool:
    return all(isinstance(each, _LITERALS) for each in ast.walk(node))


def none_instead(
    tree: Tree, function: Function, parameter: ast.arg, default: ast.expr, project: Project
) -> list[Change]:
    """The default as ``None`` and a test at the top of the body."""
    name = parameter.arg
    means_the_same(tree, function, default)
    for each in ast.walk(function):
        if isinstance(each, ast.Compare) and dotted(each.left) == name:
            for other in each.comparators:
                if isinstance(other, ast.Constant) and other.value is None:
                    raise NoFix("None means something for this parameter already")
    body = [each for each in function.body if not _is_docstring(each)]
    while len(body) > 1 and _is_such_test(body[0]):
        del body[0]
    if not body:
        raise NoFix("the function has no body to put a test into")
    alone(tree, body[0])
    text = f"if {name} is None:\n    {name} = {tree.text_of(default)}"
    changes: list[Change] = [Replace(tree.span(default), "None"), Before(tree.span(body[0]), text)]
    return changes + optional(tree, parameter.annotation, project)


def means_the_same(tree: Tree, function: Function, value: ast.expr) -> None:
    """Raises ``NoFix`` where an expression from outside of a function would mean something else in its body."""
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    own = {each.arg for each in listed if each is not None} | (tree.names_of(function)[1] - tree.names_of(function)[0])
    for each in ast.walk(value):
        if isinstance(each, ast.Name) and each.id in own:
            raise NoFix(f"{each.id} means something else in the function")


def _is_such_test(statement: ast.stmt) -> bool:
    """Whether a statement gives another parameter its object: ``if x is None: x = []``."""
    match statement:
        case ast.If(
            test=ast.Compare(left=ast.Name(id=asked), ops=[ast.Is()], comparators=[ast.Constant(value=None)]),
            body=[ast.Assign(targets=[ast.Name(id=given)])],
            orelse=[],
        ):
            return asked == given
    return False


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
