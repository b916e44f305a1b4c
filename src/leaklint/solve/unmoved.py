"""Edits that cannot change which functions may drop something asynchronous, nor any other answer of ``Giving``.

These answers come from the outlines of all files. An edit of what a function calls is no news to any of them where
nothing asynchronous can be called so, before and after, and where nobody looked into that function to find an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

import msgspec

from leaklint.ir.facts import FileFacts, FunctionFacts, same
from leaklint.link.library import Library
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.knowing import known_by_itself, packages, reached
from leaklint.solve.naming import Naming

_LOCALS: Final = ".<locals>."
_INSIDE: Final = (
    "bindings",
    "calls",
    "cells",
    "dropped_awaits",
    "dropped_calls",
    "free",
    "given_calls",
    "handed_calls",
    "looked_at",
    "stored_calls",
    "unbounded",
)
"""What an outline says of the inside of a function."""
_OUTSIDE: Final = tuple(each for each in FunctionFacts.__struct_fields__ if each not in _INSIDE)
_SAME: Final = (
    "all_names",
    "annotated_types",
    "bound_calls",
    "classes",
    "dotted_strings",
    "global_writers",
    "imports",
    "literals",
    "made_otherwise",
    "troubles",
)
"""What an outline says of a file that has to be the same; not what only other questions are about."""


class Rests(msgspec.Struct, frozen=True, gc=False):
    """What the answers about something asynchronous rest on, besides what each file defines."""

    names: dict[str, tuple[int, ...]] = {}
    """The names by which something asynchronous may be known, and the numbers of the files that bring them."""
    attributes: frozenset[str] = frozenset()
    """The attributes in which it is stored: whether anybody reads them matters."""
    passed: dict[str, str] = {}
    """By path, a name by which a file passes something asynchronous on: one is as good as any other."""
    looked: dict[str, frozenset[str]] = {}
    """By path, the functions that were looked into for an answer, and the names that were looked up."""


class Unmoved:
    """Whether edits leave all answers as they were."""

    def __init__(
        self, rests: Rests, models: Models, library: Library, program: Program, is_starred: Callable[[str], bool]
    ) -> None:
        """``is_starred`` says whether a star import brings the names of a file into another one."""
        self._rests = rests
        self._models = models
        self._library = library
        self._program = program
        self._number = {path: number for number, path in enumerate(program.files)}
        self._is_starred = is_starred

    def by(self, path: str, before: FileFacts, after: FileFacts) -> bool:
        """Whether that is so of the edit of a file of which the outline was ``before``, and is ``after`` now."""
        changed = {name for name in before.functions.keys() | after.functions.keys() if _differ(name, before, after)}
        knows = self._knows(path)
        concerned = {*_around(changed), *_within(changed, before), *_within(changed, after)}
        names = before.module_names.keys() ^ after.module_names.keys()
        return (
            all(same(getattr(before, each), getattr(after, each)) for each in _SAME)
            and all(_is_inside(before.functions.get(name), after.functions.get(name)) for name in changed)
            and concerned.isdisjoint(self._rests.looked.get(path, ()))
            and (not names or (names <= changed and not self._may_be_meant(path, names, after)))
            and self._passes_as_before(path, {*before.passed}, {*after.passed}, knows)
            and self._rests.attributes.isdisjoint({*before.attributes_read} ^ {*after.attributes_read})
            and self._known(before) == self._known(after)
            and all(self._is_quiet(path, facts, concerned, knows) for facts in (before, after))
        )

    def _known(self, facts: FileFacts) -> set[str]:
        return known_by_itself(facts, self._models, self._library)

    def _knows(self, path: str) -> Callable[[str], bool]:
        """Whether a file may know something asynchronous by a name, or by any if that is empty."""
        numbers = {self._number[each] for each in reached(self._program, path)}
        names = self._rests.names
        anything = any(not numbers.isdisjoint(each) for each in names.values())
        return lambda name: not numbers.isdisjoint(names.get(name, ())) if name else anything

    def _passes_as_before(self, path: str, before: set[str], after: set[str], knows: Callable[[str], bool]) -> bool:
        return self._rests.passed.get(path) in before & after or not any(map(knows, before ^ after))

    def _may_be_meant(self, path: str, names: Iterable[str], facts: FileFacts) -> bool:
        """Whether names may mean something else elsewhere because a file binds them, or does no longer."""
        stars = self._is_starred(path) or any(each.name == "*" for each in facts.imports)
        return stars or any(self._program.modules.submodule(path, name) is not None for name in names)

    def _is_quiet(self, path: str, facts: FileFacts, functions: Collection[str], knows: Callable[[str], bool]) -> bool:
        """Whether nothing that these functions call can be anything asynchronous."""
        later = frozenset().union(*(self._models.running_later(package) for package in packages(facts)))
        naming = Naming({path: facts}, lambda _path, name: knows(name))
        for function in (facts.functions[name] for name in functions if name in facts.functions):
            called = {*function.dropped_calls, *function.looked_at, *function.given_calls}
            called.update(inner for _, _, inner in function.handed_calls)
            others = {*function.dropped_awaits, *(call for _, call in function.stored_calls)}
            if any(map(knows, others)) or not later.isdisjoint(function.calls):
                return False
            if any(naming.may(path, function, text) for text in called):
                return False
        return True


def _differ(name: str, before: FileFacts, after: FileFacts) -> bool:
    return not same(before.functions.get(name), after.functions.get(name))


def _around(names: Iterable[str]) -> Iterator[str]:
    """The functions around those of these names, and what is looked up to find a second one under a name."""
    for name in names:
        around = name
        while around:
            yield around.partition("#")[0]
            yield around
            around = around.rpartition(_LOCALS)[0]


def _within(names: Iterable[str], facts: FileFacts) -> Iterator[str]:
    """The functions of a file that stand inside of those of these names."""
    inside = tuple(f"{name}{_LOCALS}" for name in names)
    return (name for name in facts.functions if name.startswith(inside))


def _is_inside(before: FunctionFacts | None, after: FunctionFacts | None) -> bool:
    """Whether an edit concerns the inside of a function only, or one that comes or goes and is an ordinary one."""
    if before is not None and after is not None:
        is_run_by_import = after.name == "<module>" or after.name.endswith(".<body>")
        return not is_run_by_import and all(same(getattr(before, name), getattr(after, name)) for name in _OUTSIDE)
    return all(each is None or not (each.is_async or each.in_class) for each in (before, after))
