"""How an obligation is judged and told: work or a resource that is not settled on every path of the invocation."""

from __future__ import annotations

import re
from typing import Final

from leaklint.ir.effects import Effect, Pending, Settled
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message

_NUMBER: Final = re.compile(r"#\d+")


def severity(settled: Settled, base: Severity, *, exception: Severity = Severity.INFO) -> Severity:
    """``base`` where nothing settles it, at most a warning where some path does not, less where only an exception."""
    if settled is Settled.NEVER:
        return base
    return min(base, exception if settled >= Settled.NORMAL_PATHS else Severity.WARNING)


def when(effect: Effect, due: str = "before the handler returns") -> str:
    """On which paths it is not settled: the end of ``thread running save() is not joined …``.

    ``due`` says until when it should be, and may be empty.
    """
    match effect.settled:
        case Settled.NEVER | Settled.SOME_PATHS if isinstance(effect, Pending) and effect.how_dropped == "emptied":
            return "before what holds it is emptied"
        case Settled.NEVER:
            return due
        case Settled.SOME_PATHS if isinstance(effect, Pending) and effect.how_dropped == "overwritten":
            return "before the next round of the loop takes its name for another"
        case Settled.SOME_PATHS:
            return f"on {wording.line(effect)}"
        case Settled.UNCERTAIN:
            return f"with certainty {due}".rstrip()
        case _:
            return "when an exception skips it"


def named(callee: str) -> str:
    """The name with a space before it, `` save()``, or nothing where it is not known what runs.

    Of functions of one name in one scope, such as overloads, the number is left out.
    """
    return f" {_NUMBER.sub('', callee)}()" if callee else ""


def running(callee: str) -> str:
    """The words `` running save()``, or nothing where it is not known what runs."""
    return f" running{named(callee)}" if callee else ""


def work(pending: Pending, reached: Reached, what: str, cure: str, *, base: Severity = Severity.ERROR) -> Message:
    """The message for pending work: what is not settled, on which paths, and what becomes of it."""
    return Message(
        severity(pending.settled, base),
        f"{what} {when(pending)}: {wording.becomes(pending, reached.handlers)}",
        wording.observed(pending, reached.handlers),
        cure,
        wording.outcome(pending, reached.handlers),
    )
