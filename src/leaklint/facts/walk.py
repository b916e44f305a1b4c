"""One pass over a syntax tree that finds all scopes: what they bind, use, call and drop.

Scopes are walked one at a time, each with an explicit stack, so that no nesting can exhaust Python's own. What a scope
contains (functions, classes, comprehensions) is queued and walked after it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from leaklint.facts.drops import last_segment, valued_calls
from leaklint.facts.scopes import Kind, Scope, resolve_names
from leaklint.ir.facts import ImportFact
from leaklint.ir.location import Span

_BOOLEAN_CALLS = frozenset({"print", "str", "bool"})


class Walk:
    """The scopes and imports of a file: ``scopes`` in the order of discovery, ``scope_of`` by syntax node."""

    __slots__ = ("_names", "_queue", "_span", "_stack", "imports", "scope", "scope_of", "scopes")

    def __init__(self, tree: ast.Module, span: Callable[[Any], Span]) -> None:
        self._span = span
        self._names: dict[str, int] = {}
        self._queue: list[tuple[Scope, list[Any]]] = []
        self._stack: list[Any] = []
        self.imports: list[ImportFact] = []
        self.scopes: list[Scope] = []
        self.scope_of: dict[ast.AST, Scope] = {}
        self.scope = Scope(Kind.MODULE, tree, "<module>", None)
        self._enqueue(self.scope, tree.body[::-1])
        queued = 0
        while queued < len(self._queue):
            scope, nodes = self._queue[queued]
            queued += 1
            self._run(scope, nodes)
        self._queue.clear()
        resolve_names(self.scopes)

    def _enqueue(self, scope: Scope, nodes: list[Any]) -> None:
        self.scopes.append(scope)
        self.scope_of[scope.node] = scope
        self._queue.append((scope, nodes))

    def _run(self, scope: Scope, stack: list[Any]) -> None:
        self.scope, self._stack = scope, stack
        host, uses, bind, calls = scope.host, scope.uses, scope.bind, scope.host.calls
        pop, push, self_name = stack.pop, stack.append, scope.self_name
        load, store, handlers = ast.Load, ast.Store, _HANDLERS
        name_type, constant, attribute, call = ast.Name, ast.Constant, ast.Attribute, ast.Call
        while stack:
            node = pop()
            kind = type(node)
            if kind is name_type:
                if type(node.ctx) is load:
                    uses.add(node.id)
                else:
                    bind(node.id, node)
            elif kind is constant:
                continue
            elif kind is attribute:
                value = node.value
                if self_name and type(node.ctx) is store and type(value) is name_type and value.id == self_name:
                    host.instance_attributes[node.attr] = None
                push(value)
            elif kind is call:
                function = node.func
                arguments = node.args
                if type(function) is attribute:
                    calls.add(function.attr)
                    push(function.value)
                elif type(function) is name_type:
                    calls.add(function.id)
                    uses.add(function.id)
                    if function.id in _BOOLEAN_CALLS:
                        for argument in arguments:
                            host.dropped.update(valued_calls(argument))
                else:
                    push(function)
                stack += arguments
                for keyword in node.keywords:
                    push(keyword.value)
            else:
                handlers[kind](self, node)

    # ---------------------------------------------------------------------------------------------- what handlers use
    def push(self, nodes: Iterable[Any]) -> None:
        """Schedules nodes; the last one is walked first."""
        self._stack.extend(nodes)

    def push_one(self, node: Any) -> None:
        """Schedules a node, or nothing."""
        if node is not None:
            self._stack.append(node)

    def push_statements(self, body: list[ast.stmt]) -> None:
        """Schedules statements in their order."""
        self._stack.extend(body[::-1])

    def drop(self, value: ast.expr | None) -> None:
        """Notes the calls that make up a value as droppable."""
        if value is not None and type(value) is not ast.Name:
            self.scope.host.dropped.update(valued_calls(value))

    def _qualify(self, name: str) -> str:
        host = self.scope.host
        if host.kind is Kind.FUNCTION:
            name = f"{host.name}.<locals>.{name}"
        elif host.kind is Kind.CLASS:
            name = f"{host.class_name}.{name}"
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _type_parameters(self, node: Any) -> Scope:
        """The scope in which a definition stands: an inner one where it has type parameters."""
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return self.scope
        scope = Scope(Kind.INNER, parameters[0], self.scope.name, self.scope)
        for parameter in parameters:
            scope.bind(parameter.name, parameter)
        self._enqueue(scope, [])
        return scope

    def function(self, node: Any, name: str, body: list[Any]) -> None:
        """Schedules a function or lambda and walks what is evaluated where it stands."""
        arguments: ast.arguments = node.args
        self.push(arguments.defaults)
        self.push(default for default in arguments.kw_defaults if default is not None)
        scope = Scope(Kind.FUNCTION, node, self._qualify(name), self._type_parameters(node))
        if self.scope.kind is Kind.CLASS:
            scope.class_name = self.scope.class_name
        plain = arguments.posonlyargs + arguments.args
        for argument in plain + arguments.kwonlyargs:
            scope.bind(argument.arg, argument)
        for star in (arguments.vararg, arguments.kwarg):
            if star is not None:
                scope.bind(star.arg, star)
        if scope.class_name is not None and plain and type(node) is not ast.Lambda:
            if not any(last_segment(decorator) == "staticmethod" for decorator in node.decorator_list):
                scope.self_name = plain[0].arg
        self._enqueue(scope, body)

    def class_body(self, node: ast.ClassDef) -> None:
        """Schedules the body of a class."""
        qualified = self._qualify(node.name)
        scope = Scope(Kind.CLASS, node, f"{qualified}.<body>", self._type_parameters(node))
        scope.class_name = qualified
        self._enqueue(scope, node.body[::-1])

    def decorators(self, nodes: list[ast.expr]) -> None:
        """Walks decorators, which are also called."""
        for node in nodes:
            name = last_segment(node)
            if name is not None:
                self.scope.host.calls.add(name)
        self._stack.extend(nodes)

    def comprehension(self, node: Any, *elements: ast.expr) -> None:
        """Schedules a comprehension; its first iterable belongs to the scope around it."""
        scope = Scope(Kind.INNER, node, self.scope.name, self.scope)
        host = scope.host
        nodes: list[Any] = list(elements)
        for index, generator in enumerate(node.generators):
            if generator.is_async:
                host.has_await = True
            else:
                host.dropped.update(valued_calls(generator.iter))
            for condition in generator.ifs:
                host.dropped.update(valued_calls(condition))
            (nodes if index else self._stack).append(generator.iter)
            nodes.append(generator.target)
            nodes += generator.ifs
        self._enqueue(scope, nodes)

    def assigned(self, target: ast.expr, value: ast.expr) -> None:
        """Notes which calls' results a name is bound to."""
        if type(target) is ast.Name and type(value) is not ast.Constant:
            pairs = self.scope.host.assigned
            for call in valued_calls(value):
                pairs.append((target.id, call))

    def imported(self, module: str, name: str, level: int, alias: str, node: ast.alias) -> None:
        """Notes an import and what it binds."""
        at_module_level = self.scope.kind is Kind.MODULE
        self.imports.append(ImportFact(module, name, level, alias, self._span(node), at_module_level))
        if name != "*":
            self.scope.bind(alias, node)

    def lambda_name(self, node: ast.Lambda) -> str:
        """The plain name of a lambda: its place."""
        span = self._span(node)
        return f"<lambda:{span.line}:{span.column}>"


# ------------------------------------------------------------------------------------------------------- definitions
def _function(walk: Walk, node: Any) -> None:
    walk.scope.bind(node.name, node)
    walk.decorators(node.decorator_list)
    walk.function(node, node.name, node.body[::-1])


def _lambda(walk: Walk, node: ast.Lambda) -> None:
    walk.function(node, walk.lambda_name(node), [node.body])
    walk.scope_of[node].dropped.update(valued_calls(node.body))


def _class(walk: Walk, node: ast.ClassDef) -> None:
    walk.scope.bind(node.name, node)
    walk.decorators(node.decorator_list)
    walk.push(node.bases)
    walk.push(keyword.value for keyword in node.keywords)
    walk.class_body(node)


def _import(walk: Walk, node: ast.Import) -> None:
    for alias in node.names:
        walk.imported(alias.name, "", 0, alias.asname or alias.name.partition(".")[0], alias)


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


# -------------------------------------------------------------------------------------------------------- statements
def _expression_statement(walk: Walk, node: ast.Expr) -> None:
    if type(node.value) is not ast.Constant:
        walk.drop(node.value)
        walk.push_one(node.value)


def _assign(walk: Walk, node: ast.Assign) -> None:
    for target in node.targets:
        walk.assigned(target, node.value)
    walk.push(node.targets[::-1])
    walk.push_one(node.value)


def _augmented(walk: Walk, node: ast.AugAssign) -> None:
    if type(node.target) is ast.Name:
        walk.scope.uses.add(node.target.id)
    walk.push((node.target, node.value))


def _annotated(walk: Walk, node: ast.AnnAssign) -> None:
    walk.push_one(node.target)
    if node.value is not None:
        walk.assigned(node.target, node.value)
        walk.push_one(node.value)


def _walrus(walk: Walk, node: ast.NamedExpr) -> None:
    walk.scope.host.bind(node.target.id, node.target)
    walk.assigned(node.target, node.value)
    walk.push_one(node.value)


def _return(walk: Walk, node: ast.Return) -> None:
    walk.drop(node.value)
    walk.push_one(node.value)


def _test(walk: Walk, node: Any) -> None:
    walk.drop(node.test)
    walk.push_statements(node.orelse)
    walk.push_statements(node.body)
    walk.push_one(node.test)


def _choice(walk: Walk, node: ast.IfExp) -> None:
    walk.drop(node.test)
    walk.push((node.test, node.body, node.orelse))


def _assert(walk: Walk, node: ast.Assert) -> None:
    walk.drop(node.test)
    walk.push_one(node.test)
    walk.push_one(node.msg)


def _for(walk: Walk, node: Any) -> None:
    if type(node) is ast.AsyncFor:
        walk.scope.host.has_await = True
    else:
        walk.drop(node.iter)
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
    walk.push_statements(node.body)
    walk.push_one(node.type)


def _raise(walk: Walk, node: ast.Raise) -> None:
    walk.push_one(node.exc)
    walk.push_one(node.cause)


def _match(walk: Walk, node: ast.Match) -> None:
    for case in reversed(node.cases):
        walk.push_statements(case.body)
        if case.guard is not None:
            walk.drop(case.guard)
            walk.push_one(case.guard)
        walk.push_one(case.pattern)
    walk.drop(node.subject)
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
        walk.drop(node.operand)
    walk.push_one(node.operand)


def _boolean(walk: Walk, node: ast.BoolOp) -> None:
    for value in node.values:
        walk.drop(value)
    walk.push(node.values)


def _compare(walk: Walk, node: ast.Compare) -> None:
    walk.drop(node.left)
    for value in node.comparators:
        walk.drop(value)
    walk.push(node.comparators)
    walk.push_one(node.left)


def _formatted(walk: Walk, node: Any) -> None:
    walk.drop(node.value)
    walk.push_one(node.value)
    walk.push_one(node.format_spec)


def _await(walk: Walk, node: ast.Await) -> None:
    walk.scope.host.has_await = True
    walk.push_one(node.value)


def _yield(walk: Walk, node: Any) -> None:
    walk.scope.host.is_generator = True
    walk.drop(node.value)
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


_HANDLERS: dict[type, Callable[[Walk, Any], None]] = {
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
    ast.While: _test,
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
    ast.MatchSequence: lambda walk, node: walk.push(node.patterns),
    ast.MatchOr: lambda walk, node: walk.push(node.patterns),
    ast.MatchClass: lambda walk, node: walk.push([node.cls, *node.patterns, *node.kwd_patterns]),
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
    ast.List: lambda walk, node: walk.push(node.elts),
    ast.Tuple: lambda walk, node: walk.push(node.elts),
    ast.Set: lambda walk, node: walk.push(node.elts),
    ast.Starred: _value,
    ast.Subscript: lambda walk, node: walk.push((node.value, node.slice)),
    ast.Slice: _slice,
}
for _name, _handler in (
    ("TypeAlias", _type_alias),
    ("TemplateStr", _HANDLERS[ast.JoinedStr]),
    ("Interpolation", _formatted),
):
    if hasattr(ast, _name):
        _HANDLERS[getattr(ast, _name)] = _handler
