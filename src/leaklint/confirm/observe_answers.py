"""What answers and errors of a run show: data of one invocation in the answer of another, and what fails since when."""

from __future__ import annotations

import re

from leaklint.confirm import marks
from leaklint.confirm.observation import Kind, Observation, Strength, invocations
from leaklint.confirm.record import Invocation, Record

CAUSES = (
    (re.compile(r"Runtime\.MarshalError.*coroutine"), "LK209"),
    (re.compile(r"Object of type coroutine|'coroutine' object"), "LK201"),
    (re.compile(r"async_generator"), "LK201"),
    (re.compile(r"different (event )?loop|no current event loop|bound to a different"), "LK210"),
    (re.compile(r"LookupError|<ContextVar"), "LK406"),
    (re.compile(r"NameError: name '\w+' is not defined"), "LK102"),
    (re.compile(r"missing \d+ required positional argument"), "LK303"),
    (re.compile(r"closed|shutdown|disconnected|not connected|terminated", re.IGNORECASE), "LK107"),
)

AT_ONCE = frozenset({"LK201", "LK209", "LK303", "LK406"})
"""Codes of what fails in the first invocation already."""


def observe_answers(record: Record) -> list[Observation]:
    """Everything that answers and errors show."""
    return [*_foreign_answers(record), *_failures(record)]


def _foreign_answers(record: Record) -> list[Observation]:
    found = []
    for each in record.invocations:
        foreign = sorted(number for number in marks.found_in(record.run, each.answer) if number != each.number)
        if foreign:
            evidence = f"the answer of invocation {each.number} holds the data of {invocations(foreign)}"
            found.append(Observation(Kind.ANSWER, "answer", Strength.LEAK, evidence, tuple(foreign)))
    return found[:1]


def _failures(record: Record) -> list[Observation]:
    """What fails every time, or from some invocation on."""
    judged = [each for each in record.invocations if each.status in ("ok", "error")]
    failed = [each for each in judged if each.status == "error"]
    if not failed:
        return []
    first = failed[0]
    code = next((code for pattern, code in CAUSES if pattern.search(first.error)), "")
    worked = [each.number for each in judged if each.status == "ok" and each.number < first.number]
    left = tuple(each.number for each in failed)
    before = {_template(each, record) for each in judged if each.number in worked}
    if worked and _template(first, record) in before:
        evidence = f"{invocations(worked)} worked, invocation {first.number} fails: {_short(first)}"
        return [Observation(Kind.ERROR, "error", Strength.LEAK, evidence, left, first.lines[::-1], code)]
    evidence = f"{invocations(left)} fail{'s' if len(left) == 1 else ''}: {_short(first)}"
    strength = Strength.LEAK if code in AT_ONCE else Strength.ONCE
    return [Observation(Kind.ERROR, "error", strength, evidence, left, first.lines[::-1], code)]


def _template(invocation: Invocation, record: Record) -> str:
    """The event of an invocation without its markers: what fails for another event may just not like that event."""
    return re.sub(marks.pattern(record.run), marks.PLACEHOLDER, invocation.event)


def _short(failed: Invocation) -> str:
    return failed.error if len(failed.error) <= 160 else failed.error[:159] + "…"
