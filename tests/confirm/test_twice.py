"""The runner without freezing, for proofs of fixtures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leaklint.confirm.twice import main, twice

SOURCE = """
import threading, time

SEEN = []

def handler(event, context):
    SEEN.append(event["id"])
    threading.Timer(5, SEEN.append, [0]).start()
    time.sleep(0.01)
    return len(SEEN)
"""


def test_what_survives_is_listed(project: Callable[..., Path]) -> None:
    said = twice(project(app=SOURCE), "app:handler", [{"id": "{{unique}}"}] * 3)
    assert [each["code"] for each in said["only_seen"]] == ["LK101", "LK205"]
    assert [each["status"] for each in said["invocations"]] == ["ok"] * 3


def test_it_reads_events_and_prints_json(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": 1}\n\n{"id": 2}\n'))
    assert main([str(project(app=SOURCE)), "app:handler"]) == 0
    assert len(json.loads(capsys.readouterr().out)["invocations"]) == 2
