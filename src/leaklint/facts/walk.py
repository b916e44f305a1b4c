"""One pass over a syntax tree that finds all scopes: what they bind, use, call and drop.

Scopes are walked one at a time, each with an explicit stack, so that no nesting can exhaust Python's own. What a scope
contains (functions, classes, comprehensions) is queued and walked after it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any, Literal

from leaklint.facts.drops import called, described, last_segment, valued_calls, valued_names
from leaklint.facts.named_imports import IMPORTERS
from leaklint.facts.scopes import Kind, Scope, resolve_names
from leaklint.ir.facts import ImportFact
from leaklint.ir.location import Span

ANNOTATED = "("
"""What is taken of the annotation of a name: what it says of the value."""
IMPORTED = "@"
"""What a name is bound to that an import within a function binds."""
_BOOLEAN_CALLS = frozenset({"print", "str", "bool"})


class Walk:
    """The scopes and imports of a file: ``scopes`` in the order of discovery, ``scope_of`` by syntax node."""

    __slots__ = (
        "_names",
        "_queue",
        "_span",
        "_stack",
        "attributes_read",
        "importing",
        "imports",
        "passed",
        "scope",
        "scope_of",
        "scopes",
    )

    def __init__(self, tree: ast.Module, span: Callable[[Any], Span]) -> None:
        self._span = span
        self._names: dict[str, int] = {}
        self._queue: list[tuple[Scope, list[Any]]] = []
        self._stack: list[Any] = []
        self.attributes_read: set[str] = set()
        self.passed: set[str] = set()
        """Names and attributes that are read without being called: their values go somewhere."""
        self.imports: list[ImportFact] = []
        self.importing: list[ast.Call] = []
        """Calls that import a module by its name."""
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
        pop, push, self_name, read = stack.pop, stack.append, scope.self_name, self.attributes_read.add
        passed = self.passed.add
        load, store, handlers = ast.Load, ast.Store, HANDLERS
        name_type, constant, attribute, call = ast.Name, ast.Constant, ast.Attribute, ast.Call
        while stack:
            node = pop()
            kind = type(node)
            if kind is name_type:
                if type(node.ctx) is load:
                    uses.add(node.id)
                    passed(node.id)
                else:
                    bind(node.id, node)
            elif kind is constant:
                continue
            elif kind is attribute:
                value = node.value
                if type(node.ctx) is load:
                    read(node.attr)
                    passed(node.attr)
                elif self_name and type(node.ctx) is store and type(value) is name_type and value.id == self_name:
                    host.instance_attributes[node.attr] = None
                push(value)
            elif kind is call:
                function = node.func
                arguments = node.args
                if type(function) is attribute:
                    calls.add(function.attr)
                    if function.attr in IMPORTERS:
                        self.importing.append(node)
                    read(function.attr)
                    push(function.value)
                elif type(function) is name_type:
                    calls.add(function.id)
                    uses.add(function.id)
                    if function.id in IMPORTERS:
                        self.importing.append(node)
                    if function.id == "getattr":
                        self.attributes_read.update(_texts(arguments[1:2]))
                    if function.id in _BOOLEAN_CALLS:
                        for argument in arguments:
                            host.looked_at.update(valued_calls(argument))
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
        """Notes the calls that make up a value which nobody gets."""
        calls = valued_calls(value)
        if calls:
            self.scope.host.dropped.update(calls)

    def look_at(self, value: ast.expr | None) -> None:
        """Notes the calls that make up a value which is tested, compared, formatted or iterated, and then dropped."""
        calls = valued_calls(value)
        if calls:
            self.scope.host.looked_at.update(calls)

    def hand(self, call: ast.Call) -> None:
        """Notes the calls whose results are arguments of a call."""
        arguments = [(str(index), each) for index, each in enumerate(call.args)]
        arguments += [(each.arg, each.value) for each in call.keywords if each.arg is not None]
        for argument, value in arguments:
            if type(value) is ast.Starred:
                break
            if type(value) is ast.Call:
                function, inner = called(call.func), called(value.func)
                if function is not None and inner is not None:
                    self.scope.host.handed.add((function, argument, inner))

    def give(self, value: ast.expr | None, kind: Literal["return", "yield"]) -> None:
        """Notes what is returned or yielded: who calls the function may drop it."""
        host = self.scope.host
        host.places.setdefault(kind, []).append((value, ""))
        host.returned.update(valued_calls(value))
        host.returned_names.update(valued_names(value))

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
        if scope.class_name is not None and plain and not _is_static(node):
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
                self.look_at(generator.iter)
            for condition in generator.ifs:
                self.look_at(condition)
            self.bound_to(generator.target, generator.iter, "[]^" if generator.is_async else "[]")
            (nodes if index else self._stack).append(generator.iter)
            nodes.append(generator.target)
            nodes += generator.ifs
        self._enqueue(scope, nodes)

    def assigned(self, target: ast.expr, value: ast.expr) -> None:
        """Notes to what a name is bound, and which calls' results that may be."""
        self.bound_to(target, value)
        if type(target) is ast.Name:
            for call in valued_calls(value):
                self.scope.host.assigned.append((target.id, call))
        elif type(target) is ast.Attribute:
            for call in valued_calls(value):
                self.scope.host.stored.add((target.attr, call))

    def bound_to(self, target: ast.expr | None, value: ast.expr | None, taken: str = "") -> None:
        """Notes the value of what is bound: ``taken`` of an expression (see ``described``)."""
        host, self_name = self.scope.host, self.scope.self_name
        if type(target) is ast.Name:
            host.note(target.id, value, taken)
            return
        pending: list[tuple[Any, str]] = [(target, taken)]
        while pending:
            each, taken = pending.pop()
            kind = type(each)
            if kind is ast.Name:
                host.note(each.id, value, taken)
            elif kind is ast.Attribute:
                own = self_name and type(each.value) is ast.Name and each.value.id == self_name
                place = f"self.{each.attr}" if own else described(each)
                host.places.setdefault(place, []).append((value, taken))
            elif kind is ast.Subscript:
                host.places.setdefault(described(each), []).append((value, taken))
            elif kind is ast.Tuple or kind is ast.List:
                pending += [(inner, f"{taken}[]") for inner in each.elts]
            elif kind is ast.Starred:
                pending.append((each.value, taken.removesuffix("[]")))  # a list of what is left

    def imported(self, module: str, name: str, level: int, alias: str, node: ast.alias) -> None:
        """Notes an import and what it binds."""
        at_module_level = self.scope.kind is Kind.MODULE
        self.imports.append(ImportFact(module, name, level, alias, self._span(node), at_module_level))
        if name != "*":
            self.scope.bind(alias, node)
            if not at_module_level:
                self.scope.host.note(alias, None, IMPORTED)

    def lambda_name(self, node: ast.Lambda) -> str:
        """The plain name of a lambda: its place."""
        span = self._span(node)
        return f"<lambda:{span.line}:{span.column}>"


def _texts(nodes: list[ast.expr]) -> Iterable[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_static(node: Any) -> bool:
    if type(node) is ast.Lambda:
        return True
    return any(last_segment(decorator) == "staticmethod" for decorator in node.decorator_list)


HANDLERS: dict[type, Callable[[Walk, Any], None]] = {}
"""What is done with each kind of syntax; ``leaklint.facts.visits`` fills it."""
