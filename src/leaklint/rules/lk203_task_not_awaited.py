"""A task is kept but not awaited on every path before the handler returns.

The handle of a task, kept in a variable, a set or an attribute, protects the task from being thrown away by Python.
It does not make anybody wait for it. When the handler of a serverless function returns, the task is where it is:
under `asyncio.run` it is cancelled and its work is lost; on a loop that stays open over invocations, AWS Lambda
freezes it, and it goes on when that loop runs again, which is inside the invocation of another customer, or never.

```python bad
import asyncio


async def save(order):
    await asyncio.sleep(0.1)
    print("saved", order)


async def serve(event):
    task = asyncio.create_task(save(event["order"]))
    print("started", task.get_name())
    return "accepted"


def handler(event, context):
    return asyncio.run(serve(event))
```

```python good
import asyncio


async def save(order):
    await asyncio.sleep(0.1)
    print("saved", order)


async def serve(event):
    task = asyncio.create_task(save(event["order"]))
    print("started", task.get_name())
    await task
    return "accepted"


def handler(event, context):
    return asyncio.run(serve(event))
```

The idiom of Python's documentation, `TASKS.add(task)` with `task.add_done_callback(TASKS.discard)`, is made for
servers that never stop, and is one of the leaks here. So is `asyncio.wait` with a timeout or `FIRST_COMPLETED` whose
pending tasks are neither awaited nor cancelled.

**Severity**: `error`; `warning` where a path skips the `await`, and on platforms that do not freeze the process (the
task runs on there); `info` where only an exception skips it.

**Silent**

- A task that is awaited, gathered, or cancelled and awaited on every path, here or in another function.
- `TaskGroup`, and the nurseries of `anyio` and `trio`.
- A task that is dropped altogether: that is LK202.

**Fix**

`await` the task before the handler returns, or start it in a `TaskGroup`.
"""

from leaklint.ir.effects import Outcome, Pending, Work
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK203", "task-not-awaited", on=Pending, public=False, fix="await-task")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.TASK or not pending.held:
        return None
    runs_on = wording.outcome(pending, reached.handlers) is Outcome.RUNS_ON
    base = Severity.WARNING if runs_on else Severity.ERROR
    kept = f"is kept in {pending.subject.name}" if pending.subject.name else "is kept"
    what = f"task{obligation.running(pending.callee)} {kept} and not awaited"
    cure = "await it before the handler returns, or start it in a TaskGroup"
    return obligation.work(pending, reached, what, cure, base=base)
