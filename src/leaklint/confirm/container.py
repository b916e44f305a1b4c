"""A warm container to send events to; the warden does the work in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from leaklint.confirm import marks
from leaklint.confirm.plan import Plan, Unusable
from leaklint.confirm.record import Invocation, Record, Recorder

WARDEN = os.path.join(os.path.dirname(__file__), "warden", "__main__.py")


class Container:
    """Starts with the import of the handler, takes events, and ends with everything that the handler has started."""

    def __init__(self, plan: Plan) -> None:
        plan.check()
        self.plan = plan
        self._recorder = Recorder(plan.run, os.path.realpath(plan.root), freezes=plan.freezes)
        self._numbers = 0
        self._warden: subprocess.Popen[bytes] | None = None
        self._watched = True

    @property
    def record(self) -> Record:
        """What has been seen so far."""
        return self._recorder.record

    def __enter__(self) -> Container:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Starts the container and waits until the handler is imported."""
        self._warden = subprocess.Popen(
            [sys.executable, "-I", "-S", WARDEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._send(self.plan.for_warden())
        self._listen("done")

    def invoke(self, event: str) -> Invocation:
        """Hands out one event, JSON text in which ``{{unique}}`` is filled, and waits until the container rests."""
        return self.invoke_all([event])[0]

    def invoke_all(self, events: list[str]) -> list[Invocation]:
        """Hands out one event to each container at the same time."""
        handed = []
        for worker, event in enumerate(events):
            self._numbers += 1
            body = marks.filled(event, self.plan.run, self._numbers)
            self._recorder.begin(self._numbers, body, worker)
            handed.append({"number": self._numbers, "body": body})
        self._send({"do": "invoke", "events": handed})
        self._listen("done")
        return self.record.invocations[-len(events) :]

    def close(self) -> None:
        """Ends the container, whatever state it is in; nothing that it started is left."""
        warden, self._warden = self._warden, None
        if warden is None:
            return
        self._warden = warden
        try:
            if self._watched:
                self._send({"do": "end"})
                self._listen("over")
        finally:
            self._warden = None
            for pipe in (warden.stdin, warden.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            warden.wait()

    def _send(self, command: dict[str, Any]) -> None:
        assert self._warden is not None
        assert self._warden.stdin is not None
        try:
            self._warden.stdin.write(json.dumps(command).encode() + b"\n")
            self._warden.stdin.flush()
        except OSError as error:
            raise self._lost() from error

    def _listen(self, last: str) -> None:
        """Takes messages until the command is carried out."""
        assert self._warden is not None
        assert self._warden.stdout is not None
        for line in self._warden.stdout:
            message = json.loads(line)
            self._recorder.take(message)
            if message["say"] == last and "work" not in message:
                return
        raise self._lost()

    def _lost(self) -> Unusable:
        """Ends and removes what a warden has left that could not do so itself, as somebody has killed it."""
        assert self._warden is not None
        status = self._warden.wait()
        self._watched = False
        name = f"leaklint-{self.plan.run}-"
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if name.encode() in (folder / "environ").read_bytes():
                    os.kill(int(folder.name), signal.SIGKILL)
        for path in Path(tempfile.gettempdir()).glob(f"{name}*"):
            shutil.rmtree(path, ignore_errors=True)
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return Unusable(f"the process that watches the container has ended ({how}): has the handler killed it?")
