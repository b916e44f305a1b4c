"""Scopes and what the names in them mean.

A *scope* belongs to the module, a class body, a function or lambda (its own *host*), or is *inner*: a comprehension or
a list of type parameters. An inner scope has no code object in these facts: its names live in its host under a suffix
(``x%2``), so that they neither leak into the function nor meet names of the same spelling.
"""

from __future__ import annotations

import ast
from enum import Enum
from typing import Any


class Kind(Enum):
    """What a scope belongs to."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    INNER = "inner"


class Scope:
    """Names of one scope while a file is outlined; ``resolve_names`` completes ``free``, ``cells`` and ``read``."""

    __slots__ = (
        "assigned",
        "awaited",
        "bound",
        "calls",
        "cells",
        "class_name",
        "dropped",
        "free",
        "globals",
        "handed",
        "has_await",
        "host",
        "inner_count",
        "instance_annotations",
        "instance_attributes",
        "is_generator",
        "kind",
        "looked_at",
        "name",
        "node",
        "nonlocals",
        "number",
        "parent",
        "places",
        "read",
        "rebound",
        "returned",
        "returned_names",
        "self_name",
        "stored",
        "unbounded",
        "uses",
        "values",
    )

    def __init__(self, kind: Kind, node: Any, name: str, parent: Scope | None) -> None:
        self.kind = kind
        self.node: Any = node
        self.name = name
        """Qualified name; of an inner scope, its host's."""
        self.parent = parent
        self.host: Scope = self
        self.number = 0
        """The suffix of an inner scope's names."""
        self.inner_count = 0
        self.bound: dict[str, ast.AST] = {}
        self.rebound: set[str] = set()
        self.uses: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.free: dict[str, str] = {}
        """Names that belong to an enclosing function, with the name of the cell there."""
        self.cells: set[str] = set()
        self.read: set[str] = set()
        """Own names that this or an inner scope reads."""
        self.calls: set[str] = set()
        self.dropped: set[str] = set()
        self.looked_at: set[str] = set()
        self.awaited: set[str] = set()
        """The calls of which an expression statement awaits the result."""
        self.handed: set[tuple[str, str, str]] = set()
        """Calls that are statements, each with an argument and what is called where its result is that argument."""
        self.returned: set[str] = set()
        """Those whose result is, or is part of, what is returned or yielded."""
        self.returned_names: set[str] = set()
        self.assigned: list[tuple[str, str]] = []
        """Names with the calls whose result they are bound to."""
        self.stored: set[tuple[str, str]] = set()
        """Attributes with the calls whose result is stored in them."""
        self.values: dict[str, list[tuple[ast.expr | None, str]]] = {}
        """Names with all that they are bound to: expressions, and what is taken of them."""
        self.places: dict[str, list[tuple[ast.expr | None, str]]] = {}
        """The same of attributes and elements by their texts, and of what is returned or yielded."""
        self.class_name: str | None = None
        """The class that the scope is the body of, or whose body defines this function."""
        self.self_name = ""
        self.instance_annotations: dict[str, ast.expr] = {}
        self.instance_attributes: dict[str, None] = {}
        self.is_generator = False
        self.has_await = False
        self.unbounded = False
        if kind is Kind.INNER and parent is not None:
            self.host = parent.host
            self.host.inner_count += 1
            self.number = self.host.inner_count

    def bind(self, name: str, node: ast.AST) -> None:
        """Notes a binding of a name, or its deletion, which also makes a name belong to the scope."""
        if name in self.bound:
            self.rebound.add(name)
        else:
            self.bound[name] = node

    def note(self, name: str, value: ast.expr | None, taken: str = "") -> None:
        """Notes what a name is bound to: an expression, if it is known, and what is taken of it."""
        if name in self.values:
            self.values[name].append((value, taken))
        else:
            self.values[name] = [(value, taken)]

    def operand(self, name: str) -> str:
        """What a name bound here is called in the graph of the host."""
        return f"{name}%{self.number}" if self.number else name

    def owns(self, name: str) -> bool:
        """Whether a name used in an inner function can mean a variable of this scope."""
        if self.kind is Kind.CLASS:
            return name == "__class__"
        return name in self.bound and name not in self.globals and name not in self.nonlocals


def resolve_names(scopes: list[Scope]) -> None:
    """Finds for every name used in a scope whom it belongs to; the first scope is the module's."""
    module = scopes[0]
    module.read |= module.uses
    for scope in scopes[1:]:
        beyond = scope.uses - scope.bound.keys()
        scope.read |= scope.uses
        if scope.globals:
            module.read |= scope.uses & scope.globals
            beyond -= scope.globals
        beyond |= scope.nonlocals
        if scope.parent is module and scope.kind is not Kind.INNER:
            module.read |= beyond
            continue
        for name in beyond:
            _resolve(name, scope, module)


def _resolve(name: str, scope: Scope, module: Scope) -> None:
    owner = scope.parent
    while owner is not None and not (owner is not module and owner.owns(name)):
        if name in owner.globals:
            owner = None
            break
        owner = owner.parent
    if owner is None:
        module.read.add(name)
        return
    owner.read.add(name)
    cell = owner.operand(name)
    between: Scope | None = scope
    while between is not None and between is not owner:
        if between.host is not owner.host:
            between.host.free[name] = cell
            owner.host.cells.add(cell)
        between = between.parent
