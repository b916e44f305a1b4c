"""The fixtures prove themselves in a container that freezes: noted leaks are seen, and silent cases show none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from confirm.conftest import PROVE, left_of
from notes import notes_of
from truth.runner import job_of

from leaklint.confirm.joining import COMPATIBLE
from leaklint.confirm.observation import Kind, Observation, Strength
from leaklint.confirm.plan import Engine, Plan
from leaklint.confirm.run import run
from leaklint.confirm.verdict import judge

FIXTURES = Path(__file__).parents[1] / "fixtures"
ALL = [path for path in sorted(FIXTURES.glob("*/*")) if path.is_dir() and job_of(path)]
CASES = ALL if PROVE else ALL[::35]
UNSEEN = {"LK106", "LK210", "LK403", "LK405"}
"""Codes whose leaks need two containers, or a wait, to show, or do not show from outside."""


def proves(seen: Observation) -> bool:
    """Whether an observation bears out a note."""
    return seen.strength > Strength.ONCE or seen.kind is Kind.PROCESS


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_notes_agree_with_a_frozen_container(case: Path) -> None:
    job = job_of(case)
    assert job
    plan = Plan(root=job.folder, handler=f"{job.module}:{job.function}", engine=Engine.BUILTIN)
    record = run(plan, [json.dumps(event) for event in job.events], len(job.events))
    assert left_of(plan.run) == []
    assert not record.init_error
    report = judge(plan, record, None)
    observations = [*report.only_seen, *report.asides]
    notes = [note for note in notes_of(case) if note.kind != "step" and re.match("LK[1-4]", note.code)]
    if not notes and not job.kept:
        assert [each for each in report.only_seen if each.code] == []
    for note in notes:
        codes = set(note.code.split("|"))
        if note.kind not in ("expected", "missed") or note.severity != "error" or codes & UNSEEN or job.kept:
            continue
        kinds = frozenset().union(*(COMPATIBLE[code] for code in codes))
        assert [each for each in observations if each.kind in kinds and proves(each)], note
