"""The registry: all work that the handler has started, each with its origin, until it is over.

It keeps the work alive only where something else does as well; what it remembers of finished work is nothing. Work
is *over* when it finished, was cancelled or was waited for; it is *lost* when it can never run to its end.
"""

from __future__ import annotations

import itertools
import os
import sys
from _thread import get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType, MethodType
from typing import Any

from leaklint.confirm.inside.channel import Channel
from leaklint.confirm.inside.frames import OURS, PROJECT, Frames, Line

Ask = Callable[[], str | None]
"""Says how the work ended, or None while it is pending."""


class Work:
    """One piece of work that was started."""

    __slots__ = ("__weakref__", "ask", "invocation", "kind", "name", "number")

    def __init__(self, number: str, kind: str, name: str, invocation: int, ask: Ask) -> None:
        self.number = number
        self.kind = kind
        self.name = name
        self.invocation = invocation
        self.ask = ask


class Registry:
    """Everything that is pending, and which work the running thread belongs to."""

    def __init__(self, channel: Channel, frames: Frames) -> None:
        self.channel = channel
        self.frames = frames
        self.invocation = 0
        self.muted = False
        self._count = itertools.count(1)
        self._open: dict[str, Work] = {}
        self._running: dict[int, str] = {}
        self._tasks: Callable[[], str | None] = lambda: None
        self._replaced: list[tuple[Any, str, Any]] = []

    # The entry points that are watched

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        """Puts a wrapper in the place of an entry point."""
        self._replaced.append((owner, name, getattr(owner, name)))
        setattr(owner, name, replacement)

    def restore(self) -> None:
        """Puts every entry point back."""
        while self._replaced:
            owner, name, original = self._replaced.pop()
            setattr(owner, name, original)
        self.mute()

    # What runs

    def who(self) -> str | None:
        """The work that the calling thread or task belongs to; None for the handler itself."""
        return self._tasks() or self._running.get(get_ident())

    def ask_tasks(self, current: Callable[[], str | None]) -> None:
        """Lets asyncio be asked which task is running."""
        self._tasks = current

    @contextmanager
    def running(self, work: Work | None) -> Iterator[None]:
        """Attributes to the work what happens in this thread meanwhile."""
        if work is None:
            yield
            return
        me = get_ident()
        before = self._running.get(me)
        self._running[me] = work.number
        try:
            yield
        finally:
            if before is None:
                self._running.pop(me, None)
            else:
                self._running[me] = before

    # What was started

    def started(self, kind: str, name: str, ask: Ask, frame: FrameType | None, **more: Any) -> Work | None:
        """Records work that the user's code started, directly or through a library; None for anybody else's."""
        if self.muted:
            return None
        lines, nearest = self.frames.lines(frame)
        if nearest == OURS or not lines:
            return None
        return self.record(kind, name, ask, lines, library=nearest != PROJECT, **more)

    def record(self, kind: str, name: str, ask: Ask, lines: list[Line], **more: Any) -> Work:
        """Records work whose origin is known."""
        work = Work(f"w{next(self._count)}", kind, name, self.invocation, ask)
        self._open[work.number] = work
        parent = self.who()
        self.channel.say(
            "started",
            work=work.number,
            kind=kind,
            name=name,
            invocation=self.invocation,
            lines=lines,
            parent=parent,
            **more,
        )
        return work

    def over(self, work: Work | None, how: str) -> None:
        """Records how work ended; only the first end counts."""
        if work is not None and not self.muted and self._open.pop(work.number, None) is not None:
            self.channel.say("over", work=work.number, how=how, invocation=self.invocation)

    def pending(self) -> list[str]:
        """The numbers of the work that is not over, after a look at each: the work list."""
        for work in list(self._open.values()):
            ended = work.ask()
            if ended is not None:
                self.over(work, ended)
        return list(self._open)

    def work(self, number: str) -> Work | None:
        """Pending work by its number."""
        return self._open.get(number)

    def mute(self) -> None:
        """Stops recording: a forked child of the container has work of its own."""
        self.muted = True
        self._open = {}


def watch_forks(registry: Registry) -> None:
    """Mutes the registry in every forked child."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=registry.mute)


def name_of(callable_: Any) -> str:
    """How a callable is called in the source, without running code of the user's."""
    for _ in range(4):
        kind = type(callable_)
        if kind in (FunctionType, type(len)):
            return str(callable_.__qualname__)
        if kind is MethodType:
            callable_ = callable_.__func__
        elif kind.__name__ == "partial" and kind.__module__ == "functools":
            callable_ = kind.func.__get__(callable_)
        elif issubclass(kind, type):
            return str(type.__dict__["__qualname__"].__get__(callable_))
        else:
            break
    return type(callable_).__qualname__


def module_of(callable_: Any) -> str:
    """The module that a callable was written in, empty where that is not known for sure."""
    for _ in range(4):
        kind = type(callable_)
        if kind is FunctionType:
            return str(callable_.__globals__.get("__name__", ""))
        if kind is MethodType:
            callable_ = callable_.__func__
        elif kind.__name__ == "partial" and kind.__module__ == "functools":
            callable_ = kind.func.__get__(callable_)
        elif kind is type(len):
            module = callable_.__module__
            return module if type(module) is str else ""
        else:
            return str(kind.__module__) if type(kind.__module__) is str else ""
    return ""


def above() -> FrameType:
    """The frame that called the wrapper that asks."""
    return sys._getframe(2)
