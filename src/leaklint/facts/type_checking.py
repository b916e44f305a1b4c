"""What only type checkers see: the side of ``if TYPE_CHECKING`` that never runs, and that annotations still rest on."""

from __future__ import annotations

import ast
from collections.abc import Set
from typing import Final

from leaklint.facts.assignments import at_module_level

_SAYS_NOTHING: Final = ("Any", "object")
"""What a name is bound to at run time that stands for a type only."""


_FLAG: Final = "TYPE_CHECKING"
_MODULES: Final = ("typing", "typing_extensions")


def flags(module: ast.Module) -> frozenset[str]:
    """The names that are false whenever the program runs: what ``typing`` has, and what the file binds to False.

    A project's own flag of the same name may be true, and so may one that comes from a module of which no more is
    known here.
    """
    found: set[str] = set()
    others: set[str] = set()
    for statement in at_module_level(module):
        if isinstance(statement, ast.Import):
            found.update(f"{each.asname or each.name}.{_FLAG}" for each in statement.names if each.name in _MODULES)
        elif isinstance(statement, ast.ImportFrom):
            from_typing = not statement.level and statement.module in _MODULES
            for each in statement.names:
                if from_typing and each.name in (_FLAG, "*"):
                    found.add(each.asname or _FLAG)
                elif _alias(each) == _FLAG:
                    others.add(_FLAG)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(each, ast.Name) and each.id == _FLAG for each in targets):
                is_false = isinstance(statement.value, ast.Constant) and statement.value.value is False
                (found if is_false else others).add(_FLAG)
    return frozenset(found - others)


def is_type_checking(test: ast.expr, known: Set[str]) -> bool:
    """Whether a test is one of the ``flags``: false whenever the program runs."""
    if isinstance(test, ast.Attribute):
        return isinstance(test.value, ast.Name) and f"{test.value.id}.{test.attr}" in known
    return isinstance(test, ast.Name) and test.id in known


def in_order(module: ast.Module, known: Set[str]) -> list[ast.stmt]:
    """The statements of a module, and behind them what only type checkers see, if nothing else binds its name.

    It comes last, so that it closes no circle of imports.
    """
    sides = {
        each: sides for each in module.body if isinstance(each, ast.If) and (sides := _sides(each, known)) is not None
    }
    if not sides:
        return module.body
    running = [inner for each in module.body for inner in (sides[each][1] if each in sides else [each])]
    taken = {name for each in at_module_level(ast.Module(running, [])) for name in _bound(each)}
    seen = [inner for checked, _ in sides.values() for each in checked for inner in _without(each, taken)]
    return [*module.body, *seen]


def _sides(statement: ast.If, known: Set[str]) -> tuple[list[ast.stmt], list[ast.stmt]] | None:
    """The statements that type checkers see, and those that run; None where a test tells nothing about that."""
    test = statement.test
    if is_type_checking(test, known):
        return statement.body, statement.orelse
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and is_type_checking(test.operand, known)
    return (statement.orelse, statement.body) if negated else None


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a statement binds to more than a stand-in for a type."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [_alias(each) for each in statement.names]
    if isinstance(statement, ast.Assign):
        stands_in = isinstance(statement.value, ast.Constant) or _last_name(statement.value) in _SAYS_NOTHING
        return [] if stands_in else [each.id for each in statement.targets if isinstance(each, ast.Name)]
    return [statement.name] if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else []


def _without(statement: ast.stmt, taken: set[str]) -> list[ast.stmt]:
    """The statement without the names that others bind; an import may bring further ones."""
    if isinstance(statement, ast.Import):
        names = [each for each in statement.names if _alias(each) not in taken]
        return [ast.Import(names)] if names else []
    if isinstance(statement, ast.ImportFrom):
        names = [each for each in statement.names if _alias(each) not in taken]
        return [ast.ImportFrom(statement.module, names, statement.level)] if names else []
    return [] if taken.intersection(_bound(statement)) else [statement]


def _alias(imported: ast.alias) -> str:
    return imported.asname or imported.name.partition(".")[0]


def _last_name(value: ast.expr) -> str:
    return value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")
