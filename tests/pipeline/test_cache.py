"""The cache: it says the same as an analysis, whatever has happened to it, and keeps to its own files."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.pipeline import analyse as analysing
from leaklint.pipeline import cache as caching
from leaklint.pipeline import parts as solving
from leaklint.pipeline import reading, templates, troubles, units
from leaklint.pipeline.cache import FOLDER, VARIABLE, Cache, clean, digest, folder_of
from leaklint.pipeline.run import Request, run
from leaklint.report.report import Report

LOG = "MESSAGES = []\n\n\ndef write(text):\n    MESSAGES.append(text)\n"
MAIN = 'import log\n\n\ndef handler(event, context):\n    log.write(event["id"])\n'
OTHER = "SEEN = set()\n\n\ndef handler(event, context):\n    SEEN.add(event['id'])\n"
LONG_AGO = 1_600_000_000_000_000_000


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two parts whose files have been as they are for years."""
    monkeypatch.delenv(VARIABLE, raising=False)
    root = tmp_path / "project"
    for path, text in (("one/log.py", LOG), ("one/main.py", MAIN), ("two/main.py", OTHER), ("leaklint.toml", "")):
        write(root / path, text)
    return root


def write(file: Path, text: str) -> None:
    """Writes a file as one that is old."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, ns=(LONG_AGO, LONG_AGO))


def check(root: Path, **more: object) -> Report:
    """The report of a run, with the cache unless said otherwise."""
    return run(dataclasses.replace(Request(["."], root), **more))  # type: ignore[arg-type]


def entries(root: Path) -> list[Path]:
    """The files of the cache that hold entries."""
    return sorted(each for each in (root / FOLDER).rglob("*-*") if each.is_file())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often a project was analysed, and how many parts were solved."""
    counts = {"analysed": 0, "solved": 0}
    whole, part = analysing._analysed, solving.Whole.solved

    def analysed(*arguments: object, **more: object) -> object:
        counts["analysed"] += 1
        return whole(*arguments, **more)  # type: ignore[arg-type]

    def solved(self: object, *given: object, **more: object) -> object:
        counts["solved"] += 1
        return part(self, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(analysing, "_analysed", analysed)
    monkeypatch.setattr(solving.Whole, "solved", solved)
    return counts


def test_nothing_is_analysed_where_nothing_has_changed(project: Path, counted: dict[str, int]) -> None:
    first = check(project)
    assert len(first.findings) == 2
    assert counted == {"analysed": 1, "solved": 2}
    assert check(project) == first
    assert counted == {"analysed": 1, "solved": 2}
    assert check(project, cached=False) == first
    assert counted == {"analysed": 2, "solved": 4}


def test_only_the_part_that_has_changed_is_solved(project: Path, counted: dict[str, int]) -> None:
    check(project)
    write(project / "one/log.py", "# changed\n" + LOG)
    report = check(project)
    assert counted == {"analysed": 2, "solved": 3}
    assert report == check(project, cached=False)


def test_a_change_that_keeps_time_and_size_is_seen_while_the_file_is_young(project: Path) -> None:
    (project / "two/main.py").write_text(OTHER)
    check(project)
    state = (project / "two/main.py").stat()
    (project / "two/main.py").write_text(OTHER.replace("SEEN.add", "list().x"))
    os.utime(project / "two/main.py", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert len(check(project).findings) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("one/log.py", LOG.replace("MESSAGES.append(text)", "return")),
        ("leaklint.toml", 'ignore = ["LK101"]'),
        ("three.py", OTHER),
        ("template.yaml", "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: no.such}}}"),
    ],
)
def test_whatever_changes_is_seen(project: Path, path: str, text: str) -> None:
    before = check(project)
    write(project / path, text)
    after = check(project)
    assert after == check(project, cached=False)
    assert after != before or path == "template.yaml"


def test_a_table_of_rows_that_changes_is_seen(project: Path) -> None:
    write(project / "leaklint.toml", 'models = ["rows.toml"]')
    write(project / "rows.toml", "")
    write(project / "two/main.py", "import lib\n\n\ndef handler(event, context):\n    lib.keep(event)\n")
    assert len(check(project).findings) == 1
    write(project / "rows.toml", '["lib.keep"]\nparams = ["x"]\nprocess = { state = "lib", value = ["x"] }\n')
    assert len(check(project).findings) == 2


def _truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def _altered(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _foreign(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" * 20)


def _of_another_form(file: Path) -> None:
    Cache(file.parent.parent).write(file.name.partition("-")[0], bytes.fromhex(file.name.partition("-")[2]), [1, 2])


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    "damage", [_truncated, _altered, _emptied, _foreign, _of_another_form, _a_folder, _a_pipe], ids=lambda f: f.__name__
)
def test_a_damaged_cache_costs_no_finding_and_is_said_once(project: Path, damage: Callable[[Path], None]) -> None:
    good = check(project)
    for each in entries(project):
        damage(each)
    damaged = check(project)
    assert damaged.findings == good.findings
    (note,) = damaged.notes
    assert "the cache in" in note
    if damage is not _a_folder:
        assert check(project) == good


def test_a_cache_that_cannot_be_written_is_said_once(project: Path) -> None:
    write(project / "leaklint.toml", 'cache-dir = "rows.toml/cache"')
    write(project / "rows.toml", "")
    report = check(project)
    assert len(report.findings) == 2
    (note,) = report.notes
    assert "cannot be written" in note


def test_a_full_disk_is_said_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_source: object, _target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.os, "replace", full)
    report = check(project)
    assert len(report.findings) == 2
    assert [("No space left on device" in note) for note in report.notes] == [True]
    assert not list((project / FOLDER).rglob(".new-*"))


def test_the_folder_ignores_itself(project: Path) -> None:
    check(project)
    assert (project / FOLDER / ".gitignore").read_text() == "*\n"
    assert (project / FOLDER / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_where_the_cache_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert folder_of(tmp_path, True, None) == tmp_path / FOLDER
    assert folder_of(tmp_path, True, "../c") == tmp_path.parent / "c"
    assert folder_of(tmp_path, False, None) == tmp_path / "home/leaklint"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    assert folder_of(tmp_path, True, "../c") == tmp_path / "named"


def test_the_folder_is_bounded_and_what_is_oldest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MOST_BYTES", 1_100)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/notes.txt").write_bytes(bytes(5_000))
    kept = Cache(tmp_path / "cache")
    for number in range(5):
        kept.write("some", digest(bytes([number])), bytes(300))
        for file in (tmp_path / "cache").rglob("some-*"):
            if file.name.endswith(digest(bytes([number])).hex()):
                os.utime(file, ns=(LONG_AGO + number, LONG_AGO + number))
    found = [number for number in range(5) if kept.read("some", digest(bytes([number])), bytes) is not None]
    assert found == [2, 3, 4]
    assert (tmp_path / "cache/notes.txt").exists()


def test_cleaning_removes_entries_and_nothing_else(project: Path) -> None:
    check(project)
    (project / FOLDER / "notes.txt").write_text("mine")
    assert clean(project / FOLDER) > 0
    assert [each.name for each in (project / FOLDER).iterdir()] == ["notes.txt"]
    (project / FOLDER / "notes.txt").unlink()
    check(project)
    clean(project / FOLDER)
    assert not (project / FOLDER).exists()
    assert clean(project / "one") == 0


def test_eight_processes_on_one_cold_cache(project: Path) -> None:
    command = [sys.executable, "-m", "leaklint", "check", "--exit-zero", "--output-format", "json", "."]
    running = [subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    said = {each.communicate() for each in running}
    assert len(said) == 1
    assert b"LK101" in next(iter(said))[0]
    assert check(project).notes == ()
    assert not list((project / FOLDER).rglob(".new-*"))


PROPERTIES = "{Handler: main.start, CodeUri: one, Runtime: python3.12}"
TEMPLATE = f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {PROPERTIES}}}}}\n"
STARTED = "import log\n\n\ndef start(event, context):\n    log.write(event['id'])\n"


def test_templates_are_read_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = []
    read = templates.read_templates

    def counting(*given: object, **more: object) -> object:
        times.append(1)
        return read(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(templates, "read_templates", counting)
    write(project / "template.yaml", TEMPLATE)
    write(project / "one/main.py", STARTED.replace("start", "set_out"))
    assert "LK903" in {each.code for each in check(project).findings}
    write(project / "one/main.py", STARTED)
    report = check(project)
    assert len(times) == 1
    assert sorted(each.code for each in report.findings) == ["LK101", "LK101"]
    assert report == check(project, cached=False)
    write(project / "template.yaml", TEMPLATE.replace("main.start", "main.set_out"))
    assert "LK903" in {each.code for each in check(project).findings}
    before = len(times)
    write(project / "one/app.py", "from aws_cdk import aws_lambda\n")
    assert check(project) == check(project, cached=False)
    assert len(times) == before + 2


def test_templates_that_look_the_same_are_not_read_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    read = reading.read

    def noting(file: str, largest: int | None = None) -> bytes | None:
        seen.append(Path(file).name)
        return read(file, largest)

    monkeypatch.setattr(reading, "read", noting)
    write(project / "template.yaml", TEMPLATE)
    write(project / "one/main.py", STARTED.replace("start", "set_out"))
    missing = [each for each in check(project).findings if each.code == "LK903"]
    assert "template.yaml" in seen
    seen.clear()
    write(project / "two/main.py", OTHER + "\n")
    report = check(project)
    # what is in the template is shown all the same, for the finding there
    assert [each for each in report.findings if each.code == "LK903"] == missing
    assert report.sources["template.yaml"] == check(project, cached=False).sources["template.yaml"]
    write(project / "one/main.py", STARTED)
    seen.clear()
    assert check(project) == check(project, cached=False)
    seen.clear()
    write(project / "two/main.py", OTHER)
    check(project)
    assert "main.py" in seen
    assert "template.yaml" not in seen
    write(project / "template.yaml", TEMPLATE.replace("main.start", "main.set_out"))
    assert "LK903" in {each.code for each in check(project).findings}


def test_an_upgrade_of_an_installed_package_is_seen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    packages = project / ".venv/lib/python3.12/site-packages"
    write(packages / "foo/__init__.py", "async def fetch(item):\n    return item\n")
    write(packages / "foo-1.dist-info/METADATA", "")
    write(project / "two/main.py", "import foo\n\n\ndef handler(event, context):\n    foo.fetch(event)\n")
    assert "LK201" in {each.code for each in check(project).findings}
    write(packages / "foo/__init__.py", "def fetch(item):\n    return item\n")
    (packages / "foo-1.dist-info").rename(packages / "foo-2.dist-info")
    assert check(project) == check(project, cached=False)
    assert "LK201" not in {each.code for each in check(project).findings}
    write(packages / "foo/__init__.py", "async def fetch(item):\n    return item\n")
    monkeypatch.setenv("VIRTUAL_ENV", "nowhere")
    assert "LK201" not in {each.code for each in check(project).findings}


def test_the_oldest_python_of_a_project_is_seen(project: Path) -> None:
    write(project / "pyproject.toml", '[project]\nrequires-python = ">=3.9"\n')
    text = "class Optional:\n    pass\n\n\ndef handler(event, context, seen: list = []):\n    seen.append(event)\n"
    write(project / "two/main.py", text)
    before = check(project)
    write(project / "pyproject.toml", '[project]\nrequires-python = ">=3.10"\n')
    after = check(project)
    assert after == check(project, cached=False)
    assert after != before


def test_a_template_that_changes_before_it_is_read_is_not_remembered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: %s.handler, CodeUri: one}}}\n"
    write(project / "template.yaml", function % "main")
    write(project / "other.yaml", "Resources: {}\n")
    check(project)
    write(project / "other.yaml", "Resources: {}  # none\n")
    read = templates.read_templates

    def later(*given: object, **more: object) -> object:
        write(project / "template.yaml", function % "gone")
        return read(*given, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(templates, "read_templates", later)
        check(project)
    write(project / "template.yaml", function % "main")
    os.utime(project / "template.yaml", ns=(LONG_AGO, LONG_AGO + 1_000))
    assert check(project) == check(project, cached=False)


def test_no_two_kinds_of_entries_have_one_name(project: Path) -> None:
    """They would take each other's entries for damaged ones."""
    for each in range(20):
        write(project / f"f{each}.py", f"x = {each}\n")
    write(project / "future.py", "def f():\n    try:\n        x\n    except A, B:\n        y\n")
    check(project)
    for text in ("longer = 1\n", "def longest():\n    return 2\n"):
        write(project / "f7.py", text)
        assert check(project) == check(project, cached=False)
    kinds = ["report", "tree", solving.KIND, templates.KIND, troubles.LATER, units.EDITED, units.KIND]
    assert len(set(kinds)) == len(kinds)
    found = {each.name.partition("-")[0] for each in (project / FOLDER).glob("*/*-*")}
    assert {*kinds} - {"tree", troubles.LATER} <= found <= {*kinds}
