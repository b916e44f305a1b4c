"""What local names, and attributes of the receiver, are bound to: as texts, for the calls whose receiver they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from leaklint.facts.drops import described, known_elements, last_segment, root_of
from leaklint.facts.positions import Positions
from leaklint.facts.scopes import Kind, Scope
from leaklint.facts.walk import ANNOTATED

MOST: Final = 8
"""Different values of one name of which all are told."""
UNKNOWN: Final = ("?",)
CONSTANT: Final = ('""',)
TYPE_VARIABLE: Final = "TypeVar"
"""What is bound to a type variable is told as the annotation that is its bound."""
_ROOT: Final = re.compile(r"self\.\w+|\w+")
_ALTERNATIVES: Final = (ast.BoolOp, ast.IfExp, ast.NamedExpr)
_GIVEN: Final = ("return", "yield")
_KNOWN: Final = (type(None), ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
"""What binds a name that is no own one, or that other facts tell of."""


def bindings(scope: Scope, called: Iterable[str], positions: Positions) -> dict[str, tuple[str, ...]]:
    """What the names are bound to that the texts of calls begin with, and those that inner functions use.

    Also attributes and elements, by their text, where ``self`` is the receiver; ``return`` and ``yield`` are what is
    returned and yielded where no annotation says it. At module level and in the body of a class: all names. What is
    only bound to constants is left out, but for local names.
    """
    is_function, noted, places = scope.kind is Kind.FUNCTION, scope.values, scope.places
    said = getattr(scope.node, "returns", None) is not None
    wanted = [each for each in places if not said or each not in _GIVEN]
    if is_function:
        wanted += _roots(called)
        if scope.cells:
            wanted += [each.partition("%")[0] for each in scope.cells]
        if scope.globals:
            wanted += scope.globals
    else:
        wanted += noted
    found: dict[str, tuple[str, ...]] = {}
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        bound = noted.get(name) or places.get(name)
        if bound is not None:
            found[name] = texts = _texts(bound, positions)
            wanted += _roots(texts)
        elif is_function and type(scope.bound.get(name)) not in _KNOWN:
            found[name] = UNKNOWN
    told = found.keys() - places.keys() | {"return"} if is_function else ()
    return {name: found[name] for name in sorted(found) if name in told or found[name] != CONSTANT} if found else {}


def _roots(texts: Iterable[str]) -> list[str]:
    """The names, and attributes of ``self``, that texts begin with."""
    found = []
    for text in texts:
        for each in known_elements(root_of(text)) or (text,):
            match = _ROOT.match(each)
            if match is not None:
                found += [match[0], match[0].partition(".")[0]]
    return found


def _texts(bound: list[tuple[ast.expr | None, str]], positions: Positions) -> tuple[str, ...]:
    """The texts of all that is bound to a name, sorted."""
    found: set[str] = set()
    for value, taken in bound:
        if value is None:
            found.add(taken or "?")
        elif taken == ANNOTATED:
            found.add(f"({positions.text(value)}")
        elif type(value) is ast.Call and _is_type_variable(value):
            found.update(f"({positions.text(each.value)}" for each in value.keywords if each.arg == "bound")
        elif type(value) in _ALTERNATIVES:
            found.update(described(each) + taken for each in _alternatives(value))
        else:
            found.add(described(value) + taken)
    return tuple(sorted(found)) if len(found) <= MOST else UNKNOWN


def _is_type_variable(value: ast.Call) -> bool:
    return last_segment(value.func) == TYPE_VARIABLE


def _alternatives(value: ast.expr) -> Iterator[ast.expr]:
    """The expressions of which a value is one."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, ast.BoolOp):
            pending += each.values
        elif isinstance(each, ast.IfExp):
            pending += [each.body, each.orelse]
        elif isinstance(each, ast.NamedExpr):
            pending.append(each.value)
        else:
            yield each
