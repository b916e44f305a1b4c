"""Notes agree with what becomes of coroutines and tasks under a real event loop, in the regime that the fixture has.

Each asynchronous fixture that can run is called for its events with asyncio's debug mode on. Every coroutine that was
never awaited and every task that its invocation left has to be noted on one of the lines that made it, every note has
to be seen, and what the finding says of the outcome has to be what happened.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from notes import notes_of
from test_fixtures import findings_of
from truth.runner import Job, awaited_job_of, job_of

FIXTURES = Path(__file__).parent / "fixtures"
PROCESSES = 3
"""The cases wait most of the time, so that several processes share them."""
CODES = {"LK201", "LK202", "LK203", "LK208"}
FOLDERS = ("lk201", "lk202", "lk203", "lk208", "habit7")
OUTCOMES = {"never awaited": {"lost"}, "lost": {"lost"}, "resumed": {"resumes-later"}, "ran on": {"runs-on"}}
UNSEEN = {
    "lk201_coroutine_not_awaited/async_context_manager_in_plain_with": "Python raises an exception instead",
    "lk201_coroutine_not_awaited/async_generator_in_for": "Python gives no warning for it",
    "lk201_coroutine_not_awaited/handed_to_synchronous_callers": "another thread makes the coroutine",
    "lk202_task_dropped/loop_thread_and_no_future": "another thread makes the task",
    "lk202_task_dropped/run_coroutine_threadsafe": "another thread makes the task",
    "lk208_siblings_left_running/generator_left_by_helper": "the loop closes the generator, in no line of the project",
    "lk208_siblings_left_running/generator_left_early": "the loop closes the generator, in no line of the project",
    "lk208_siblings_left_running/generator_returned_from": "the loop closes the generator, in no line of the project",
}
"""Cases whose leak is real and leaves no line of the project behind, with the reason."""


def job_in(case: Path) -> Job | None:
    return job_of(case) or awaited_job_of(case)


CASES = sorted(
    path
    for path in FIXTURES.glob("*/*")
    if path.parent.name.startswith(FOLDERS) and (job := job_in(path)) is not None and not job.kept
)


def asked(case: Path) -> str:
    """The line that asks for a case."""
    job = job_in(case)
    assert job is not None
    return json.dumps(
        {
            "folder": str(job.folder),
            "module": job.module,
            "function": job.function,
            "events": job.events,
            "awaited": awaited_job_of(case) is not None,
        }
    )


@cache
def fates() -> dict[Path, dict[str, Any]]:
    """What became of the coroutines and tasks of every case, from one run over all of them."""
    lines = [asked(case) for case in CASES]
    with ThreadPoolExecutor(PROCESSES) as pool:
        shares = list(pool.map(ran, (lines[share::PROCESSES] for share in range(PROCESSES))))
    answers = [shares[index % PROCESSES][index // PROCESSES] for index in range(len(lines))]
    return dict(zip(CASES, answers, strict=True))


def ran(lines: list[str]) -> list[dict[str, Any]]:
    """What became of the work of some cases, from one process."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", str(Path(__file__).parent / "truth" / "fates.py")],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def contradictions(case: Path, answer: dict[str, Any]) -> list[str]:
    """One line for everything that execution shows and the notes do not say, or the other way round."""
    if "trouble" in answer:
        return [answer["trouble"]]
    noted = {
        (note.path.removeprefix("src/"), note.line)
        for note in notes_of(case)
        if CODES & set(note.codes) and note.kind in ("expected", "missed", "either")
    }
    wanted = {
        (note.path.removeprefix("src/"), note.line)
        for note in notes_of(case)
        if CODES & set(note.codes) and note.kind in ("expected", "missed") and note.severity != "info"
    }
    seen: dict[tuple[str, int], set[str]] = {}
    problems = []
    for fate, places in answer["fates"]:
        here = {(path.removeprefix("src/"), line) for path, line in places} & noted
        if not here:
            problems.append(f"{fate}, and no note says so: {places}")
        for place in here:
            seen.setdefault(place, set()).add(fate)
    if case.relative_to(FIXTURES).as_posix() not in UNSEEN:
        problems += [f"noted, and execution shows nothing of it: {place}" for place in sorted(wanted - seen.keys())]
    for finding in findings_of(case):
        place = (finding.place.path.removeprefix("src/"), finding.place.span.line)
        if finding.code in CODES and finding.outcome != "unknown" and finding.severity.label != "info":
            happened = {outcome for fate in seen.get(place, ()) for outcome in OUTCOMES[fate]}
            if happened and finding.outcome not in happened:
                problems.append(f"{place}: said is {finding.outcome}, what happened is {sorted(happened)}")
    return problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.relative_to(FIXTURES).as_posix())
def test_what_becomes_of_work_is_what_the_notes_say(case: Path) -> None:
    problems = contradictions(case, fates()[case])
    for _ in range(2):  # on a busy machine work may be late once, not each time
        if problems:
            problems = contradictions(case, ran([asked(case)])[0])
    assert not problems


def test_what_cannot_be_seen_is_a_case() -> None:
    assert UNSEEN.keys() <= {case.relative_to(FIXTURES).as_posix() for case in CASES}


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 120
