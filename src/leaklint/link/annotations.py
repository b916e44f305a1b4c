"""Annotations as texts: which types they name, and with which arguments."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

TRANSPARENT: Final = frozenset({"Annotated", "ClassVar", "Final", "NotRequired", "Optional", "Required", "Unpack"})
"""Forms that say something about the type that is their first argument."""
OF_MAPPING: Final = frozenset(
    {"DefaultDict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "dict"}
)
OF_FIRST: Final = frozenset(
    {
        "AsyncGenerator",
        "AsyncIterable",
        "AsyncIterator",
        "Collection",
        "Deque",
        "FrozenSet",
        "Generator",
        "Iterable",
        "Iterator",
        "KeysView",
        "List",
        "MutableSequence",
        "MutableSet",
        "Reversible",
        "Sequence",
        "Set",
        "Tuple",
        "ValuesView",
        "deque",
        "frozenset",
        "list",
        "set",
        "tuple",
    }
)
AWAITABLE: Final = frozenset({"Awaitable", "Coroutine", "CoroutineType"})


class Named(NamedTuple):
    """One alternative of an annotation: a dotted name and its type arguments, as text."""

    name: str
    arguments: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        """The last segment of the name."""
        return self.name.rpartition(".")[2]


def gives_coroutine(callable_: Named) -> bool:
    """Whether calling what is annotated so always gives something to be awaited."""
    if len(callable_.arguments) != 2:
        return False
    given = callable_.arguments[1]
    certain = all(part.strip() != "None" for part in _split(given, "|")) and not given.startswith(("Optional", "Union"))
    named = alternatives(given)
    return certain and bool(named) and all(each.last in AWAITABLE for each in named)


@functools.lru_cache(maxsize=8192)
def alternatives(text: str) -> tuple[Named, ...]:
    """What an annotation allows, without None: ``Optional[X]``, ``X | None`` and ``Union[X, None]`` allow X."""
    pending = [text]
    found: list[Named] = []
    while pending:
        for part in _split(pending.pop(0).strip().strip("'\""), "|"):
            name, bracket, rest = part.strip().strip("'\"").partition("[")
            name = name.strip()
            if not name or name == "None" or not all(each.isidentifier() for each in name.split(".")):
                continue
            arguments = tuple(each.strip() for each in _split(rest.rstrip()[:-1], ",")) if bracket else ()
            last = name.rpartition(".")[2]
            if last in TRANSPARENT and arguments:
                pending.append(arguments[0])
            elif last == "Union":
                pending.extend(arguments)
            else:
                found.append(Named(name, arguments))
    return tuple(found)


def leaves_open(text: str) -> bool:
    """Whether a function says that it gives something to be awaited in some calls, and something else in others."""
    kinds = {each.last in AWAITABLE for each in alternatives(text)}
    return len(kinds) == 2


def _split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand outside of all brackets."""
    parts: list[str] = []
    depth, start = 0, 0
    for index, character in enumerate(text):
        if character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]
