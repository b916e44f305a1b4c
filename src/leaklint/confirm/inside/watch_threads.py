"""Watches threads, thread timers, futures of executors and results of pools."""

from __future__ import annotations

import _thread
import concurrent.futures.process
import concurrent.futures.thread
import multiprocessing.pool
import threading
import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any

from leaklint.confirm.inside.registry import Registry, Work, above, module_of, name_of

MACHINERY = ("concurrent.futures", "multiprocessing", "asyncio", "subprocess", "threading")
"""Threads that run a function of these serve work that is recorded by itself."""

ATTRIBUTE = "_leaklint_work"


def watch_threads(registry: Registry) -> None:
    """Wraps the entry points that start a thread."""
    start, bootstrap, join = threading.Thread.start, threading.Thread._bootstrap_inner, threading.Thread.join  # type: ignore[attr-defined]

    @wraps(start)
    def watched_start(self: threading.Thread) -> None:
        record_thread(registry, self, above())
        start(self)

    @wraps(bootstrap)
    def watched_bootstrap(self: threading.Thread) -> None:
        work = self.__dict__.get(ATTRIBUTE)
        with registry.running(work):
            bootstrap(self)
        registry.over(work, "finished")

    @wraps(join)
    def watched_join(self: threading.Thread, timeout: float | None = None) -> None:
        join(self, timeout)
        if not self.is_alive():
            registry.over(self.__dict__.get(ATTRIBUTE), "joined")

    registry.replace(threading.Thread, "start", watched_start)
    registry.replace(threading.Thread, "_bootstrap_inner", watched_bootstrap)
    registry.replace(threading.Thread, "join", watched_join)
    _watch_raw_threads(registry)


def record_thread(registry: Registry, thread: threading.Thread, frame: Any) -> None:
    """Records a thread that is about to start."""
    timer = isinstance(thread, threading.Timer)
    target = thread.__dict__.get("function" if timer else "_target")
    plain = type(thread).run in (threading.Thread.run, threading.Timer.run)
    if module_of(target if plain else type(thread).run).startswith(MACHINERY):
        return
    name = name_of(target) if plain else type(thread).__qualname__
    known = weakref.ref(thread)

    def ask() -> str | None:
        thread = known()
        if isinstance(thread, threading.Timer) and thread.finished.is_set():
            return "cancelled"  # its thread only has to wake up to find that out
        return None if thread is not None and (thread.is_alive() or thread.ident is None) else "finished"

    work = registry.started("timer" if timer else "thread", name, ask, frame, daemon=thread.daemon)
    if work is not None:
        thread.__dict__[ATTRIBUTE] = work


def _watch_raw_threads(registry: Registry) -> None:
    start = _thread.start_new_thread

    @wraps(start)
    def watched_start_new_thread(function: Callable[..., Any], /, *arguments: Any) -> int:
        work = registry.started("thread", name_of(function), lambda: None, above())
        if work is None:
            return start(function, *arguments)

        def run(*positional: Any, **named: Any) -> None:
            with registry.running(work):
                try:
                    function(*positional, **named)
                finally:
                    registry.over(work, "finished")

        return start(run, *arguments)

    registry.replace(_thread, "start_new_thread", watched_start_new_thread)


def watch_futures(registry: Registry) -> None:
    """Wraps what hands calls to the threads and processes of an executor or pool."""
    works: weakref.WeakKeyDictionary[Any, Work] = weakref.WeakKeyDictionary()
    for executor in (
        concurrent.futures.thread.ThreadPoolExecutor,
        concurrent.futures.process.ProcessPoolExecutor,
    ):
        registry.replace(executor, "submit", _watched_submit(registry, executor.submit, works))
    item = concurrent.futures.thread._WorkItem
    run = item.run

    @wraps(run)
    def watched_run(self: Any) -> None:
        with registry.running(works.get(self.future)):
            run(self)

    registry.replace(item, "run", watched_run)
    pool = multiprocessing.pool.Pool
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        registry.replace(pool, name, _watched_hand_over(registry, getattr(pool, name)))


def _watched_submit(registry: Registry, submit: Any, works: weakref.WeakKeyDictionary[Any, Work]) -> Any:
    @wraps(submit)
    def watched_submit(self: Any, /, function: Any, *arguments: Any, **named: Any) -> Any:
        future = submit(self, function, *arguments, **named)
        known = weakref.ref(future)

        def ask() -> str | None:
            future = known()
            return None if future is not None and not future.done() else "finished"

        if module_of(function) != "asyncio.base_events":
            work = registry.started("future", name_of(function), ask, above())
            if work is not None:
                works[future] = work
        return future

    return watched_submit


def _watched_hand_over(registry: Registry, hand_over: Any) -> Any:
    @wraps(hand_over)
    def watched_hand_over(self: Any, /, function: Any, *arguments: Any, **named: Any) -> Any:
        result = hand_over(self, function, *arguments, **named)
        known = weakref.ref(result)

        def ask() -> str | None:
            result = known()
            return None if result is not None and not _is_ready(result) else "finished"

        registry.started("future", name_of(function), ask, above())
        return result

    return watched_hand_over


def _is_ready(result: Any) -> bool:
    if hasattr(result, "ready"):
        return bool(result.ready())
    if hasattr(result, "_length"):
        return result._length is not None and result._index == result._length
    return True
