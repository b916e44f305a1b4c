"""Changes since a revision: which lines they are, and which findings touch them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.location import Place, Span
from leaklint.pipeline.since import WHOLE_FILE, changed_lines, changes_since, touches
from leaklint.pipeline.wrong_use import WrongUse


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, message: str = "m") -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit: a file of ten lines."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "a.py").write_text("".join(f"line {number}\n" for number in range(1, 11)))
    commit(tmp_path)
    return tmp_path


def edit(file: Path, number: int, *new: str) -> None:
    lines = file.read_text().splitlines()
    lines[number - 1 : number] = new
    file.write_text("".join(f"{line}\n" for line in lines))


def test_changed_added_and_deleted_lines(root: Path) -> None:
    edit(root / "a.py", 8)
    edit(root / "a.py", 5, "five", "and a half")
    edit(root / "a.py", 2, "two")
    assert changes_since(root, "HEAD") == {"a.py": ((2, 2), (5, 6), (8, 9))}


def test_new_files_are_changed_as_a_whole(root: Path) -> None:
    (root / "new.py").write_text("x\n")
    (root / "ignored.py").write_text("x\n")
    (root / ".gitignore").write_text("ignored.py\n")
    (root / "staged.py").write_text("x\n")
    git(root, "add", "staged.py")
    changes = changes_since(root, "HEAD")
    assert changes["new.py"] == WHOLE_FILE
    assert changes["staged.py"] == ((1, 1),)
    assert "ignored.py" not in changes


def test_what_happened_on_the_other_branch_is_no_change(root: Path) -> None:
    git(root, "checkout", "--quiet", "-b", "work")
    edit(root / "a.py", 2, "two")
    commit(root)
    git(root, "checkout", "--quiet", "main")
    edit(root / "a.py", 9, "nine")
    commit(root)
    git(root, "checkout", "--quiet", "work")
    assert changes_since(root, "main") == {"a.py": ((2, 2),)}


def test_paths_are_relative_to_the_folder(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub/b.py").write_text("x\n")
    first = commit(root)
    edit(root / "sub/b.py", 1, "y")
    edit(root / "a.py", 1, "y")
    assert changes_since(root / "sub", first) == {"b.py": ((1, 1),)}


@pytest.mark.parametrize("name", ["ü b.py", 'quo"te.py', "tab\there.py", "line\nend.py", "back\\slash.py"])
def test_odd_names(root: Path, name: str) -> None:
    (root / name).write_text("x\n")
    commit(root)
    edit(root / name, 1, "y")
    assert changes_since(root, "HEAD") == {name: ((1, 1),)}


def test_text_that_looks_like_a_diff(root: Path) -> None:
    edit(root / "a.py", 3, "++ b/evil.py", "@@ -1 +1 @@", "-- a/evil.py")
    edit(root / "a.py", 10, "ten")
    assert changes_since(root, "HEAD") == {"a.py": ((3, 5), (10, 10))}


def test_a_file_without_line_end() -> None:
    diff = b"+++ b/a.py\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n@@ -4,0 +5 @@\n+z\n"
    assert changed_lines(diff) == {"a.py": ((1, 1), (5, 5))}


@pytest.mark.parametrize("revision", ["nothing", "--output=x", "", "HEAD:a.py"])
def test_a_revision_that_is_none(root: Path, revision: str) -> None:
    with pytest.raises(WrongUse, match="git knows no revision"):
        changes_since(root, revision)
    assert not (root / "x").exists()


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="not a git repository"):
        changes_since(tmp_path, "HEAD")


def test_programs_named_by_the_repository_do_not_run(root: Path) -> None:
    trap = root / "trap"
    git(root, "config", "diff.external", f"touch {trap}")
    git(root, "config", "diff.py.textconv", f"touch {trap}; cat")
    (root / ".gitattributes").write_text("*.py diff=py\n")
    edit(root / "a.py", 1, "one")
    assert changes_since(root, "HEAD")["a.py"] == ((1, 1),)
    assert not trap.exists()


def finding(*places: tuple[str, int, int]) -> Finding:
    steps = [Step(StepKind.CALL, Place(path, Span(first, 1, last, 2))) for path, first, last in places]
    return Finding("LK101", "n", Severity.ERROR, steps[-1].place, "m", trace=tuple(steps))


def test_a_finding_is_kept_for_its_expression_or_its_trace() -> None:
    changes = {"a.py": ((5, 6),)}
    assert touches(finding(("a.py", 6, 6)), changes)
    assert touches(finding(("a.py", 3, 5)), changes)
    assert touches(finding(("a.py", 5, 5), ("b.py", 1, 1)), changes)
    assert not touches(finding(("a.py", 7, 9), ("b.py", 5, 5)), changes)
