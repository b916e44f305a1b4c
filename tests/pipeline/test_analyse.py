"""The way from a folder to a report, around the analysis proper, which is replaced by a list of findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from leaklint.ir.facts import FileFacts, Suppression
from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place, Span
from leaklint.pipeline import analyse as module
from leaklint.pipeline import troubles
from leaklint.pipeline.analyse import Input, Output, analyse
from leaklint.pipeline.roots import find_projects
from leaklint.pipeline.run import Request, run
from leaklint.pipeline.settings import Settings
from leaklint.report.report import Report


def finding(path: str, line: int = 1, code: str = "LK101", severity: Severity = Severity.ERROR) -> Finding:
    place = Place(path, Span(line, 1, line, 2))
    return Finding(code, "name", severity, place, "message", trace=(Step(StepKind.LEAK, place),))


HANDLER = Handler(
    "app.py", "handler", "app", Platform.AWS_LAMBDA, Source.GUESS, "why", Place("app.py", Span(1, 1, 1, 2))
)

Fake = Callable[..., list[Input]]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Makes the analysis proper give what a test says; what it was given is noted."""

    def install(
        *findings: Finding, handlers: tuple[Handler, ...] = (HANDLER,), facts: Mapping[str, FileFacts] | None = None
    ) -> list[Input]:
        seen: list[Input] = []

        def findings_of(given: Input) -> Output:
            seen.append(given)
            return Output(findings, handlers, ("a note",), lambda path: (facts or {}).get(path, FileFacts()))

        monkeypatch.setattr(module, "_findings", findings_of)
        return seen

    return install


def analysed(root: Path, *given: str, overlay: dict[str, bytes] | None = None, **settings: Any) -> Report:
    (root / "leaklint.toml").touch()
    (project,) = find_projects([str(root / each) for each in given] or [str(root)], root)
    return analyse(project, Settings(**settings), overlay)


def rows(report: Report) -> list[tuple[str, int, str]]:
    return [(each.place.path, each.place.span.line, each.code) for each in report.findings]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three files, each with two lines."""
    for name in ("app.py", "lib/store.py", "lib/log.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("one = 1\ntwo = 2\n")
    return tmp_path


def test_findings_are_sorted(project: Path, fake: Fake) -> None:
    fake(finding("lib/store.py", 2), finding("lib/store.py", 1, "LK201"), finding("lib/store.py", 1), finding("app.py"))
    assert rows(analysed(project)) == [
        ("app.py", 1, "LK101"),
        ("lib/store.py", 1, "LK101"),
        ("lib/store.py", 1, "LK201"),
        ("lib/store.py", 2, "LK101"),
    ]


def test_everything_is_read_and_what_was_given_is_reported(project: Path, fake: Fake) -> None:
    seen = fake(finding("lib/store.py"), finding("app.py"), finding("library.py"))
    assert rows(analysed(project, "lib")) == [("lib/store.py", 1, "LK101")]
    assert sorted(seen[0].sources) == ["app.py", "lib/log.py", "lib/store.py"]


def test_a_complaint_about_the_settings_is_always_reported(project: Path, fake: Fake) -> None:
    fake(finding("leaklint.toml", code="LK903"))
    assert rows(analysed(project, "lib")) == [("leaklint.toml", 1, "LK903")]


def test_libraries_are_read_and_never_reported(project: Path, fake: Fake) -> None:
    (project / "requests").mkdir()
    (project / "requests/api.py").write_text("x = 1  # noqa: LK101\n")
    (project / "requests-1.dist-info").mkdir()
    (project / "requests-1.dist-info/RECORD").write_text("requests/api.py,,\n")
    (seen,) = [fake(finding("requests/api.py"))]
    assert rows(analysed(project)) == []
    assert seen[0].libraries == {"requests/api.py"}


def test_codes_that_are_not_selected_are_dropped(project: Path, fake: Fake) -> None:
    fake(finding("app.py"), finding("app.py", code="LK201"), finding("lib/log.py"))
    assert rows(analysed(project, select=("LK1",), per_file_ignores=(("lib/", ("LK101",)),))) == [
        ("app.py", 1, "LK101")
    ]


def test_advice_is_hidden_unless_asked_for(project: Path, fake: Fake) -> None:
    fake(finding("app.py", severity=Severity.INFO), finding("app.py", 2))
    report = analysed(project)
    assert (rows(report), report.hidden) == ([("app.py", 2, "LK101")], 1)
    assert len(analysed(project, min_severity="info").findings) == 2


def test_settings_change_severities(project: Path, fake: Fake) -> None:
    fake(finding("app.py"))
    assert analysed(project, severity=(("LK1", Severity.WARNING),)).findings[0].severity is Severity.WARNING
    assert analysed(project, severity=(("LK1", Severity.INFO),)).findings == ()


def with_comment(kind: str, line: int, *codes: str) -> FileFacts:
    return FileFacts(suppressions=(Suppression(kind, codes, "why", Span(line, 10, line, 31)),))  # type: ignore[arg-type]


def test_suppressions_are_applied_and_kept(project: Path, fake: Fake) -> None:
    (project / "app.py").write_text("one = 1  # noqa: LK101\n")
    fake(finding("app.py"), facts={"app.py": with_comment("noqa", 1, "LK101")})
    report = analysed(project)
    assert report.findings == ()
    assert [each.by.reason for each in report.silenced] == ["why"]


def test_an_unused_suppression_is_a_finding(project: Path, fake: Fake) -> None:
    (project / "app.py").write_text("one = 1  # noqa: LK101\n")
    facts = {"app.py": with_comment("noqa", 1, "LK101")}
    fake(facts=facts)
    assert rows(analysed(project)) == [("app.py", 1, "LK902")]
    assert rows(analysed(project, select=("LK2",))) == []
    assert rows(analysed(project, select=("LK1", "LK902"))) == [("app.py", 1, "LK902")]
    assert rows(analysed(project, "lib")) == []
    assert rows(analysed(project, per_file_ignores=(("app.py", ("LK101",)),))) == []


def test_without_a_handler_only_codes_of_any_scope_are_judged(project: Path, fake: Fake) -> None:
    (project / "app.py").write_text("one = 1  # noqa: LK101\ntwo = 2  # noqa: LK201\n")
    comments = with_comment("noqa", 1, "LK101").suppressions + with_comment("noqa", 2, "LK201").suppressions
    fake(handlers=(), facts={"app.py": FileFacts(suppressions=comments)})
    assert rows(analysed(project)) == [("app.py", 2, "LK902")]


def test_a_file_that_cannot_be_read_is_a_finding(project: Path, fake: Fake) -> None:
    os.mkfifo(project / "pipe.py")
    (project / "gone.py").symlink_to("nowhere.py")
    (project / "deploy.sh").symlink_to("nowhere.sh")
    seen = fake()
    report = analysed(project)
    assert [(each.place.path, each.message) for each in report.findings] == [
        ("gone.py", "not analysed: it is a link that leads nowhere"),
        ("pipe.py", "not analysed: it is not a regular file"),
    ]
    assert set(seen[0].sources) == {"app.py", "lib/log.py", "lib/store.py"}


def test_a_file_that_may_not_be_read_is_a_finding(project: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    fake()
    monkeypatch.setattr(troubles, "_content", refuse)
    assert {each.message for each in analysed(project).findings} == {"not analysed: permission denied"}


def test_unsaved_text_stands_in_for_a_file(project: Path, fake: Fake) -> None:
    seen = fake(finding("app.py", 3))
    report = analysed(project, overlay={str(project / "app.py"): b"\n\nnew = 3\n"})
    assert seen[0].sources["app.py"] == b"\n\nnew = 3\n"
    assert report.line(report.findings[0].place) == "new = 3"


def test_lines_are_those_of_python(project: Path, fake: Fake) -> None:
    (project / "app.py").write_bytes(b"\xef\xbb\xbfa = 1\r\nb = '\x0c'\rc = '\xe2\x80\xa8'\nd = 4")
    fake(finding("app.py", 4))
    assert analysed(project).sources["app.py"] == ("a = 1", "b = '\x0c'", "c = '\u2028'", "d = 4")


def test_the_source_of_a_file_that_is_no_text_is_shown_as_far_as_it_goes(project: Path, fake: Fake) -> None:
    (project / "app.py").write_bytes(b"a = '\xff'\n")
    fake(finding("app.py"))
    assert analysed(project).sources["app.py"] == ("a = '\ufffd'", "")


class TestRun:
    """Several projects in one run."""

    def test_paths_are_relative_to_the_working_folder(self, project: Path, fake: Fake) -> None:
        (project / "leaklint.toml").touch()
        fake(finding("app.py"), finding("lib/store.py"))
        report = run(Request([".."], project / "lib"))
        assert [each.place.path for each in report.findings] == ["../app.py", "store.py"]
        assert [each.trace[0].place.path for each in report.findings] == ["../app.py", "store.py"]
        assert set(report.sources) == {"../app.py", "store.py"}
        assert report.handlers[0].path == "../app.py"

    def test_a_project_within_another_has_its_own_settings(self, project: Path, fake: Fake) -> None:
        (project / "leaklint.toml").touch()
        (project / "lib/leaklint.toml").write_text('select = ["LK2"]\n')
        fake(finding("app.py"), finding("store.py"), finding("store.py", code="LK201"))
        report = run(Request(["."], project))
        assert [(each.place.path, each.code) for each in report.findings] == [
            ("app.py", "LK101"),
            ("lib/store.py", "LK201"),
            ("store.py", "LK101"),
            ("store.py", "LK201"),
        ]
        assert report.files == 3
        assert report.notes == ("a note",)

    def test_only_the_inner_project_is_analysed_for_paths_within(self, project: Path, fake: Fake) -> None:
        (project / "leaklint.toml").touch()
        (project / "lib/leaklint.toml").touch()
        seen = fake()
        run(Request(["lib/log.py"], project))
        assert [each.root for each in seen] == [project / "lib"]

    def test_new_unsaved_files_need_not_exist(self, project: Path, fake: Fake) -> None:
        seen = fake()
        run(Request(["new.py"], project, overlay={str(project / "new.py"): b"x = 1\n"}))
        assert seen[0].sources["new.py"] == b"x = 1\n"
