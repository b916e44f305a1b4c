"""Every fixture is mended as its twins say, and a case without twins is left unchanged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from fix.twins import CASES, FIXTURES, SAFE, UNSAFE, mend, part_of, twins
from sampling import sample

from leaklint.pipeline.analyse import analyse
from leaklint.report.report import Report


def counted(report: Report) -> Counter[tuple[str, str]]:
    return Counter((each.place.path, each.code) for each in report.findings)


@pytest.mark.parametrize("case", sample(CASES, 80), ids=lambda case: case.relative_to(FIXTURES).as_posix())
def test_a_case_is_mended_as_its_twins_say(case: Path) -> None:
    part = part_of(case)
    before = analyse(part.project, part.sourced.settings, tree=part.tree)
    for ending in (SAFE, UNSAFE):
        wanted = twins(case, ending)
        offered = [each for each in before.findings if each.fix and (each.safe or ending == UNSAFE)]
        if not offered:
            assert wanted == {}
            continue
        mending = mend(case, unsafe=ending == UNSAFE)
        assert {path: content.decode() for path, content in mending.after.items()} == {
            path: content.decode() for path, content in wanted.items()
        }
        # what a finding offers is what happens, unless what begins to run leaks itself; and it happens once
        assert [reason for _, reason in mending.withdrawn if "would appear in" not in reason] == []
        if wanted:
            again = mend(case, unsafe=ending == UNSAFE, unsaved=wanted)
            assert again.after == {}
            after = analyse(part.project, part.sourced.settings, wanted, tree=part.tree)
            gone = counted(before) - counted(after)
            assert all(gone[plan.finding.place.path, plan.finding.code] for plan in mending.done)
            assert not counted(after) - counted(before)


def test_there_are_enough_twins() -> None:
    assert sum(bool(twins(case, UNSAFE)) for case in CASES) >= 100
