"""Every fixture is mended as its twins say, and a case without twins is left unchanged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from confirm.conftest import PROVE
from fix.twins import CASES, FIXTURES, SAFE, UNSAFE, mend, part_of, twins

from leaklint.pipeline.analyse import analyse
from leaklint.report.report import Report

TAKEN_BACK = {
    "lk101_module_state_mutated/conditional_choice",
    "lk101_module_state_mutated/loop_over_containers",
    "lk102_module_state_rebound/globals_dictionary",
    "lk102_module_state_rebound/setattr_on_module",
    "lk201_coroutine_not_awaited/conditional_expressions",
    "lk204_thread_not_joined/only_last_of_loop_joined",
    "lk205_timer_not_finished/timer_restarts_itself",
    "lk206_future_not_resolved/wait_first_exception",
    "lk207_process_not_waited/only_last_of_loop_joined",
    "whole_applications/thumbnails_left_behind",
}
"""Cases where a finding offers a fix that leaves the finding in place when it is tried, and so is withdrawn."""


def counted(report: Report) -> Counter[tuple[str, str]]:
    return Counter((each.place.path, each.code) for each in report.findings)


@pytest.mark.parametrize("case", CASES if PROVE else CASES[::8], ids=lambda case: case.relative_to(FIXTURES).as_posix())
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
        taken_back = [reason for _, reason in mending.withdrawn if "would appear in" not in reason]
        assert not taken_back or case.relative_to(FIXTURES).as_posix() in TAKEN_BACK
        if wanted:
            again = mend(case, unsafe=ending == UNSAFE, unsaved=wanted)
            assert again.after == {}
            after = analyse(part.project, part.sourced.settings, wanted, tree=part.tree)
            gone = counted(before) - counted(after)
            assert all(gone[plan.finding.place.path, plan.finding.code] for plan in mending.done)
            assert not counted(after) - counted(before)


def test_there_are_enough_twins() -> None:
    assert sum(bool(twins(case, UNSAFE)) for case in CASES) >= 100
