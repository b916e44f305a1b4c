"""Above a class: what outlines tell of the classes that it inherits from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from leaklint.link.classes import linearize
from leaklint.link.names import Library, Own
from leaklint.link.program import Program

_OF_NOTHING: Final = frozenset({"abc.ABC", "builtins.object", "typing.Generic", "typing.Protocol"})
"""Bases from which a class has no attributes."""


class Lineage(NamedTuple):
    """A class of the project and its ancestors."""

    classes: tuple[str, ...]
    """The class and its ancestors in the project, in the order of look-up."""
    foreign: tuple[str, ...]
    complete: bool
    """Whether all bases are known by name."""
    nominal: bool
    """Whether objects of it are made of the class or of one below it."""


class Lineages:
    """The lineages of a project's classes."""

    def __init__(self, program: Program, meaning: Callable[[str, str], Own | Library | None]) -> None:
        """``meaning`` says what a dotted name in a file stands for."""
        self._program = program
        self._meaning = meaning
        self._known: dict[str, Lineage] = {}

    def of(self, identity: str) -> Lineage:
        """The lineage of a class, by ``path::qualified name``."""
        known = self._known.get(identity)
        if known is None:
            foreign, complete, nominal = list[str](), True, True

            def bases(class_: str) -> list[str]:
                nonlocal complete, nominal
                path, _, name = class_.partition("::")
                found, known = list[str](), self._program.files[path].classes[name]
                if any("metaclass" in each and not each.endswith("ABCMeta") for each in known.keywords):
                    complete = False
                for base in known.bases:
                    meant = None if "(" in base else self._meaning(path, base.partition("[")[0])
                    if isinstance(meant, Library):
                        nominal = nominal and not meant.name.endswith("Protocol")
                        if meant.name not in _OF_NOTHING:
                            foreign.append(meant.name)
                    elif meant is not None and meant.name in self._program.files[meant.path].classes:
                        found.append(f"{meant.path}::{meant.name}")
                    else:
                        complete = False
                return found

            order = linearize(identity, bases)
            known = self._known[identity] = Lineage(order, tuple(foreign), complete, nominal)
        return known
