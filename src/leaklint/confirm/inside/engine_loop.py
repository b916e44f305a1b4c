"""The engine of platforms with an event loop that stays open: async handlers are awaited, sync ones get a thread.

Azure Functions and ``functions_framework.aio`` work like this. Nothing is frozen: what an invocation leaves behind
runs on beside the next one. A handler of one parameter gets the event alone.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from concurrent.futures import ThreadPoolExecutor
from json import dumps, loads
from typing import Any

from leaklint.confirm.inside.engine_builtin import Context, Handler, as_error, loaded, say, set_up_logging
from leaklint.confirm.inside.observer import Observer
from leaklint.confirm.inside.runtime_api import RuntimeApi


def run(handler: str, address: str, observer: Observer) -> None:
    """Serves events until the container is ended."""
    api = RuntimeApi(address)
    current = set_up_logging()
    observer.ready()
    function = loaded(handler, api)
    arguments = _takes(function)

    async def serve() -> None:
        platform = ThreadPoolExecutor(1)
        pool = ThreadPoolExecutor(1)
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()
        while True:
            observer.rests(context)
            request = await loop.run_in_executor(platform, api.next)
            observer.begins(request.request_id)
            current.request_id = request.request_id
            given = (loads(request.body), Context(request))[:arguments]
            try:
                answer, context = await _call(function, given, loop, pool)
            except Exception as error:
                said = as_error(error, request.request_id)
                del error
                say(said)
                observer.returns()
                await loop.run_in_executor(platform, api.error, request.request_id, said)
            else:
                observer.returns()
                await loop.run_in_executor(platform, api.answer, request.request_id, answer)
            del request, given

    asyncio.run(serve())


def _takes(function: Handler) -> int:
    """How many of event and context the handler takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    plain = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return min(2, len(plain)) or 1


async def _call(
    function: Handler, given: tuple[Any, ...], loop: asyncio.AbstractEventLoop, pool: ThreadPoolExecutor
) -> tuple[str, contextvars.Context]:
    """The answer, and the context that survives the call: the pool thread's, as tasks have their own."""

    def in_thread() -> tuple[Any, contextvars.Context]:
        return function(*given), contextvars.copy_context()

    if inspect.iscoroutinefunction(function):
        result = await loop.create_task(function(*given))
        context = contextvars.copy_context()
    else:
        result, context = await loop.run_in_executor(pool, in_thread)
    return dumps(result, default=lambda value: f"<{type(value).__name__}>"), context
