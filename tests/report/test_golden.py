"""Every format over one report, compared with what it was when somebody last looked at it.

``UPDATE_GOLDEN=1 python -m pytest tests/report/test_golden.py`` writes the outputs anew; look at the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leaklint.frontends.output import FORMATS, rendered
from leaklint.report import statistics
from leaklint.report.report import Report
from leaklint.report.style import PLAIN, Style

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {"html": "html", "junit": "xml", "markdown": "md", "sarif": "sarif", "json": "json", "gitlab": "json"}


def compare(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_a_format(name: str, sample: Report) -> None:
    compare(f"{name}.{SUFFIXES.get(name, 'txt')}", rendered(name, sample, PLAIN))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_of_nothing(name: str, empty: Report) -> None:
    compare(f"nothing-{name}.{SUFFIXES.get(name, 'txt')}", rendered(name, empty, PLAIN))


def test_text_on_a_terminal(sample: Report) -> None:
    compare("text-on-a-terminal.txt", rendered("text", sample, Style(colours=True, links=True, columns=60)))


def test_statistics(sample: Report) -> None:
    compare("statistics.txt", statistics.render(sample))
