"""Which files are parsed, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from leaklint.facts import Source
from leaklint.ir.facts import FileFacts
from leaklint.pipeline import units
from leaklint.pipeline.cache import Cache


def test_equal_files_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def source(content: bytes, known: FileFacts | None = None) -> Source:
        parsed.append(content)
        return Source(content, known)

    monkeypatch.setattr(units, "Source", source)
    found = units.Units({"a.py": b"x = 1\n", "b.py": b"y = 2\n", "c.py": b"x = 1\n"}, None, b"project")
    found.add({"d.yaml#1": b"x = 1\n"})
    assert list(found.facts) == ["a.py", "b.py", "c.py", "d.yaml#1"]
    assert [list(each.literals) for each in found.facts.values()] == [["x"], ["y"], ["x"], ["x"]]
    assert found.lower("c.py", "<module>") == found.lower("a.py", "<module>")
    assert sorted(parsed) == [b"x = 1\n", b"x = 1\n", b"y = 2\n"], "once for each time that files are added"


class TestOutlinesOfEditedFiles:
    """They are written down beside the others, until they are many."""

    SOURCES: Final = {f"f{each}.py": b"x = %d\n" % each for each in range(20)}

    @pytest.fixture
    def parsed(self, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
        found: list[bytes] = []

        class Noting(Source):
            def __init__(self, source: bytes, facts: FileFacts | None = None) -> None:
                found.append(source)
                super().__init__(source, facts)

        monkeypatch.setattr(units, "Source", Noting)
        return found

    @staticmethod
    def run(folder: Path, sources: Mapping[str, bytes]) -> None:
        found = units.Units(sources, Cache(folder), b"project")
        assert found.facts.keys() == sources.keys()
        assert all(found.facts[path] == Source(source).facts for path, source in sources.items())
        found.keep()

    @staticmethod
    def written(folder: Path) -> dict[str, int]:
        return {each.name.partition("-")[0]: each.stat().st_mtime_ns for each in folder.glob("*/*-*")}

    def test_few_are_written_beside_the_others_which_stay(self, tmp_path: Path, parsed: list[bytes]) -> None:
        self.run(tmp_path, self.SOURCES)
        before = self.written(tmp_path)
        for number in range(3):
            parsed.clear()
            edited = self.SOURCES | {"f7.py": b"y = %d\n" % number}
            self.run(tmp_path, edited)
            assert parsed == [edited["f7.py"]]
            parsed.clear()
            self.run(tmp_path, edited)
            assert parsed == []
        assert before.keys() == {"outlines"}
        assert self.written(tmp_path)["outlines"] == before["outlines"]
        parsed.clear()
        self.run(tmp_path, self.SOURCES)
        assert parsed == []

    def test_many_are_written_with_the_others(self, tmp_path: Path, parsed: list[bytes]) -> None:
        self.run(tmp_path, self.SOURCES)
        edited = self.SOURCES | {f"f{each}.py": b"y = %d\n" % each for each in range(5)}
        self.run(tmp_path, edited)
        assert len(parsed) == 25
        assert self.written(tmp_path).keys() == {"outlines"}
        parsed.clear()
        self.run(tmp_path, edited)
        assert parsed == []

    def test_others_that_are_lost_are_made_again(self, tmp_path: Path, parsed: list[bytes]) -> None:
        self.run(tmp_path, self.SOURCES)
        edited = self.SOURCES | {"f7.py": b"y = 1\n"}
        self.run(tmp_path, edited)
        for entry in tmp_path.glob("*/outlines-*"):
            entry.unlink()
        for _ in range(2):
            self.run(tmp_path, edited)
        parsed.clear()
        self.run(tmp_path, edited)
        assert parsed == []
