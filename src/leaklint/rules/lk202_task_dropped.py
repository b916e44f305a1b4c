"""A task is started and its handle is dropped, so that nothing waits for it and nothing keeps it alive.

`asyncio.create_task` starts work beside the code that called it and returns a handle: the only thing with which one
can wait for that work. Whoever drops the handle can never know when the work is finished. In a serverless function
this is worse than elsewhere, because the process is not simply busy a little longer: under `asyncio.run` a task that
is still pending is cancelled when the main coroutine returns, so its work is lost; on a loop that stays open over
invocations, AWS Lambda freezes it in the middle and it goes on inside a later invocation, of another customer, or
never. Besides, the event loop holds only a weak reference to a task, and Python may throw it away half-way.

The first handler below answers before the mail is sent, and the mail is never sent.

```python bad
import asyncio


async def send_mail(to):
    await asyncio.sleep(0.1)
    print("sent", to)


async def serve(event):
    asyncio.create_task(send_mail(event["to"]))
    return "sent"


def handler(event, context):
    return asyncio.run(serve(event))
```

```python good
import asyncio


async def send_mail(to):
    await asyncio.sleep(0.1)
    print("sent", to)


async def serve(event):
    await asyncio.create_task(send_mail(event["to"]))
    return "sent"


def handler(event, context):
    return asyncio.run(serve(event))
```

Reported in any code. `create_task`, `ensure_future`, `loop.create_task`, `run_coroutine_threadsafe` and `gather`
start tasks, and so does a function of the project that returns one. A name that is bound to the task and never read
is the same as no name.

**Severity**: `error`; `warning` where only some path skips the `await`, `info` where only an exception does.

**Silent**

- A task that is returned, or handed to a function that keeps or awaits it (that one is judged there).
- `TaskGroup.create_task` and the nurseries of `anyio` and `trio`, which wait for their tasks themselves.

**Fix**

`await` the task before the function returns; start several in a `TaskGroup` or await their `gather`.
"""

from leaklint.ir.effects import Pending, Settled, Work
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK202", "task-dropped", on=Pending, scope="any", fix="await")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.TASK or pending.held:
        return None
    what = f"task{obligation.running(pending.callee)} is dropped"
    if reached.handlers:
        cure = "await it before the handler returns, or start it in a TaskGroup"
        return obligation.work(pending, reached, f"{what} and not awaited", cure)
    if pending.settled is Settled.UNCERTAIN:
        what += " and not awaited"
    what = f"{what} {obligation.when(pending, due='')}".rstrip()
    return Message(
        obligation.severity(pending.settled, Severity.ERROR),
        f"{what}: nobody awaits it or sees it fail, and Python may throw it away half-way",
        "its work may be missing without an error, and goes on while the caller believes that it is done",
        "await it, start it in a TaskGroup, or keep it and await it later",
        wording.outcome(pending, reached.handlers),
    )
