"""How a change of surviving state is judged and told; which code it gets is decided by where the state lives."""

from __future__ import annotations

import msgspec

from leaklint.ir.effects import Guard, How, Lifetime, Settled, Write
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.ir.values import Path, RootKind
from leaklint.rules import wording
from leaklint.rules.rule import Message

_TAKES = frozenset({How.SHRINK, How.CLEAR, How.DELETE, How.REORDER})
"""Ways of writing that keep nothing of what they are given."""
_COUNTED = frozenset({"crowd", "room"})
"""What stands among what a test reads that asks how many elements there are."""
_PLACES = frozenset({How.REBIND, How.COUNT, How.DELETE})
_OF_A_MODULE = _PLACES | {How.SET_ATTRIBUTE, How.SET_ITEM}
_VARIABLES = frozenset({Lifetime.MODULE, Lifetime.CLASS, Lifetime.CLOSURE, Lifetime.FUNCTION})
"""The project's own variables: overwritten before it is read, one of them is seen by nobody else."""

_KEEPS = {
    "append": "is appended to",
    "appendleft": "is appended to",
    "extend": "is appended to",
    "insert": "is inserted into",
    "put": "is put into",
    "put_nowait": "is put into",
    "update": "is merged into",
}
_KEEPS_BY_HOW = {
    How.GROW: "is added to",
    How.SET_ITEM: "is stored in",
    How.SET_ATTRIBUTE: "is stored in",
    How.REBIND: "is bound to",
    How.COUNT: "is added to",
}
_CHANGES = {
    How.GROW: "grows",
    How.SHRINK: "loses an element",
    How.CLEAR: "is emptied",
    How.SET_ITEM: "has an item set",
    How.SET_ATTRIBUTE: "is set",
    How.DELETE: "loses an element",
    How.REORDER: "is reordered",
    How.REBIND: "is rebound",
    How.COUNT: "is counted up",
}
_COUNTS = {"=": "is counted up", "+=": "is counted up", "-=": "is counted down"}


_SURVIVES = {
    Lifetime.PROCESS: ", which the whole process shares, and not put back",
    Lifetime.LIBRARY: ", which the whole process shares, and not put back",
    Lifetime.THREAD_LOCAL: ", which survives in the reused thread",
}


class _Verdict(msgspec.Struct, frozen=True):
    """How bad it is, why (the last clause of the text), and what the next invocation observes."""

    severity: Severity
    why: str
    observed: str


def is_rebound(write: Write) -> bool:
    """Whether the variable itself is bound anew or deleted (LK102), not an object that it holds (LK101)."""
    if write.path is None:
        return write.how in _PLACES
    root, fields = write.path.root.kind, write.path.fields
    if root is RootKind.MODULE:
        return len(fields) <= 1 and write.how in _OF_A_MODULE
    cell = bool(fields) and fields[-1].startswith("<")
    return write.how in _PLACES and (cell or (not fields and root in (RootKind.VARIABLE, RootKind.FREE)))


def message(write: Write, reached: Reached, cure: str, *, variable: bool = False) -> Message | None:
    """The message for a change of surviving state; None for a bounded cache whose key separates."""
    of_cache = (write.guard is Guard.REQUEST, write.bounded, bool(write.key_request))
    if write.how is How.REORDER and sum(of_cache) > 1:
        return None  # how a cache keeps what was used last
    owner = wording.owner(write.subject, variable=variable, attribute=_is_attribute(write))
    verdict = _overwritten(write, reached) or (None if _is_emptied_when_full(write) else _skipped(write))
    if verdict is None and keeps(write):
        separates = all(_holds(write.key_request, value) for value in write.request)
        keyed = write.key_request and write.subject.lifetime is not Lifetime.PROCESS
        if write.how is How.SET_ATTRIBUTE and write.request and not _is_attribute(write):
            keyed = ()  # attributes that the request names are no cache: whoever reads them knows their names
        if keyed and (write.bounded or write.guard is Guard.KEYED or separates):
            verdict = _cache(write)
            if verdict is None:
                return None
        elif write.bounded and (_is_drawn(write) or _is_looked_up(write)):
            return None
        else:
            verdict = _drained(write, reached) or _kept(write)
    verdict = verdict or _changed(write)
    if write.when_full and write.settled is Settled.SOME_PATHS:
        cure = "flush it before the handler returns, in a finally"
    text = f"{_what(write, owner)}{verdict.why}"
    return Message(verdict.severity, text, verdict.observed, f"use {write.instead}" if write.instead else cure)


def _is_attribute(write: Write) -> bool:
    """Whether an attribute is bound whose name is known."""
    named = write.path is not None and bool(write.path.fields) and write.path.fields[-1] != "[]"
    return write.how is How.SET_ATTRIBUTE and named


def keeps(write: Write) -> bool:
    """Whether request data stays in the place, as a value or as a key."""
    return bool(write.request or write.key_request) and write.how not in _TAKES


def _what(write: Write, owner: str) -> str:
    """Origin of the data, operation and object: ``request data (event["id"]) is appended to module-level list X``."""
    if keeps(write) and write.request:
        verb = _KEEPS.get(wording.called(write)) or _KEEPS_BY_HOW[write.how]
        return f"{wording.from_request(write.request)} {verb} {owner}"
    if keeps(write):
        return f"{wording.from_request(write.key_request)} is kept as a key of {owner}"
    verb = "is deleted" if write.how is How.DELETE and is_rebound(write) else _CHANGES[write.how]
    if write.how is How.COUNT:
        verb = _COUNTS.get(wording.called(write), "is changed")
    if write.subject.lifetime is Lifetime.PROCESS and write.how in (How.REBIND, How.SET_ITEM, How.SET_ATTRIBUTE):
        verb = "is changed"
    if write.settled is Settled.NORMAL_PATHS:
        return f"{owner} {verb}{wording.by(write)}"  # and only an exception leaves it so
    often = "every invocation" if write.surely else "some invocations"
    return f"{owner} {verb}{wording.by(write)} on {often}"


def _overwritten(write: Write, reached: Reached) -> _Verdict | None:
    """Read by nobody, or overwritten on every path before it is read: harmless where invocations do not overlap."""
    if write.subject.lifetime not in _VARIABLES:
        return None
    if write.unread:
        return _Verdict(
            Severity.INFO, ", which nothing reads", "whoever reads it one day finds what an earlier invocation left"
        )
    if not write.overwritten_first:
        return None
    overlapping = wording.overlapping(reached.handlers)
    if not overlapping:
        return _Verdict(
            Severity.INFO,
            ", which holds only while the platform runs one invocation at a time",
            "the next invocation overwrites it before it reads it",
        )
    return _Verdict(
        Severity.ERROR if keeps(write) else Severity.WARNING,
        f", and {wording.platform(overlapping)} runs requests at the same time: one overwrites what another reads",
        "a request that runs at the same time reads what belongs to this one",
    )


def _skipped(write: Write) -> _Verdict | None:
    """Reset, but not on every path."""
    match write.settled:
        case Settled.NORMAL_PATHS:
            return _Verdict(
                Severity.WARNING,
                ", and an exception skips the reset",
                "after an invocation that failed, the next one still finds what it left",
            )
        case Settled.SOME_PATHS if write.when_full and write.how is How.GROW:
            return _Verdict(
                Severity.ERROR if keeps(write) else Severity.WARNING,
                ", and the flush waits until enough is in it",
                "what is left is sent by a later invocation, perhaps for another customer, or never",
            )
        case Settled.SOME_PATHS | Settled.UNCERTAIN:
            return _Verdict(
                Severity.WARNING,
                f", and {wording.line(write)} skips the reset",
                "after an invocation that took this path, the next one still finds what it left",
            )
        case _:
            return None


def _is_emptied_when_full(write: Write) -> bool:
    """Whether a cache loses all its entries where there are too many of them: they stay there up to a bound."""
    return write.limited and bool(write.key_request) and write.settled is Settled.SOME_PATHS


def _cache(write: Write) -> _Verdict | None:
    """Kept under a key of the request; None where the key separates and the cache is bounded."""
    if not all(_holds(write.key_request, value) for value in write.request):
        return _Verdict(
            Severity.ERROR,
            f" under a key ({wording.listing(write.key_request)}) that does not separate it",
            "a caller with the same key gets what was made for another caller",
        )
    if write.bounded or write.drained:
        return None
    return _Verdict(
        Severity.WARNING,
        ", which grows with every new key and has no bound",
        "the process keeps the entries of all earlier invocations until its memory runs out",
    )


def _drained(write: Write, reached: Reached) -> _Verdict | None:
    """Put where a worker of the process takes it out: that is by design where the process is not frozen."""
    if not write.drained or write.how is not How.GROW or not wording.runs_on(reached.handlers):
        return None
    return _Verdict(
        Severity.WARNING,
        " until the work that was begun before the first request takes it out",
        "what is done with it overlaps later requests, and is lost with the process",
    )


def _holds(keys: tuple[str, ...], value: str) -> bool:
    """Whether a key holds the value: ``event["user"]`` holds ``event["user"]["id"]``."""
    return any(value == key or value.startswith((f"{key}[", f"{key}.")) for key in keys)


def _kept(write: Write) -> _Verdict:
    """Request data that stays for whoever comes next."""
    lazily = write.guard in (Guard.LAZY, Guard.KEYED) and bool(write.vacant)
    if write.request and lazily and not _varies(write) and _asks_for_it(write):
        return _Verdict(
            Severity.ERROR,
            " only if nothing is there yet: the first caller's data serves all later ones",
            "every later invocation, whoever called it, works with the first caller's data",
        )
    return _Verdict(
        Severity.ERROR,
        _SURVIVES.get(write.subject.lifetime, ", which survives the invocation"),
        "the next invocation, perhaps for another customer, still finds it there",
    )


def _asks_for_it(write: Write) -> bool:
    """Whether a test may ask if something is there already: not only how much there is, or what is under other keys."""
    assert write.path is not None
    above, depth = write.path, len(write.path.fields)
    keys = {f"[{key.root.name}]" for key in write.key_sources if key.root.owner == "constant"}
    for test in write.tests:
        of_it = [each.fields for each in test if each.root == above.root and each.fields[:depth] == above.fields]
        below = {fields[depth] for fields in of_it if len(fields) > depth}
        counts = any(each.root.owner == "constant" and each.root.name in _COUNTED for each in test)
        if not counts and (not keys or not below or below & {*keys, "[]"}):
            return True
    return not write.tests


def _varies(write: Write) -> bool:
    """Whether each invocation writes under another key, whoever asks: what is there already is under another one."""
    return write.how is How.SET_ITEM and any(key.root.owner == "varies" for key in write.key_sources)


def _is_drawn(write: Write) -> bool:
    """Whether the key is an id that is drawn for the entry: only whoever has been given it finds what is there."""
    return write.how is How.SET_ITEM and any(key.root.owner == "taken:id" for key in write.key_sources)


def _is_looked_up(write: Write) -> bool:
    """Whether a test of the set asks for what is put there: an element is its own key, and serves nobody else."""
    if write.how is not How.GROW or write.subject.type != "set" or write.guard is not Guard.REQUEST:
        return False
    return any(write.sources <= test and any(_is_in(each, write) for each in test) for test in write.tests)


def _is_in(place: Path, write: Write) -> bool:
    return write.path is not None and place.root == write.path.root


def _changed(write: Write) -> _Verdict:
    """State that changes with nothing taken from the request."""
    if write.how is How.COUNT:
        seen = "the next invocation goes on counting where this one stopped"
    elif write.how is How.GROW:
        seen = "the next invocation finds what this one added, and the process keeps all of it"
    else:
        seen = "the next invocation starts with what this one left, so its result depends on what ran before"
    return _Verdict(Severity.WARNING, ", and not put back" if write.subject.lifetime in _SURVIVES else "", seen)
