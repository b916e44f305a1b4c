"""The words that all rules share: request data, owners of state, platforms, and what becomes of pending work.

Texts, observations and cures are sentences without a capital and a full stop: front ends put them into lines of their
own making.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leaklint.ir.effects import CLOSED, Effect, Lifetime, Outcome, Pending, Regime, Subject, Work
from leaklint.ir.handler import Handler, Platform

SHOWN = 3
"""How many names a message lists before it counts the rest."""

_RUNS_ON = frozenset({Platform.AWS_LAMBDA_MANAGED, Platform.GOOGLE, Platform.AZURE, Platform.WEB})
"""Platforms that do not freeze the process when a handler has returned."""
_LEAVES_TIME = _RUNS_ON - {Platform.GOOGLE}
"""Those of them that leave it the processor between two requests; Google leaves a function next to nothing of it."""
_OVERLAPS = frozenset({Platform.GOOGLE, Platform.AZURE, Platform.WEB})
"""Platforms that run several requests in one process at a time; Lambda Managed Instances fork a worker for each."""
_PLATFORM = {
    Platform.AWS_LAMBDA: "AWS Lambda",
    Platform.AWS_LAMBDA_MANAGED: "Lambda Managed Instances",
    Platform.GOOGLE: "Google Cloud Functions",
    Platform.AZURE: "Azure Functions",
    Platform.WEB: "a web server",
    Platform.UNKNOWN: "the platform",
}
_OWNER = {
    Lifetime.MODULE: "module-level",
    Lifetime.CLASS: "class attribute",
    Lifetime.DEFAULT: "default argument",
    Lifetime.CLOSURE: "closure variable",
    Lifetime.FUNCTION: "function attribute",
    Lifetime.PROCESS: "",
    Lifetime.LIBRARY: "library attribute",
    Lifetime.THREAD_LOCAL: "thread-local",
    Lifetime.CONTEXT_VARIABLE: "ContextVar",
}
_ON_A_LOOP = frozenset({Work.TASK, Work.TIMER, Work.SIBLINGS, Work.GENERATOR})


# --------------------------------------------------------------------------------------------------------------- names
def listing(names: Sequence[str]) -> str:
    """The first few of the names, and how many more there are."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def from_request(request: Sequence[str]) -> str:
    """``request data (event["id"])``."""
    return f"request data ({listing(request)})"


def owner(subject: Subject, *, variable: bool = False, attribute: bool = False) -> str:
    """``module-level list SEEN``: what survives, by where it lives, its type and its name.

    With ``attribute`` it is an attribute of the object that is meant, not what the attribute holds.
    """
    if subject.name.startswith(("a ", "an ", "the ")) or " of an " in subject.name:
        return f"attribute {subject.name}" if attribute and " of an " in subject.name else subject.name
    words = [_OWNER.get(subject.lifetime, "")]
    if "()" in subject.name and subject.lifetime in (Lifetime.CLASS, Lifetime.FUNCTION):
        words = ["cached result"]
    if subject.lifetime is Lifetime.MODULE:
        words.append("variable" if variable else subject.type or "object")
        if attribute:
            return f"attribute {subject.name} of a module-level object"
    return " ".join(filter(None, [*words, subject.name]))


def context_variable(subject: Subject) -> str:
    """``ContextVar USER``."""
    return f"ContextVar {subject.name}".rstrip()


def called(effect: Effect) -> str:
    """The last name of the operation: ``append`` of ``SEEN.append``."""
    return effect.operation.rpartition(".")[2]


def by(effect: Effect) -> str:
    """The operation in parentheses with a space before it, or nothing where it is none with a name."""
    name = called(effect)
    return f" ({name})" if name.isidentifier() or name in ("+=", "-=", "|=", "del") else ""


def line(effect: Effect) -> str:
    """The path that skips what would settle the effect: ``the path that leaves at line 12``."""
    return f"the path that leaves at line {effect.skipped_at.line}" if effect.skipped_at else "at least one path"


# ----------------------------------------------------------------------------------------------------------- platforms
def platform(handlers: Iterable[Handler]) -> str:
    """The platforms of the handlers, as people call them."""
    return listing(sorted({_PLATFORM[handler.platform] for handler in handlers})) or _PLATFORM[Platform.UNKNOWN]


def runs_on(handlers: Sequence[Handler]) -> bool:
    """Whether no platform of the handlers freezes the process, so that pending work runs on."""
    return bool(handlers) and all(handler.platform in _RUNS_ON for handler in handlers)


def leave_time(handlers: Sequence[Handler]) -> bool:
    """Whether no platform of the handlers takes the processor away between two requests: what sends in the background
    goes on sending."""
    return bool(handlers) and all(handler.platform in _LEAVES_TIME for handler in handlers)


def in_fresh_thread(handlers: Sequence[Handler]) -> bool:
    """Whether each invocation of the handlers runs in a thread of its own, with a context and locals of its own."""
    return bool(handlers) and all(handler.durable for handler in handlers)


def overlapping(handlers: Iterable[Handler]) -> tuple[Handler, ...]:
    """The handlers whose platform runs several requests in one process at a time."""
    return tuple(handler for handler in handlers if handler.platform in _OVERLAPS)


# ------------------------------------------------------------------------------------------------------------ outcomes
def regime(handler: Handler) -> Outcome:
    """What becomes of work that is pending at return, as far as the platform decides it."""
    if handler.platform is Platform.UNKNOWN:
        return Outcome.UNKNOWN
    return Outcome.RUNS_ON if runs_on((handler,)) else Outcome.RESUMES_LATER


def outcome(pending: Pending, handlers: Sequence[Handler]) -> Outcome:
    """What becomes of the work: ``asyncio.run`` cancels it; else the platform decides, and then the loop."""
    if pending.work is Work.COROUTINE:
        return Outcome.LOST
    on_a_loop = pending.work in _ON_A_LOOP and pending.outcome is Outcome.UNKNOWN
    if pending.outcome is Outcome.LOST or (on_a_loop and pending.regime in CLOSED):
        return Outcome.LOST
    if runs_on(handlers):
        return Outcome.RUNS_ON
    if pending.outcome is not Outcome.UNKNOWN:
        return pending.outcome
    if on_a_loop and pending.work is not Work.TIMER and pending.regime is Regime.NONE:
        return Outcome.UNKNOWN
    return Outcome.RESUMES_LATER if handlers else Outcome.UNKNOWN


def becomes(pending: Pending, handlers: Sequence[Handler]) -> str:
    """What becomes of the work, as the last clause of a message."""
    match outcome(pending, handlers):
        case Outcome.LOST if pending.work is Work.COROUTINE:
            return "its body never runs"
        case Outcome.LOST if pending.work is Work.TIMER:
            return "it is lost, because its loop is closed before it fires"
        case Outcome.LOST if pending.work is Work.FUTURE and pending.outcome is Outcome.LOST:
            return "it is lost, because its pool is terminated before it is done"
        case Outcome.LOST if pending.regime is Regime.ENDS:
            return "it is lost, because its loop ends with the invocation"
        case Outcome.LOST:
            return "it is lost, because asyncio.run cancels it at its first suspension"
        case Outcome.RUNS_ON if pending.work is Work.BUFFER:
            return "the rest is sent while later requests are served, or lost when the instance is taken away"
        case Outcome.RESUMES_LATER if pending.work is Work.BUFFER:
            return "the process is frozen at return, and sending resumes inside a later invocation, or never"
        case Outcome.RUNS_ON:
            return "it runs on and overlaps later requests"
        case Outcome.RESUMES_LATER if pending.work in _ON_A_LOOP and pending.regime is Regime.OPEN:
            return "it resumes when that loop runs again, inside a later invocation, or never"
        case Outcome.RESUMES_LATER:
            return "it is frozen at return, and resumes inside a later invocation, or never"
        case _:
            return "at run time it may finish, resume inside a later invocation, or be lost"


def observed(pending: Pending, handlers: Sequence[Handler]) -> str:
    """What a later invocation observes of the work."""
    match outcome(pending, handlers):
        case Outcome.LOST:
            return "the invocation ends as if all were well, but this work is never done"
        case Outcome.RUNS_ON:
            return "it shares the process with later requests, and is lost when the platform takes the instance away"
        case Outcome.RESUMES_LATER:
            return "the rest of it runs inside a later invocation, perhaps for another customer, in its time and log"
        case _:
            return "the rest of it may run inside a later invocation, or never"
