"""The dispatcher: scopes, merging, order and traces are the same for all rules."""

from __future__ import annotations

import itertools

from rules.built import AWS, EVENT, SITE, findings, handler, mutation, opened, reached, rebinding

from leaklint.ir.effects import AnyEffect, Cached, Close, Create, Declare, Defer, Lifetime, Read, Site, Subject, Work
from leaklint.ir.finding import Step, StepKind
from leaklint.ir.handler import Platform, Source
from leaklint.ir.location import Place, Span
from leaklint.ir.reached import Reached
from leaklint.rules.check import check

FIRST = handler(name="first")
SECOND = handler(name="second")
PUBLIC = handler(name="public", source=Source.PUBLIC)


def test_handlers_of_one_expression_are_merged() -> None:
    effect = mutation(request=EVENT)
    (finding,) = check([reached(effect, SECOND), reached(effect, FIRST), reached(effect, SECOND)])
    assert finding.handlers == ("app:first", "app:second")


def test_the_worst_one_speaks_in_any_order() -> None:
    mild, bad = reached(mutation(), FIRST), reached(mutation(request=EVENT), SECOND)
    info = reached(mutation(request=EVENT, overwritten_first=True), AWS)
    for order in itertools.permutations([mild, bad, info]):
        (finding,) = check(order)
        assert finding.severity.label == "error"
        assert finding.message.startswith("request data")
        assert finding.handlers == ("app:first", "app:handler", "app:second")


def test_a_habit_of_one_handler_does_not_hide_the_leak_of_another() -> None:
    (finding,) = check([reached(mutation(reset_before=True), FIRST), reached(mutation(), SECOND)])
    assert finding.handlers == ("app:second",)


def test_findings_are_sorted_by_place_and_code() -> None:
    def at(path: str, line: int) -> Site:
        return Site(path, "f", Span(line, 1, line, 9))

    effects = [
        opened(Work.THREAD, site=at("b.py", 3)),
        opened(Work.TIMER, site=at("a.py", 30)),
        opened(Work.THREAD, site=at("a.py", 30)),
        opened(Work.THREAD, site=at("a.py", 4)),
    ]
    expected = [("a.py", 4, "LK204"), ("a.py", 30, "LK204"), ("a.py", 30, "LK205"), ("b.py", 3, "LK204")]
    for order in itertools.permutations(effects):
        found = check(reached(effect) for effect in order)
        assert [(each.place.path, each.place.span.line, each.code) for each in found] == expected


def test_without_a_handler_only_rules_of_any_scope_speak() -> None:
    effects: list[AnyEffect] = [
        mutation(request=EVENT),
        rebinding(request=EVENT),
        *(opened(work, held=True) for work in Work),
        opened(Work.TASK),
        Create(site=SITE, what="mutable-default"),
        Create(site=SITE, what="in-function"),
        Read(site=SITE, origin="unset"),
        Close(site=SITE),
        Cached(site=SITE, request=EVENT),
        Defer(site=SITE, api="callback-api"),
        Declare(site=SITE, what="async-handler"),
        Declare(site=SITE, what="async-without-await"),
    ]
    found = check(Reached(effect) for effect in effects)
    assert [each.code for each in found] == ["LK201", "LK202", "LK402", "LK405", "LK501"]
    assert {each.handlers for each in found} == {()}


def test_public_entries_leave_off_what_depends_on_the_caller() -> None:
    shared = Subject(Lifetime.MODULE, "CONNECTION")
    off = [
        Read(site=SITE, origin="snapshot", row="uuid.uuid4"),
        Close(site=SITE, subject=shared),
        mutation(request=EVENT, subject=Subject(Lifetime.PROCESS, "os.environ")),
        opened(Work.TASK, held=True),
        *map(opened, (Work.THREAD, Work.TIMER, Work.FUTURE, Work.PROCESS, Work.BUFFER, Work.TOKEN)),
        *(Defer(site=SITE, api=api) for api in ("done-callback", "callback-api", "parameter", "context")),
        Read(site=SITE, origin="unset"),
    ]
    assert check(reached(effect, PUBLIC) for effect in off) == []
    codes = ["106", "107", "108", "203", "204", "205", "206", "207", "211", "301", "302", "303", "401", "403", "406"]
    found = check(reached(effect, PUBLIC, AWS) for effect in off)
    assert [each.code for each in found] == [f"LK{code}" for code in codes]
    assert {each.handlers for each in found} == {("app:handler",)}


def test_public_entries_have_what_does_not_depend_on_the_caller() -> None:
    (finding,) = findings(mutation(request=EVENT), PUBLIC)
    assert finding.handlers == ("app:public",)


def test_place_trace_and_statement() -> None:
    way = (
        Step(StepKind.HANDLER, Place("app.py", Span(4, 1, 6, 1)), "handler"),
        Step(StepKind.CALL, Place("app.py", Span(5, 5, 5, 9)), "handler calls log.write"),
    )
    defined = Place("log.py", Span(1, 1, 1, 10))
    site = Site("log.py", "write", Span(5, 5, 5, 22))
    effect = mutation(site=site, request=EVENT, subject=Subject(Lifetime.MODULE, "SEEN", "list", defined))
    statement = Span(5, 1, 6, 2)
    (finding,) = check([Reached(effect, way, (AWS,), statement)])
    assert finding.place == Place("log.py", site.span)
    assert finding.statement == statement
    assert finding.trace[:2] == way
    assert finding.trace[2] == Step(StepKind.LEAK, finding.place)
    assert finding.trace[3] == Step(StepKind.DEFINED, defined, "SEEN is defined here")


def test_a_trace_that_is_complete_is_left_alone() -> None:
    place = Place("app.py", SITE.span)
    way = (Step(StepKind.LEAK, place, "SEEN.append"), Step(StepKind.DEFINED, place, "here"))
    effect = mutation(subject=Subject(Lifetime.MODULE, "SEEN", "list", place))
    (finding,) = check([Reached(effect, way, (AWS,))])
    assert finding.trace == way
    assert finding.statement == SITE.span


def test_every_finding_has_all_its_texts() -> None:
    platforms = [handler(each, name=each.value) for each in Platform]
    effects = [opened(work) for work in Work if work is not Work.SIBLINGS]
    for effect, where in itertools.product([*effects, mutation(), rebinding(request=EVENT)], platforms):
        for finding in findings(effect, where):
            for text in (finding.message, finding.observed, finding.cure):
                assert text
                assert text == text.strip(" .")
                assert "\n" not in text
                assert "  " not in text
