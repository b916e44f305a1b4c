"""The examples of every page are analysed: the bad program gives the codes that it names, the good one gives none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from rules.test_catalogue import CHECKED, examples

from leaklint.pipeline.analyse import analyse
from leaklint.pipeline.roots import Project
from leaklint.pipeline.settings import Settings
from leaklint.rules.rule import Rule


def codes_in(folder: Path, program: str, code: str) -> set[str]:
    """The codes that are found in a program that is a project of its own, the given code selected."""
    (folder / "app.py").write_text(program, encoding="utf-8")
    settings = dataclasses.replace(Settings(), extend_select=(code,))
    report = analyse(Project(folder, None, (folder,)), settings)
    return {finding.code for finding in report.findings}


@pytest.mark.parametrize("kind", ["bad", "good"])
@pytest.mark.parametrize("rule", CHECKED)
def test_the_examples_of_a_page_are_what_it_says(rule: Rule, kind: str, tmp_path: Path) -> None:
    expected, program = examples(rule)[kind]
    assert codes_in(tmp_path, program, rule.code) == expected
