"""What the work lists of a run show: work that was pending when its handler returned, and what became of it.

The verdict rests on the work list that is written down at the return, never on which lines happened to be printed;
those are evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leaklint.confirm.observation import Kind, Observation, Strength, invocations, numbers
from leaklint.confirm.record import Line, Record, Work

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
QUOTED = 60


def observe_work(record: Record) -> list[Observation]:
    """Everything that was left pending, or lost, by the lines that started it."""
    groups: dict[tuple[str, tuple[Line, ...], str], list[Work]] = {}
    for work in sorted(record.work.values(), key=lambda each: (each.invocation, each.started)):
        if work.invocation and _is_left(work) and not _is_child_of_left(work, record):
            name = "" if work.kind in ("file", "folder") else work.name
            groups.setdefault((work.kind, work.lines[:1], name), []).append(work)
    invoked = len({each.number for each in record.invocations if each.status in ("ok", "error")})
    failed = {each.number for each in record.invocations if each.failed}
    return [
        _files(works, invoked) if kind in ("file", "folder") else _work(works, record, invoked, failed)
        for (kind, _, _), works in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1], item[0][2]))
    ]


def root_invocation(work: Work, record: Record) -> int:
    """The invocation whose work, or whose work's work, this is."""
    for _ in range(50):
        parent = record.work.get(work.parent or "")
        if parent is None:
            break
        work = parent
    return work.invocation


def _is_left(work: Work) -> bool:
    """Whether work was there when its handler returned, or can never run."""
    return work.pending_at_return or work.lost


def _is_child_of_left(work: Work, record: Record) -> bool:
    parent = record.work.get(work.parent or "")
    return parent is not None and _is_left(parent) and parent.kind != "task"


def _work(works: list[Work], record: Record, invoked: int, failed: set[int]) -> Observation:
    """One observation of all work that the same line has started."""
    first = works[0]
    kind, code = KINDS[first.kind]
    left = tuple(dict.fromkeys(work.invocation for work in works))
    ours = [work for work in works if not work.library]
    strength = Strength.LEAK if ours or len(left) > 1 or invoked == 1 else Strength.ONCE
    if failed.issuperset(left) and all(work.lost for work in works):
        strength = Strength.ONCE  # it was dropped because something had raised
    fate = "; ".join(_fates(works, record))
    evidence = f"started by {invocations(left)}, {fate}"
    return Observation(kind, first.name, strength, evidence, left, first.lines, code, tuple(work.key for work in works))


def _fates(works: list[Work], record: Record) -> Iterator[str]:
    """What became of the work, in a few words each."""
    for how in dict.fromkeys(work.ended for work in works if work.lost):
        yield f"{how} ({invocations(_started_by(work for work in works if work.ended == how))})"
    pending = [work for work in works if not work.lost]
    if not pending:
        return
    yield "pending at the return"
    later = {work.key: _later(work, record) for work in pending}
    for (started, during), said in _went_on(pending, later).items():
        yield f"that of {started} went on inside invocation {during}{said}"
    rest = [work for work in pending if later[work.key] is None]
    after, never = (
        _started_by(work for work in rest if work.ended),
        _started_by(work for work in rest if not work.ended),
    )
    if after:
        yield f"that of {numbers(after)} ran on after the return"
    if never:
        yield f"that of {numbers(never)} never came to its end"


def _started_by(works: Iterable[Work]) -> list[int]:
    return list(dict.fromkeys(work.invocation for work in works))


def _later(work: Work, record: Record) -> tuple[int, str] | None:
    """The later invocation inside which work went on, and the first line that it printed there."""
    printed = [line for line in record.printed if line.work == work.key and line.during > work.invocation]
    if printed:
        return printed[0].during, f", printed {printed[0].text[:QUOTED]!r} there"
    return (work.ended_during, "") if work.ended and work.ended_during > work.invocation else None


def _went_on(works: list[Work], later: dict[str, tuple[int, str] | None]) -> dict[tuple[int, int], str]:
    """What work printed, by the invocation that started it and the one inside which it went on."""
    found: dict[tuple[int, int], str] = {}
    for work in works:
        place = later[work.key]
        if place is not None:
            found.setdefault((work.invocation, place[0]), place[1])
    return found


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
