"""What becomes of coroutines and tasks: ``python fates.py < jobs > results``, each job in a process of its own.

Each handler is called three times, as its platform would do it, with asyncio's debug mode on. Every coroutine that is
thrown away without having been awaited, and every task that is not finished when the invocation that started it ends,
is recorded with the lines of the project that made it, the innermost first, and with its fate:

``never awaited``
    The coroutine's body never ran.
``lost``
    The task was cancelled with its loop, or destroyed while it was pending.
``resumed``
    The task went on in a later invocation, when its loop ran again, or is still waiting for that.
``ran on``
    The task went on after its handler had returned, on the loop of a platform that does not freeze the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import io
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Coroutine
from json import dumps, loads
from pathlib import Path
from types import FrameType
from typing import Any

DEPTH = 40
PAUSE = 0.05
"""Seconds between two invocations on a platform that does not freeze."""
Place = tuple[str, int]


class Context:
    """The second argument of the handler."""

    function_name = "fixture"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 3000


class Started:
    """A task: where it was made, in which invocation, and how it ended."""

    def __init__(self, places: tuple[Place, ...], invocation: int) -> None:
        self.places = places
        self.invocation = invocation
        self.ended: int | None = None
        self.cancelled_with_loop = False
        self.loop_closed: Callable[[], bool] = lambda: False


class Fates:
    """Watches one job."""

    def __init__(self, folder: Path, *, awaited: bool) -> None:
        self.folder = folder
        self.awaited = awaited
        self.invocation = 0
        self.running = False
        self.never: set[tuple[Place, ...]] = set()
        self.started: list[Started] = []

    def install(self) -> None:
        sys.set_coroutine_origin_tracking_depth(DEPTH)
        warnings._warn_unawaited_coroutine = self._unawaited  # type: ignore[attr-defined]
        create = asyncio.BaseEventLoop.create_task
        cancel = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

        def create_task(loop: asyncio.BaseEventLoop, coro: Coroutine[Any, Any, Any], **named: Any) -> Any:
            task = create(loop, coro, **named)
            places = self._own(sys._getframe(1))
            if places and hasattr(coro, "cr_code"):
                self._watch(task, places, loop)
            return task

        def cancel_all(loop: asyncio.AbstractEventLoop) -> None:
            for task in asyncio.all_tasks(loop):
                record = self._records.get(id(task))
                if record is not None:
                    record.cancelled_with_loop = True
            cancel(loop)

        asyncio.BaseEventLoop.create_task = create_task  # type: ignore[method-assign,assignment]
        asyncio.runners._cancel_all_tasks = cancel_all  # type: ignore[attr-defined]
        self._records: dict[int, Started] = {}

    def _watch(self, task: Any, places: tuple[Place, ...], loop: asyncio.BaseEventLoop) -> None:
        record = Started(places, self.invocation)
        record.loop_closed = loop.is_closed
        self._records[id(task)] = record
        self.started.append(record)

        def ended(done: Any) -> None:
            record.ended = self.invocation if self.running else self.invocation + 1

        task.add_done_callback(ended)

    def _own(self, frame: FrameType | None) -> tuple[Place, ...]:
        found = []
        while frame is not None:
            found.append((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        return self._inside(found)

    def _inside(self, places: list[Place]) -> tuple[Place, ...]:
        root = str(self.folder)
        return tuple((Path(path).relative_to(root).as_posix(), line) for path, line in places if path.startswith(root))

    def _unawaited(self, coro: Any) -> None:
        places = self._inside([(path, line) for path, line, _ in getattr(coro, "cr_origin", None) or ()])
        if places:
            self.never.add(places)

    def finish(self) -> list[tuple[str, tuple[Place, ...]]]:
        """The fates of what was not finished by the invocation that started it, with the calls that made it."""
        found = {("never awaited", places) for places in self.never}
        for each in self.started:
            if each.cancelled_with_loop or (each.ended is None and each.loop_closed()):
                found.add(("lost", each.places))
            elif each.ended is None or each.ended > each.invocation:
                found.add(("ran on" if self.awaited else "resumed", each.places))
        return sorted(found)


def fill(value: Any, number: int) -> Any:
    """The event with a marker that differs in each invocation in its place."""
    return loads(dumps(value).replace("{{unique}}", f"mark{number}"))


def call_all(handler: Callable[..., Any], events: list[Any], fates: Fates) -> list[str]:
    """Calls the handler once for each event, and lets time pass in between."""
    errors = []
    for number, event in enumerate(events, 1):
        fates.invocation, fates.running = number, True
        try:
            handler(fill(event, number), Context())
        except BaseException as error:
            errors.append(f"{type(error).__name__}: {error}")
        gc.collect()
        fates.running = False
        time.sleep(PAUSE)
    return errors


async def await_all(handler: Callable[..., Any], events: list[Any], fates: Fates) -> list[str]:
    """Awaits the handler once for each event, on one loop that goes on in between."""
    errors = []
    for number, event in enumerate(events, 1):
        fates.invocation, fates.running = number, True
        try:
            await handler(fill(event, number))
        except BaseException as error:
            errors.append(f"{type(error).__name__}: {error}")
        fates.running = False
        await asyncio.sleep(PAUSE)
    gc.collect()
    return errors


def observe(job: dict[str, Any]) -> dict[str, Any]:
    """Runs one job and tells the fates of its coroutines and tasks."""
    folder = Path(job["folder"]).resolve()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.stdout = sys.stderr = io.StringIO()
    fates = Fates(folder, awaited=job["awaited"])
    fates.install()
    handler: Any = importlib.import_module(job["module"])
    for part in job["function"].split("."):
        handler = getattr(handler, part)
    if job["awaited"]:
        loop = asyncio.new_event_loop()
        errors = loop.run_until_complete(await_all(handler, job["events"], fates))
    else:
        errors = call_all(handler, job["events"], fates)
    del handler
    gc.collect()
    return {"fates": fates.finish(), "errors": errors}


def main() -> None:
    os.environ["PYTHONASYNCIODEBUG"] = "1"
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            try:
                answer = observe(loads(line))
            except BaseException:
                answer = {"trouble": traceback.format_exc()}
            with contextlib.suppress(BaseException), os.fdopen(write, "w") as out:
                out.write(dumps(answer))
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as answers:
            text = answers.read()
        os.waitpid(child, 0)
        sys.stdout.write((text or dumps({"trouble": "no answer"})) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
