"""Which observation bears out which finding, and the reasons given where none does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confirm.conftest import Observe

from leaklint.confirm.findings import from_objects, read_findings
from leaklint.confirm.joining import Joiner
from leaklint.confirm.observation import Kind, Observation, Strength
from leaklint.confirm.plan import Engine, Plan, Unusable
from leaklint.confirm.record import Invocation, Record, Work
from leaklint.confirm.run import confirm
from leaklint.confirm.verdict import judge

SOURCE = """
import keeper
from keeper import SEEN as LINES

LINES2 = []


def handler(event, context, into=[]):
    keeper.SEEN.append(event["id"])
    import os
    os.chdir("/tmp")
"""

Files = Callable[..., Path]


@pytest.fixture
def joiner(project: Files) -> Joiner:
    return Joiner(project(app=SOURCE, keeper="SEEN = []\n\nclass Box:\n    items = []\n"))


def finding(joiner: Joiner, code: str, line: int, message: str = "", path: str = "app.py", **more: Any) -> Any:
    each = {"code": code, "path": path, "line": line, "message": message, **more}
    return from_objects([each], joiner.root)[0]


def state(subject: str, code: str = "LK101", **more: Any) -> Observation:
    return Observation(Kind.STATE, subject, Strength.LEAK, f"{subject} grows", (1,), code=code, **more)


def made_at(line: int, path: str = "keeper.py") -> list[dict[str, Any]]:
    return [{"kind": "defined", "path": path, "line": line, "note": ""}]


def test_state_is_joined_by_the_line_that_makes_it(joiner: Joiner) -> None:
    seen = [state("keeper.SEEN", also=("app.LINES",)), state("app.LINES2"), state("keeper.Box.items", "LK103")]
    about_list = finding(joiner, "LK101", 9, trace=made_at(1))
    about_class = finding(joiner, "LK103", 9, trace=made_at(4))
    assert [each.subject for each in joiner.matching(about_list, seen)] == ["keeper.SEEN"]
    assert [each.subject for each in joiner.matching(about_class, seen)] == ["keeper.Box.items"]


def test_state_is_joined_by_the_name_in_the_message(joiner: Joiner) -> None:
    seen = [state("keeper.SEEN"), state("app.LINES2")]
    about = finding(joiner, "LK101", 9, "appended to module-level list LINES2")
    assert [each.subject for each in joiner.matching(about, seen)] == ["app.LINES2"]


def test_defaults_are_joined_by_function_and_parameter(joiner: Joiner) -> None:
    seen = [state("app.handler(default of into)", "LK104")]
    assert joiner.matching(finding(joiner, "LK104", 9, trace=made_at(8, "app.py")), seen)
    assert joiner.matching(finding(joiner, "LK104", 9, "default argument into is mutated"), seen)
    assert not joiner.matching(finding(joiner, "LK104", 9, "default argument other is mutated"), seen)


def test_a_consumed_iterator_is_not_borne_out_by_a_growing_list(joiner: Joiner) -> None:
    assert not joiner.matching(finding(joiner, "LK109", 9, "SEEN is consumed"), [state("keeper.SEEN")])


def test_work_is_joined_by_any_of_the_lines_that_led_to_it(joiner: Joiner) -> None:
    lines = (("keeper.py", 1, "start"), ("app.py", 9, "handler"))
    seen = [Observation(Kind.THREAD, "f", Strength.LEAK, "", (1,), lines, "LK204")]
    assert joiner.matching(finding(joiner, "LK204", 9), seen)
    assert joiner.matching(finding(joiner, "LK204", 7, end_line=9), seen)
    assert not joiner.matching(finding(joiner, "LK204", 8), seen)
    assert not joiner.matching(finding(joiner, "LK203", 9), seen)


def test_process_state_is_joined_by_what_the_line_says(joiner: Joiner) -> None:
    seen = [Observation(Kind.PROCESS, "current folder", Strength.ONCE, "", (1,), code="LK108")]
    assert joiner.matching(finding(joiner, "LK108", 11), seen)
    assert not joiner.matching(finding(joiner, "LK108", 9), seen)


def test_an_object_has_the_name_of_the_module_that_makes_it(joiner: Joiner) -> None:
    named = joiner.named_where_made(state("app.LINES", also=("keeper.SEEN",)))
    assert (named.subject, named.also, named.evidence) == ("keeper.SEEN", ("app.LINES",), "keeper.SEEN grows")


def test_state_that_no_finding_claims_goes_to_the_one_that_nothing_bears_out(observe: Observe) -> None:
    source = (
        "PAID, OPEN, LATE = [], [], []\n"
        "def handler(event, context):\n"
        "    chosen = PAID if event['id'] else OPEN\n"
        "    chosen.append(event['id'])\n"
        "    globals()['now_' + event['id']] = event['id']\n"
        "def other():\n"
        "    LATE.append(1)\n"
    )
    report = observe(source)
    places = [
        {"code": "LK101", "path": "app.py", "line": 4, "message": "request data is appended to OPEN"},
        {"code": "LK102", "path": "app.py", "line": 5, "message": "request data is bound to module-level now_"},
        {"code": "LK101", "path": "app.py", "line": 7, "message": "appended to LATE"},
    ]
    joined = judge(report.plan, report.record, from_objects(places, report.plan.root))
    borne_out = {each.finding.line: each.observations[0].subject for each in joined.confirmed}
    assert borne_out[4] == "app.PAID"
    assert borne_out[5].startswith("app.now_")
    assert [each.finding.line for each in joined.not_seen] == [7]
    assert not joined.only_seen


def judged(joiner: Joiner, each: Any, record: Record) -> str:
    plan = Plan(root=joiner.root, handler="app:handler")
    return judge(plan, record, [each]).not_seen[0].reason


def test_reasons_for_not_seen(joiner: Joiner) -> None:
    invocations = [Invocation(number, status="ok", event="{}") for number in (1, 2, 3)]
    record = Record("00000000", invocations)
    about_state, about_work = finding(joiner, "LK101", 9), finding(joiner, "LK204", 9)
    assert "with {{unique}} in the event" in judged(joiner, about_state, record)
    assert judged(joiner, about_work, record).endswith("others may take another path")
    assert "use --times 3" in judged(joiner, about_state, Record("00000000", invocations[:2]))
    assert judged(joiner, about_work, Record("00000000", [])) == "no invocation came to its end"
    assert "in another thread" in judged(joiner, finding(joiner, "LK403", 9), record)
    assert "fail only once something has to wait" in judged(joiner, finding(joiner, "LK210", 9), record)
    never = Record("00000000", init_error="ValueError: no")
    assert judged(joiner, about_work, never) == "the handler was never called"
    record.work["0.w1"] = Work("0.w1", "thread", "f", 1, (("app.py", 9, "handler"),), ended="finished")
    assert "perhaps by good luck" in judged(joiner, about_work, record)


def test_lazy_initialisation_does_not_bear_out_a_finding(observe: Observe, project: Files) -> None:
    report = observe(
        "CLIENT = None\ndef handler(event, context):\n    global CLIENT\n    CLIENT = CLIENT or object()\n"
    )
    finding_ = from_objects([{"code": "LK102", "path": "app.py", "line": 4, "message": "CLIENT is rebound"}], project())
    again = judge(report.plan, report.record, finding_)
    assert not again.leaks
    assert again.not_seen[0].reason.endswith("as lazy initialisation does")


def test_import_time_snapshots_are_found_by_a_second_container(project: Files) -> None:
    root = project(
        app="import uuid\nTOKEN = uuid.uuid4()\nNAME = 'x'\ndef handler(event, context):\n    return str(TOKEN)\n"
    )
    objects = [
        {"code": "LK106", "path": "app.py", "line": 2, "message": "TOKEN is taken at import"},
        {"code": "LK106", "path": "app.py", "line": 3, "message": "NAME is taken at import"},
    ]
    report = confirm(Plan(root=root, handler="app:handler"), ["{}"], 3, from_objects(objects, root))
    assert [each.finding.line for each in report.confirmed] == [2]
    assert "and UUID(" in report.confirmed[0].observations[0].evidence
    assert "a second container took the same value" in report.not_seen[0].reason


def test_findings_of_other_handlers_are_left_out(joiner: Joiner) -> None:
    mine = finding(joiner, "LK101", 9, handlers=["src.app:handler"])
    assert mine.is_of("app:handler", joiner.root)
    assert not finding(joiner, "LK101", 9, handlers=["other:handler"]).is_of("app:handler", joiner.root)
    assert not dataclasses.replace(mine, path=Path("/elsewhere/app.py")).is_of("app:handler", joiner.root)


@pytest.mark.parametrize(
    "text", ["{}", "[1]", '[{"code": "LK101"}]', "no json", '[{"code":"LK1","path":"a","line":"x","message":""}]']
)
def test_reports_that_are_none_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(Unusable):
        read_findings(path, tmp_path)


def test_a_finding_behind_another_entry_is_confirmed_where_the_handler_reaches_it(observe: Observe) -> None:
    source = (
        "SEEN = []\ndef route(event):\n    SEEN.append(event['id'])\ndef handler(event, context):\n    route(event)\n"
    )
    report = observe(source)
    places = [
        {"code": "LK101", "path": "app.py", "line": 3, "message": "SEEN grows", "handlers": ["app:route"]},
        {"code": "LK204", "path": "app.py", "line": 3, "message": "thread", "handlers": ["app:route"]},
    ]
    joined = judge(report.plan, report.record, from_objects(places, report.plan.root))
    assert [each.finding.code for each in joined.confirmed] == ["LK101"]
    assert joined.elsewhere == 1
    assert not joined.only_seen


TWO_HANDLERS = """
import uuid

RID = uuid.uuid4()
SEEN = []


def a(event, context):
    SEEN.append(event["id"])
    return str(RID)


def b(event, context):
    SEEN.append(event["id"])
"""


@pytest.mark.parametrize(
    ("handler", "confirmed", "elsewhere"),
    [("app:a", [("LK101", 9), ("LK106", 4)], 1), ("app:b", [("LK101", 14)], 2)],
)
def test_findings_about_other_handlers_have_no_verdict(
    project: Files, handler: str, confirmed: list[tuple[str, int]], elsewhere: int
) -> None:
    root = project(app=TWO_HANDLERS)
    findings = from_objects(
        [
            {"code": "LK106", "path": "app.py", "line": 4, "message": "RID is a random value", "handlers": ["app:a"]},
            {"code": "LK101", "path": "app.py", "line": 9, "message": "appended to SEEN", "handlers": ["app:a"]},
            {"code": "LK101", "path": "app.py", "line": 14, "message": "appended to SEEN", "handlers": ["app:b"]},
        ],
        root,
    )
    report = confirm(Plan(root=root, handler=handler, engine=Engine.BUILTIN), ['{"id": "{{unique}}"}'], 3, findings)
    assert sorted((each.finding.code, each.finding.line) for each in report.confirmed) == confirmed
    assert report.elsewhere == elsewhere
    assert report.only_seen == ()


def test_a_leak_that_only_another_entry_explains_confirms_its_finding(project: Files) -> None:
    root = project(app=TWO_HANDLERS)
    findings = from_objects(
        [{"code": "LK101", "path": "app.py", "line": 14, "message": "appended to SEEN", "handlers": ["app:route"]}],
        root,
    )
    report = confirm(Plan(root=root, handler="app:b", engine=Engine.BUILTIN), ['{"id": "{{unique}}"}'], 3, findings)
    assert len(report.confirmed) == 1
