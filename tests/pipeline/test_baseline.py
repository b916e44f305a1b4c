"""The baseline: known findings are accepted by number, whatever their lines, and those that are gone are forgotten."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from leaklint.ir.facts import FileFacts
from leaklint.ir.finding import Finding, Severity
from leaklint.ir.location import Place, Span
from leaklint.pipeline import analyse as module
from leaklint.pipeline.analyse import Input, Output
from leaklint.pipeline.baseline import Baseline, read_baseline, write_baseline
from leaklint.pipeline.run import BaselineUse, Request, run
from leaklint.pipeline.wrong_use import WrongUse
from leaklint.report.report import Report


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which every line with the word ``leak`` is a finding."""

    def findings(given: Input) -> Output:
        found = [
            Finding("LK101", "n", Severity.ERROR, Place(path, Span(number, 1, number, 5)), "message")
            for path, source in given.sources.items()
            for number, line in enumerate(source.decode().split("\n"), 1)
            if "leak" in line
        ]
        return Output(tuple(found), (), (), lambda _: FileFacts())

    monkeypatch.setattr(module, "_findings", findings)
    (tmp_path / "leaklint.toml").write_text('baseline = "known.json"\n')
    (tmp_path / "lib").mkdir()
    (tmp_path / "app.py").write_text("leak(1)\nleak(2)\n")
    (tmp_path / "lib/log.py").write_text("  leak(1)\n")
    return tmp_path


def ran(project: Path, use: BaselineUse = "shorten", *paths: str, **given: object) -> Report:
    return run(Request(paths or (".",), project, given, baseline=use))


def lines(report: Report) -> list[tuple[str, int]]:
    return [(each.place.path, each.place.span.line) for each in report.findings]


def test_it_accepts_what_it_was_made_of(project: Path) -> None:
    made = ran(project, "renew")
    assert (made.findings, made.notes) == ((), ("baseline known.json went up by 3: 3 accepted",))
    again = ran(project)
    assert (again.findings, again.accepted, again.notes) == ((), 3, ())


def test_it_holds_no_line_numbers(project: Path) -> None:
    ran(project, "renew")
    (project / "app.py").write_text("\n\n   leak(2)\nother\nleak(1)\n")
    assert ran(project).findings == ()
    content = json.loads((project / "known.json").read_text())
    assert content["findings"] == {
        "app.py": [{"code": "LK101", "source": "leak(1)"}, {"code": "LK101", "source": "leak(2)"}],
        "lib/log.py": [{"code": "LK101", "source": "leak(1)"}],
    }


def test_one_more_of_the_same_is_new(project: Path) -> None:
    ran(project, "renew")
    (project / "app.py").write_text("leak(1)\nleak(2)\nleak(1)\n")
    report = ran(project)
    assert (lines(report), report.accepted) == ([("app.py", 3)], 3)


def test_it_shrinks_by_itself_and_says_by_how_much(project: Path) -> None:
    (project / "app.py").write_text("leak(1)\nleak(1)\nleak(2)\n")
    ran(project, "renew")
    (project / "app.py").write_text("leak(1)\n")
    assert ran(project).notes == ("baseline known.json went down by 2: 2 accepted",)
    (project / "app.py").write_text("leak(1)\nleak(2)\n")
    assert lines(ran(project)) == [("app.py", 2)]


def test_it_stays_as_it_is_where_the_run_cannot_tell(project: Path) -> None:
    ran(project, "renew")
    before = (project / "known.json").read_bytes()
    (project / "app.py").write_text("")
    assert ran(project, "shorten", "lib").notes == ()
    assert ran(project, "shorten", select=["LK2"]).notes == ()
    assert ran(project, "read").notes == ()
    (project / "app.py").unlink()
    (project / "app.py").symlink_to("nowhere")
    assert [each.code for each in ran(project).findings] == ["LK901"]
    assert (project / "known.json").read_bytes() == before
    (project / "app.py").unlink()
    assert ran(project).notes == ("baseline known.json went down by 2: 1 accepted",)


def test_a_part_of_the_project_can_be_renewed(project: Path) -> None:
    ran(project, "renew")
    (project / "app.py").write_text("leak(3)\n")
    (project / "lib/log.py").write_text("leak(4)\n")
    assert ran(project, "renew", "lib").notes == ("baseline known.json changed: 3 accepted",)
    assert lines(ran(project)) == [("app.py", 1)]


def test_an_empty_baseline_is_written(project: Path) -> None:
    (project / "app.py").write_text("")
    (project / "lib/log.py").write_text("")
    ran(project, "renew")
    assert read_baseline(project / "known.json", "known.json").total == 0


def test_projects_share_a_baseline(project: Path) -> None:
    (project / "lib/leaklint.toml").write_text('baseline = "../known.json"\n')
    ran(project, "renew")
    assert read_baseline(project / "known.json", "").total == 3
    assert ran(project).findings == ()
    (project / "app.py").write_text("")
    assert ran(project).notes == ("baseline known.json went down by 2: 1 accepted",)


def test_the_file_has_to_be_named(project: Path) -> None:
    (project / "leaklint.toml").write_text("")
    with pytest.raises(WrongUse, match="name the file with --baseline FILE"):
        ran(project, "renew")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file `known.json`; `leaklint --update-baseline` makes it"),
        ("{", "known.json:1:2: not valid JSON: Expecting property name enclosed in double quotes"),
        (
            "[]",
            "known.json: not a baseline of this version of leaklint; mend it, or delete it and let "
            "`leaklint --update-baseline` make it anew",
        ),
        ('{"version": 2, "findings": {}}', "known.json: not a baseline of this version of leaklint"),
        ('{"version": 1, "findings": {"a": [1]}}', "known.json: not a baseline of this version of leaklint"),
        ("[" * 100_000, "known.json: not a baseline: it is not JSON text"),
    ],
)
def test_what_is_no_baseline_is_wrong_use(project: Path, content: str | None, message: str) -> None:
    if content is not None:
        (project / "known.json").write_text(content)
    with pytest.raises(WrongUse) as caught:
        ran(project)
    assert message in str(caught.value)


def test_odd_text_comes_back(tmp_path: Path) -> None:
    counts = Counter({("ü\udcff.py", "LK101", 'x["\\"] = \u2028'): 2})
    write_baseline(Baseline(tmp_path / "b.json", counts))
    assert read_baseline(tmp_path / "b.json", "").counts == counts
