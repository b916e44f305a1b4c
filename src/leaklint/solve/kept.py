"""Calls whose result may be dropped, because what is called keeps it: ``hass.async_create_task(work())``.

A function that is a suspect for nothing but such calls is not solved: the general summary of what it calls says all
that matters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from leaklint.ir.facts import FunctionFacts
from leaklint.ir.summary import Moment, Summary
from leaklint.ir.values import Path, RootKind, TypeKind
from leaklint.link.program import Program
from leaklint.solve.anywhere import Suspect
from leaklint.solve.lattice import SURVIVING
from leaklint.solve.overview import Overview
from leaklint.solve.world import Busy

_ELSEWHERE: Final = frozenset({Moment.WORK, Moment.LATER})
Summaries: TypeAlias = Callable[[str, Busy], Summary | None]


class Kept:
    """Which calls of functions outside of handlers give only what is kept by what they call."""

    def __init__(self, overview: Overview, summary: Summaries) -> None:
        """``summary`` gives the general summary of a function of the project, or None where that takes too much.

        It is told which arguments are something asynchronous.
        """
        self._program = overview.program
        self._overview = overview
        self._summary = summary
        self._kept: dict[tuple[str, bool], bool] = {}
        self._taken: dict[tuple[str, str], bool] = {}

    def all(self, suspect: Suspect) -> bool:
        """Whether that is so of all dropped calls of a suspect, and what it hands to calls is taken there."""
        if suspect.calls is None:
            return False
        path, function = suspect.path, self._program.files[suspect.path].functions[suspect.function]
        return all(self._keeps(path, function, text) for text in suspect.calls) and all(
            self._is_taken_by(identity, argument)
            for text, argument in suspect.handed
            for identity in self._overview.only_functions(path, function.name, text)
        )

    def _keeps(self, path: str, function: FunctionFacts, text: str) -> bool:
        lasting = _is_from_outside(self._program, path, function, text)
        called = self._overview.functions(path, function.name, text)
        return bool(called) and all(self._is_kept_by(each, lasting) for each in called)

    def _is_taken_by(self, identity: str, argument: str) -> bool:
        key = (identity, argument)
        if key not in self._taken:
            self._taken[key] = self._takes(identity, argument)
        return self._taken[key]

    def _takes(self, identity: str, argument: str) -> bool:
        """Whether a function does something with an argument, whatever it is."""
        facts = self._program.function(identity)
        if facts is None:
            return False
        names = [each.name for each in facts.parameters if each.kind in ("positional", "either")]
        if argument.isdecimal():
            position = int(argument) + (facts.in_class is not None and "staticmethod" not in facts.decorators)
        else:
            position = names.index(argument) if argument in names else len(names)
        if position >= len(names):
            return True
        summary = self._summary(identity, ((position, False),))
        if summary is None:
            return False
        roots = [each.path.root for each in summary.settles] + [each.path.root for each in summary.invokes]
        return any(each.kind is RootKind.PARAMETER and each.name == str(position) for each in roots)

    def _is_kept_by(self, identity: str, lasting: bool) -> bool:
        key = (identity, lasting)
        if key not in self._kept:
            facts, summary = self._program.function(identity), self._summary(identity, ())
            of_receiver = lasting and facts is not None and bool(facts.in_class)
            self._kept[key] = summary is not None and keeps(summary, of_receiver=of_receiver)
        return self._kept[key]


def _is_from_outside(program: Program, path: str, function: FunctionFacts, text: str) -> bool:
    """Whether the receiver of a call is a parameter, or an attribute of one, that nothing else is bound to."""
    name, *attributes = text.split(".")
    functions, around = program.files[path].functions, function.name
    while around and attributes and all(each.isidentifier() for each in attributes):
        known = functions.get(around)
        if known is not None and any(each.name == name for each in known.parameters):
            return name not in known.bindings and not any(
                f"{name}.{'.'.join(attributes[:last])}" in known.bindings for last in range(1, len(attributes))
            )
        if known is not None and name in known.bindings:
            return False
        around = around.rpartition(".<locals>.")[0]
    return False


def keeps(summary: Summary, *, of_receiver: bool) -> bool:
    """Whether nothing is lost when the result of a function is dropped, whatever it is given.

    ``of_receiver``: it is a method, and the object outlives the call.
    """
    if any(each.result or each.moment not in _ELSEWHERE for each in summary.invokes):
        return False
    if not all(each.certain for each in summary.settles):
        return False
    kept = {
        thing.path
        for store in summary.stores
        if store.path.root.kind in SURVIVING or (of_receiver and _is_receiver(store.path))
        for thing in store.value.things
    }
    return all(
        each.type.kind is TypeKind.CONSTANT or (each.path.root.kind is RootKind.MADE and each.path in kept)
        for each in summary.returns.things
    )


def _is_receiver(path: Path) -> bool:
    return path.root.kind is RootKind.PARAMETER and path.root.name == "0"
