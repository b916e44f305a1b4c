"""A module-level object that belongs to an event loop is used under `asyncio.run`, which makes a new loop each time.

Asynchronous clients, pools and locks tie themselves to the event loop under which they are first used: their sockets
and waiting lists live there. `asyncio.run` makes a loop, and closes it at its end. A serverless platform keeps the
process from one event to the next (a "warm container"), so the second invocation runs a second loop and finds a
client whose sockets belong to a closed one: "Event loop is closed", "attached to a different loop", or a connection
that never answers. The first invocation of every process works, which is why tests do not show it.

```python bad
import asyncio

import httpx

CLIENT = httpx.AsyncClient()


async def serve(event):
    response = await CLIENT.get(event["url"])
    return response.status_code


def handler(event, context):
    return asyncio.run(serve(event))
```

```python good
import asyncio

import httpx


async def serve(event):
    async with httpx.AsyncClient() as client:
        response = await client.get(event["url"])
    return response.status_code


def handler(event, context):
    return asyncio.run(serve(event))
```

Reported at the use under the new loop; the definition is the related place. `get_event_loop()` in an invocation after
an earlier one has used `asyncio.run` is one of them.

**Severity**: `error` for clients and pools; `warning` for asyncio's own `Lock`, `Queue`, `Event` and `Semaphore`,
which fail only once something has to wait.

**Silent**

- One loop that stays open over all invocations: a module-level loop or `asyncio.Runner`.
- Objects that are made inside the coroutine.

**Fix**

Make the object inside the coroutine that `asyncio.run` runs, or keep one loop open for the whole process.
"""

from leaklint.ir.effects import Read
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message, rule


@rule("LK210", "loop-bound-state", on=Read)
def check(read: Read, _: Reached) -> Message | None:
    if read.origin == "needed":
        return Message(
            Severity.ERROR,
            f"{wording.called(read)}() finds no event loop once asyncio.run has been called",
            "the next invocation fails: asyncio.run leaves the thread without a current loop",
            "use asyncio.run for everything, or keep one loop of the module's own open",
        )
    if read.origin != "loop":
        return None
    primitive = read.row.startswith("asyncio.")
    fails = (
        "the next invocation fails as soon as something has to wait for it"
        if primitive
        else "the next invocation fails"
    )
    return Message(
        Severity.WARNING if primitive else Severity.ERROR,
        f"{wording.owner(read.subject)} belongs to one event loop, and asyncio.run makes a new one in each invocation",
        f"{fails}: its loop is closed",
        "make it inside the coroutine that asyncio.run runs, or keep one loop open",
    )
