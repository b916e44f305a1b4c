"""A warm container without a process of its own: the handler is called right here, watched, and never frozen.

For tests that patch things, or for systems other than Linux. What is pending at a return is seen as in the real
container; where it would go on is not, as nothing is frozen.
"""

from __future__ import annotations

import contextvars
import errno
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from leaklint.confirm import marks
from leaklint.confirm.inside.channel import Channel, now
from leaklint.confirm.inside.engine_builtin import Context, as_error, marshalled, unmarshalled
from leaklint.confirm.inside.frames import Frames
from leaklint.confirm.inside.observer import Observer
from leaklint.confirm.inside.owners import Owners
from leaklint.confirm.inside.photo import Camera
from leaklint.confirm.inside.runtime_api import Request
from leaklint.confirm.inside.watch_processes import Files
from leaklint.confirm.plan import Plan
from leaklint.confirm.record import Invocation, Record, Recorder


class LocalChannel(Channel):
    """Hands messages straight to the recorder."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(-1)
        self.recorder = recorder
        self.number = 0

    def say(self, what: str, **more: Any) -> None:
        """Records one message."""
        message = json.loads(self._encode({"say": what, "at": now(), **more}))
        self.recorder.take({**message, "worker": 0, "during": self.number})


def no_fork() -> int:
    """Nothing is forked here: the camera describes the moment in the process itself."""
    raise OSError(errno.ENOSYS, "in process nothing is forked")


class OwnersWithoutTests(Owners):
    """Takes test modules for nobody's: what they keep is not the handler's."""

    def of_module(self, name: str, module: Any) -> str:
        """Whose a module is."""
        file = os.path.basename(str(getattr(module, "__file__", "") or ""))
        return "tests" if file.startswith(("test_", "conftest.")) else super().of_module(name, module)


class InProcess:
    """Watches a handler that is called in this process."""

    def __init__(self, plan: Plan, handler: Callable[..., Any] | None = None) -> None:
        self.plan = plan
        self._recorder = Recorder(plan.run, os.path.realpath(plan.root), freezes=False)
        self._channel = LocalChannel(self._recorder)
        self._handler = handler
        wanted = {"run": plan.run, "freezes": False, "root": os.path.realpath(plan.root)}
        self._observer = Observer(wanted, self._channel)
        self._camera: Camera | None = None
        self._depth = 0
        self._path: list[str] = []

    @property
    def record(self) -> Record:
        """What has been seen so far."""
        return self._recorder.record

    def start(self) -> None:
        """Begins to watch, and imports the handler."""
        self._depth = sys.get_coroutine_origin_tracking_depth()
        self._path = list(sys.path)
        self._observer.watch()
        _hear_files(self._observer, str(self.plan.root))
        owners = OwnersWithoutTests(Frames(str(self.plan.root)))
        self._camera = Camera(self._channel, owners, self.plan.run, no_fork, self._observer.seeds)
        if self._handler is None:
            module, _, attribute = self.plan.handler.partition(":")
            sys.path.insert(0, os.path.realpath(self.plan.root))
            found: Any = importlib.import_module(module)
            for name in attribute.split("."):
                found = getattr(found, name)
            self._handler = found
        self._photograph()

    def invoke(self, event: str) -> Invocation:
        """Calls the handler for one event."""
        assert self._handler is not None
        self._channel.number += 1
        number = self._channel.number
        body = marks.filled(event, self.plan.run, number)
        self._recorder.begin(number, body, 0)
        self._channel.say("given")
        self._observer.begins(marks.request_id(self.plan.run, number))
        deadline = int((time.time() + self.plan.timeout) * 1000)
        request = Request(marks.request_id(self.plan.run, number), deadline, "arn", "trace", body.encode())
        try:
            status, said = "ok", marshalled(self._handler(unmarshalled(request.body), Context(request)))
        except Exception as error:
            status, said = "error", json.dumps(as_error(error, request.request_id))
        self._observer.returns()
        self._channel.say("answered", status=status, body=said)
        self._photograph()
        self._channel.say("frozen")
        return self.record.invocations[-1]

    def close(self) -> None:
        """Stops watching; what the handler has started goes on, as nobody here may end it."""
        self._observer.registry.restore()
        sys.set_coroutine_origin_tracking_depth(self._depth)
        sys.path[:] = self._path

    def _photograph(self) -> None:
        assert self._camera is not None
        self._camera.describe(self._channel.number, contextvars.copy_context())


_FILES: list[Files] = []


def _hear_files(observer: Observer, root: str) -> None:
    """Lets the one audit hook of this process, which can never be removed, report to the latest observer."""
    if not _FILES:
        _FILES.append(Files(observer.registry, root, (tempfile.gettempdir(),)))
        _FILES[0].install()
    _FILES[0].watch_for(observer.registry, root)
