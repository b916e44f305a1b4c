"""Suppressions: which lines a comment counts on, and which comments are told to be useless."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leaklint.ir.facts import FileFacts, Suppression
from leaklint.ir.finding import Finding, Severity
from leaklint.ir.location import NOWHERE, Place, Span
from leaklint.pipeline.suppress import Suppressed, in_comment, suppress

KNOWN = {code: f"name-of-{code}" for code in ("LK101", "LK102", "LK201", "LK501", "LK901", "LK902")}


def finding(line: int, code: str = "LK101", statement: Span = NOWHERE) -> Finding:
    return Finding(code, "name", Severity.ERROR, Place("a.py", Span(line, 5, line, 9)), "message", statement=statement)


def comment(kind: str, line: int, *codes: str) -> Suppression:
    return Suppression(kind, codes, "", Span(line, 20, line, 40))  # type: ignore[arg-type]


def judge(
    findings: list[Finding],
    *comments: Suppression,
    reportable: Callable[[str], bool] = lambda code: code in KNOWN,
    statements: tuple[tuple[int, int], ...] = (),
    strings: tuple[tuple[int, int], ...] = (),
) -> Suppressed:
    facts = FileFacts(suppressions=comments, statements=statements, multiline_strings=strings)
    return suppress("a.py", findings, facts, KNOWN, reportable)


def kept_lines(outcome: Suppressed) -> list[int]:
    return [each.place.span.line for each in outcome.kept]


def complaints(outcome: Suppressed) -> list[str]:
    return [each.message for each in outcome.unused]


class TestLines:
    """Where a comment counts."""

    def test_noqa_counts_on_its_line(self) -> None:
        assert kept_lines(judge([finding(3), finding(4)], comment("noqa", 3))) == [4]

    def test_noqa_counts_on_all_lines_of_a_string(self) -> None:
        assert kept_lines(judge([finding(3), finding(7)], comment("noqa", 5, "LK101"), strings=((3, 5),))) == [7]

    def test_noqa_does_not_count_on_the_closing_line_of_a_call(self) -> None:
        assert kept_lines(judge([finding(3)], comment("noqa", 5, "LK101"), statements=((3, 5),))) == [3]

    def test_ignore_counts_on_all_lines_of_its_statement(self) -> None:
        assert kept_lines(judge([finding(4), finding(6)], comment("ignore", 5, "LK101"), statements=((3, 5),))) == [6]

    def test_ignore_counts_on_the_statement_that_the_finding_names(self) -> None:
        inside = finding(4, statement=Span(3, 1, 5, 2))
        assert kept_lines(judge([inside], comment("ignore", 3, "LK101"))) == []
        assert kept_lines(judge([inside], comment("ignore", 6, "LK101"))) == [4]

    def test_file_counts_everywhere(self) -> None:
        assert kept_lines(judge([finding(1), finding(99), finding(3, "LK201")], comment("file", 50, "LK101"))) == [3]

    def test_disable_counts_up_to_its_enable(self) -> None:
        found = [finding(1), finding(3), finding(5), finding(9), finding(10, "LK201")]
        comments = comment("disable", 2), comment("enable", 4), comment("disable", 8, "LK1")
        assert kept_lines(judge(found, *comments)) == [1, 5, 10]

    def test_enable_switches_on_what_it_names(self) -> None:
        comments = comment("disable", 1, "LK101", "LK201"), comment("enable", 3, "LK101")
        assert kept_lines(judge([finding(2), finding(4), finding(5, "LK201")], *comments)) == [4]


class TestCodes:
    """What a comment means."""

    @pytest.mark.parametrize("code", ["LK101", "LK10", "LK1", "LK"])
    def test_a_prefix_is_enough(self, code: str) -> None:
        outcome = judge([finding(3)], comment("noqa", 3, code))
        assert (outcome.kept, outcome.unused) == ((), ())

    def test_the_codes_of_others_are_left_alone(self) -> None:
        outcome = judge([finding(3)], comment("noqa", 3, "E501", "W1"))
        assert (kept_lines(outcome), complaints(outcome)) == ([3], [])

    def test_what_is_silenced_is_told_with_its_comment(self) -> None:
        (silenced,) = judge([finding(3)], comment("noqa", 3), comment("ignore", 3)).silenced
        assert silenced.by.kind == "ignore"


class TestUnused:
    """LK902."""

    def test_a_comment_that_silences_nothing(self) -> None:
        outcome = judge([], comment("ignore", 3, "LK101"), comment("noqa", 4, "LK1"))
        assert complaints(outcome) == [
            "unused suppression `leaklint: ignore`: nothing to silence here for LK101",
            "unused suppression `noqa`: nothing to silence here for LK1",
        ]
        assert [each.place.span.column for each in outcome.unused] == [20, 20]

    def test_only_the_useless_codes_are_named(self) -> None:
        outcome = judge([finding(3)], comment("noqa", 3, "LK101", "LK102", "LK1O3", "F401"))
        assert complaints(outcome) == [
            "unused suppression `noqa`: nothing to silence here for LK102; unknown code LK1O3; did you mean `LK101`?"
        ]

    def test_a_foreign_code_in_our_own_comment_is_unknown(self) -> None:
        assert complaints(judge([], comment("ignore", 3, "E501"))) == [
            "unused suppression `leaklint: ignore`: unknown code E501; did you mean `LK501`?"
        ]

    def test_the_name_of_a_rule_is_no_code(self) -> None:
        assert complaints(judge([], comment("ignore", 3, "name-of-LK101"))) == [
            "unused suppression `leaklint: ignore`: unknown code name-of-LK101; did you mean `LK101`?"
        ]

    def test_a_bare_noqa_may_be_meant_for_others(self) -> None:
        assert complaints(judge([], comment("noqa", 3))) == []

    def test_a_bare_ignore_is_ours(self) -> None:
        assert complaints(judge([], comment("ignore", 3))) == ["unused suppression `leaklint: ignore` silences nothing"]
        assert complaints(judge([finding(3)], comment("ignore", 3))) == []

    def test_a_bare_comment_for_the_file_may_be_flake8s(self) -> None:
        assert complaints(judge([], comment("file", 3))) == []
        assert complaints(judge([], comment("file", 3, "LK1"))) == [
            "unused suppression `leaklint: ignore-file`: nothing to silence here for LK1"
        ]

    def test_a_comment_in_no_known_form(self) -> None:
        assert complaints(judge([], comment("ignore", 3, "?"))) == [
            "suppression is not understood; write `# leaklint: ignore[LK101] reason`"
        ]

    def test_codes_that_this_run_cannot_report_are_not_judged(self) -> None:
        comments = comment("noqa", 3, "LK101"), comment("ignore", 4), comment("noqa", 5, "LK1")
        assert complaints(judge([], *comments, reportable=lambda code: code != "LK101")) == []

    def test_enable_without_disable(self) -> None:
        assert complaints(judge([], comment("enable", 3, "LK101"))) == [
            "unused suppression `leaklint: enable` has nothing to switch on again"
        ]
        other = judge([finding(2)], comment("disable", 1, "LK101"), comment("enable", 3, "LK102"))
        assert complaints(other) == ["unused suppression `leaklint: enable` has nothing to switch on again"]
        used = judge([finding(2)], comment("disable", 1, "LK1"), comment("enable", 3, "LK101"))
        assert complaints(used) == []

    def test_it_can_be_silenced_by_name(self) -> None:
        outcome = judge([], comment("ignore", 3, "LK101", "LK902"))
        assert complaints(outcome) == []
        assert [each.finding.code for each in outcome.silenced] == ["LK902"]

    def test_it_does_not_silence_itself(self) -> None:
        assert len(judge([], comment("disable", 3)).unused) == 1

    def test_flake8_lets_a_noqa_silence_what_is_said_of_it(self) -> None:
        assert judge([], comment("noqa", 3, "LK101", "LK9")).unused == ()

    def test_a_noqa_in_a_string_is_not_judged(self) -> None:
        source = b'x = "write # noqa: LK101"\ny = 2              # noqa: LK101\n'
        facts = FileFacts(suppressions=(comment("noqa", 1, "LK101"), comment("noqa", 2, "LK101")))
        outcome = suppress("a.py", [], facts, KNOWN, lambda code: True, in_comment(source))
        assert [each.place.span.line for each in outcome.unused] == [2]

    def test_another_comment_silences_it(self) -> None:
        outcome = judge([], comment("ignore", 3, "LK101"), comment("noqa", 3))
        assert outcome.unused == ()
