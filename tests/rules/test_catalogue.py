"""The catalogue: every code of the contract has a page, and the pages, their examples and the document agree."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from leaklint import rules
from leaklint.pipeline.rule_names import rule_names
from leaklint.rules.catalogue import FAMILIES, catalogue, markdown
from leaklint.rules.rule import Rule

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"": DOCS / "rules.md"} | {family: DOCS / "rules" / f"{family.lower()}.md" for family in FAMILIES}
COMMAND = "make pages"

CONTRACT = {
    "LK101": ("module-state-mutated", "handler"),
    "LK102": ("module-state-rebound", "handler"),
    "LK103": ("class-state-mutated", "handler"),
    "LK104": ("default-argument-mutated", "handler"),
    "LK105": ("request-data-cached", "handler"),
    "LK106": ("import-time-snapshot", "handler"),
    "LK107": ("shared-resource-closed", "handler"),
    "LK108": ("process-state-changed", "handler"),
    "LK109": ("shared-iterator-consumed", "handler"),
    "LK110": ("temporary-file-left", "handler"),
    "LK111": ("library-context-kept", "handler"),
    "LK201": ("coroutine-not-awaited", "any"),
    "LK202": ("task-dropped", "any"),
    "LK203": ("task-not-awaited", "handler"),
    "LK204": ("thread-not-joined", "handler"),
    "LK205": ("timer-not-finished", "handler"),
    "LK206": ("future-not-resolved", "handler"),
    "LK207": ("process-not-waited", "handler"),
    "LK208": ("siblings-left-running", "handler"),
    "LK209": ("async-handler", "handler"),
    "LK210": ("loop-bound-state", "handler"),
    "LK211": ("buffer-not-flushed", "handler"),
    "LK301": ("done-callback", "handler"),
    "LK302": ("callback-api", "handler"),
    "LK303": ("callback-parameter", "handler"),
    "LK401": ("contextvar-not-reset", "handler"),
    "LK402": ("contextvar-mutable-default", "any"),
    "LK403": ("context-lost", "handler"),
    "LK404": ("thread-local-context", "handler"),
    "LK405": ("contextvar-in-function", "any"),
    "LK406": ("contextvar-unset-read", "handler"),
    "LK501": ("async-without-await", "any"),
    "LK901": ("file-not-analysed", "any"),
    "LK902": ("unused-suppression", "any"),
    "LK903": ("handler-not-found", "any"),
}
"""Codes, names and scopes are public: people write them in comments and settings."""

OF_THE_TOOL = {"LK901", "LK902", "LK903"}
FENCE = re.compile(r"^```python (bad|good)((?: LK\d{3})*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RULES = [pytest.param(each, id=code) for code, each in catalogue().items()]
CHECKED = [pytest.param(each, id=code) for code, each in catalogue().items() if code not in OF_THE_TOOL]


def examples(rule: Rule) -> dict[str, tuple[set[str], str]]:
    """The bad and the good program of a page, each with the codes that it says are found in it."""
    return {
        kind: (set(beside.split()) | ({rule.code} if kind == "bad" else set()), program)
        for kind, beside, program in FENCE.findall(rule.document)
    }


def test_every_code_of_the_contract_has_a_page_and_no_other() -> None:
    assert {code: (each.name, each.scope) for code, each in catalogue().items()} == CONTRACT
    assert list(catalogue()) == sorted(CONTRACT)


def test_the_name_of_the_file_is_the_name_of_the_rule() -> None:
    files = {path.stem for path in Path(rules.__path__[0]).glob("lk*.py")}
    assert files == {f"{code.lower()}_{name.replace('-', '_')}" for code, (name, _) in CONTRACT.items()}


def test_only_codes_of_the_tool_itself_have_no_check() -> None:
    assert {code for code, each in catalogue().items() if each.check is None} == OF_THE_TOOL
    assert {code for code, each in catalogue().items() if not each.on} == OF_THE_TOOL


def test_only_one_code_is_off_unless_selected() -> None:
    assert [code for code, each in catalogue().items() if each.optional] == ["LK501"]


@pytest.mark.parametrize("rule", RULES)
def test_a_page_has_all_its_parts(rule: Rule) -> None:
    lines = rule.document.splitlines()
    assert rule.summary.endswith(".")
    assert len(rule.summary) <= 120
    assert lines[1] == ""
    assert "**Silent**" in lines
    assert "**Fix**" in lines
    assert lines.index("**Silent**") < lines.index("**Fix**") < len(lines) - 1
    assert rule.page == f"# {rule.code} {rule.name}\n\n{rule.document}\n"
    assert rule.document.count("```") % 2 == 0


@pytest.mark.parametrize("rule", CHECKED)
def test_a_page_says_how_severe_it_is(rule: Rule) -> None:
    assert re.search(r"^\*\*Severity\*\*: `(error|warning)`", rule.document, re.MULTILINE)


@pytest.mark.parametrize("rule", CHECKED)
def test_the_examples_of_a_page_are_programs_with_a_handler(rule: Rule) -> None:
    programs = examples(rule)
    assert list(programs) == ["bad", "good"]
    for _, program in programs.values():
        compile(program, rule.name, "exec")
        assert re.search(r"^(async )?def (lambda_)?handler\(event, context\):$", program, re.MULTILINE)


@pytest.mark.parametrize("family", PAGES)
def test_the_pages_are_up_to_date(family: str) -> None:
    page, generated = PAGES[family], markdown(family)
    assert COMMAND in generated
    written = page.read_text(encoding="utf-8").splitlines()
    difference = list(difflib.unified_diff(written, generated.splitlines(), page.name, "generated", lineterm=""))
    assert not difference, "\n".join([f"run: {COMMAND}", *difference])


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_row_on_both_pages_and_an_anchor_on_that_of_its_family(rule: Rule) -> None:
    family, anchor = rule.code[:3], rule.code.lower()
    page = markdown(family)
    assert page.count(f'<a id="{anchor}"></a>') == 1
    assert f"| [{rule.code}](#{anchor}) | {rule.name} | {rule.summary} |" in page
    assert rule.document in page
    assert f"| [{rule.code}](rules/{family.lower()}.md#{anchor}) | {rule.name} | {rule.summary} |" in markdown()


def test_names_of_files_are_names_of_rules() -> None:
    assert dict(rule_names()) == {code: rule.name for code, rule in catalogue().items()}
    assert list(rule_names()) == list(catalogue())
