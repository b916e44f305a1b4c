"""Photos that overlap: one is begun, as after the hooks of a snapshot, while the one before is still taken."""

from __future__ import annotations

import json
import selectors
import socket
from pathlib import Path
from typing import Any

import pytest

from leaklint.confirm.warden.worker import Worker


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Worker:
    """A container that is never started; what it says is put into its channel."""
    monkeypatch.setattr(Worker, "_start", lambda _worker: 0)
    return Worker(0, {"output_limit": 0}, str(tmp_path), selectors.DefaultSelector(), lambda _message: None)


def test_each_photo_is_spared_until_it_ends_itself(worker: Worker) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    said: list[dict[str, Any]] = [
        {"say": "photo-begins", "invocation": -1},
        {"say": "photo-copy", "pid": 101},
        {"say": "photo-begins", "invocation": 0},
        {"say": "photo-copy", "pid": 102},
        {"say": "photo-ends", "invocation": -1},
    ]
    with ours, theirs:
        worker._channel = ours
        for message in said:
            theirs.send(json.dumps(message).encode())
            assert worker.read_channel()
        assert worker.photos == {0: 102}
        theirs.send(json.dumps({"say": "photo-failed", "invocation": 0}).encode())
        assert worker.read_channel()
        assert worker.photos == {}
