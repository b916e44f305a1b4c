"""Whether a call may give something asynchronous: a filter over outlines for code that no handler reaches.

Names alone say little of ``entry.data.get(key)``: somewhere an HTTP client has a coroutine function ``get``. What the
receiver may be says more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from leaklint.facts.drops import last_name
from leaklint.ir.facts import FunctionFacts, is_property, is_used_by_with
from leaklint.link.library import Library
from leaklint.link.names import Own
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.circles import Circles
from leaklint.solve.denoted import ANY, PARAMETER, Kind, Kinds
from leaklint.solve.naming import Naming
from leaklint.solve.receivers import Receivers

_NARROWING: Final = frozenset({"isinstance", "issubclass", "type"})
"""What may say of a parameter of which class it is."""
_TRANSPARENT: Final = frozenset({"abc", "builtins", "contextlib", "functools", "typing", "typing_extensions"})
"""Modules of which no decorator makes something asynchronous of a plain function."""
_OF_CONTAINERS: Final = frozenset(name for kind in (dict, list, set) for name in vars(kind) if not name.startswith("_"))
"""What has such a method, whose result is tested or compared, and of which nobody knows more, is a container."""
_ACCESSORS: Final = ("deleter", "getter", "setter")


class Giving:
    """Which calls may give something asynchronous."""

    def __init__(self, program: Program, models: Models, library: Library, naming: Naming) -> None:
        """``naming`` says by which names something asynchronous may be called."""
        self._program = program
        self._models = models
        self._library = library
        self._naming = naming
        self._circles = Circles()
        self._receivers = Receivers(
            program,
            models,
            self._circles,
            self._asynchronous,
            library.asynchronous,
            self._keeps_kind,
            self._is_replaced,
        )
        self.looked = self._receivers.looked
        """See there."""
        self._words: dict[str, frozenset[str]] = {}
        self._methods: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._above: dict[str, set[str]] = defaultdict(set)
        for path, facts in program.files.items():
            for each in facts.classes.values():
                last = last_name(each.name)
                self._above[last].update(last_name(base.partition("[")[0]) for base in each.bases)
                for method, qualified in each.methods.items():
                    if not is_property(facts.functions[qualified]):
                        self._methods[method].append((last, f"{path}::{qualified}"))

        self._with_classes_below = frozenset[str]().union(*self._above.values())

    def may(self, path: str, function: FunctionFacts, texts: Iterable[str]) -> bool:
        """Whether one of the calls in a function, given by the texts of what is called, may give something so."""
        return any(self._naming.may(path, function, text) and self._one_may(path, function, text) for text in texts)

    def _one_may(self, path: str, function: FunctionFacts, text: str) -> bool:
        found, name = self._receivers.of(path, function.name, text), last_name(text)
        if name in _OF_CONTAINERS and text in function.looked_at:
            found -= {ANY, PARAMETER}
        if PARAMETER in found and not _NARROWING.isdisjoint(function.calls):
            return True
        return any(self._gives(each, name) for each in found)

    def functions(self, path: str, function: FunctionFacts, text: str) -> list[str]:
        """The plain functions of the project that a text may call, as far as they give something asynchronous.

        Empty where it may call anything else that does.
        """
        kinds = [each for each in self._receivers.of(path, function.name, text) if self._gives(each, last_name(text))]
        plain = [each.name for each in kinds if each.what == "function" and self._is_plain_function(each.name)]
        return sorted(plain) if len(plain) == len(kinds) else []

    def only_functions(self, path: str, function: FunctionFacts, text: str) -> list[str]:
        """The functions of the project that a text may call; empty where it may call anything else."""
        kinds = self._receivers.of(path, function.name, text)
        found = [each.name for each in kinds if each.what == "function" and self._keeps_kind(each.name)]
        return sorted(found) if len(found) == len(kinds) else []

    def _is_plain_function(self, identity: str) -> bool:
        facts = self._program.function(identity)
        return facts is not None and not facts.is_async and not facts.is_generator and self._keeps_kind(identity)

    def _gives(self, kind: Kind, name: str) -> bool:
        """Whether calling something under a name gives something asynchronous."""
        if kind.what == "function":
            return self._function_gives(kind.name)
        if kind.what == "library":
            return self._library_gives(self._models.canonical(kind.name))
        if kind.what == "object":
            return any(self._gives(each, "__call__") for each in self._receivers.member(kind, "__call__"))
        return kind.what in ("any", "instance")  # an object of a library may call what it was given

    def _library_gives(self, full: str) -> bool:
        package, (owner, _, last) = full.partition(".")[0], full.rpartition(".")
        known = self._models.row(self._models.method(owner, last) or full) is not None
        return last in (self._models.asynchronous(package) if known else self._library.asynchronous(package))

    def result(self, identity: str) -> Kinds:
        """What a function of the project returns, or what awaiting it gives."""
        return self._receivers.given_by(identity)

    def is_only_said(self, class_: str) -> bool:
        """Whether an object that is said to be of a class of the project may be of another one."""
        return last_name(class_.partition("::")[2]) in self._with_classes_below or self._receivers.is_protocol(class_)

    def gives_back(self, identity: str) -> bool:
        """Whether a function of the project, once it has run, may give something asynchronous."""
        return self._circles.answer(identity, lambda: self._looked_into(identity), False, True)

    def _function_gives(self, identity: str) -> bool:
        facts = self._program.function(identity)
        return facts is None or facts.is_async or self.gives_back(identity)

    def _looked_into(self, identity: str) -> bool:
        facts = self._program.function(identity)
        path, _, name = identity.partition("::")
        self.looked.add((path, name))
        if facts is None or not self._keeps_kind(identity):
            return True
        if facts.is_generator and is_used_by_with(facts):
            return False
        return self.may(path, facts, facts.given_calls)

    def _keeps_kind(self, identity: str) -> bool:
        """Whether the decorators of a function leave it what it is."""
        facts = self._program.function(identity)
        path = identity.partition("::")[0]
        return facts is not None and all(self._is_plain(path, text.partition("(")[0]) for text in facts.decorators)

    def _is_plain(self, path: str, decorator: str) -> bool:
        head, _, last = decorator.rpartition(".")
        if head and last in _ACCESSORS:
            return True
        target = self._receivers.meaning(path, decorator)
        if target is None:
            return False
        if isinstance(target, Own):
            functions, inner = self._program.files[target.path].functions, f"{target.name}.<locals>."
            own = [each for name, each in functions.items() if name == target.name or name.startswith(inner)]
            return bool(own) and not any(each.is_async for each in own)
        package = target.name.partition(".")[0]
        return package in _TRANSPARENT or not self._asynchronous(package)

    def _asynchronous(self, package: str) -> frozenset[str]:
        """The last segments of what is asynchronous in a package."""
        known = self._words.get(package)
        if known is None:
            known = self._words[package] = self._library.asynchronous(package) | self._models.asynchronous(package)
        return known

    def _is_replaced(self, identity: str, name: str) -> bool:
        """Whether a class below a class has a method of this name that may give something asynchronous."""
        key = ("replaced", name)
        below = self._circles.answer(key, lambda: self._above_those_with(name), frozenset[str](), frozenset[str]())
        return last_name(identity.partition("::")[2]) in below

    def _above_those_with(self, name: str) -> frozenset[str]:
        """The last names of all classes above one with such a method."""
        waiting = [owner for owner, method in self._methods.get(name, ()) if self._function_gives(method)]
        seen: set[str] = set()
        while waiting:
            above = self._above[waiting.pop()] - seen
            seen |= above
            waiting += above
        return frozenset(seen)
