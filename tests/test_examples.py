"""The leaky examples leak when they are run three times in one process, and their mended twins do not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from test_fixtures import findings_of
from truth.attempts import in_one_of_three
from truth.runner import Driver, Job, Seen

CODES = {
    "background_process": {"LK207"},
    "bot_log": {"LK101"},
    "callback_handler": {"LK204"},
    "claims": {"LK401"},
    "closed_pool": {"LK107"},
    "forgotten_post": {"LK203", "LK301"},
    "growing_list": {"LK101"},
    "late_timer": {"LK205"},
    "request_id": {"LK205"},
    "scratch_file": {"LK110"},
}
EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and not path.name.startswith("."))


def seen_of(driver: Driver, name: str, version: str) -> Seen:
    """What an example leaves behind."""
    folder = EXAMPLES / name / version
    event = json.loads((folder / "event.json").read_text())
    return driver.run(Job(folder, "app", "handler", (event,) * 3))


def test_every_incident_has_its_example() -> None:
    assert sorted(CODES) == NAMES


@cache
def found_in_all() -> dict[str, set[str]]:
    """The codes found in each version of each example, all examples being one project as in ``make demo``."""
    found: dict[str, set[str]] = {f"{name}/{version}": set() for name in NAMES for version in ("leaky", "mended")}
    for finding in findings_of(EXAMPLES):
        found["/".join(finding.place.path.split("/")[:2])].add(finding.code)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_leak_is_found(name: str) -> None:
    assert found_in_all()[f"{name}/leaky"] >= CODES[name]
    assert {finding.code for finding in findings_of(EXAMPLES / name / "leaky")} >= CODES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_mended_twin_is_silent(name: str) -> None:
    assert not found_in_all()[f"{name}/mended"]
    assert not findings_of(EXAMPLES / name / "mended")


@pytest.mark.parametrize("name", NAMES)
@in_one_of_three
def test_the_leak_shows(name: str, driver: Driver) -> None:
    seen = seen_of(driver, name, "leaky")
    assert not seen.trouble
    assert not seen.errors[0]
    assert seen.state or seen.work or seen.files or any(seen.errors)


@pytest.mark.parametrize("name", NAMES)
@in_one_of_three
def test_the_mended_twin_leaves_nothing(name: str, driver: Driver) -> None:
    seen = seen_of(driver, name, "mended")
    assert not seen.trouble
    assert not seen.state | seen.work | seen.files
    assert not any(seen.errors)


def test_the_growing_list_grows(driver: Driver) -> None:
    results = seen_of(driver, "growing_list", "leaky").results
    assert [text.count("came in") + text.count("went away") for text in results] == [2, 4, 6]


def test_the_closed_pool_fails_from_the_second_request_on(driver: Driver) -> None:
    first, second, third = seen_of(driver, "closed_pool", "leaky").errors
    assert not first
    assert "closed database" in second
    assert "closed database" in third


@pytest.mark.parametrize(
    ("name", "kind"), [("bot_log", "state"), ("claims", "state"), ("forgotten_post", "work"), ("scratch_file", "files")]
)
@in_one_of_three
def test_what_leaks_is_what_the_incident_tells(name: str, kind: str, driver: Driver) -> None:
    assert getattr(seen_of(driver, name, "leaky"), kind)
