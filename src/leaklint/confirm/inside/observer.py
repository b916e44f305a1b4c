"""The observer: sees the beginning and the return of each invocation, and freezes the container in between."""

from __future__ import annotations

import contextvars
import os
import signal
import sys
from typing import Any

from leaklint.confirm import marks
from leaklint.confirm.inside.channel import Channel
from leaklint.confirm.inside.frames import Frames
from leaklint.confirm.inside.output import Printed, redirect
from leaklint.confirm.inside.owners import Owners
from leaklint.confirm.inside.photo import Camera
from leaklint.confirm.inside.process_state import Seeds
from leaklint.confirm.inside.registry import Registry, watch_forks
from leaklint.confirm.inside.watch_loops import (
    watch_callbacks,
    watch_coroutines,
    watch_schedulers,
    watch_tasks,
)
from leaklint.confirm.inside.watch_processes import Files, watch_alarms, watch_processes
from leaklint.confirm.inside.watch_threads import watch_futures, watch_threads

SNAPSHOT = -1
"""What stands for the number of an invocation in the photo of a snapshot."""
COROUTINE_DEPTH = 12
"""How many callers a coroutine remembers, so that a dropped one can say where it was made."""

UNDISTURBED = 0.2
"""Seconds for which no other thread may ask for the interpreter's lock: long enough for a photo. Whoever asked before
that gets it once, and without an end to that time a busy thread would never give it back.
"""


class Observer:
    """Everything that watches one container."""

    def __init__(self, plan: dict[str, Any], channel: Channel) -> None:
        self.run: str = plan["run"]
        self.freezes: bool = plan["freezes"]
        self.snapstart: bool = plan.get("snapstart", False)
        self.channel = channel
        self.frames = Frames(plan["root"])
        self.registry = Registry(self.channel, self.frames)
        self._plan = plan
        self._fork = getattr(os, "fork", None)
        self._stop = os.kill
        self.seeds = Seeds()
        self._camera: Camera | None = None
        self._printed: list[Printed] = []

    def install(self) -> None:
        """Watches everything, and takes over the output."""
        self.watch()
        Files(self.registry, self._plan["root"], tuple(self._plan["temporary"])).install()
        self._printed = redirect(self.channel, self._plan["output_limit"], self.registry.who)

    def watch(self) -> None:
        """Wraps the entry points that start work."""
        watch_forks(self.registry)
        watch_threads(self.registry)
        watch_futures(self.registry)
        watch_tasks(self.registry)
        watch_callbacks(self.registry)
        watch_coroutines(self.registry)
        watch_schedulers(self.registry)
        watch_processes(self.registry)
        watch_alarms(self.registry)
        self.seeds.watch(self.registry)
        sys.set_coroutine_origin_tracking_depth(COROUTINE_DEPTH)

    def ready(self) -> None:
        """The engine is set up and the handler not yet imported: what is there now is the platform's."""
        assert self._fork is not None
        self._camera = Camera(self.channel, Owners(self.frames), self.run, self._fork, self.seeds)
        self.channel.say("ready", pid=os.getpid())

    def snapshot(self) -> None:
        """The handler is imported, and the platform is about to take the snapshot that all containers start from."""
        if self._camera is not None:
            self._camera.take(SNAPSHOT, contextvars.copy_context())

    def begins(self, request: str) -> int:
        """An event has come; returns the number of the invocation."""
        self.registry.invocation = marks.number_of(self.run, request)
        self.channel.say("begins", invocation=self.registry.invocation)
        return self.registry.invocation

    def returns(self) -> None:
        """The handler has returned or raised, and its answer is about to be sent: writes down the work list."""
        self.channel.say("returns", invocation=self.registry.invocation, pending=self.registry.pending())

    def rests(self, context: contextvars.Context | None = None) -> None:
        """The answer is sent: takes the photo, and freezes the container where the platform would.

        The container stops itself with the interpreter's lock held, so that no other thread can run in between.
        """
        interval = sys.getswitchinterval()
        sys.setswitchinterval(UNDISTURBED)
        for stream in self._printed:
            stream.send_partial()
        pending = self.registry.pending()
        if self._camera is not None:
            self._camera.take(self.registry.invocation, context or contextvars.copy_context())
        self.channel.say("rests", invocation=self.registry.invocation, pending=pending)
        if self.freezes:
            self._stop(os.getpid(), signal.SIGSTOP)
        sys.setswitchinterval(interval)
