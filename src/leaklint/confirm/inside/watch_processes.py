"""Watches processes, alarms and temporary files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from leaklint.confirm.inside.frames import caller
from leaklint.confirm.inside.registry import Registry, above

POOLS = ("multiprocessing.pool", "concurrent.futures.process", "multiprocessing.resource_tracker")


def watch_processes(registry: Registry) -> None:
    """Wraps the entry points that start a process, as far as the system has them."""
    initialise = subprocess.Popen.__init__

    @wraps(initialise)
    def watched_init(self: Any, arguments: Any, *more: Any, **named: Any) -> None:
        initialise(self, arguments, *more, **named)
        registry.started("process", _program(arguments), _ask_process(self.pid), above(), pid=self.pid)

    registry.replace(subprocess.Popen, "__init__", watched_init)
    if hasattr(os, "fork"):
        _watch_forks(registry)
    if hasattr(os, "posix_spawn"):
        _watch_spawns(registry)


def _watch_forks(registry: Registry) -> None:
    fork = os.fork

    @wraps(fork)
    def watched_fork() -> int:
        pid = fork()
        if pid and not _serves_a_pool():
            registry.started("process", "fork", _ask_process(pid), above(), pid=pid)
        return pid

    registry.replace(os, "fork", watched_fork)


def _watch_spawns(registry: Registry) -> None:
    spawn = os.posix_spawn

    @wraps(spawn)
    def watched_posix_spawn(path: Any, *more: Any, **named: Any) -> int:
        pid = spawn(path, *more, **named)
        registry.started("process", _program(path), _ask_process(pid), above(), pid=pid)
        return pid

    registry.replace(os, "posix_spawn", watched_posix_spawn)


def _program(arguments: Any) -> str:
    """The program that is started, as far as it is plain text."""
    first = arguments[0] if type(arguments) in (list, tuple) and arguments else arguments
    text = os.fsdecode(first) if type(first) in (str, bytes) else type(first).__name__
    return os.path.basename(text.split(" ")[0])


def _serves_a_pool() -> bool:
    """Whether a process is started for a pool, whose results are recorded by themselves."""
    frame = caller(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(
        ("multiprocessing", "concurrent", __name__)
    ):
        if frame.f_globals["__name__"] in POOLS:
            return True
        frame = frame.f_back
    return False


def _ask_process(pid: int) -> Callable[[], str | None]:
    if not hasattr(os, "waitid"):
        return lambda: None

    def ask() -> str | None:
        try:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return "waited for"
        return None

    return ask


def watch_alarms(registry: Registry) -> None:
    """Wraps the timers of the process itself, as far as the system has them."""
    if not hasattr(signal, "setitimer"):
        return
    alarm, set_timer = signal.alarm, signal.setitimer

    @wraps(alarm)
    def watched_alarm(seconds: int, /) -> int:
        left = alarm(seconds)
        if seconds:
            registry.started("timer", "signal.alarm", _ask_alarm(signal.ITIMER_REAL), above())
        return left

    @wraps(set_timer)
    def watched_setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
        left = set_timer(which, seconds, interval)
        if seconds:
            registry.started("timer", "signal.setitimer", _ask_alarm(which), above())
        return left

    registry.replace(signal, "alarm", watched_alarm)
    registry.replace(signal, "setitimer", watched_setitimer)


def _ask_alarm(which: int) -> Callable[[], str | None]:
    return lambda: None if signal.getitimer(which)[0] else "finished"


class Files:
    """Learns of files and folders that are made where they survive: in the folders for temporary files."""

    def __init__(self, registry: Registry, root: str, folders: tuple[str, ...]) -> None:
        self.registry = registry
        self.root = os.path.realpath(root) + os.sep
        self.folders = tuple(os.path.realpath(folder) + os.sep for folder in folders)
        self._made: set[str] = set()
        self._busy = threading.local()

    def watch_for(self, registry: Registry, root: str) -> None:
        """Reports to another registry from now on."""
        self.registry = registry
        self.root = os.path.realpath(root) + os.sep
        self._made = set()

    def install(self) -> None:
        """Starts to listen; an audit hook cannot be removed again."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & os.O_CREAT:
                return
        elif event in ("os.mkdir", "sqlite3.connect"):
            path = arguments[0]
        elif event in ("os.rename", "os.link", "os.symlink"):
            path = arguments[1]
        else:
            return
        if self.registry.muted or getattr(self._busy, "now", False) or not self.registry.invocation:
            return
        self._busy.now = True
        try:
            self._note(path, event == "os.mkdir")
        finally:
            self._busy.now = False

    def _note(self, path: Any, folder: bool) -> None:
        if type(path) is not str and type(path) is not bytes:
            fspath = getattr(type(path), "__fspath__", None)
            if fspath is None or not type(path).__module__.startswith("pathlib"):
                return
            path = fspath(path)
        try:
            full = os.path.join(os.getcwd(), os.fsdecode(path))
        except OSError:
            return
        full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
        if not full.startswith(self.folders) or full.startswith(self.root):
            return
        existed = os.path.lexists(full) and full not in self._made
        if existed:
            return
        self._made.add(full)
        self.registry.started(
            "folder" if folder else "file", full, lambda: None if os.path.lexists(full) else "removed", caller(2)
        )
