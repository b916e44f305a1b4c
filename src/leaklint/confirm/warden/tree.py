"""Process trees on Linux: who descends from whom, and how to stop, continue and end all of them.

The warden is a *subreaper*: a process whose parent dies becomes its child, so that nobody can leave the tree by
detaching, as daemons do.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
ENDING = 5.0
"""Seconds until the end of a tree is given up."""


def control(option: int, value: int) -> None:
    """Sets a property of this process."""
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def become_subreaper() -> None:
    """Adopts the orphans among the descendants."""
    control(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Is killed when the parent ends in whatever way."""
    hear_of_parent(signal.SIGKILL)


def hear_of_parent(number: int) -> None:
    """Gets a signal when the parent ends, or the thread of it that has started this process."""
    control(PR_SET_PDEATHSIG, number)


def parents() -> dict[int, tuple[int, str]]:
    """Parent and state (``T`` for stopped, ``Z`` for a zombie) of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b") ")[2].split()
            except OSError:
                continue
            if len(fields) < 2:
                continue  # it ended while it was read
            found[int(name)] = (int(fields[1]), fields[0].decode())
    return found


def descendants(root: int) -> dict[int, str]:
    """Every process below one, zombies included, with its state."""
    known = parents()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in known.items():
        children.setdefault(parent, []).append(pid)
    found: dict[int, str] = {}
    queue = [root]
    while queue:
        for child in children.get(queue.pop(), ()):
            found[child] = known[child][1]
            queue.append(child)
    return found


def send(pid: int, number: int) -> None:
    """Sends a signal to a process that may be gone, or be another user's."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def stop_all(root: int, spared: set[int]) -> set[int]:
    """Stops everything below a process until nothing new appears; returns what was stopped."""
    stopped: set[int] = set()
    while True:
        found = {pid for pid, state in descendants(root).items() if state != "Z"}
        new = found - stopped - spared
        if not new:
            return stopped
        for pid in new:
            send(pid, signal.SIGSTOP)
        stopped |= new


def continue_all(pids: set[int]) -> None:
    """Lets stopped processes go on."""
    for pid in pids:
        send(pid, signal.SIGCONT)


def end_all(root: int) -> tuple[int, list[int]]:
    """Kills everything below a process; returns how many there were, and who could not be ended."""
    stop_all(root, set())
    deadline = time.monotonic() + ENDING
    killed: set[int] = set()
    while True:
        found = descendants(root)
        for pid, state in found.items():
            if state != "Z":
                killed.add(pid)
                send(pid, signal.SIGKILL)
        reap()
        if not found:
            return len(killed), []
        if time.monotonic() > deadline:
            return len(killed), sorted(found)
        time.sleep(0.001)


def reap() -> None:
    """Takes leave of children that have ended."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
