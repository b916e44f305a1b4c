"""Which functions come to their end by themselves, so that one may wait for them.

What a call runs is known by its last name only, as in the outlines; where several functions have the name, all of
them count. So the answer is careful: *known to end* means that no function of that name, nor any that it may call,
has a loop that nothing seems to bound, or calls something that waits for others.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from leaklint.ir.facts import FileFacts, FunctionFacts


class Waiting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of what libraries' functions do with one who waits for them."""

    ends: list[str] = []
    """Dotted names of what ends by itself."""
    endless: list[str] = []
    """Last names of what goes on until somebody stops it."""
    waits: dict[str, list[str]] = {}
    """Last names of what waits for others, or for the next message; with names of which one must be called in the
    project, or modules of which the file must import one, for it to be that function at all (``get`` of a queue), or
    none."""


class Endings:
    """Answers for the functions of one project."""

    def __init__(self, files: Mapping[str, FileFacts], waiting: Waiting) -> None:
        self._functions: dict[str, list[tuple[FunctionFacts, frozenset[str]]]] = {}
        """By their last names, with the modules that their files import."""
        self._called: set[str] = set()
        for facts in files.values():
            modules = frozenset(each.module for each in facts.imports)
            for function in facts.functions.values():
                self._functions.setdefault(_last(function.name), []).append((function, modules))
                self._called.update(function.calls)
        self._ends = frozenset(waiting.ends)
        self._endless = frozenset(waiting.endless)
        self._waits = waiting.waits
        self._known: dict[str, bool] = {}

    def ends(self, callee: str) -> bool | None:
        """Whether what runs, a qualified name of the project or a dotted one of a library, is known to end.

        False is what is known to go on until somebody stops it, None what is not known.
        """
        if callee in self._ends:
            return True
        last = _last(callee)
        if last not in self._functions:
            return False if last in self._endless else None
        if last not in self._known:
            self._known[last] = self._all_end(last)
        return self._known[last] or None

    def _all_end(self, name: str) -> bool:
        seen = {name}
        pending = [name]
        while pending:
            for function, modules in self._functions.get(pending.pop(), ()):
                if function.unbounded or self._may_wait(function, modules):
                    return False
                fresh = set(function.calls) - seen
                seen |= fresh
                pending += fresh
        return True

    def _may_wait(self, function: FunctionFacts, modules: frozenset[str]) -> bool:
        for name in self._waits.keys() & set(function.calls):
            owners = self._waits[name]
            if not owners or any(each in modules or each in self._called for each in owners):
                return True
        return False


def _last(name: str) -> str:
    return name.partition("#")[0].rpartition(".")[2]
