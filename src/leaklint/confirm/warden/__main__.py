"""The warden's program: reads commands from standard input, a JSON object a line, and writes what happens.

``{"do": "invoke", "events": [{"number": 1, "body": "{}"}]}`` hands out events, one a container; ``{"do": "end"}``
ends everything, and so does the end of the input. The first line is the plan.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NoReturn

sys.path.insert(0, os.path.abspath(__file__).partition(os.sep + os.path.join("leaklint", "confirm"))[0])

from leaklint.confirm.warden import isolate, tree
from leaklint.confirm.warden.worker import Worker

SETTLE = 0.010
"""Seconds between the thaw and the next event."""
PAUSE = 0.005
"""Seconds between a return and the next event where nothing is frozen."""
RESTING = 5.0
"""Seconds that a container has to ask for the next event after it has answered."""
PHOTO = 25.0
LEAVING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals that end the run, and with it everything that it has started."""


class Gone(Exception):
    """Whoever started the warden has gone away, or wants it to end."""


class Warden:
    """All containers of a run, and the loop that serves them."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.freezes: bool = plan["freezes"]
        self.selector = selectors.DefaultSelector()
        self.folder = os.path.join(tempfile.gettempdir(), f"leaklint-{plan['run']}-{os.getpid()}")
        """Named before it is made, so that it is removed whenever the run ends."""
        self.workers: list[Worker] = []
        self.commands: list[dict[str, Any]] = []
        self._frozen: set[int] = set()
        self._input = b""
        self._children, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in LEAVING:
            signal.signal(number, _leave)
        parent = os.getppid()
        signal.signal(signal.SIGUSR1, lambda *_: _leave() if os.getppid() != parent else None)
        self.selector.register(self._children, selectors.EVENT_READ, self._note_children)
        self.selector.register(0, selectors.EVENT_READ, self._read_input)

    # The loop

    def pump(self, until: Callable[[], bool], seconds: float) -> bool:
        """Serves containers until something is the case, or time is up."""
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in self.selector.select(left):
                key.data()
        return True

    def _read_input(self) -> None:
        text = os.read(0, 1 << 16)
        if not text:
            raise Gone
        *lines, self._input = (self._input + text).split(b"\n")
        self.commands += [json.loads(line) for line in lines]

    def _note_children(self) -> None:
        while True:
            try:
                os.read(self._children, 512)
            except BlockingIOError:
                break
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for worker in self.workers:
                if worker.pid == pid:
                    worker.drain()
                    worker.note_status(status)
                if pid in worker.photos.values() and not os.WIFSTOPPED(status):
                    worker.drain()
                    worker.photos = {number: each for number, each in worker.photos.items() if each != pid}

    # The life of containers

    def start(self) -> None:
        """Starts the containers and waits until each has imported the handler."""
        isolated = not self.plan["allow_network"] and isolate.can_enter()
        if isolated:
            isolate.enter()
        tree.become_subreaper()
        tree.hear_of_parent(signal.SIGUSR1)
        os.mkdir(self.folder, 0o700)
        for name in ("home", "tmp"):
            os.mkdir(os.path.join(self.folder, name))
        say({"say": "started-run", "isolated": isolated, "at": time.monotonic_ns()})
        for index in range(self.plan["workers"]):
            self.workers.append(Worker(index, self.plan, self.folder, self.selector, say))
        self.pump(lambda: all(each.at_rest() for each in self.workers), float(self.plan["import_timeout"]))
        for worker in self.workers:
            self._finish(worker, "init-timeout")
        say({"say": "done", "alive": self._alive()})

    def _alive(self) -> bool:
        return all(worker.ended is None for worker in self.workers)

    def invoke(self, events: list[dict[str, Any]]) -> None:
        """Hands out one event to each of the first containers, and waits until all have returned."""
        busy = list(zip(self.workers, events, strict=False))
        for worker, event in busy:
            worker.number = event["number"]
        if self.freezes:
            self._thaw()
            self.pump(lambda: False, SETTLE)
        self.pump(lambda: all(worker.awaits_event() for worker, _ in busy), RESTING)
        for worker, event in busy:
            worker.give(event["number"], event["body"])
        self.pump(lambda: all(worker.answered or worker.ended for worker, _ in busy), float(self.plan["timeout"]))
        self.pump(lambda: all(worker.at_rest() for worker, _ in busy if worker.answered), RESTING)
        if not self.freezes:
            self.pump(lambda: False, PAUSE)
        for worker, _ in busy:
            self._finish(worker, "timeout")
        say({"say": "done", "alive": self._alive()})

    def _finish(self, worker: Worker, otherwise: str) -> None:
        """Freezes a container that rests, waits for its photo, and ends one that does not rest."""
        worker.drain()
        if worker.ended is None and not worker.at_rest():
            say(
                {
                    "say": "stuck",
                    "what": otherwise,
                    "worker": worker.index,
                    "during": worker.number,
                    "at": time.monotonic_ns(),
                }
            )
            tree.end_all(os.getpid())
            self._note_children()
            worker.drain()
            worker.ended = worker.ended or otherwise
        elif worker.ended is None:
            if self.freezes:
                spared = {each for each in worker.photos.values() if each is not None}
                self._frozen = tree.stop_all(os.getpid(), spared)
            say({"say": "frozen", "worker": worker.index, "during": worker.number, "at": time.monotonic_ns()})
            if self.freezes:
                self.pump(lambda: not worker.photos, PHOTO)
        if worker.ended is not None:
            say(
                {
                    "say": "ended",
                    "how": worker.ended,
                    "worker": worker.index,
                    "during": worker.number,
                    "at": time.monotonic_ns(),
                }
            )

    def _thaw(self) -> None:
        for worker in self.workers:
            worker.stopped = worker.rests = False
            say({"say": "thawed", "worker": worker.index, "during": worker.number, "at": time.monotonic_ns()})
        frozen, self._frozen = self._frozen | {worker.pid for worker in self.workers}, set()
        tree.continue_all(frozen)

    def end(self) -> None:
        """Ends everything, and removes what the run has made."""
        if not self.freezes:
            self.pump(lambda: False, float(self.plan["linger"]))
            self.pump(lambda: not any(worker.photos and not worker.ended for worker in self.workers), PHOTO)
        for worker in self.workers:
            worker.drain()

    def clean(self) -> None:
        """Kills the whole tree and removes the folder of the run and the files of the handler.

        Whoever started the run may be gone by now: then nobody listens any more.
        """
        for number in (*LEAVING, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        try:
            killed, left = tree.end_all(os.getpid())
            for worker in self.workers:
                worker.drain()
                worker.close()
        finally:
            self._remove_files()
        say({"say": "over", "killed": killed, "left": left})

    def _remove_files(self) -> None:
        for path in sorted({path for worker in self.workers for path in worker.made}, reverse=True):
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            elif os.path.lexists(path):
                try:
                    os.unlink(path)
                except OSError:
                    continue
        shutil.rmtree(self.folder, ignore_errors=True)


def _leave(*_: object) -> NoReturn:
    raise Gone


class Voice:
    """Tells whoever started the warden what happens; the first message that cannot be heard ends the run."""

    def __init__(self) -> None:
        self._heard = True

    def __call__(self, message: dict[str, Any]) -> None:
        """Passes a message on; does nothing where nobody listens any more."""
        line = json.dumps(message).encode() + b"\n" if self._heard else b""
        try:
            while line:
                line = line[os.write(1, line) :]
        except OSError as error:
            self._heard = False
            raise Gone from error


say = Voice()


def main() -> None:
    """Runs until told to end."""
    with open(0, "rb", buffering=0, closefd=False) as commands:
        plan = json.loads(commands.readline())
    warden = Warden(plan)
    try:
        serve(warden)
    except Gone:
        pass
    finally:
        cleaned = False
        while not cleaned:  # another signal may come before they are ignored
            try:
                warden.clean()
                cleaned = True
            except Gone:
                continue


def serve(warden: Warden) -> None:
    """Carries out commands until the one to end."""
    warden.start()
    while True:
        warden.pump(lambda: bool(warden.commands), 3600.0)
        if not warden.commands:
            return
        command = warden.commands.pop(0)
        if command["do"] == "end":
            warden.end()
            return
        warden.invoke(command["events"])


if __name__ == "__main__":
    main()
