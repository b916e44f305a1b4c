"""Over every fixture, flake8 reports what the command reports: the same places, codes and messages."""

import re
import shutil
from pathlib import Path

import pytest
from flake8.main.application import Application
from sampling import sample

from leaklint.pipeline.run import Request, run
from leaklint.report.concise import render

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path for path in FIXTURES.glob("*/*") if path.is_dir())
MARK = re.compile(r"(?<=: LK\d{3} )\[(unsafe )?fix\] ")
"""flake8 mends nothing, so that its messages say nothing of fixes."""
COMMAND_ONLY = re.compile(r": LK90[13] |^\S+\.(ya?ml|json|tf):")
"""What is wrong with a run as a whole, and what stands in the code within a template: flake8 opens no template."""


@pytest.mark.parametrize("case", sample(CASES, 100), ids=lambda case: f"{case.parent.name}-{case.name}")
def test_same_through_both_doors(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = shutil.copytree(case, tmp_path / "case", ignore=shutil.ignore_patterns("*.fixed.py"))
    monkeypatch.chdir(folder)
    report = run(Request(["."], folder))
    flake8 = Application()
    flake8.run(["--isolated", "-j1", "--select", "LK", "--exclude", "none", "."])
    shown = capsysbinary.readouterr().out.decode().replace("./", "", 1).replace("\n./", "\n")
    lines = [MARK.sub("", line) for line in render(report).splitlines()]
    wanted = [line for line in lines if not COMMAND_ONLY.search(line)]
    assert sorted(shown.splitlines()) == sorted(wanted)
