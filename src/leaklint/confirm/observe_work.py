"""What the work lists of a run show: work that was pending when its handler returned, and what became of it.

The verdict rests on the work list that is written down at the return, never on which lines happened to be printed;
those are evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from leaklint.confirm.observation import Kind, Observation, Strength, invocations, numbers
from leaklint.confirm.record import Line, Record, Work
from leaklint.report.plain import shortened

KINDS = {
    "thread": (Kind.THREAD, "LK204"),
    "timer": (Kind.TIMER, "LK205"),
    "task": (Kind.TASK, "LK203"),
    "future": (Kind.FUTURE, "LK206"),
    "process": (Kind.SUBPROCESS, "LK207"),
    "callback": (Kind.CALLBACK, "LK301"),
    "coroutine": (Kind.COROUTINE, "LK201"),
    "file": (Kind.FILE, "LK110"),
    "folder": (Kind.FILE, "LK110"),
}
QUOTED = 80
"""Columns of a printed line that are shown."""
MOST_TOLD = 3
"""Pieces of work of one line that are told apart before it becomes "and so on"."""


def observe_work(record: Record) -> list[Observation]:
    """Everything that was left pending, or lost, by the lines that started it."""
    groups: dict[tuple[str, tuple[Line, ...], str], list[Work]] = {}
    for work in sorted(record.work.values(), key=lambda each: (each.invocation, each.started)):
        if work.invocation and _is_left(work) and not _is_child_of_left(work, record):
            name = "" if work.kind in ("file", "folder") else work.name
            groups.setdefault((work.kind, work.lines[:1], name), []).append(work)
    invoked = len({each.number for each in record.invocations if each.status in ("ok", "error")})
    failed = {each.number for each in record.invocations if each.failed}
    found = [
        _files(works, invoked) if kind in ("file", "folder") else _work(works, record, invoked, failed)
        for (kind, _, _), works in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1], item[0][2]))
    ]
    told = {(each.subject, each.lines[:1]) for each in found if each.kind is Kind.COROUTINE}
    return found + [each for each in _forgotten(record, failed) if (each.subject, each.lines[:1]) not in told]


def _forgotten(record: Record, failed: set[int]) -> Iterator[Observation]:
    """Coroutines that no later invocation has begun either, by the line that made them."""
    made: dict[tuple[str, tuple[Line, ...]], set[int]] = {}
    for worker in sorted({photo.worker for photo in record.photos}):
        since: dict[tuple[int, str, tuple[Line, ...]], int] = {}
        for photo in sorted(record.photos, key=lambda each: each.invocation):
            if photo.worker != worker:
                continue
            there = {(each["identity"], each["name"], _lines(each["lines"])) for each in photo.coroutines}
            for key in there & since.keys():
                if since[key] > 0:
                    made.setdefault(key[1:], set()).add(since[key])
            since = {key: since.get(key, photo.invocation) for key in there}
    for (name, lines), left in sorted(made.items()):
        who = tuple(sorted(left))
        strength = Strength.ONCE if failed.issuperset(who) else Strength.LEAK
        evidence = f"made by {invocations(who)}, and not begun until the end of a later one: never awaited"
        yield Observation(Kind.COROUTINE, name, strength, evidence, who, lines, "LK201")


def _lines(found: list[list[Any]]) -> tuple[Line, ...]:
    return tuple((path, line, function) for path, line, function in found)


def _is_left(work: Work) -> bool:
    """Whether work was there when its handler returned, or can never run."""
    return work.pending_at_return or work.lost


def _is_child_of_left(work: Work, record: Record) -> bool:
    parent = record.work.get(work.parent or "")
    return parent is not None and _is_left(parent) and parent.kind != "task"


def _work(works: list[Work], record: Record, invoked: int, failed: set[int]) -> Observation:
    """One observation of all work that the same line has started, whatever the lines that led to it."""
    first = works[0]
    lines = tuple(dict.fromkeys(line for work in works for line in work.lines))
    kind, code = KINDS[first.kind]
    left = tuple(dict.fromkeys(work.invocation for work in works))
    ours = [work for work in works if not work.library]
    strength = Strength.LEAK if ours or len(left) > 1 or invoked == 1 else Strength.ONCE
    if failed.issuperset(left) and all(work.lost for work in works):
        strength = Strength.ONCE  # it was dropped because something had raised
    fate = "; ".join(_fates(works, record))
    evidence = f"started by {invocations(left)}, {fate}"
    return Observation(kind, first.name, strength, evidence, left, lines, code, tuple(work.key for work in works))


def _fates(works: list[Work], record: Record) -> Iterator[str]:
    """What became of the work, in a few words each."""
    for how in dict.fromkeys(work.ended for work in works if work.lost):
        yield f"{how} ({invocations(_started_by(work for work in works if work.ended == how))})"
    pending = [work for work in works if not work.lost]
    if not pending:
        return
    yield "pending at the return"
    went_on = {work.key: _later(work, record) for work in pending}
    told = _by_invocations(pending, went_on)
    first, *more = told or [(0, 0, "")]
    if first[0]:
        yield f"that of {first[0]} went on inside invocation {first[1]}{first[2]}"
    for started, during, said in more if len(more) < MOST_TOLD else ():
        yield f"that of {started} went on inside invocation {during}{said}"
    if len(more) >= MOST_TOLD:
        yield f"and so on, up to that of {more[-1][0]} inside invocation {more[-1][1]}"
    rest = [work for work in pending if went_on[work.key] is None]
    beside = [work for work in rest if record.overlapped(work)] if not record.freezes else []
    if beside:
        yield f"{_that(beside)} ran on while the next event was served"
    after = [work for work in rest if work.ended and work not in beside]
    never = [work for work in rest if not work.ended and work not in beside]
    if after:
        yield f"{_that(after)} ran on after the return"
    if never:
        end = "its end" if _one(never) else "their end"
        yield f"{_that(never)} {'never came' if record.freezes else 'had not come'} to {end}"


def _one(works: list[Work]) -> bool:
    return len(_started_by(works)) == 1


def _that(works: list[Work]) -> str:
    """``that of 1`` or ``those of 1 and 2``."""
    return f"{'that' if _one(works) else 'those'} of {numbers(_started_by(works))}"


def _started_by(works: Iterable[Work]) -> list[int]:
    return list(dict.fromkeys(work.invocation for work in works))


def _later(work: Work, record: Record) -> tuple[int, str] | None:
    """The later invocation inside which work went on, and the first line that it printed there.

    Where nothing is frozen, work goes on by itself, and inside which invocation it does is chance.
    """
    if not record.freezes:
        return None
    for line in record.printed:
        during = record.inside(line.at, work.worker) if line.work == work.key else 0
        if during > work.invocation:
            return during, f" and printed {shortened(line.text, QUOTED)!r} there"
    during = record.inside(work.ended_at, work.worker) if work.ended else 0
    return (during, "") if during > work.invocation else None


def _by_invocations(works: list[Work], went_on: dict[str, tuple[int, str] | None]) -> list[tuple[int, int, str]]:
    """The invocation that started work, the one inside which it went on, and what it printed there; each pair once."""
    found: dict[tuple[int, int], str] = {}
    for work in works:
        place = went_on[work.key]
        if place is not None:
            found.setdefault((work.invocation, place[0]), place[1])
    return [(started, during, said) for (started, during), said in found.items()]


def _files(works: list[Work], invoked: int) -> Observation:
    """One observation of all files that the same line has made."""
    left = tuple(dict.fromkeys(work.invocation for work in works))
    names = list(dict.fromkeys(work.name for work in works))
    strength = Strength.LEAK if len(left) > 1 or invoked == 1 else Strength.ONCE
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    evidence = f"made by {invocations(left)} and still there after the return: {names[0]}{more}"
    return Observation(
        Kind.FILE, names[0], strength, evidence, left, works[0].lines, "LK110", tuple(work.key for work in works)
    )
