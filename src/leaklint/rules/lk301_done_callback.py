"""The rest of the work sits in a done-callback, which may run in another invocation.

`add_done_callback` means: when this is finished, call that. It does not wait. The handler of a serverless function
that starts a request, hangs a callback on it and returns has not done its work: AWS Lambda freezes the process at the
return, and the callback runs when the answer arrives, which is inside the next invocation of the process, perhaps for
another customer, or never.

```python bad LK203
import asyncio


async def post(order):
    await asyncio.sleep(0.1)
    return order


async def serve(event):
    task = asyncio.create_task(post(event["order"]))
    task.add_done_callback(print)
    return "ok"


def handler(event, context):
    return asyncio.run(serve(event))
```

```python good
import asyncio


async def post(order):
    await asyncio.sleep(0.1)
    return order


async def serve(event):
    print(await post(event["order"]))
    return "ok"


def handler(event, context):
    return asyncio.run(serve(event))
```

Futures of `asyncio`, `concurrent.futures` and gRPC, `addCallback` and `addErrback` of Twisted, `then` of promises.
That nobody waits for the task itself is LK203, which stands beside it above.

**Severity**: `warning`; `info` where only an exception skips the waiting.

**Silent**

- The future itself is awaited or resolved on every path.
- Platforms that do not freeze the process: there it is Python's documented idiom.
- Methods of the project's own that have such a name and call at once.

**Fix**

Await the future, and do the work of the callback after it.
"""

from leaklint.ir.effects import Defer
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK301", "done-callback", on=Defer, public=False, fix="move-callback")
def check(defer: Defer, reached: Reached) -> Message | None:
    if defer.api != "done-callback" or wording.runs_on(reached.handlers):
        return None
    callback = f"done-callback{obligation.named(defer.callee)}"
    return Message(
        obligation.severity(defer.settled, Severity.WARNING),
        f"{callback} may run in a later invocation, or never: its future is not waited for {obligation.when(defer)}",
        "the callback runs inside a later invocation, perhaps for another customer, with the data of this one",
        "await the future, and do the work of the callback after it",
    )
