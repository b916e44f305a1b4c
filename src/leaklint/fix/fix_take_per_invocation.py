"""A value that is taken at import is taken when it is needed (LK106)."""

from __future__ import annotations

import ast

from leaklint.fix.fix_none_default import means_the_same, none_instead
from leaklint.fix.names import member
from leaklint.fix.occurrences import occurrences
from leaklint.fix.plan import Before, Change, Instead, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, dotted
from leaklint.fix.waits import alone, commented, comments_beside
from leaklint.ir.finding import Finding


@fix("take-per-invocation")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    if node is None:
        raise NoFix("the value is no expression of its own")
    statement = tree.statement(node)
    parent = tree.parents.get(statement)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return _default(finding, tree, statement, node, project)
    if isinstance(parent, ast.ClassDef):
        return _field(finding, tree, parent, statement, node)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or statement not in tree.module.body:
        raise NoFix("no name of the module is bound to the value")
    target = statement.targets[0]
    if not isinstance(target, ast.Name):
        raise NoFix("no name of the module is bound to the value")
    return _moved(finding, tree, statement, target.id, project)


def _default(
    finding: Finding, tree: Tree, function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.expr, project: Project
) -> Plan:
    """A default argument."""
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    pairs: list[tuple[ast.arg, ast.expr | None]] = list(
        zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for argument, default in pairs:
        if default is not None and any(each is node for each in ast.walk(default)):
            return plan(finding, none_instead(tree, function, argument, default, project), safe=False)
    raise NoFix("the value is no default of the function")


def _field(finding: Finding, tree: Tree, owner: ast.ClassDef, statement: ast.stmt, node: ast.expr) -> Plan:
    """A field of a dataclass gets a factory."""
    decorators = [dotted(each.func if isinstance(each, ast.Call) else each) for each in owner.decorator_list]
    if not any(each.rpartition(".")[2] == "dataclass" for each in decorators):
        raise NoFix("the class is no dataclass")
    if not isinstance(statement, ast.AnnAssign) or statement.value is None or not isinstance(node, ast.Call):
        raise NoFix("the value is no default of a field")
    field, imports = member(tree, "dataclasses", "field")
    value = statement.value
    if isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] == "field":
        raise NoFix("the field has settings of its own")
    plain = value is node and not node.args and not node.keywords
    factory = tree.text_of(node.func) if plain else f"lambda: {tree.text_of(value)}"
    return plan(finding, [Replace(tree.span(value), f"{field}(default_factory={factory})"), *imports], safe=True)


def _moved(finding: Finding, tree: Tree, statement: ast.Assign, name: str, project: Project) -> Plan:
    """The assignment moves to the top of the one function that uses the name."""
    uses = [each for each in occurrences(project, finding.place.path, name) if not each.is_definition]
    if any(each.path != finding.place.path for each in uses):
        raise NoFix("another file uses the value")
    functions = {tree.function(each.node) for each in uses}
    function = functions.pop() if len(functions) == 1 else None
    if function is None or tree.function(function) is not None:
        raise NoFix("the value is used in more than one function, which would not see the same value any more")
    if function not in tree.module.body:
        raise NoFix("the value is used by a method, which may be called several times")
    if any(isinstance(each, ast.Global) and name in each.names for each in ast.walk(function)):
        raise NoFix("the function binds the name of the module anew")
    first = next(
        (each for each in function.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))),
        None,
    )
    if first is None:
        raise NoFix("the function has no body to put it into")
    means_the_same(tree, function, statement.value)
    alone(tree, statement, first)
    lower = name.strip("_").lower()
    local = tree.fresh(lower, f"new_{lower}") if lower != name else name
    above, behind = comments_beside(tree, statement)
    end = statement.end_lineno or statement.lineno
    if end < len(tree.lines) and tree.lines[end].strip():
        # what stands above may be about more than this statement
        above = []
    text = commented(tree, f"{local} = {tree.text_of(statement.value)}", above, behind)
    changes: list[Change] = [Instead(tree.span(statement), ""), *above, *([behind] if behind is not None else [])]
    changes.append(Before(tree.span(first), text))
    if local != name:
        changes += [Replace(each.span, local) for each in uses]
    return plan(finding, changes, safe=False)
