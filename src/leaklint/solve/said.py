"""What annotations say that a value may be, as far as outlines tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leaklint.facts.bindings import TYPE_VARIABLE
from leaklint.link.annotations import AWAITABLE, OF_FIRST, OF_MAPPING, TRANSPARENT, Named, alternatives
from leaklint.link.names import Library as Foreign
from leaklint.link.names import Own
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.denoted import ANY, ANYTHING, CLOSED, CONTAINER, NOTHING_KNOWN, SAYS_NOTHING, VARIABLE, Kind, Kinds

_MOST_BRACKETS: Final = 20
"""In an annotation that is read."""
_PLAIN_TYPES: Final = frozenset({"bool", "bytes", "complex", "float", "int", "str", "None", "NoneType", "Literal"})
_CONTAINERS: Final = frozenset({"dict", "frozenset", "list", "set", "tuple"})


class Said:
    """What annotations in the files of a program say."""

    def __init__(
        self,
        program: Program,
        models: Models,
        asynchronous: Callable[[str], frozenset[str]],
        meaning: Callable[[str, str], Own | Foreign | None],
        of_name: Callable[[str, str], Kinds],
    ) -> None:
        """``asynchronous`` gives the last segments of what is asynchronous in a package.

        ``meaning`` says what a dotted name at module level of a file stands for, ``of_name`` what it may denote.
        """
        self._program = program
        self._models = models
        self._asynchronous = asynchronous
        self._meaning = meaning
        self._global = of_name

    def annotated(self, path: str, text: str) -> Kinds:
        """What a value may be of which an annotation says so."""
        if text.count("[") > _MOST_BRACKETS:
            return ANYTHING
        named = alternatives(text)
        return frozenset().union(*(self._said(path, each) for each in named)) if named else NOTHING_KNOWN

    def _said(self, path: str, named: Named) -> Kinds:
        last, arguments = named.last, named.arguments
        if last in SAYS_NOTHING or last == "Self":
            return ANYTHING
        if last in TRANSPARENT:
            return frozenset()
        if last in _PLAIN_TYPES:
            return NOTHING_KNOWN
        if last in OF_MAPPING or last in OF_FIRST:
            inside = [self.annotated(path, each) for each in arguments] or [ANYTHING]
            return frozenset({Kind("container", "", frozenset().union(*inside))})
        if last == "Callable":
            return ANYTHING if any(word in str(arguments) for word in AWAITABLE) else NOTHING_KNOWN
        if last in ("type", "Type") and arguments:
            return frozenset(
                Kind("class", each.name) if each.what == "object" else each
                for each in self.annotated(path, arguments[0])
            )
        return frozenset(each for kind in self._named(path, named.name) for each in self._instance(kind))

    def _named(self, path: str, name: str) -> Kinds:
        meant = self._meaning(path, name)
        if isinstance(meant, Foreign):
            return frozenset({Kind("library", meant.name)})
        if meant is None:
            return NOTHING_KNOWN
        facts = self._program.files[meant.path]
        if meant.name in facts.classes:
            return frozenset({Kind("class", f"{meant.path}::{meant.name}")})
        made = facts.bound_calls.get(meant.name, "")
        if made.endswith(f"{TYPE_VARIABLE}()"):
            return frozenset({Kind("variable", f"{meant.path}::{meant.name}")})
        if made.endswith("()"):
            return frozenset({Kind("any", meant.name)})  # another name of a type
        return self._global(meant.path, meant.name) if meant.name.isidentifier() else ANYTHING

    def _instance(self, kind: Kind) -> Kinds:
        """What an object is of which an annotation names the class."""
        if kind.what == "class":
            return frozenset({Kind("object", kind.name)})
        if kind.what == "variable":
            path, _, name = kind.name.partition("::")
            said = [text[1:] for text in self._program.files[path].functions["<module>"].bindings.get(name, ())]
            return frozenset({VARIABLE}).union(*(self.annotated(path, text) for text in said))
        if kind.what == "library":
            return self.of_library(kind.name)
        return frozenset({kind}) if kind.what == "any" or kind in (CLOSED, CONTAINER) else ANYTHING

    def of_library(self, class_name: str) -> Kinds:
        """An object of a library's class."""
        name = self._models.canonical(class_name)
        package, _, last = name.partition(".")
        if package == "builtins":
            return frozenset({CONTAINER if last in _CONTAINERS else CLOSED if last in _PLAIN_TYPES else ANY})
        if self._models.row(name) is None and not self._asynchronous(package):
            return NOTHING_KNOWN
        return frozenset({Kind("instance", name)})
