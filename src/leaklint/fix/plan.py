"""What a fix is: a plan that lists the statements it may touch, and the changes in terms of places in the source.

Terms:

*change*
    One step of a plan: an expression is replaced, statements are put beside, around or in the place of others, a
    decorator or a comment goes, a name is imported.
*plan*
    All changes that one fix makes for one finding, and whether it is *safe*: the program does what it did, and only
    the leak is gone. What is not safe needs a look, and is done only where it is asked for.
*fix*
    A name and a function from a finding to a plan, or to the reason why there is none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TypeAlias

from leaklint.fix.project import Project
from leaklint.ir.finding import Finding
from leaklint.ir.location import Span


@dataclasses.dataclass(frozen=True, slots=True)
class Replace:
    """An expression becomes another one."""

    span: Span
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Before:
    """Statements are put before a statement of the same block."""

    span: Span
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class After:
    """Statements are put after a statement of the same block."""

    span: Span
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Instead:
    """A simple statement becomes other statements, or nothing where the text is empty."""

    span: Span
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Enclose:
    """Statements of one block, from the first to the last, go into a statement that has ``...`` in their place."""

    span: Span
    """From the start of the first statement to the end of the last."""
    text: str
    head: Span | None = None
    """The first statement, where the text says what it says: it goes, and its comments stand at the new head."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finally:
    """A ``try`` that has no ``finally`` gets one; the span is that of the statement."""

    span: Span
    text: str
    """The statements that stand in it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Undecorate:
    """A decorator goes; the span is that of its expression."""

    span: Span


@dataclasses.dataclass(frozen=True, slots=True)
class Rename:
    """The name in the head of a ``def`` becomes another one; the span is that of the statement."""

    span: Span
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Parameters:
    """A function gets more parameters, without defaults; the span goes from its ``def`` to its last parameter."""

    span: Span
    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Comment:
    """A comment becomes another one, or goes where the text is empty."""

    span: Span
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Import:
    """A module, or a name of it, is imported at the top of the file."""

    module: str
    name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Forget:
    """A name that an import at the top of the file binds is no longer imported."""

    name: str


Placed: TypeAlias = Replace | Before | After | Instead | Enclose | Finally | Undecorate | Rename | Parameters | Comment
Change: TypeAlias = Placed | Import | Forget


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What one fix changes for one finding, file by file."""

    finding: Finding
    safe: bool
    changes: tuple[tuple[str, Change], ...]
    """Each with the path of its file."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it changes, sorted."""
        return tuple(sorted({path for path, _ in self.changes}))

    @property
    def extent(self) -> int:
        """How many lines it encloses at most."""
        enclosing = [each.span for _, each in self.changes if isinstance(each, Enclose)]
        return max((span.end_line - span.line for span in enclosing), default=0)

    def changes_in(self, path: str) -> tuple[Change, ...]:
        """The changes in one file."""
        return tuple(change for where, change in self.changes if where == path)


class NoFix(Exception):
    """There is no fix for a finding at this place; the text says why."""


def plan(finding: Finding, changes: Iterable[Change | tuple[str, Change]], *, safe: bool) -> Plan:
    """A plan; a change without a path is in the file of the finding."""
    path = finding.place.path
    return Plan(finding, safe, tuple(each if isinstance(each, tuple) else (path, each) for each in changes))


Maker: TypeAlias = Callable[[Finding, Project], Plan]
"""Makes the plan for a finding, or raises ``NoFix``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fix:
    """A fix by its name, as rules name it."""

    name: str
    make: Maker


def fix(name: str) -> Callable[[Maker], Fix]:
    """Makes a fix of a function."""
    return lambda make: Fix(name, make)
