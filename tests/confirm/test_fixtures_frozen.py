"""The fixtures prove themselves in a container that freezes: noted leaks are confirmed, and silent cases show none."""

from __future__ import annotations

import json
import re
from functools import singledispatchmethod
from pathlib import Path

import pytest
from confirm.conftest import PATIENCE, left_of
from notes import Note, notes_of
from sampling import sample
from test_fixtures import findings_of
from truth.attempts import in_one_of_three
from truth.runner import job_of, missing_of

from leaklint.confirm.findings import from_objects
from leaklint.confirm.joining import COMPATIBLE
from leaklint.confirm.observation import Kind, Observation, Strength
from leaklint.confirm.plan import Engine, Plan
from leaklint.confirm.run import confirm
from leaklint.confirm.verdict import CANNOT_SHOW, Report
from leaklint.report.json_list import as_object

FIXTURES = Path(__file__).parents[1] / "fixtures"
ALL = [path for path in sorted(FIXTURES.glob("*/*")) if path.is_dir() and job_of(path) and not missing_of(path)]
CASES = sample(ALL, 45)
IN_A_LIBRARY = frozenset({"database_in_memory_by_cursor", "database_in_memory_grows"})
"""What is kept there lies in memory of sqlite, into which confirming does not look: only the answers show it."""


RAISES = frozenset({"async_context_manager_in_plain_with"})
"""Python raises an exception there before anything is lost."""
HAS_CACHE = hasattr(singledispatchmethod(lambda self: None), "_method_cache")
KEPT_BY_PYTHON = frozenset({"generic_function_own_state"} if HAS_CACHE else ())
"""Some versions of ``singledispatchmethod`` keep every object that it was called on: a leak that no project makes."""


def proves(seen: Observation) -> bool:
    """Whether an observation bears out a note."""
    return seen.strength > Strength.ONCE or seen.kind is Kind.PROCESS


def kinds_of(note: Note) -> frozenset[Kind]:
    """The kinds of observation that can bear a note out."""
    return frozenset().union(*(COMPATIBLE.get(code, frozenset()) for code in note.codes))


def is_seen(note: Note, report: Report, case: Path) -> bool:
    """Whether execution shows what a note says: its finding is confirmed, or there is what nobody has found."""
    here = [each for each in report.confirmed if (each.finding.shown, each.finding.line) == (note.path, note.line)]
    if note.kind == "expected":
        return any(each.finding.code in note.codes for each in here)
    observations = [
        *report.only_seen,
        *report.asides,
        *(seen for each in report.confirmed for seen in each.observations),
    ]
    return any(each.kind in kinds_of(note) and proves(each) for each in observations)


def is_due(note: Note) -> bool:
    """Whether execution has to show a note: a warning may be about another path, or about a change that comes once."""
    return note.kind in ("expected", "missed") and note.severity == "error" and not set(note.codes) & CANNOT_SHOW.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
@in_one_of_three
def test_notes_agree_with_a_frozen_container(case: Path) -> None:
    job = job_of(case)
    assert job
    plan = Plan(root=job.folder, handler=f"{job.module}:{job.function}", engine=Engine.BUILTIN, timeout=PATIENCE)
    findings = from_objects([as_object(each) for each in findings_of(case)], case)
    report = confirm(plan, [json.dumps(event) for event in job.events], len(job.events), findings)
    assert left_of(plan.run) == []
    assert not report.record.init_error
    assert not report.record.ended
    if job.kept or case.name in RAISES | KEPT_BY_PYTHON:
        return
    if case.name in IN_A_LIBRARY:
        assert [each.kind for each in report.only_seen] == [Kind.ANSWER]
        return
    notes = [note for note in notes_of(case) if note.kind != "step" and re.match("LK[1-4]", note.code)]
    noted = frozenset().union(*(kinds_of(note) for note in notes if note.kind != "false alarm"))
    assert [each for each in report.only_seen if each.kind not in noted] == []
    assert [note for note in notes if is_due(note) and not is_seen(note, report, case)] == []
