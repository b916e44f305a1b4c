"""The nine habits: each is silent, and each has twins that come close to it and are not."""

from __future__ import annotations

import pytest
from rules.built import AWS, EVENT, SITE, living, mutation, opened, rebinding

from leaklint.ir.effects import (
    AnyEffect,
    Cached,
    Close,
    Consume,
    Create,
    Defer,
    Guard,
    How,
    Lifetime,
    Read,
    Regime,
    Settled,
    Subject,
    Work,
)
from leaklint.ir.reached import Reached
from leaklint.rules.check import check
from leaklint.rules.habits import HABITS, habit

SHARED = Subject(Lifetime.MODULE, "CONNECTION", "Connection")
OWN = Subject(Lifetime.INVOCATION, "connection", "Connection")
LOCK = Subject(Lifetime.MODULE, "LOCK", "Lock")

SILENT: dict[str, list[AnyEffect]] = {
    "lazy initialisation": [
        rebinding(guard=Guard.LAZY),
        mutation(How.SET_ITEM, guard=Guard.KEYED),
        rebinding(guard=Guard.REQUEST),
        living(Lifetime.PROCESS, "sys.path", how=How.GROW, guard=Guard.LAZY),
        Cached(site=SITE),
        Cached(site=SITE, side_effects=True),
    ],
    "reset every time": [
        mutation(request=EVENT, reset_before=True),
        mutation(request=EVENT, settled=Settled.ALWAYS),
        rebinding(settled=Settled.ALWAYS),
        Close(site=SITE, subject=SHARED, settled=Settled.ALWAYS),
        Consume(site=SITE, subject=SHARED, settled=Settled.ALWAYS),
        opened(Work.FILE, settled=Settled.ALWAYS),
        opened(Work.LIBRARY_CONTEXT, request=EVENT, settled=Settled.ALWAYS),
    ],
    "constant again": [
        rebinding(constant=True),
        mutation(How.SET_ITEM, constant=True),
        mutation(How.SET_ATTRIBUTE, constant=True),
        mutation(constant=True, subject=Subject(Lifetime.MODULE, "FEATURES", "set")),
        mutation(How.DELETE, constant=True, path=living(Lifetime.PROCESS, "os.environ").path),
    ],
    "own object": [
        mutation(request=EVENT, subject=OWN),
        Close(site=SITE, subject=OWN),
        Consume(site=SITE, subject=OWN),
    ],
    "finished work": [
        opened(Work.THREAD, settled=Settled.ALWAYS),
        opened(Work.TASK, settled=Settled.ALWAYS),
        opened(Work.SIBLINGS, regime=Regime.OPEN, settled=Settled.ALWAYS),
        Defer(site=SITE, api="callback-api", settled=Settled.ALWAYS),
    ],
    "coroutine handed on": [
        opened(Work.COROUTINE, settled=Settled.ALWAYS),
        opened(Work.COROUTINE, settled=Settled.NORMAL_PATHS),
    ],
    "context reset": [
        opened(Work.TOKEN, request=EVENT, settled=Settled.ALWAYS),
        opened(Work.TOKEN, request=EVENT, regime=Regime.RUN),
    ],
    "meant to last": [
        opened(Work.BUFFER, settled=Settled.ALWAYS),
        mutation(subject=LOCK),
    ],
}

CLOSE_TO: dict[str, list[AnyEffect]] = {
    "lazy initialisation": [
        rebinding(guard=Guard.LAZY, request=EVENT),
        mutation(How.SET_ITEM, guard=Guard.KEYED, key_request=EVENT),
        mutation(guard=Guard.REQUEST),
        rebinding(),
        Cached(site=SITE, request=EVENT),
        Cached(site=SITE, missing=("TENANT",)),
    ],
    "reset every time": [
        mutation(request=EVENT, settled=Settled.NORMAL_PATHS),
        mutation(request=EVENT, settled=Settled.SOME_PATHS),
        mutation(request=EVENT, overwritten_first=True),
        Close(site=SITE, subject=SHARED, settled=Settled.SOME_PATHS),
        Consume(site=SITE, subject=SHARED, settled=Settled.NORMAL_PATHS),
        opened(Work.FILE, settled=Settled.NORMAL_PATHS),
        opened(Work.LIBRARY_CONTEXT, request=EVENT, settled=Settled.NORMAL_PATHS),
    ],
    "constant again": [
        mutation(constant=True),
        mutation(subject=Subject(Lifetime.MODULE, "FEATURES", "set")),
        rebinding(How.COUNT, constant=True),
        rebinding(How.DELETE, constant=True),
        mutation(How.SET_ITEM, constant=True, key_request=EVENT),
        rebinding(),
    ],
    "own object": [
        mutation(request=EVENT),
        Close(site=SITE, subject=SHARED),
        Consume(site=SITE, subject=SHARED),
    ],
    "finished work": [
        opened(Work.THREAD, settled=Settled.NORMAL_PATHS),
        opened(Work.TASK, settled=Settled.SOME_PATHS),
        opened(Work.THREAD, settled=Settled.UNCERTAIN),
        Defer(site=SITE, api="callback-api", settled=Settled.NORMAL_PATHS),
    ],
    "coroutine handed on": [
        opened(Work.COROUTINE),
        opened(Work.COROUTINE, settled=Settled.SOME_PATHS),
    ],
    "context reset": [
        opened(Work.TOKEN, request=EVENT, settled=Settled.NORMAL_PATHS),
        opened(Work.TOKEN, request=EVENT, regime=Regime.OPEN),
        opened(Work.TOKEN),
    ],
    "meant to last": [
        opened(Work.BUFFER, settled=Settled.NORMAL_PATHS),
        mutation(subject=LOCK, request=EVENT),
        mutation(subject=SHARED),
    ],
}


def pairs(table: dict[str, list[AnyEffect]]) -> list[tuple[str, AnyEffect]]:
    return [(name, effect) for name, effects in table.items() for effect in effects]


@pytest.mark.parametrize(("name", "effect"), pairs(SILENT))
def test_a_habit_is_silent(name: str, effect: AnyEffect) -> None:
    each = Reached(effect, handlers=(AWS,))
    held = habit(each)
    assert held is not None
    assert held.name == name
    assert check([each]) == []


@pytest.mark.parametrize(("name", "effect"), pairs(CLOSE_TO))
def test_what_comes_close_to_a_habit_is_reported(name: str, effect: AnyEffect) -> None:
    each = Reached(effect, handlers=(AWS,))
    assert habit(each) is None
    assert len(check([each])) == 1


IMPORT_TIME: list[AnyEffect] = [
    mutation(request=EVENT),
    rebinding(),
    Close(site=SITE, subject=SHARED),
    Consume(site=SITE, subject=SHARED),
    Read(site=SITE, origin="snapshot", row="uuid.uuid4"),
    Cached(site=SITE, request=EVENT),
]


@pytest.mark.parametrize("effect", IMPORT_TIME)
def test_import_time_code_is_silent_until_a_handler_reaches_it(effect: AnyEffect) -> None:
    at_import = Reached(effect)
    held = habit(at_import)
    assert held is not None
    assert held.name == "import time"
    assert check([at_import]) == []
    assert len(check([Reached(effect, handlers=(AWS,))])) == 1


@pytest.mark.parametrize("effect", [opened(Work.COROUTINE), Create(site=SITE, what="mutable-default")])
def test_what_is_wrong_in_any_code_is_no_import_time_habit(effect: AnyEffect) -> None:
    assert habit(Reached(effect)) is None
    assert len(check([Reached(effect)])) == 1


def test_there_are_nine_and_each_says_why() -> None:
    assert [each.number for each in HABITS] == list(range(1, 10))
    assert all(each.reason.endswith(".") for each in HABITS)
    tested = {*SILENT, "import time"}
    assert {each.name for each in HABITS} == tested
