"""Which variables are seen to leak, under which code, and which are not, over three invocations of one handler."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from confirm.conftest import Observe, left_of

from leaklint.confirm.observation import Observation, Strength
from leaklint.confirm.plan import Engine, Plan
from leaklint.confirm.run import run
from leaklint.confirm.verdict import Report, judge

PROJECT = Path(__file__).parent / "projects" / "state"

LEAKS = {
    "app.GROWS": "LK101",
    "app.GROWS_WITHOUT_MARKERS": "LK101",
    "app.COUNTS": "LK102",
    "app.LINE": "LK102",
    "app.KEYS": "LK101",
    "app.DEQUE": "LK101",
    "app.QUEUE": "LK101",
    "app.ONCE_PER_REQUEST": "LK101",
    "app.KEEPER": "LK101",
    "app.BUFFER": "LK101",
    "keeper.Keeper.seen": "LK103",
    "keeper.keep_default(default of kept)": "LK104",
    "app.looked_up": "LK105",
    "keeper.tally(closure count)": "LK102",
    "app.ITERATOR": "LK109",
    "app.IDS": "LK109",
    "app.ROWS": "LK109",
    "app.GENERATOR": "LK109",
    "app.SHARED_DEFAULT": "LK402",
    "context variable app.CURRENT": "LK401",
    "context variable app.VARIABLES['tenant']": "LK401",
    "decimal context": "LK108",
    "os.environ['TENANT']": "LK108",
    "sys.path": "LK108",
    "handlers of logger app": "LK108",
    "warnings.filters": "LK108",
    "json.load": "LK108",
}
KEPT = {
    "app.DIGEST": "LK101",
    "app.looked_up_and_forgotten": "LK105",
    "app.KEPT": "LK102",
    "app.STAMP": "LK102",
    "app.LOCAL": "LK404",
}
ONCE = {"app.LAZY", "app.LAZY_ENTRY", "app.configured", "os.environ['CONSTANT']", "level of logger app"}
SILENT = {"app.RESET", "app.CONSTANT", "keeper.Keeper.limit", "context variable app.RESTORED", "app.EXECUTOR"}


@cache
def seen() -> Report:
    plan = Plan(root=PROJECT, handler="app:handler", engine=Engine.BUILTIN)
    record = run(plan, ['{"id": "{{unique}}"}'], 4)
    assert left_of(plan.run) == []
    return judge(plan, record, None)


def observed() -> dict[str, Observation]:
    return {each.subject: each for each in (*seen().only_seen, *seen().asides)}


def test_all_invocations_are_answered() -> None:
    assert [each.status for each in seen().record.invocations] == ["ok"] * 4
    assert [photo.trouble for photo in seen().record.photos] == [""] * 5
    assert all(photo.complete for photo in seen().record.photos)


@pytest.mark.parametrize("subject", LEAKS)
def test_it_leaks(subject: str) -> None:
    found = observed()[subject]
    assert (found.strength, found.code) == (Strength.LEAK, LEAKS[subject])


@pytest.mark.parametrize("subject", KEPT)
def test_it_is_kept_until_it_is_replaced(subject: str) -> None:
    found = observed()[subject]
    assert (found.strength, found.code) == (Strength.KEPT, KEPT[subject])


@pytest.mark.parametrize("subject", sorted(ONCE & {"app.LAZY", "app.LAZY_ENTRY", "app.configured"}))
def test_it_is_initialised_once(subject: str) -> None:
    assert observed()[subject].strength is Strength.ONCE


@pytest.mark.parametrize("subject", sorted(SILENT))
def test_it_is_silent(subject: str) -> None:
    assert subject not in observed()


def test_nothing_else_leaks() -> None:
    assert {each.subject for each in seen().only_seen} == set(LEAKS)
    assert set(observed()) - set(LEAKS) - set(KEPT) - ONCE == set()


def test_the_evidence_names_the_place() -> None:
    assert observed()["app.GROWS"].evidence == "data of invocation 1 is still in app.GROWS[0] after invocation 2"
    assert observed()["app.COUNTS"].evidence == "app.COUNTS counts on with each invocation: 2, 3 and 4"
    assert "list of 2, then list of 3, then list of 4" in observed()["app.GROWS_WITHOUT_MARKERS"].evidence


def test_caches_of_the_standard_library_are_nobodys_leak(observe: Observe) -> None:
    report = observe(
        "from urllib.parse import urlsplit\n"
        "def handler(event, context):\n"
        "    return urlsplit('http://example.com/' + event['id']).path\n"
    )
    assert not report.only_seen
    assert not report.asides


def test_the_seed_of_random_is_seen_and_its_use_is_not(observe: Observe) -> None:
    report = observe("import random\ndef handler(event, context):\n    random.seed(event['id'])\n    random.random()\n")
    assert [(each.code, each.subject) for each in report.only_seen] == [("LK108", "seed of random")]
    report = observe("import random\ndef handler(event, context):\n    return random.random()\n")
    assert not report.only_seen


def test_a_moment_that_could_not_be_looked_at_is_no_success(observe: Observe) -> None:
    report = observe("def handler(event, context): ...\n", times=1)
    assert report.complete
    report.record.photos[-1].trouble = "MemoryError"
    assert not report.complete


KEYS = """
import logging

class Formatter(logging.Formatter):
    def __init__(self):
        super().__init__()
        self.keys = {}

def install():
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter())
    logging.getLogger("keys").addHandler(handler)
"""


@pytest.mark.parametrize(
    ("body", "strengths"),
    [("keys['who'] = event['id']", {Strength.KEPT}), ("keys[event['id']] = 1", {Strength.LEAK}), ("len(keys)", set())],
)
def test_what_a_library_keeps_in_the_logging_tree(
    body: str, strengths: set[Strength], observe: Observe, tmp_path: Path
) -> None:
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "keys.py").write_text(KEYS)
    report = observe(
        "import logging\nimport keys\nkeys.install()\n"
        "def handler(event, context):\n"
        f"    keys = logging.getLogger('keys').handlers[0].formatter.keys\n    {body}\n",
        environment={"PYTHONPATH": str(installed)},
    )
    seen = [each for each in (*report.only_seen, *report.asides) if each.code == "LK111"]
    assert {each.strength for each in seen} == strengths
