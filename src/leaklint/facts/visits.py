"""What the walk notes at each kind of syntax, and where it goes on: one function a kind, listed at the end."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from leaklint.facts.drops import valued_calls
from leaklint.facts.scopes import Kind, Scope
from leaklint.facts.walk import ANNOTATED, HANDLERS, Walk


# ------------------------------------------------------------------------------------------------------- definitions
def _function(walk: Walk, node: Any) -> None:
    walk.scope.bind(node.name, node)
    walk.decorators(node.decorator_list)
    walk.function(node, node.name, node.body[::-1])


def _lambda(walk: Walk, node: ast.Lambda) -> None:
    walk.function(node, walk.lambda_name(node), [node.body])
    calls, scope = valued_calls(node.body), walk.scope_of[node]
    scope.dropped.update(calls)
    scope.returned.update(calls)
    scope.places["return"] = [(node.body, "")]


def _class(walk: Walk, node: ast.ClassDef) -> None:
    walk.scope.bind(node.name, node)
    walk.decorators(node.decorator_list)
    walk.push(node.bases)
    walk.push(keyword.value for keyword in node.keywords)
    walk.class_body(node)


def _import(walk: Walk, node: ast.Import) -> None:
    for alias in node.names:
        head, _, last = alias.name.rpartition(".")
        first = alias.name.partition(".")[0]
        if head and alias.asname == first:  # ``import a.b as a`` binds what ``from a import b as a`` does
            walk.imported(head, last, 0, first, alias)
        else:
            walk.imported(alias.name, "", 0, alias.asname or first, alias)


def _import_from(walk: Walk, node: ast.ImportFrom) -> None:
    for alias in node.names:
        walk.imported(node.module or "", alias.name, node.level, alias.asname or alias.name, alias)


def _global(walk: Walk, node: ast.Global) -> None:
    if walk.scope.kind is not Kind.MODULE:
        walk.scope.globals.update(node.names)


def _nonlocal(walk: Walk, node: ast.Nonlocal) -> None:
    scope: Scope | None = walk.scope.parent
    for name in node.names:
        outer = scope
        while outer is not None and not (outer.kind is not Kind.MODULE and outer.owns(name)):
            outer = outer.parent
        if outer is not None:
            walk.scope.nonlocals.add(name)
            outer.host.note(name, None)


# -------------------------------------------------------------------------------------------------------- statements
def _expression_statement(walk: Walk, node: ast.Expr) -> None:
    if type(node.value) is not ast.Constant:
        walk.drop(node.value)
        walk.push_one(node.value)
        value = node.value
        if type(value) is ast.Await:
            value = value.value
            walk.scope.host.awaited.update(valued_calls(value))
        if type(value) is ast.Call and (value.args or value.keywords):
            walk.hand(value)


def _assign(walk: Walk, node: ast.Assign) -> None:
    for target in node.targets:
        walk.assigned(target, node.value)
    walk.push(node.targets[::-1])
    walk.push_one(node.value)


def _augmented(walk: Walk, node: ast.AugAssign) -> None:
    if type(node.target) is ast.Name:
        walk.scope.uses.add(node.target.id)
    walk.bound_to(node.target, node.value)
    walk.push((node.target, node.value))


def _annotated(walk: Walk, node: ast.AnnAssign) -> None:
    walk.push_one(node.target)
    walk.bound_to(node.target, node.annotation, ANNOTATED)
    owner = node.target.value if isinstance(node.target, ast.Attribute) else None
    if isinstance(owner, ast.Name) and owner.id == walk.scope.self_name and isinstance(node.target, ast.Attribute):
        walk.scope.host.instance_annotations[node.target.attr] = node.annotation
    if node.value is not None:
        walk.assigned(node.target, node.value)
        walk.push_one(node.value)


def _matched(walk: Walk, node: ast.MatchClass) -> None:
    walk.attributes_read.update(node.kwd_attrs)
    walk.push([node.cls, *node.patterns, *node.kwd_patterns])


def _walrus(walk: Walk, node: ast.NamedExpr) -> None:
    walk.scope.host.bind(node.target.id, node.target)
    walk.assigned(node.target, node.value)
    walk.push_one(node.value)


def _return(walk: Walk, node: ast.Return) -> None:
    if node.value is not None:
        walk.give(node.value, "return")
        walk.push_one(node.value)


def _test(walk: Walk, node: Any) -> None:
    walk.look_at(node.test)
    walk.push_statements(node.orelse)
    walk.push_statements(node.body)
    walk.push_one(node.test)


def _while(walk: Walk, node: ast.While) -> None:
    if not any(isinstance(each, ast.Compare | ast.NamedExpr) for each in ast.walk(node.test)):
        walk.scope.host.unbounded = True
    _test(walk, node)


def _choice(walk: Walk, node: ast.IfExp) -> None:
    walk.look_at(node.test)
    walk.push((node.test, node.body, node.orelse))


def _assert(walk: Walk, node: ast.Assert) -> None:
    walk.look_at(node.test)
    walk.push_one(node.test)
    walk.push_one(node.msg)


def _for(walk: Walk, node: Any) -> None:
    if type(node) is ast.AsyncFor:
        walk.scope.host.has_await = True
        if type(node.iter) is not ast.Call:
            walk.scope.host.unbounded = True
    else:
        walk.look_at(node.iter)
    walk.bound_to(node.target, node.iter, "[]^" if type(node) is ast.AsyncFor else "[]")
    walk.push_statements(node.orelse)
    walk.push_statements(node.body)
    walk.push((node.target, node.iter))


def _with(walk: Walk, node: Any) -> None:
    walk.push_statements(node.body)
    if type(node) is ast.AsyncWith:
        walk.scope.host.has_await = True
    for item in reversed(node.items):
        if type(node) is ast.With:
            walk.drop(item.context_expr)
        taken = ".__enter__()" if type(node) is ast.With else ".__aenter__()^"
        walk.bound_to(item.optional_vars, item.context_expr, taken)
        walk.push_one(item.optional_vars)
        walk.push_one(item.context_expr)


def _try(walk: Walk, node: Any) -> None:
    walk.push_statements(node.finalbody)
    walk.push_statements(node.orelse)
    walk.push(node.handlers[::-1])
    walk.push_statements(node.body)


def _except(walk: Walk, node: ast.ExceptHandler) -> None:
    if node.name is not None:
        walk.scope.bind(node.name, node)
        walk.scope.host.note(node.name, node.type, "()")
    walk.push_statements(node.body)
    walk.push_one(node.type)


def _raise(walk: Walk, node: ast.Raise) -> None:
    walk.push_one(node.exc)
    walk.push_one(node.cause)


def _match(walk: Walk, node: ast.Match) -> None:
    for pattern in [each for case in node.cases for each in ast.walk(case.pattern)]:
        if type(pattern) is ast.MatchClass:
            walk.bound_to(node.subject, pattern.cls, "()")
        else:
            name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
            if name is not None:
                walk.scope.host.note(name, None)
    for case in reversed(node.cases):
        walk.push_statements(case.body)
        if case.guard is not None:
            walk.look_at(case.guard)
            walk.push_one(case.guard)
        walk.push_one(case.pattern)
    walk.look_at(node.subject)
    walk.push_one(node.subject)


def _match_as(walk: Walk, node: ast.MatchAs) -> None:
    if node.name is not None:
        walk.scope.bind(node.name, node)
    walk.push_one(node.pattern)


def _match_star(walk: Walk, node: ast.MatchStar) -> None:
    if node.name is not None:
        walk.scope.bind(node.name, node)


def _match_mapping(walk: Walk, node: ast.MatchMapping) -> None:
    if node.rest is not None:
        walk.scope.bind(node.rest, node)
    walk.push(node.keys)
    walk.push(node.patterns)


def _type_alias(walk: Walk, node: Any) -> None:
    walk.push_one(node.name)


# ------------------------------------------------------------------------------------------------------- expressions
def _not(walk: Walk, node: ast.UnaryOp) -> None:
    if type(node.op) is ast.Not:
        walk.look_at(node.operand)
    walk.push_one(node.operand)


def _boolean(walk: Walk, node: ast.BoolOp) -> None:
    for value in node.values:
        walk.look_at(value)
    walk.push(node.values)


def _compare(walk: Walk, node: ast.Compare) -> None:
    walk.look_at(node.left)
    for value in node.comparators:
        walk.look_at(value)
    walk.push(node.comparators)
    walk.push_one(node.left)


def _formatted(walk: Walk, node: Any) -> None:
    walk.look_at(node.value)
    walk.push_one(node.value)
    walk.push_one(node.format_spec)


def _await(walk: Walk, node: ast.Await) -> None:
    walk.scope.host.has_await = True
    walk.push_one(node.value)


def _yield(walk: Walk, node: Any) -> None:
    walk.scope.host.is_generator = True
    walk.give(node.value, "yield")
    walk.push_one(node.value)


def _comprehension(walk: Walk, node: Any) -> None:
    walk.comprehension(node, node.elt)


def _dictionary_comprehension(walk: Walk, node: ast.DictComp) -> None:
    walk.comprehension(node, node.key, node.value)


def _dictionary(walk: Walk, node: ast.Dict) -> None:
    walk.push(key for key in node.keys if key is not None)
    walk.push(node.values)


def _binary(walk: Walk, node: ast.BinOp) -> None:
    walk.push((node.left, node.right))


def _value(walk: Walk, node: Any) -> None:
    walk.push_one(node.value)


def _slice(walk: Walk, node: ast.Slice) -> None:
    walk.push(part for part in (node.lower, node.upper, node.step) if part is not None)


def _nothing(_walk: Walk, _node: ast.AST) -> None:
    return


_VISITS: dict[type, Callable[[Walk, Any], None]] = {
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Lambda: _lambda,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Expr: _expression_statement,
    ast.Assign: _assign,
    ast.AugAssign: _augmented,
    ast.AnnAssign: _annotated,
    ast.NamedExpr: _walrus,
    ast.Return: _return,
    ast.If: _test,
    ast.While: _while,
    ast.IfExp: _choice,
    ast.Assert: _assert,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.ExceptHandler: _except,
    ast.Raise: _raise,
    ast.Delete: lambda walk, node: walk.push(node.targets),
    ast.Pass: _nothing,
    ast.Break: _nothing,
    ast.Continue: _nothing,
    ast.Match: _match,
    ast.MatchAs: _match_as,
    ast.MatchStar: _match_star,
    ast.MatchMapping: _match_mapping,
    ast.MatchValue: _value,
    ast.MatchSingleton: _nothing,
    ast.MatchSequence: lambda walk, node: walk.push(node.patterns[::-1]),
    ast.MatchOr: lambda walk, node: walk.push(node.patterns),
    ast.MatchClass: _matched,
    ast.UnaryOp: _not,
    ast.BoolOp: _boolean,
    ast.BinOp: _binary,
    ast.Compare: _compare,
    ast.FormattedValue: _formatted,
    ast.JoinedStr: lambda walk, node: walk.push(node.values),
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dictionary_comprehension,
    ast.Dict: _dictionary,
    ast.List: lambda walk, node: walk.push(node.elts[::-1]),
    ast.Tuple: lambda walk, node: walk.push(node.elts[::-1]),
    ast.Set: lambda walk, node: walk.push(node.elts),
    ast.Starred: _value,
    ast.Subscript: lambda walk, node: walk.push((node.value, node.slice)),
    ast.Slice: _slice,
}
for _name, _handler in (
    ("TypeAlias", _type_alias),
    ("TemplateStr", _VISITS[ast.JoinedStr]),
    ("Interpolation", _formatted),
):
    if hasattr(ast, _name):
        _VISITS[getattr(ast, _name)] = _handler
HANDLERS.update(_VISITS)
