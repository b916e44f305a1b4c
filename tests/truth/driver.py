"""Runs handlers three times in a process of their own and says what survived: ``python driver.py < jobs > results``.

Each job is forked off, so that cases cannot see each other. After the import and after every invocation a *photo* is
taken of module state, process state and pending work; what differs between photos is what an invocation left behind.
Three terms: a *marker* is the text ``{{unique}}`` of an event, which is different in each invocation; a name has
*changed* when its photo differs from the one before; it *holds* an invocation when its photo contains the marker.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import contextvars
import decimal
import functools
import gc
import importlib
import io
import locale
import logging
import os
import random
import sched
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from json import dumps, loads
from multiprocessing.pool import ApplyResult
from pathlib import Path
from typing import Any

from forked import in_a_fork

Photo = dict[str, str]
SEEDS: list[Any] = []
"""With what the shared random generator was seeded."""
LIMIT = 20_000
MACHINERY = (
    "asyncio",
    "_asyncio",
    "concurrent",
    "multiprocessing",
    "threading",
    "_thread",
    "selectors",
    "subprocess",
    "sched",
)
OPAQUE = ("Context", "Logger", "RootLogger", "Random")
"""What changes by being used; what it does with an invocation's data shows as pending work."""
ATOMS = (str, bytes, bytearray, int, float, complex, bool, type(None), types.ModuleType, types.BuiltinFunctionType)


class Context:
    """The second argument of the handler, new for each invocation."""

    function_name = "fixture"
    function_version = "1"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:fixture"

    def __init__(self, marker: str) -> None:
        self.aws_request_id = "request-" + marker

    def get_remaining_time_in_millis(self) -> int:
        return 3000 - int(self.aws_request_id[12])


def absolute(path: Any) -> str:
    """The path as text, from the root on."""
    return str(Path(os.fspath(path)).absolute())


def watch_seeds() -> None:
    """Remembers with what the shared random generator is seeded."""
    seed = random.seed

    def watched(value: Any = None, version: int = 2) -> None:
        seed(value, version)
        SEEDS.append(value)

    random.seed = watched  # type: ignore[assignment]


def closes_generator(task: asyncio.Task[Any]) -> bool:
    """Whether a task is a loop's own, to close an async generator that was left; whatever ends the loop closes it."""
    return type(task.get_coro()).__name__ == "async_generator_athrow"


class Watch:
    """Records what cannot be seen afterwards: files made, coroutines dropped, tasks cancelled with their loop."""

    def __init__(self) -> None:
        self.written: set[str] = set()
        self.lost: list[str] = []
        self.scheduled: list[tuple[Any, Any]] = []

    def install(self) -> None:
        enter = sched.scheduler.enterabs

        def watched_enter(scheduler: Any, *arguments: Any, **named: Any) -> Any:
            event = enter(scheduler, *arguments, **named)
            self.scheduled.append((scheduler._queue, event))
            return event

        sched.scheduler.enterabs = watched_enter  # type: ignore[method-assign]
        sys.addaudithook(self._audit)
        warnings.simplefilter("default", RuntimeWarning)
        warnings.showwarning = self._warn
        cancel = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

        def cancel_all(loop: asyncio.AbstractEventLoop) -> None:
            left = [task for task in asyncio.all_tasks(loop) if not closes_generator(task)]
            self.lost += [f"task {task.get_coro()!r} cancelled with its loop" for task in left]
            self.lost += [f"loop timer {text}" for text in loop_timers(loop)]
            cancel(loop)

        asyncio.runners._cancel_all_tasks = cancel_all  # type: ignore[attr-defined]
        close = asyncio.BaseEventLoop.close

        def watched_close(loop: Any) -> None:
            if not loop.is_closed():
                left = [task for task in asyncio.all_tasks(loop) if not closes_generator(task)]
                self.lost += [f"task {task.get_coro()!r} left when its loop was closed" for task in left]
            close(loop)

        asyncio.BaseEventLoop.close = watched_close  # type: ignore[method-assign]

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            mode, flags = arguments[1], arguments[2]
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & os.O_CREAT):
                self.written.add(absolute(arguments[0]))
        elif event == "os.mkdir" and isinstance(arguments[0], (str, Path)):
            self.written.add(absolute(arguments[0]))
        elif event in ("os.rename", "shutil.copyfile", "shutil.move"):
            self.written.add(absolute(arguments[1]))

    def _warn(self, message: Any, *rest: Any, **named: Any) -> None:
        if "never awaited" in str(message) or "was destroyed" in str(message):
            self.lost.append(str(message))

    def events_left(self) -> list[str]:
        return [f"scheduled {event}" for queue, event in self.scheduled if event in queue]

    def files_left(self) -> list[str]:
        return sorted(path for path in self.written if path.startswith("/tmp/") and Path(path).exists())


def children_of(value: Any, mine: set[str]) -> Iterator[tuple[str, Any]]:
    """What ``value`` refers to, as far as state of the project or of a container can be in it."""
    kind = type(value)
    if issubclass(kind, dict):
        for index, (key, item) in enumerate(list(dict.items(value))):
            yield f"key{index}", key
            yield f"[{index}]", item
    elif issubclass(kind, (list, tuple, set, frozenset)) or kind.__name__ in ("deque", "array", "WeakSet"):
        for index, item in enumerate(sorted(value, key=repr) if issubclass(kind, (set, frozenset)) else list(value)):
            yield f"[{index}]", item
    if issubclass(kind, types.FunctionType):
        yield "defaults", value.__defaults__
        yield "kwdefaults", value.__kwdefaults__
        for index, cell in enumerate(value.__closure__ or ()):
            with contextlib.suppress(ValueError):
                yield f"cell{index}", cell.cell_contents
    elif kind.__name__ == "_lru_cache_wrapper":
        yield from ((f"entry{n}", item) for n, item in enumerate(gc.get_referents(value)) if type(item) is dict)
    elif kind is types.MethodType:
        yield "self", value.__self__
    elif kind in (classmethod, staticmethod, property):
        yield "function", getattr(value, "__func__", None) or value.fget
    elif kind is functools.partial:
        yield from (("function", value.func), ("arguments", value.args), ("keywords", value.keywords))
    elif issubclass(kind, BaseException):
        yield "args", value.args
    elif kind.__name__ == "count":
        yield "at", repr(value)
    elif kind is contextvars.ContextVar:
        yield "value", value.get(None)
    elif kind.__module__ in ("_hashlib", "_blake2", "hmac") and hasattr(kind, "hexdigest"):
        yield "digest", value.hexdigest()
    elif kind is types.GeneratorType:
        yield "at", value.gi_frame and value.gi_frame.f_lasti
    elif hasattr(kind, "__length_hint__") and not hasattr(kind, "__len__"):
        yield "left", kind.__length_hint__(value)
    elif kind.__module__ in ("weakref", "_weakref"):
        return
    if issubclass(kind, type):
        if value.__module__ in mine:
            yield from (
                (name, item)
                for name, item in list(vars(value).items())
                if name
                not in (
                    "__dict__",
                    "__weakref__",
                    "__doc__",
                    "__module__",
                    "_abc_impl",
                    "__annotations__",
                    "__slotnames__",
                )
            )
        return
    if issubclass(kind, io.IOBase) and not value.closed and value.seekable():
        try:
            yield "at", value.tell()
        except OSError:  # somebody walks through it
            yield "at", os.lseek(value.fileno(), 0, os.SEEK_CUR)
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict):
        yield from list(attributes.items())
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot not in ("__weakref__", "__dict__") and hasattr(value, slot):
                yield slot, getattr(value, slot)


def text_of(value: Any, mine: set[str]) -> str:
    """A text that differs when the state in ``value`` differs."""
    parts: list[str] = []
    seen: dict[int, int] = {}
    stack: list[tuple[str, Any]] = [("", value)]
    size = 0
    while stack and size < LIMIT:
        label, item = stack.pop()
        if isinstance(item, ATOMS):
            part = f"{label}={item!r}"
        elif id(item) in seen:
            part = f"{label}=#{seen[id(item)]}"
        elif (type(item).__module__.startswith(MACHINERY) and type(item) is not threading.local) or type(
            item
        ).__name__ in OPAQUE:
            part = f"{label}={type(item).__name__}"
        else:
            seen[id(item)] = len(seen)
            part = f"{label}:{type(item).__name__}"
            stack += reversed(list(children_of(item, mine)))
        parts.append(part)
        size += len(part)
    return " ".join(parts)


def module_state(folder: Path) -> Iterator[tuple[str, str]]:
    """The variables of the project's modules, and what they refer to."""
    modules = {
        name: module
        for name, module in list(sys.modules.items())
        if str(getattr(module, "__file__", None) or "").startswith(str(folder))
    }
    for name, module in modules.items():
        for variable, value in list(vars(module).items()):
            if variable.startswith("__") or isinstance(value, types.ModuleType):
                continue
            if isinstance(value, (type, types.FunctionType)) and value.__module__ != name:
                continue
            if type(value) is threading.local:
                yield f"{name}.{variable}", text_of(dict(value.__dict__), set(modules))
            elif type(value) is contextvars.ContextVar:
                with contextlib.suppress(LookupError):
                    yield f"{name}.{variable}", text_of(value.get(), set(modules))
            else:
                yield f"{name}.{variable}", text_of(value, set(modules))


def process_state(known: dict[tuple[str, str], int]) -> Iterator[tuple[str, str]]:
    """State of the process that a handler may change; ``known`` are the functions of the library before the run."""
    yield "environment", repr(sorted(os.environ.items()))
    yield "folder", str(Path.cwd())
    yield "sys.path", repr(sys.path)
    yield "standard streams", repr([id(sys.stdout), id(sys.stderr), id(sys.stdin)])
    loggers = [logging.root, *(x for x in logging.root.manager.loggerDict.values() if isinstance(x, logging.Logger))]
    yield "logging", repr(sorted((x.name, len(x.handlers), len(x.filters), x.level) for x in loggers))
    yield "log factory", repr([logging.getLogRecordFactory(), logging.getLoggerClass()])
    yield "warning filters", repr(warnings.filters)
    yield "signals", repr([text_of(signal.getsignal(number), set()) for number in range(1, 32)])
    yield "locale", locale.setlocale(locale.LC_ALL)
    yield "socket timeout", repr(socket.getdefaulttimeout())
    yield "exit functions", repr(atexit._ncallbacks())
    yield "time zone", repr(time.tzname)
    yield "seed", repr(SEEDS[-1:])
    yield "decimal", repr(decimal.getcontext().prec)
    changed = [key for key, at in known.items() if id(getattr(sys.modules.get(key[0]), key[1], None)) != at]
    yield "library", repr([(key, id(getattr(sys.modules.get(key[0]), key[1], None))) for key in sorted(changed)])


def library_functions() -> dict[tuple[str, str], int]:
    """Every function and class in modules that are not the project's."""
    return {
        (name, attribute): id(value)
        for name, module in list(sys.modules.items())
        if not name.startswith(("_", "encodings")) and module is not None
        for attribute, value in list(vars(module).items())
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type))
    }


def loop_timers(loop: Any) -> list[str]:
    """Callbacks that a loop still has to run."""
    handles = [*getattr(loop, "_scheduled", ()), *getattr(loop, "_ready", ())]
    modules = {handle: str(getattr(handle._callback, "__module__", None) or "asyncio") for handle in handles}
    own = [handle for handle in handles if not handle.cancelled() and "asyncio" not in modules[handle]]
    return [repr(handle) for handle in own]


def pending_work(baseline: set[threading.Thread]) -> Iterator[str]:
    """Work that an invocation left: threads, futures, processes, tasks and timers."""
    for thread in threading.enumerate():
        target = getattr(thread, "_target", None)
        idle = getattr(target, "__module__", "") in ("concurrent.futures.thread", "multiprocessing.pool")
        over = isinstance(thread, threading.Timer) and thread.finished.is_set()
        if thread not in baseline and not idle and not over and not thread.name.startswith(("asyncio_", "asyncio-")):
            yield f"thread {thread.name}"
    for _ in range(100):
        if len(list(Path("/proc/self/task").iterdir())) <= len(threading.enumerate()):
            break
        time.sleep(0.001)  # a thread that has ended is counted for a moment
    else:
        yield "thread started below threading"
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        yield "alarm"
    pools = set()
    for item in gc.get_objects():
        kind = type(item)
        if kind is concurrent.futures.Future and not item.done():
            yield "future"
        elif kind is sched.scheduler and not item.empty():
            yield "scheduled calls"
        elif issubclass(kind, ApplyResult) and not item.ready():
            yield "pool result"
        elif issubclass(kind, asyncio.BaseEventLoop) and not item.is_closed():
            yield from (f"task {task.get_coro()!r}" for task in asyncio.all_tasks(item) if not task.done())
            yield from (f"loop timer {text}" for text in loop_timers(item))
        elif kind.__name__ == "Pool" and kind.__module__ == "multiprocessing.pool":
            pools |= {worker.pid for worker in item._pool}
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            children = (task / "children").read_text().split()
            yield from (f"process {pid}" for pid in children if int(pid) not in pools)


def fill(value: Any, marker: str) -> Any:
    """The event with its marker in place."""
    return loads(dumps(value).replace("{{unique}}", marker))


def invoke(handler: Callable[..., Any], event: Any, marker: str) -> dict[str, Any]:
    """Calls the handler once and says what it returned or raised."""
    try:
        result = handler(event, Context(marker))
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        return {"error": f"{type(error).__name__}: {error}", "at": frames[-1].lineno if frames else 0}
    return {"result": repr(result)[:2000]}


def observe(job: dict[str, Any]) -> dict[str, Any]:
    """Runs one case: its folder, module, function and the events, one for each invocation."""
    folder = Path(job["folder"])
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.stdout = sys.stderr = io.StringIO()
    watch = Watch()
    watch.install()
    watch_seeds()
    handler: Any = importlib.import_module(job["module"])
    for part in job["function"].split("."):
        handler = getattr(handler, part)
    known = library_functions()
    baseline = set(threading.enumerate())
    watch.written.clear()
    gc.collect()
    before: Photo = dict(module_state(folder)) | dict(process_state(known))
    markers: list[str] = []
    invocations = []
    for number, event in enumerate(job["events"], 1):
        marker = f"mark{number}x{number * 7919:x}z"
        markers.append(marker)
        outcome = invoke(handler, fill(event, marker), marker)
        pending = sorted([*pending_work(baseline), *watch.events_left()])
        gc.collect()
        after: Photo = dict(module_state(folder)) | dict(process_state(known))
        outcome["changed"] = sorted(name for name in after | before if after.get(name) != before.get(name))
        outcome["holds"] = sorted(name for name, text in after.items() if any(mark in text.lower() for mark in markers))
        if any(mark in outcome.get("result", "").lower() for mark in markers[:-1]):
            outcome["holds"].append("the answer")
        outcome["pending"] = pending
        outcome["lost"] = sorted(set(watch.lost))
        outcome["files"] = watch.files_left()
        watch.lost.clear()
        invocations.append(outcome)
        before = after
    for path in map(Path, watch.files_left()):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return {"invocations": invocations}


if __name__ == "__main__":
    for usual in ("csv", "dataclasses", "decimal", "sched", "sqlite3", "tempfile", "unittest.mock", "uuid", "zipfile"):
        importlib.import_module(usual)  # so that no case has to
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(dumps(in_a_fork(functools.partial(observe, loads(line)), 60.0)), flush=True)
