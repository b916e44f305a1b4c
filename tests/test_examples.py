"""The leaky examples leak when they are run three times in one process, and their mended twins do not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from truth.runner import Job, Seen, run

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


@cache
def seen_of() -> dict[tuple[str, str], Seen]:
    """What every example left behind, from one run of the driver over all of them."""
    jobs = {}
    for name in NAMES:
        for version in ("leaky", "mended"):
            folder = EXAMPLES / name / version
            event = json.loads((folder / "event.json").read_text())
            jobs[name, version] = Job(folder, "app", "handler", (event,) * 3)
    return dict(zip(jobs, run(jobs.values()), strict=True))


def test_every_incident_has_its_example() -> None:
    assert NAMES == [
        "background_process",
        "bot_log",
        "callback_handler",
        "claims",
        "closed_pool",
        "forgotten_post",
        "growing_list",
        "late_timer",
        "request_id",
        "scratch_file",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_leak_shows(name: str) -> None:
    seen = seen_of()[name, "leaky"]
    assert not seen.trouble
    assert not seen.errors[0]
    assert seen.state or seen.work or seen.files or any(seen.errors)


@pytest.mark.parametrize("name", NAMES)
def test_the_mended_twin_leaves_nothing(name: str) -> None:
    seen = seen_of()[name, "mended"]
    assert not seen.trouble
    assert not seen.state | seen.work | seen.files
    assert not any(seen.errors)


def test_the_growing_list_grows() -> None:
    results = seen_of()["growing_list", "leaky"].results
    assert [text.count("came in") + text.count("went away") for text in results] == [2, 4, 6]


def test_the_closed_pool_fails_from_the_second_request_on() -> None:
    first, second, third = seen_of()["closed_pool", "leaky"].errors
    assert not first
    assert "closed database" in second
    assert "closed database" in third


@pytest.mark.parametrize(
    ("name", "kind"), [("bot_log", "state"), ("claims", "state"), ("forgotten_post", "work"), ("scratch_file", "files")]
)
def test_what_leaks_is_what_the_incident_tells(name: str, kind: str) -> None:
    assert getattr(seen_of()[name, "leaky"], kind)
