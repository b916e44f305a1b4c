"""The variables of the project that survive an invocation, each with a label such as ``app.CACHE``.

A variable is a global, a class attribute, a default argument, or a variable that a function has enclosed.
"""

from __future__ import annotations

import _thread
import contextvars
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from leaklint.confirm.inside.anatomy import LRU_CACHE, attributes_of_class, home_of, home_of_cache, parts
from leaklint.confirm.inside.owners import Owners

DESCRIPTORS = frozenset({types.GetSetDescriptorType, types.MemberDescriptorType, property})
DEEPEST = 5
"""Functions within closures of functions: decorators around decorators."""


class Variable(NamedTuple):
    """One variable and what it holds."""

    label: str
    where: str
    """Kind of place: ``global``, ``class``, ``default``, ``closure``, ``cache``, ``bounded cache`` and the like."""
    value: Any
    cell: int = 0
    """The identity of what binds it, where that is not its name."""


def variables(owners: Owners, mine: set[str]) -> Iterator[Variable]:
    """Every variable of the project's modules."""
    for module, names in owners.project():
        for name, value in list(names.items()):
            if not is_reserved(name):
                yield from _of_name(f"{module}.{name}", value, module, mine)


def is_reserved(name: str) -> bool:
    """Whether a name belongs to the language."""
    return name.startswith("__") and name.endswith("__")


def _of_name(label: str, value: Any, module: str, mine: set[str]) -> Iterator[Variable]:
    kind = type(value)
    if kind is types.ModuleType:
        return
    if issubclass(kind, type):
        yield from _of_class(label, value, module)
    elif kind is types.FunctionType:
        if value.__globals__.get("__name__") in mine:
            yield from _of_function(label, value)
    elif kind is LRU_CACHE:
        if home_of_cache(value) in mine:
            yield Variable(label, _cache(value), value)
    elif issubclass(kind, _thread._local):
        yield Variable(label, "thread-local", value)
    elif kind is contextvars.ContextVar:
        yield Variable(label, "context default", value)
    else:
        yield Variable(label, "global", value)


def _cache(value: Any) -> str:
    """Whether a cache forgets at some time."""
    return "cache" if LRU_CACHE.cache_info(value).maxsize is None else "bounded cache"


def _of_class(label: str, value: type, module: str) -> Iterator[Variable]:
    if home_of(value) != module:
        return
    for name, attribute in attributes_of_class(value).items():
        kind = type(attribute)
        inner = attribute.__func__ if kind in (staticmethod, classmethod) else attribute
        if type(inner) is types.FunctionType:
            if home_of_function(inner).startswith("namedtuple_"):  # it keeps the defaults of the class
                yield from _fields(label, inner)
            else:
                yield from _of_function(f"{label}.{name}", inner)
        elif kind is LRU_CACHE:
            yield Variable(f"{label}.{name}", _cache(attribute), attribute)
        elif issubclass(kind, _thread._local):
            yield Variable(f"{label}.{name}", "thread-local", attribute)
        elif kind not in DESCRIPTORS and name != "_abc_impl" and not is_reserved(name):
            yield Variable(f"{label}.{name}", "class", attribute)


def home_of_function(function: types.FunctionType) -> str:
    """The module that a function says it is from."""
    home = function.__globals__.get("__name__")
    return home if type(home) is str else ""


def _fields(label: str, function: types.FunctionType) -> Iterator[Variable]:
    """The defaults of a named tuple, under the names that they have in its class."""
    for name, value in parts(function):
        if name.startswith("(default of "):
            yield Variable(f"{label}.{name.removeprefix('(default of ').removesuffix(')')}", "class", value)


def _of_function(label: str, function: types.FunctionType) -> Iterator[Variable]:
    """Defaults and enclosed variables, also those of functions that are enclosed themselves."""
    seen = {id(function)}
    queue = [(label, function, 0)]
    while queue:
        label, function, depth = queue.pop()
        for name, part in parts(function):
            enclosed = type(part) is types.CellType
            value = next((each for _, each in parts(part)), None) if enclosed else part
            if type(value) is types.FunctionType:
                if id(value) not in seen and depth < DEEPEST and (enclosed or name == ".__wrapped__"):
                    seen.add(id(value))
                    inner = label if name == ".__wrapped__" else f"{label}{name}"
                    queue.append((inner, value, depth + 1))
            elif type(value) is not types.ModuleType and not (enclosed and value is None):
                where = "closure" if enclosed else "default" if name.startswith("(default") else "global"
                yield Variable(f"{label}{name}", where, value, id(part) if enclosed else 0)
