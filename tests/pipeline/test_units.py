"""Which files are parsed, and how often."""

from __future__ import annotations

import pytest

from leaklint.facts import Source
from leaklint.ir.facts import FileFacts
from leaklint.pipeline import units


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
