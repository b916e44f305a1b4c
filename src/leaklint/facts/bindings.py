"""What local names, and attributes of the receiver, are bound to: as texts, for the calls whose receiver they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any, Final

from leaklint.facts.drops import described
from leaklint.facts.positions import Positions
from leaklint.facts.scopes import Kind, Scope
from leaklint.facts.walk import ANNOTATED

MOST: Final = 8
"""Different values of one name of which all are told."""
UNKNOWN: Final = ("?",)
CONSTANT: Final = ('""',)
_ROOT: Final = re.compile(r"self\.\w+|\w+")
_GIVEN: Final = ("return", "yield")
_KNOWN: Final = (type(None), ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
"""What binds a name that is no own one, or that other facts tell of."""


def bindings(scope: Scope, called: Iterable[str], positions: Positions) -> dict[str, tuple[str, ...]]:
    """What the names are bound to that the texts of calls begin with, and those that inner functions use.

    Also attributes and elements, by their text, where ``self`` is the receiver; ``return`` and ``yield`` are what is
    returned and yielded where no annotation says it. At module level and in the body of a class: all names. What is
    only bound to constants is left out, but for local names.
    """
    if not scope.values and not called:
        return {}
    noted: dict[str, list[tuple[ast.expr | None, str]]] = {}
    for name, value, taken in scope.values:
        noted.setdefault(name, []).append((value, taken))
    parts = {name for name in noted if name in _GIVEN or not name.isidentifier()}
    if getattr(scope.node, "returns", None) is not None:
        parts -= {*_GIVEN}
    if scope.kind is Kind.FUNCTION:
        wanted = [*_roots(called), *(each.partition("%")[0] for each in scope.cells), *scope.globals, *parts]
    else:
        wanted = list(noted)
    found: dict[str, tuple[str, ...]] = {}
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        if name in noted:
            texts = sorted({text for value, taken in noted[name] for text in _texts(value, taken, positions)})
            found[name] = tuple(texts) if len(texts) <= MOST else UNKNOWN
            wanted += _roots(found[name])
        elif scope.kind is Kind.FUNCTION and type(scope.bound.get(name)) not in _KNOWN:
            found[name] = UNKNOWN
    told = {"return", *(found.keys() - parts)} if scope.kind is Kind.FUNCTION else ()
    return {name: found[name] for name in sorted(found) if name in told or found[name] != CONSTANT}


def _roots(texts: Iterable[str]) -> list[str]:
    """The names, and attributes of ``self``, that texts begin with."""
    found = []
    for text in texts:
        match = _ROOT.match(text)
        if match is not None:
            found += [match[0], match[0].partition(".")[0]]
    return found


def _texts(value: Any, taken: str, positions: Positions) -> list[str]:
    if value is None:
        return [taken or "?"]
    if taken == ANNOTATED:
        return [f"({positions.text(value)}"]
    found, pending = [], [value]
    while pending:
        each = pending.pop()
        if isinstance(each, ast.BoolOp):
            pending += each.values
        elif isinstance(each, ast.IfExp):
            pending += [each.body, each.orelse]
        elif isinstance(each, ast.NamedExpr):
            pending.append(each.value)
        else:
            found.append(described(each) + taken)
    return found
