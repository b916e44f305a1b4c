"""Truth by execution: what a leak shows in three invocations, its mended twin does not show, with the same answer."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from fix.twins import CASES, FIXTURES, SAFE, UNSAFE, mend, part_of, twins
from sampling import sample
from test_truth import CHECKED, shows
from truth.attempts import in_one_of_three
from truth.runner import Driver, Seen, job_of, libraries_of

from leaklint.pipeline.analyse import analyse

ANSWERS_OF_LEAKS = {
    "lk106_import_time_snapshot/random_number": "the answer is a number that is drawn",
    "lk204_thread_not_joined/enumerate_counts_only": "the answer counts the threads that run",
    "lk204_thread_not_joined/runner_protocol_settles_finished_only": "the answer says which threads have ended",
    "whole_applications/report_with_shared_threads": "the answer holds what the threads have done so far",
}
"""Cases whose answer is what the leak makes of it, so that it is another one without; all else is compared."""
KEYED = {
    "lk105_request_data_cached/one_of_two_is_argument": "app.setting",
    "lk105_request_data_cached/reads_context_variable": "app.setting",
    "lk105_request_data_cached/reads_module_variable_of_request": "app.prefix",
    "lk105_request_data_cached/reads_variable_of_other_module": "tables.prefix",
    "lk105_request_data_cached/returns_a_tuple_with_the_tenant": "app.by_tenant",
    "lk105_request_data_cached/returns_a_tuple_with_a_context_variable": "app.by_ctx",
}
"""Bounded caches whose key gets what it lacks: they hold several results then, and no invocation gets a wrong one."""
STAYS = {
    "lk101_module_state_mutated/kept_of_what_a_variable_passes_on": {"app.STATE"},
    "lk101_module_state_mutated/put_aside_and_lost": {"settings.VALUES", "the answer"},
    "lk102_module_state_rebound/lazily_made_from_what_a_variable_passes_on": {"app.request", "current._tenant"},
    "lk105_request_data_cached/counts_by_an_object_that_handles_no_log": {"app.counting"},
    "lk105_request_data_cached/method_of_an_object_made_anew": {"app.Profile"},
    "lk105_request_data_cached/reads_module_variable_of_request": {"app.tenant"},
    "lk105_request_data_cached/reads_variable_of_other_module": {"tables.tenant"},
    "lk105_request_data_cached/returns_a_tuple_with_the_tenant": {"app.TENANT"},
    "lk110_temporary_file_left/pathlib_chain": {"/tmp/out"},
    "lk110_temporary_file_left/other_folder_emptied_first": {"/tmp/new-area"},
    "lk110_temporary_file_left/other_folder_emptied_by_a_helper": {"/tmp/fixture-other"},
}
"""What is left without the leak too: it is overwritten before anything reads it, always the same, what a cache with a
bound keeps, or another leak that no fix mends."""
MENDED = [
    (case, ending)
    for case in sample(CASES, 60)
    if job_of(case) and not libraries_of(case)
    for ending in (SAFE, UNSAFE)
    if twins(case, ending) and (ending == SAFE or twins(case, UNSAFE) != twins(case, SAFE))
]
_DRAWN = re.compile(
    r"/tmp/tmp\w{8}|\b[0-9a-f]{32}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\d{10}\.\d+|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?"
)
SHOWN_BY_THE_ANSWER = {"LK201", "LK209", "LK403"}
"""Before, the answer may be a coroutine that nobody runs, or what is read in the wrong context."""


def seen_of(folder: Path, driver: Driver) -> Seen:
    """What three invocations of a case leave behind."""
    job = job_of(folder)
    assert job is not None
    return driver.run(job)


@cache
def mended_codes(case: Path, ending: str) -> frozenset[str]:
    """The codes that are found before, and not after."""
    part = part_of(case)
    after = analyse(part.project, part.sourced.settings, twins(case, ending), tree=part.tree)
    done = {plan.finding.code for plan in mend(case, unsafe=ending == UNSAFE).done}
    return frozenset(done - {each.code for each in after.findings})


@pytest.mark.parametrize(
    ("case", "ending"), MENDED, ids=[f"{case.relative_to(FIXTURES).as_posix()}{ending}" for case, ending in MENDED]
)
@in_one_of_three
def test_the_leak_is_gone_and_the_answer_the_same(case: Path, ending: str, driver: Driver, tmp_path: Path) -> None:
    folder = shutil.copytree(case, tmp_path / "case", ignore=shutil.ignore_patterns("*.fixed.py"), dirs_exist_ok=True)
    before = seen_of(folder, driver)
    for path, content in twins(case, ending).items():
        (folder / path).write_bytes(content)
    after = seen_of(folder, driver)
    codes = mended_codes(case, ending)
    name = case.relative_to(FIXTURES).as_posix()
    assert not after.trouble
    after.state -= STAYS.get(name, set())
    after.files -= STAYS.get(name, set())
    if name in KEYED:
        assert len(set(before.results)) == 1
        assert len(set(after.results)) == len(after.results)
        after.state.discard(KEYED[name])
    left = {code for code in codes & CHECKED if shows(code, before) and shows(code, after)}
    assert left == set(), (before, after)
    assert not [error for error in after.errors if error and error not in before.errors]
    if not codes & SHOWN_BY_THE_ANSWER and not before.errors[0] and name not in ANSWERS_OF_LEAKS:
        assert _comparable(after.results[0]) == _comparable(before.results[0])


def _comparable(result: str) -> str:
    """An answer in which names and ids that are drawn, and times, are all the same."""
    return _DRAWN.sub("…", result)
