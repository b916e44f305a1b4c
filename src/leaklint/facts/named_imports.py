"""Modules that a call imports by a name that the file says: ``importlib.import_module("shop.orders")``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from leaklint.ir.cfg import ConstantValue
from leaklint.ir.facts import ImportFact
from leaklint.ir.location import Span

IMPORTERS: Final = frozenset({"import_module", "__import__"})
"""The plain names of what imports a module by its name."""


def named_imports(
    calls: Iterable[ast.Call], literals: Mapping[str, ConstantValue], span: Callable[[Any], Span]
) -> list[ImportFact]:
    """The imports that calls make, which bind no name; ``literals`` are the module-level names of constants."""
    found: list[ImportFact] = []
    for call in calls:
        name = _text(call.args[0], literals) if call.args else None
        package = _text(_package(call), literals)
        bare = (name or "").lstrip(".")
        level = len(name or "") - len(bare)
        if not bare:
            continue
        if level and package is not None:
            bare, level = from_package(package, bare, level), 0
        module, _, last = bare.rpartition(".") if level else (bare, "", "")
        found.append(ImportFact(module, last, level, "", span(call), at_module_level=False))
    return found


def from_package(package: str, name: str, level: int) -> str:
    """The absolute name of a module that is named relatively to a package."""
    parts = package.split(".")
    return ".".join([*parts[: max(0, len(parts) - level + 1)], name])


def _package(call: ast.Call) -> ast.expr | None:
    given = [each.value for each in call.keywords if each.arg == "package"]
    return given[0] if given else call.args[1] if len(call.args) > 1 else None


def _text(node: ast.expr | None, literals: Mapping[str, ConstantValue]) -> str | None:
    value = literals.get(node.id) if isinstance(node, ast.Name) else getattr(node, "value", None)
    return value if isinstance(value, str) else None
