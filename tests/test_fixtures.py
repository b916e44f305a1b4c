"""Every fixture is analysed as a project, and its notes are compared with the findings: no note means silence."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pytest
from notes import Note, notes_of, notes_of_line

from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.location import Place, Span
from leaklint.pipeline.analyse import analyse
from leaklint.pipeline.roots import Project, settings_in
from leaklint.pipeline.rule_names import rule_names
from leaklint.pipeline.settings import Settings, read_settings

FIXTURES = Path(__file__).parent / "fixtures"
CASES = sorted(path for path in FIXTURES.glob("*/*") if path.is_dir())
STEP_WORDS = {StepKind.HANDLER: "from", StepKind.CALL: "via", StepKind.DEFINED: "defined"}


def findings_of(folder: Path) -> list[Finding]:
    """What the API finds in a project, advice included."""
    project = Project(folder, settings_in(folder, folder), (folder,))
    settings = (
        read_settings(project.config, project.config.name, rule_names()).settings if project.config else Settings()
    )
    twins = (*settings.extend_exclude, "*.fixed.py")
    return list(analyse(project, dataclasses.replace(settings, min_severity="info", extend_exclude=twins)).findings)


def described(finding: Finding) -> str:
    place = finding.place
    return f"{place.path}:{place.span.line}: {finding.code} {finding.severity.label} {finding.message!r}"


def fits(note: Note, finding: Finding) -> bool:
    """Whether a finding is what a note says."""
    return note.severity in ("any", finding.severity.label) and (
        note.kind != "expected" or note.text in f"{finding.message} {finding.observed}"
    )


def steps_of(findings: Iterable[Finding], code: str) -> set[tuple[str, int, str]]:
    return {
        (step.place.path, step.place.span.line, STEP_WORDS[step.kind])
        for finding in findings
        if finding.code == code
        for step in finding.trace
        if step.kind in STEP_WORDS
    }


def disagreements(notes: Sequence[Note], findings: Sequence[Finding]) -> list[str]:
    """One line for everything on which notes and findings differ."""
    problems = []
    left = list(findings)
    for note in sorted((note for note in notes if note.kind != "step"), key=lambda note: note.kind != "expected"):
        here = [f for f in left if (f.place.path, f.place.span.line) == (note.path, note.line) and f.code in note.codes]
        fitting = [finding for finding in here if fits(note, finding)]
        near = here if note.kind == "expected" else []
        chosen = next(iter(fitting + near), None)
        where = f"{note.path}:{note.line}: {note.code} {note.severity}"
        if note.kind == "expected" and chosen is None:
            problems.append(f"{where} {note.text!r} is not found")
        elif note.kind == "expected" and chosen is not None and not fits(note, chosen):
            problems.append(f"{where} {note.text!r} is noted, found is {described(chosen)}")
        elif note.kind == "missed" and chosen is not None:
            problems.append(f"{where} is noted as missed ({note.text}) and is found now")
        elif note.kind == "false alarm" and chosen is None:
            problems.append(f"{where} is noted as a false alarm ({note.text}) and is gone now")
        if chosen is not None:
            left.remove(chosen)
    problems += [f"{described(finding)} is found and not noted" for finding in left]
    for code in sorted({note.code for note in notes if note.kind == "step"}):
        noted = {(note.path, note.line, note.text) for note in notes if note.kind == "step" and note.code == code}
        found = steps_of(findings, code)
        problems += [
            f"{p}:{n}: {code} {word} is noted and no step of the trace" for p, n, word in sorted(noted - found)
        ]
        problems += [
            f"{p}:{n}: {code} {word} is a step of the trace and not noted" for p, n, word in sorted(found - noted)
        ]
    return problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.relative_to(FIXTURES).as_posix())
def test_findings_are_what_the_notes_say(case: Path) -> None:
    rules = set(rule_names())
    assert not disagreements([note for note in notes_of(case) if rules & set(note.codes)], findings_of(case))


def test_there_are_enough_cases() -> None:
    folders = Counter(case.parent.name for case in CASES)
    files = {case: [p for p in case.rglob("*") if p.is_file() and not p.name.endswith(".fixed.py")] for case in CASES}
    several = [case for case in CASES if len([p for p in files[case] if p.stat().st_size]) > 1]
    assert len(CASES) >= 80
    assert len(several) >= 1000, "what leads through several files is a case of its own"
    few = [folder for folder, count in folders.items() if count < 3]
    assert not few, f"give them three cases at least, silent ones too: {few}"


def finding(
    code: str, line: int, severity: Severity, message: str = "request data is kept", path: str = "app.py"
) -> Finding:
    return Finding(code, "name", severity, Place(path, Span(line, 1, line, 2)), message)


@pytest.mark.parametrize(
    ("comment", "found", "problem"),
    [
        ('# LK101 error "request data"', [finding("LK101", 3, Severity.ERROR)], ""),
        ("# LK101 any", [finding("LK101", 3, Severity.WARNING)], ""),
        ("# LK101|LK102 error", [finding("LK102", 3, Severity.ERROR)], ""),
        ("# LK101 error", [], "is not found"),
        ("# LK101 error", [finding("LK101", 3, Severity.WARNING)], "found is"),
        ('# LK101 error "counter"', [finding("LK101", 3, Severity.ERROR)], "found is"),
        ("# LK101 error", [finding("LK101", 4, Severity.ERROR)], "is not found"),
        ("# LK101 error", [finding("LK101", 3, Severity.ERROR), finding("LK101", 3, Severity.ERROR)], "not noted"),
        ("# nothing", [finding("LK101", 3, Severity.INFO)], "not noted"),
        ("# missed LK101 error: reason", [], ""),
        ("# missed LK101 error: reason", [finding("LK101", 3, Severity.ERROR)], "is found now"),
        ("# false alarm LK101 error: reason", [finding("LK101", 3, Severity.ERROR)], ""),
        ("# false alarm LK101 error: reason", [], "is gone now"),
        ("# either LK101 info: reason", [], ""),
        ("# either LK101 info: reason", [finding("LK101", 3, Severity.INFO)], ""),
        ("# either LK101 info: reason", [finding("LK101", 3, Severity.ERROR)], "not noted"),
        ("# missed LK101 warning: a # false alarm LK101 error: b", [finding("LK101", 3, Severity.ERROR)], ""),
        ("# LK101 error # either LK101 error: reason", [finding("LK101", 3, Severity.ERROR)], ""),
        ("# LK101 from", [], "is noted and no step"),
    ],
)
def test_notes_are_compared_with_findings(comment: str, found: list[Finding], problem: str) -> None:
    problems = disagreements(sorted(notes_of_line(comment, "app.py", 3)), found)
    assert bool(problems) == bool(problem)
    assert all(problem in text for text in problems[:1])


def test_a_trace_is_compared_as_a_whole() -> None:
    steps = (
        Step(StepKind.HANDLER, Place("app.py", Span(1, 1, 1, 2))),
        Step(StepKind.CALL, Place("app.py", Span(2, 1, 2, 2))),
    )
    found = [msgspec.structs.replace(finding("LK101", 3, Severity.ERROR), trace=steps)]
    notes = [*notes_of_line("# LK101 error", "app.py", 3), *notes_of_line("# LK101 from", "app.py", 1)]
    assert disagreements(notes, found) == ["app.py:2: LK101 via is a step of the trace and not noted"]
    assert not disagreements([*notes, *notes_of_line("# LK101 via", "app.py", 2)], found)
