"""What an expression may denote, as far as outlines tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from leaklint.ir.facts import FileFacts
from leaklint.link.annotations import alternatives


class Kind(NamedTuple):
    """What an expression may denote: ``what`` it is, and which one, by identity or dotted name.

    ``any`` is what nobody knows here, ``closed`` what cannot lead to anything asynchronous: a constant, or what hangs
    on a parameter of which nothing is known. The others are a ``class`` of the project, an ``object`` of it, what
    ``super`` means in it, a type ``variable``, a ``function``, the ``coroutine`` that calling one gives, a ``module``,
    a ``library``'s name, an ``instance`` of a library's class, a ``container`` of the ``elements``, and its method,
    ``giving`` them. An object whose making is in sight has the element ``MADE``.
    """

    what: str
    name: str = ""
    elements: frozenset[Kind] = frozenset()


Kinds = frozenset[Kind]
ANY: Final = Kind("any")
CLOSED: Final = Kind("closed")
PARAMETER: Final = Kind("closed", "parameter")
"""What hangs on a parameter of which nothing is known, unless it is asked of which class it is."""
VARIABLE: Final = Kind("closed", "variable")
"""What is of the type of a type variable: nobody knows more, unless it is seen what it is for."""
MADE: Final = frozenset({Kind("made")})
ANYTHING: Final = frozenset({ANY})
NOTHING_KNOWN: Final = frozenset({CLOSED})
CONTAINER: Final = Kind("container", "", ANYTHING)
OF_GENERATORS: Final = ("__anext__", "aclose", "anext", "asend", "athrow")
"""How the methods of an asynchronous generator are called."""
SAYS_NOTHING: Final = frozenset({"Any", "object"})
"""Annotations that do."""


def from_outside(kind: Kind) -> Kind:
    """What a parameter is: of elements of which its annotation says nothing, nobody knows anything."""
    if kind.what != "container":
        return kind
    inside = frozenset(PARAMETER if each == ANY else from_outside(each) for each in kind.elements)
    return kind._replace(elements=inside)


def opened(kinds: Kinds) -> Kinds:
    """The kinds where it is in sight what type variables stand for: anything."""
    return kinds - {VARIABLE, PARAMETER} | ANYTHING if kinds & {VARIABLE, PARAMETER} else kinds


def agreed(said: Kinds, values: Kinds) -> Kinds:
    """What an annotation says, and what is known of the values beyond that."""
    if not said or ANY in said:
        return said | values
    is_container = any(each.what == "container" for each in said)
    beyond = values - {ANY, CLOSED, PARAMETER, VARIABLE}
    return said | {each for each in beyond if each.what != "container" or not is_container}


def says_nothing(annotation: str) -> bool:
    """Whether a value that is annotated so may be anything."""
    return all(each.last in SAYS_NOTHING for each in alternatives(annotation))


def defined(path: str, facts: FileFacts, name: str) -> Iterator[Kind]:
    """The class and the functions that stand under a qualified name."""
    if name in facts.classes:
        yield Kind("class", f"{path}::{name}")
    number, each = 1, name
    while each in facts.functions:
        yield Kind("function", f"{path}::{each}")
        number += 1
        each = f"{name}#{number}"
