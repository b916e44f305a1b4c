"""Above a class: what outlines tell of the classes that it inherits from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from leaklint.link.classes import linearize
from leaklint.link.names import Library, Own
from leaklint.link.program import Program

OF_NOTHING: Final = frozenset({"abc.ABC", "builtins.object", "typing.Generic", "typing.Protocol"})
"""Bases from which a class has no attributes."""


class Lineage(NamedTuple):
    """A class of the project and its ancestors."""

    classes: tuple[str, ...]
    """The class and its ancestors in the project, in the order of look-up."""
    foreign: tuple[str, ...]
    complete: bool
    """Whether all bases are known by name."""
    is_protocol: bool
    """Whether objects of it may be of any class that has the same methods."""


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
            foreign, complete, is_protocol = list[str](), True, False

            def bases(class_: str) -> list[str]:
                nonlocal complete, is_protocol
                path, _, name = class_.partition("::")
                found, known = list[str](), self._program.files[path].classes[name]
                if any("metaclass" in each and not each.endswith("ABCMeta") for each in known.keywords):
                    complete = False
                for base in known.bases:
                    meant = None if "(" in base else self._meaning(path, base.partition("[")[0])
                    if isinstance(meant, Library):
                        if class_ == identity and meant.name.endswith("Protocol"):
                            is_protocol = True  # what is below one is an ordinary class
                        if meant.name not in OF_NOTHING:
                            foreign.append(meant.name)
                    elif meant is not None and meant.name in self._program.files[meant.path].classes:
                        found.append(f"{meant.path}::{meant.name}")
                    else:
                        complete = False
                return found

            order = linearize(identity, bases)
            known = self._known[identity] = Lineage(order, tuple(foreign), complete, is_protocol)
        return known
