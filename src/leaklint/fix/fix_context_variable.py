"""A list, dictionary, set or counter of a module becomes a ``ContextVar`` that each handler sets and resets.

This is for LK101 and LK102. All places of the project that use the name are rewritten, in whatever files they are:
``messages`` becomes ``messages.get()``, ``count += 1`` becomes ``count.set(count.get() + 1)``, and each handler that
can come to the module gets a value of its own for the time of one invocation.
"""

from __future__ import annotations

import ast

from leaklint.fix.fix_none_default import is_fresh
from leaklint.fix.names import called_in, member
from leaklint.fix.occurrences import Occurrence, occurrences
from leaklint.fix.plan import After, Before, Change, Enclose, Instead, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.reach import users
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import alone, guarded, span_of, whole_lines
from leaklint.ir.finding import Finding, Severity, StepKind
from leaklint.ir.handler import Handler
from leaklint.ir.location import Place

_PLAIN = (ast.Constant, ast.UnaryOp, ast.USub)
_SIMPLE = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Dict, ast.Set, ast.Tuple)
_OPERATORS = {
    ast.Add: "+",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Mult: "*",
    ast.Sub: "-",
}
_WITH = (3, 14)
"""The first Python whose tokens are context managers."""

Changes = list[tuple[str, Change]]


@fix("context-variable")
def make(finding: Finding, project: Project) -> Plan:
    hint = finding.hint
    if hint.lifetime != "module" or not hint.state:
        raise NoFix("the state is no variable of a module")
    if hint.several:
        raise NoFix("the expression changes several variables, depending on the way to it")
    if hint.guard == "keyed" or (hint.guard == "lazy" and finding.severity is not Severity.ERROR):
        raise NoFix("it is a cache, which would be none if each invocation had its own")
    place = next((step.place for step in finding.trace if step.kind is StepKind.DEFINED), None)
    if place is None:
        raise NoFix("it is not known where the variable is defined")
    key = ("context-variable", place.path, str(place.span.line), hint.state)
    changes = project.once(key, lambda: _changes(project, place, hint.state))
    if finding.code == "LK102" and not any(_is_about(path, change, finding.place) for path, change in changes):
        raise NoFix("it is bound in another way than by an assignment")
    return plan(finding, changes, safe=False)


def _is_about(path: str, change: Change, place: Place) -> bool:
    return (
        path == place.path
        and isinstance(change, Instead)
        and change.span.line <= place.span.line <= change.span.end_line
    )


def _changes(project: Project, place: Place, state: str) -> Changes:
    """All changes for one variable, the same for each finding about it."""
    tree = project.tree(place.path)
    name, statement, value = _definition(tree, place.span.line, state)
    uses = occurrences(project, place.path, name)
    changes = [*_defined(place.path, tree, name, statement, value), *_rewritten(uses, statement)]
    handlers = _handlers(project, place.path)
    for handler in handlers:
        _is_not_wrapped(project, handler)
    handlers = users(project, place.path, uses, handlers)
    _is_not_named_by_text(project, place.path, uses, name)
    for handler in handlers:
        changes += _set_around(project, handler, place.path, name, tree.text_of(value))
    return changes


# ---------------------------------------------------------------------------------------------------- the definition
def _definition(tree: Tree, line: int, state: str) -> tuple[str, ast.Assign | ast.AnnAssign, ast.expr]:
    for each in tree.module.body:
        if not isinstance(each, ast.Assign | ast.AnnAssign) or each.value is None or each.lineno != line:
            continue
        target = each.targets[0] if isinstance(each, ast.Assign) else each.target
        if isinstance(target, ast.Name) and (isinstance(each, ast.AnnAssign) or len(each.targets) == 1):
            if state != target.id:
                raise NoFix("what changes is only a part of the variable")
            if not _is_new_each_time(tree, each.value):
                raise NoFix("what the variable holds at first is more than an empty container or a constant")
            alone(tree, each)
            return target.id, each, each.value
    raise NoFix("the variable is not bound by a plain assignment of its module")


def _is_new_each_time(tree: Tree, value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and tree.full_name(value.func) == "collections.defaultdict":
        return all(isinstance(each, ast.Name) for each in value.args) and not value.keywords
    return is_fresh(tree, value) or all(isinstance(each, _PLAIN) for each in ast.walk(value))


def _defined(path: str, tree: Tree, name: str, statement: ast.Assign | ast.AnnAssign, value: ast.expr) -> Changes:
    variable, imports = member(tree, "contextvars", "ContextVar")
    changes: Changes = [(path, Replace(tree.span(value), f'{variable}("{name.strip("_").lower()}")'))]
    if isinstance(statement, ast.AnnAssign):
        annotation = statement.annotation
        final = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        if tree.full_name(final).rpartition(".")[2] == "Final":
            if final is annotation:
                return [*changes, *((path, each) for each in imports)]
            assert isinstance(annotation, ast.Subscript)
            annotation = annotation.slice
        changes.append((path, Replace(tree.span(annotation), f"{variable}[{tree.text_of(annotation)}]")))
    return [*changes, *((path, each) for each in imports)]


# ----------------------------------------------------------------------------------------------------------- its uses
def _rewritten(uses: list[Occurrence], definition: ast.Assign | ast.AnnAssign) -> Changes:
    changes: Changes = []
    whole: dict[ast.stmt, Occurrence] = {}
    for use in uses:
        if isinstance(use.node, ast.alias) or use.tree.statement(use.node) is definition:
            continue
        where = f"{use.path}:{use.span.line}"
        if not _in_function(use.tree, use.node):
            raise NoFix(f"{where}: it is used while the module is imported")
        if isinstance(getattr(use.node, "ctx", None), ast.Load):
            continue
        statement = use.tree.statement(use.node)
        if not isinstance(statement, ast.Assign | ast.AugAssign) or statement in whole:
            raise NoFix(f"{where}: it is bound in another way than by an assignment")
        whole[statement] = use
    for statement, use in whole.items():
        changes.append((use.path, _bound(use, statement, uses, listed=_is_list(definition.value))))
    for use in uses:
        if isinstance(use.node, ast.alias) or not isinstance(getattr(use.node, "ctx", None), ast.Load):
            continue
        if use.tree.statement(use.node) not in whole:
            changes.append((use.path, Replace(use.span, f"{use.tree.text_of(use.node)}.get()")))
    return [*changes, *_without_global(uses)]


def _is_list(value: ast.expr | None) -> bool:
    return isinstance(value, ast.List) or (
        isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in ("list", "deque")
    )


def _bound(use: Occurrence, statement: ast.stmt, uses: list[Occurrence], *, listed: bool) -> Change:
    """``name = value`` and ``name += value`` as a call of ``set``, or of what a list has for that."""
    tree = use.tree
    alone(tree, statement)
    assert isinstance(statement, ast.Assign | ast.AugAssign)
    name = tree.text_of(use.node)
    inside = [
        (each.node, f"{tree.text_of(each.node)}.get()")
        for each in uses
        if each.path == use.path
        and isinstance(getattr(each.node, "ctx", None), ast.Load)
        and tree.statement(each.node) is statement
    ]
    value = _as_argument(tree.text_with(statement.value, *inside))
    if isinstance(statement, ast.AugAssign):
        sign = _OPERATORS.get(type(statement.op))
        if sign is None or statement.target is not use.node:
            raise NoFix(f"{use.path}:{use.span.line}: the operator is not known")
        if listed and sign == "+":
            return Instead(tree.span(statement), f"{name}.get().extend({value})")
        value = value if isinstance(statement.value, _SIMPLE) else f"({value})"
        return Instead(tree.span(statement), f"{name}.set({name}.get() {sign} {value})")
    if statement.targets != [use.node]:
        raise NoFix(f"{use.path}:{use.span.line}: several names are bound at once")
    return Instead(tree.span(statement), f"{name}.set({value})")


def _as_argument(value: str) -> str:
    """The text of an expression as the one argument of a call: ``a, b`` needs parentheses for that."""
    try:
        call = ast.parse(f"call({value})", mode="eval").body
    except SyntaxError:  # a `yield`
        return f"({value})"
    return value if isinstance(call, ast.Call) and len(call.args) == 1 else f"({value})"


def _without_global(uses: list[Occurrence]) -> Changes:
    """A variable that is never rebound needs no ``global``."""
    changes: Changes = []
    trees = {each.path: (each.tree, each.node.id) for each in uses if isinstance(each.node, ast.Name)}
    for path, (tree, name) in trees.items():
        for node in tree.nodes:
            if isinstance(node, ast.Global) and name in node.names:
                others = [each for each in node.names if each != name]
                alone(tree, node)
                changes.append((path, Instead(tree.span(node), f"global {', '.join(others)}" if others else "")))
    return changes


def _in_function(tree: Tree, node: ast.AST) -> bool:
    """Whether an expression is evaluated when a function is called, and not while its module is imported."""
    inner = node
    for each in tree.above(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and inner in each.body:
            return True
        if isinstance(each, ast.Lambda) and inner is each.body:
            return True
        inner = each
    return False


# ------------------------------------------------------------------------------------------------------- the handlers
def _is_not_wrapped(project: Project, handler: Handler) -> None:
    """Raises ``NoFix`` where the project's own code runs around a handler: before the variable is set, or after it."""
    tree = project.tree(handler.path)
    for decorator in _function(tree, handler).decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        first = dotted(called).partition(".")[0]
        if not first or _is_own(project, tree, handler.path, first):
            raise NoFix("a decorator of the handler may use it before or after the body of the handler")


def _is_own(project: Project, tree: Tree, file: str, name: str) -> bool:
    """Whether a name of a module is bound to something that the project makes itself."""
    for each in tree.module.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and each.name == name:
            return True
        if isinstance(each, ast.Assign) and any(dotted(target) == name for target in each.targets):
            made = dotted(each.value.func) if isinstance(each.value, ast.Call) else dotted(each.value)
            return made == name or not made or _is_own(project, tree, file, made.partition(".")[0])
        if isinstance(each, ast.ImportFrom | ast.Import):
            for alias in each.names:
                if (alias.asname or alias.name).partition(".")[0] == name:
                    module = each.module or "" if isinstance(each, ast.ImportFrom) else alias.name
                    member = alias.name if isinstance(each, ast.ImportFrom) else ""
                    level = each.level if isinstance(each, ast.ImportFrom) else 0
                    return project.resolve(file, module, member, level) != ("", "")
    return False


def _is_not_named_by_text(project: Project, path: str, uses: list[Occurrence], name: str) -> None:
    """Raises ``NoFix`` where a text names the variable, as ``setattr``, ``globals()`` and patches of tests do."""
    for file in sorted({path, *project.importers(path), *(each.path for each in uses)}):
        if not project.mentions(file, f'{name}"', f"{name}'"):
            continue
        tree = project.tree(file)
        for node in tree.nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            parent = tree.parents.get(node)
            called = dotted(parent.func) if isinstance(parent, ast.Call) else ""
            plain = node.value == name and (called.endswith("attr") or _is_namespace(parent))
            if plain or node.value.endswith(f".{name}"):
                raise NoFix(f"{file}:{node.lineno}: a text names it")


def _is_namespace(node: ast.AST | None) -> bool:
    """Whether an item is taken of ``globals()``, ``vars(module)`` or a ``__dict__``."""
    if not isinstance(node, ast.Subscript):
        return False
    held = node.value
    called = dotted(held.func) if isinstance(held, ast.Call) else ""
    return called in ("globals", "locals", "vars") or (isinstance(held, ast.Attribute) and held.attr == "__dict__")


def _handlers(project: Project, path: str) -> list[Handler]:
    """The handlers that can come to the module."""
    found = [each for each in project.handlers if path in project.reached(each.path)]
    if not found:
        raise NoFix("no handler imports the module")
    return found


def _set_around(project: Project, handler: Handler, path: str, name: str, initial: str) -> Changes:
    """The variable set and reset around the body of a handler."""
    tree = project.tree(handler.path)
    function = _function(tree, handler)
    body = [each for at, each in enumerate(function.body) if at or not _is_text(each)]
    if not body:
        raise NoFix(f"{handler.label} has no body")
    whole_lines(tree, body)
    # a try that is all there is can get the finally
    others = [each for each in body if not isinstance(each, ast.Global)]
    rest = others if len(others) == 1 and isinstance(others[0], ast.Try) and others[0] is body[-1] else body
    called, imports = called_in(project, tree, handler.path, path, name)
    if handler.path != path and "(" in initial and not initial.startswith(("dict(", "list(", "set(")):
        raise NoFix(f"{handler.label} would have to import what the variable holds at first")
    changes: list[Change] = [*imports]
    if project.target >= _WITH:
        changes.append(Enclose(span_of(tree, body), f"with {called}.set({initial}):\n    ..."))
    else:
        token = tree.fresh("token", f"{name.strip('_').lower()}_token")
        around = _set_already(body)
        if around is not None:
            changes.append(Before(tree.span(around), f"{token} = {called}.set({initial})"))
            changes.append(After(tree.span(around.finalbody[-1]), f"{called}.reset({token})"))
            return [(handler.path, each) for each in changes]
        changes.append(Before(tree.span(body[0]), f"{token} = {called}.set({initial})"))
        changes.append(guarded(tree, rest, f"{called}.reset({token})"))
    return [(handler.path, each) for each in changes]


def _set_already(body: list[ast.stmt]) -> ast.Try | None:
    """The ``try`` in whose ``finally`` other variables are reset that are set right before it."""
    *before, last = body
    if not before or not isinstance(last, ast.Try) or not last.finalbody:
        return None
    for each in before:
        match each:
            case ast.Global() | ast.Assign(value=ast.Call(func=ast.Attribute(attr="set"))):
                continue
        return None
    for each in last.finalbody:
        match each:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="reset"), args=[ast.Name()])):
                continue
        return None
    return last


def _function(tree: Tree, handler: Handler) -> Function:
    found = [
        each
        for each in tree.module.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == handler.attribute
    ]
    if len(found) != 1:
        raise NoFix(f"{handler.label} is no plain function of its module")
    if tree.is_generator(found[0]):
        raise NoFix(f"{handler.label} is a generator")
    return found[0]


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
