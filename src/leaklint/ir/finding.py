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
    """Name of the fix, where there is one."""
    statement: Span = NOWHERE
    """The statement that holds the expression; a suppression anywhere on its lines counts."""
