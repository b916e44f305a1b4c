"""Notes agree with execution: each fixture that can run is run for three events, and what survived is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from notes import Note, notes_of
from sampling import sample
from truth.attempts import in_one_of_three
from truth.runner import Driver, Seen, awaited_job_of, job_of, libraries_of

FIXTURES = Path(__file__).parent / "fixtures"
CASES = sorted(path for path in FIXTURES.glob("*/*") if path.is_dir() and job_of(path) and not libraries_of(path))

NOT_RUN = {
    "it raises in every invocation in which it does what it is about": (
        "lk101_module_state_mutated/name_that_nobody_binds",
        "lk107_shared_resource_closed/loop_of_its_own_where_the_current_one_is_closed",
        "lk108_process_state_changed/handler_of_logs_taken_out_unless_it_fails",
    ),
    "a thread takes out what is left, before one looks or after that": (
        "lk101_module_state_mutated/queue_drained_by_a_thread_of_the_import",
    ),
    "it shows only where a later event is another than the one before": (
        "lk108_process_state_changed/log_level_chosen_by_the_event",
    ),
    "no one event shows both what grows and what is put back": (
        "lk101_module_state_mutated/put_back_under_a_key_that_is_there",
    ),
    "the unsafe fix removes what a neighbour reads: for that it needs a look": (
        "lk110_temporary_file_left/name_known_to_a_neighbour",
    ),
    "what it imports lies in a folder that the template puts on the path": (
        "habit5_import_time/package_without_metadata",
    ),
    "a library, of which no handler is here": (
        "lk101_module_state_mutated/scope_all_for_library",
        "lk104_default_argument_mutated/public_functions_of_library",
        "lk201_coroutine_not_awaited/abstract_method_alone",
        "lk201_coroutine_not_awaited/callback_by_annotation",
        "lk201_coroutine_not_awaited/container_annotations_alone",
        "lk201_coroutine_not_awaited/container_annotations_awaited",
        "lk201_coroutine_not_awaited/library_without_handler",
        "lk201_coroutine_not_awaited/same_method_sync_elsewhere",
        "lk202_task_dropped/without_handler",
        "lk402_contextvar_mutable_default/dictionary_default",
        "lk402_contextvar_mutable_default/immutable_defaults",
        "lk402_contextvar_mutable_default/own_class_named_contextvar",
        "lk402_contextvar_mutable_default/set_constructor_default",
        "lk405_contextvar_in_function/made_in_class_body",
        "lk405_contextvar_in_function/made_in_test",
        "lk405_contextvar_in_function/made_without_handler",
    ),
    "it writes to a disk that is mounted, or to a host": (
        "lk110_temporary_file_left/constant_elsewhere_is_no_temporary_folder",
        "lk110_temporary_file_left/copied_to_a_disk_under_the_same_name",
        "lk201_coroutine_not_awaited/stream_drain",
    ),
    "before Python 3.13 nothing tells of an asend() that nobody awaits": (
        "lk201_coroutine_not_awaited/generator_in_list",
    ),
    "it would sweep the folder for temporary files of the machine": (
        "lk110_temporary_file_left/joined_names_swept_by_a_pattern",
        "lk110_temporary_file_left/joined_names_swept_by_another_pattern",
        "lk110_temporary_file_left/removed_before_it_is_made",
    ),
    "what is known there is a false alarm, or missed: execution shows neither": (
        "lk101_module_state_mutated/own_log_handler_with_a_ring",
        "lk106_import_time_snapshot/process_name_as_a_file",
        "lk201_coroutine_not_awaited/coroutine_on_one_path_only",
        "lk204_thread_not_joined/kept_in_module_one_joined_elsewhere",
    ),
    "its paths depend on errors that no event brings about": (
        "lk101_module_state_mutated/says_that_nothing_was_there_where_a_test_says_so",
        "lk204_thread_not_joined/left_in_the_file_of_a_caller",
        "lk208_siblings_left_running/generator_that_raises_has_ended",
    ),
    "nothing tells of results that nobody walks through": (
        "lk206_future_not_resolved/process_pool_left_by_with_not_walked",
    ),
    "it is about Python 3.14": ("lk401_contextvar_not_reset/python_3_14",),
    "what is waited for never comes": (
        "lk204_thread_not_joined/waits_for_what_may_never_come",
        "lk206_future_not_resolved/waits_for_workers_by_starmap_async",
    ),
}
"""Cases that the standard library alone could run, and that carry no event, by the reason."""
WITHOUT_EVENT = (Path(__file__).parent / "truth" / "without_event.txt").read_text(encoding="utf-8").split()
"""Old cases that carry none, and nobody has said why: the list only gets shorter."""

STATE = {"LK101", "LK102", "LK103", "LK104", "LK105", "LK108", "LK109", "LK111", "LK303", "LK401", "LK402", "LK404"}
WORK = {"LK201", "LK202", "LK203", "LK204", "LK205", "LK206", "LK207", "LK208", "LK209", "LK211"}
CALLBACKS = {"LK301", "LK302", "LK303"}
FILES = {"LK110"}
RAISES = {"LK102", "LK103", "LK107", "LK109", "LK201", "LK209", "LK210", "LK303", "LK406"}
CHECKED = STATE | WORK | CALLBACKS | FILES | RAISES
SAID = ("expected", "missed", "either")
HELD = STATE - {"LK108", "LK303"}
"""Their errors mean that data of an invocation survives in a place that the driver can look into."""


def test_cases_that_can_be_run_carry_an_event() -> None:
    cases = [
        path for path in FIXTURES.glob("*/*") if path.parent.name.startswith(("habit", "lk1", "lk2", "lk3", "lk4"))
    ]
    known = {case for cases in NOT_RUN.values() for case in cases}
    without = {
        name
        for path in cases
        if not (job_of(path) or awaited_job_of(path) or libraries_of(path))
        and (name := path.relative_to(FIXTURES).as_posix()) not in known
    }
    new, gone = sorted(without - {*WITHOUT_EVENT}), sorted({*WITHOUT_EVENT} - without)
    assert not new, f"give them an `# event:` line, or say in NOT_RUN why they cannot be run: {new}"
    assert not gone, f"these are run now, or gone: take them out of truth/without_event.txt: {gone}"


def shows(code: str, seen: Seen) -> bool:
    """Whether execution shows what a code means."""
    return (
        (code in STATE and bool(seen.state))
        or (code in WORK | CALLBACKS and bool(seen.work))
        or (code in FILES and bool(seen.files))
        or (code in RAISES and any(seen.errors))
        or (code == "LK109" and len(set(seen.results)) > 1)
    )


def contradictions(notes: list[Note], seen: Seen, marked: bool) -> list[str]:
    """One line for everything that execution shows and the notes do not say, or the other way round."""
    noted = [note for note in notes if note.kind in ("expected", "missed") and note.severity != "info"]
    codes = {code for note in notes if note.kind in SAID for code in note.codes}
    problems = [seen.trouble] if seen.trouble else []
    unexplained = seen.held if codes & WORK else seen.state  # the work itself is kept somewhere
    if unexplained and not codes & (STATE | FILES):
        problems.append(f"state survives, and no note says so: {sorted(unexplained)}")
    if seen.work and not codes & (WORK | CALLBACKS | {"LK107", "LK210"}):
        problems.append(f"work is left or lost, and no note says so: {sorted(seen.work)}")
    if seen.files and not codes & FILES:
        problems.append(f"files are left, and no note says so: {sorted(seen.files)}")
    if any(seen.errors) and not codes & RAISES and len(set(seen.errors)) == 1:
        problems.append(f"every invocation fails: {seen.errors[0]}")
    checked = [note for note in noted if set(note.codes) <= CHECKED]
    unseen = [note.code for note in checked if not any(shows(code, seen) for code in note.codes)]
    problems += [f"{code} is noted, and execution shows nothing of it" for code in unseen]
    held = [note for note in noted if set(note.codes) <= HELD and note.severity == "error"]
    if marked and held and not seen.held:
        problems.append("an error is noted, and nothing that survives holds the data of an invocation")
    return problems


@pytest.mark.parametrize("case", sample(CASES, 180), ids=lambda case: case.relative_to(FIXTURES).as_posix())
@in_one_of_three
def test_execution_shows_what_the_notes_say(case: Path, driver: Driver) -> None:
    job = job_of(case)
    assert job is not None
    problems = contradictions(notes_of(case), driver.run(job), "{{unique}}" in repr(job.events))
    if job.kept:
        assert problems, "execution agrees with the notes: the remark about what is kept is not needed"
    else:
        assert not problems
