"""Abstract values: what an expression may denote, as access paths, types and the places it was made from.

Terms:

*root*
    Where an access path starts: a parameter, a module variable, an object made at a site, a class, …
*access path*
    A root and at most ``MAX_FIELDS`` fields: ``.name`` for attributes, ``[]`` for any element, ``['key']`` for an
    element under a constant key, ``<name>`` for what a callable carries (captured cells, ``<self>``, bound arguments).
*thing*
    An object that an expression may denote: the path that identifies it, and its type.
*source*
    An access path from which a value was computed. Sources that start at a parameter of a handler are request data;
    sources that survive make a test on the value a test of surviving state.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from leaklint.ir.cfg import ConstantValue

MAX_FIELDS = 4


class RootKind(enum.IntEnum):
    """What an access path starts from."""

    PARAMETER = 1
    """``name`` is the position in the signature of the function that is summarised."""
    FREE = 2
    """A cell of an enclosing function, called ``name``."""
    MADE = 3
    """An object made by an invocation: ``owner`` is the function, ``name`` the place in it (and the call chain)."""
    STATIC = 4
    """An object made at import: ``owner`` is the module path, ``name`` the place."""
    VARIABLE = 5
    """The module variable ``name`` of the module path ``owner`` (what it is bound to changes)."""
    CLASS = 6
    """The class ``name`` of module path ``owner``."""
    FUNCTION = 7
    """The function object ``name`` of module path ``owner``: its attributes and, as ``<default x>``, its defaults."""
    LIBRARY = 8
    """A name of a library, or a piece of process state that a row names."""
    RESULT = 9
    """In a row: the new object that the call returns."""
    MODULE = 10
    """The module object of module path ``owner``."""


class Root(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True, array_like=True):
    """The start of an access path."""

    kind: RootKind
    owner: str = ""
    name: str = ""


class Path(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True, array_like=True):
    """An access path: a root and at most ``MAX_FIELDS`` fields."""

    root: Root
    fields: tuple[str, ...] = ()


class TypeKind(enum.IntEnum):
    """What kind of object a type describes."""

    UNKNOWN = 0
    INSTANCE = 1
    """Of a project's class (``path::Qualified``) or of a library's (``threading.Thread``)."""
    FUNCTION = 2
    """The project's function ``path::qualified``; fields ``<cell>`` and ``<default x>``."""
    METHOD = 3
    """A project's function bound to ``<self>``."""
    CLASS = 4
    """The project's class itself."""
    MODULE = 5
    """The project's module, by path."""
    LIBRARY = 6
    """A module, class or function of a library, by dotted name."""
    LIBRARY_METHOD = 7
    """A library's function bound to ``<self>``, by dotted name."""
    PARTIAL = 8
    """``functools.partial``: fields ``<func>``, ``<0>`` …, ``<name=>``; ``name`` holds the shape."""
    CONSTANT = 9
    """A constant; ``constant`` holds it."""
    COROUTINE = 10
    """The coroutine of a call not yet awaited: fields ``<func>`` and arguments as for a partial."""
    SUPER = 11
    """``super()``: the class whose bases are searched, and ``<self>``."""


class Type(msgspec.Struct, frozen=True, order=False, gc=False, cache_hash=True):
    """The type of a thing; ``name`` depends on the kind. ``constant`` is a tuple to keep ``1`` and ``True`` apart."""

    kind: TypeKind
    name: str = ""
    constant: tuple[str, ConstantValue] | None = None


UNKNOWN_TYPE = Type(TypeKind.UNKNOWN)


class Thing(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """An object that an expression may denote: its identity, its type, and what is known of its fields.

    ``fields`` is a snapshot for calls (a *shape*): the field and the types found in it.
    """

    path: Path
    type: Type = UNKNOWN_TYPE


Sources: TypeAlias = frozenset[Path]


class Value(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """What an expression may denote: things (none where nothing is known), and the places it was made from."""

    things: frozenset[Thing] = frozenset()
    sources: Sources = frozenset()


VARIES = Path(Root(RootKind.LIBRARY, "varies"))
"""Source of what may differ between invocations without coming from the request: clocks, unknown calls."""
NEW = Path(Root(RootKind.LIBRARY, "varies", "object"))
"""Source of new objects: each is another one, and making it asks nothing of the outside world."""
UNKNOWN_CALL = Path(Root(RootKind.LIBRARY, "varies", "unknown"))
"""Source of what a callee returns that asks nothing of the outside world, as far as anybody knows."""
TEMPORARY = Path(Root(RootKind.LIBRARY, "process", "/tmp"))
"""Source of paths under the folder for temporary files, which survives the invocation."""

NOTHING = Value()


def is_temporary(name: str) -> bool:
    """Whether a name is that of the folder for temporary files, or of something below it: ``/tmpl`` is not."""
    return f"{name}/".startswith("/tmp/")
