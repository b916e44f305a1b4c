"""What leaves the analysis: findings, each with a trace from the handler to the expression that leaks."""

from __future__ import annotations

import enum

import msgspec

from leaklint.ir.location import NOWHERE, Place, Span


class Severity(enum.IntEnum):
    """How bad a finding is; ordered, so that a minimum can be asked for."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The lower-case word that users see."""
        return self.name.lower()


class StepKind(enum.StrEnum):
    """What a step of a trace is."""

    HANDLER = "handler"
    CALL = "call"
    LEAK = "leak"
    DEFINED = "defined"
    RELATED = "related"


class Step(msgspec.Struct, frozen=True, gc=False):
    """One step of a trace: where, what it is, and a short note such as ``handler calls bot.log.write``."""

    kind: StepKind
    place: Place
    note: str = ""


class Hint(msgspec.Struct, frozen=True, gc=False):
    """What a fix needs to know of a finding beside its place: the effect that it was made from."""

    function: str = ""
    """Qualified name of the function that holds the expression."""
    operation: str = ""
    """What is written in the source: ``create_task``, ``start`` …"""
    work: str = ""
    """What is pending: ``task``, ``thread`` …; empty where the finding is about no work."""
    dropped: str = ""
    """How a coroutine is dropped: ``statement``, ``unused``, ``truth`` …"""
    callee: str = ""
    """What runs as the work."""
    settled: str = ""
    """On which paths it is undone already: ``never``, ``some_paths``, ``uncertain`` …"""
    regime: str = ""
    """Which event loop runs a coroutine: ``run``, ``open`` …"""
    cure: str = ""
    """What a row says settles the work, or gives its result: ``self.flush()``; what the key of a cache lacks."""
    row: str = ""
    """Dotted name of the library function that a row describes."""
    holder: str = ""
    """Which of its arguments names the file that is made: position and name, ``1:dst``, or ``self``."""
    state: str = ""
    """Name of the state that survives, as its owner would call it."""
    lifetime: str = ""
    """Where that state lives: ``module``, ``class`` …"""
    several: bool = False
    """Whether the expression concerns several states, of which ``state`` is one, or may run something else that is no
    coroutine function."""
    guard: str = ""
    """Under which test of that state it is written: ``none``, ``lazy``, ``keyed`` …"""


class Edit(msgspec.Struct, frozen=True, order=True, gc=False):
    """A stretch of a file and the text to put there."""

    place: Place
    text: str


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One leak: the expression, what is wrong with it, how it is reached and what the next invocation observes.

    Paths are relative to the project root; a front end makes them relative to the working folder.
    """

    code: str
    name: str
    severity: Severity
    place: Place
    message: str
    observed: str = ""
    """What the next invocation observes, as one sentence."""
    cure: str = ""
    """What to do about it, as one sentence."""
    trace: tuple[Step, ...] = ()
    handlers: tuple[str, ...] = ()
    """Every handler that reaches it, ``module:function``, sorted; the trace shows the first."""
    outcome: str = ""
    """``resumes-later``, ``runs-on``, ``lost`` or ``unknown`` for work, else empty."""
    fix: str = ""
    """Name of the fix, where there is one for this very place."""
    safe: bool = False
    """Whether the fix keeps what the program does, beside the leak."""
    no_fix: str = ""
    """Why there is none for this place, where the rule has one."""
    edits: tuple[Edit, ...] = ()
    """What the fix changes; filled in where somebody wants to see it."""
    hint: Hint = Hint()
    statement: Span = NOWHERE
    """The statement that holds the expression; a suppression anywhere on its lines counts."""
