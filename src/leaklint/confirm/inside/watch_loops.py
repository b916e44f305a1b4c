"""Watches what asyncio runs: tasks, loop timers and callbacks, and what is lost when a loop ends.

A loop that is closed drops its timers and callbacks; ``asyncio.run`` cancels the tasks that its coroutine has left.
Both are the end of work that nobody asked to end, and so the work is *lost*.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sched
import warnings
import weakref
from asyncio import base_events, runners
from collections.abc import Callable
from contextvars import Context
from functools import wraps
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType
from typing import Any

from leaklint.confirm.inside.coroutines import lines_of
from leaklint.confirm.inside.frames import PROJECT
from leaklint.confirm.inside.registry import Registry, Work, above, module_of, name_of

LOST_WITH_LOOP = "lost: its loop was closed"
CANCELLED_BY_RUN = "lost: cancelled when its loop ended"
CALLABLE = (FunctionType, MethodType, BuiltinFunctionType, functools.partial)
MACHINERY = ("asyncio", "_asyncio", "concurrent", "multiprocessing", "selectors")
SHUTDOWN = frozenset({"BaseEventLoop.shutdown_asyncgens", "BaseEventLoop.shutdown_default_executor"})
"""What ``asyncio.run`` does at its end, which is nobody's work."""
CLOSES_GENERATOR = "async_generator_athrow"
"""What a loop runs to close an async generator that was left early; ``asyncio.run`` closes the others itself."""
DESTROYED = "lost: destroyed while pending"


def watch_tasks(registry: Registry) -> None:
    """Wraps the making of tasks, and both ways in which a loop drops them."""
    loop = base_events.BaseEventLoop
    works: weakref.WeakKeyDictionary[Any, Work] = weakref.WeakKeyDictionary()
    create, close, complain = loop.create_task, loop.close, loop.call_exception_handler
    cancel_all = runners._cancel_all_tasks  # type: ignore[attr-defined]

    @wraps(create)
    def watched_create_task(self: Any, coroutine: Any, **named: Any) -> Any:
        task = create(self, coroutine, **named)
        name = getattr(coroutine, "__qualname__", None) if inspect.iscoroutine(coroutine) else None
        if name in SHUTDOWN:
            return task
        work = registry.started("task", name or type(coroutine).__name__, _ask_task(task), above())
        if work is not None:
            works[task] = work
            task.add_done_callback(lambda ended: registry.over(work, _end_of(ended)), context=Context())
        return task

    @wraps(cancel_all)
    def watched_cancel_all_tasks(loop: Any) -> None:
        for task in asyncio.all_tasks(loop):
            closes = type(task.get_coro()).__name__ == CLOSES_GENERATOR
            registry.over(works.get(task), "cancelled" if closes else CANCELLED_BY_RUN)
        cancel_all(loop)

    @wraps(close)
    def watched_close(self: Any) -> None:
        if not self.is_closed():
            left = [task for task in asyncio.all_tasks(self) if not task.done()]
            handles = [*getattr(self, "_scheduled", ()), *getattr(self, "_ready", ())]
            close(self)
            for task in left:
                registry.over(works.get(task), LOST_WITH_LOOP)
            for handle in handles:
                registry.over(_work_of(handle), LOST_WITH_LOOP)

    @wraps(complain)
    def watched_call_exception_handler(self: Any, context: dict[str, Any]) -> None:
        task = context.get("task")
        if task is not None and "destroyed" in str(context.get("message", "")):
            registry.over(works.get(task), DESTROYED)
        complain(self, context)

    def current() -> str | None:
        if asyncio._get_running_loop() is None:
            return None
        task = asyncio.current_task()
        work = works.get(task) if task is not None else None
        return work.number if work is not None else None

    registry.replace(loop, "create_task", watched_create_task)
    registry.replace(loop, "close", watched_close)
    registry.replace(loop, "call_exception_handler", watched_call_exception_handler)
    registry.replace(runners, "_cancel_all_tasks", watched_cancel_all_tasks)
    registry.ask_tasks(current)
    _watch_other_loops(registry)


def _watch_other_loops(registry: Registry) -> None:
    """Wraps the way to hand a coroutine to a loop that another thread runs."""
    hand_over = asyncio.run_coroutine_threadsafe

    @wraps(hand_over)
    def watched_run_coroutine_threadsafe(coroutine: Any, loop: Any) -> Any:
        future = hand_over(coroutine, loop)
        name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
        registry.started("task", name, _ask_task(future), above())
        return future

    for module in (asyncio, asyncio.tasks):
        registry.replace(module, "run_coroutine_threadsafe", watched_run_coroutine_threadsafe)


def _end_of(task: Any) -> str:
    return "cancelled" if task.cancelled() else "finished"


def _ask_task(task: Any) -> Callable[[], str | None]:
    known = weakref.ref(task)

    def ask() -> str | None:
        task = known()
        return "finished" if task is None else _end_of(task) if task.done() else None

    return ask


class Deferred:
    """A callback that was handed to a loop, attributed to its work when it is called."""

    __slots__ = ("callback", "registry", "work")

    def __init__(self, registry: Registry, work: Work, callback: Callable[..., Any]) -> None:
        self.registry = registry
        self.work = work
        self.callback = callback

    def __call__(self, *arguments: Any) -> Any:
        with self.registry.running(self.work):
            try:
                return self.callback(*arguments)
            finally:
                self.registry.over(self.work, "finished")


def _work_of(handle: Any) -> Work | None:
    callback = getattr(handle, "_callback", None)
    return callback.work if type(callback) is Deferred else None


def watch_callbacks(registry: Registry) -> None:
    """Wraps the ways in which user code hands a callback to a loop."""
    loop = base_events.BaseEventLoop
    for name, position in (("call_at", 1), ("call_soon", 0), ("call_soon_threadsafe", 0)):
        registry.replace(loop, name, _watched_call(registry, getattr(loop, name), position))


def _watched_call(registry: Registry, call: Any, position: int) -> Any:
    kind = "callback" if position == 0 else "timer"

    @wraps(call)
    def watched_call(self: Any, *arguments: Any, **named: Any) -> Any:
        callback: Any = arguments[position] if len(arguments) > position else None
        if type(callback) not in CALLABLE or not _is_users(registry, above()):
            return call(self, *arguments, **named)
        if module_of(callback).startswith(MACHINERY) or _is_step(callback):
            return call(self, *arguments, **named)
        made: list[Any] = []
        work = registry.started(kind, name_of(callback), lambda: _ask_deferred(self, made), above())
        if work is None:
            return call(self, *arguments, **named)
        before, after = arguments[:position], arguments[position + 1 :]
        handle = call(self, *before, Deferred(registry, work, callback), *after, **named)
        made.append(handle)
        return handle

    return watched_call


def _is_step(callback: Any) -> bool:
    """Whether a callback is how asyncio's own C code goes on with a task."""
    return type(callback) is BuiltinFunctionType and isinstance(callback.__self__, asyncio.Future)


def _is_users(registry: Registry, frame: FrameType) -> bool:
    """Whether a loop was called by the project, not by asyncio on behalf of something else."""
    caller: FrameType | None = frame
    if caller is not None and caller.f_code.co_name in ("call_later", "watched_call"):
        caller = caller.f_back
    return caller is not None and registry.frames.owner(caller.f_code.co_filename)[0] == PROJECT


def _ask_deferred(loop: Any, made: list[Any]) -> str | None:
    if not made:
        return None
    handle = made[0]
    if handle.cancelled():
        return "cancelled"
    waits = getattr(handle, "_scheduled", False) or any(each is handle for each in getattr(loop, "_ready", ()))
    return None if waits else "finished"


def watch_coroutines(registry: Registry) -> None:
    """Learns of each coroutine that is thrown away without having run."""
    warn = warnings._warn_unawaited_coroutine  # type: ignore[attr-defined]

    @wraps(warn)
    def watched_warn(coroutine: Any) -> None:
        if not registry.muted:
            lines = lines_of(coroutine, registry.frames)
            work = registry.record("coroutine", coroutine.__qualname__, lambda: None, lines)
            registry.over(work, "lost: never awaited")
        warn(coroutine)

    registry.replace(warnings, "_warn_unawaited_coroutine", watched_warn)


def watch_schedulers(registry: Registry) -> None:
    """Wraps ``sched``, whose events run only while somebody runs the scheduler."""
    enter = sched.scheduler.enterabs

    @wraps(enter)
    def watched_enterabs(self: Any, *arguments: Any, **named: Any) -> Any:
        event = enter(self, *arguments, **named)
        queue, known = self._queue, weakref.ref(self)

        def ask() -> str | None:
            if not any(each is event for each in queue):
                return "finished"
            return None if known() is not None else "lost: its scheduler was thrown away"

        registry.started("timer", name_of(event.action), ask, above())
        return event

    registry.replace(sched.scheduler, "enterabs", watched_enterabs)
