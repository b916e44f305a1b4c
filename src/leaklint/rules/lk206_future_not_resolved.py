"""Work is given to an executor or a pool, and nothing waits for its future before the handler returns.

`submit` puts work into the queue of a pool of threads or processes and returns a *future*, with which one can wait
for the result. Without waiting, the handler returns while the pool is still at work. AWS Lambda freezes the process
at that moment, pool and queue included. A module-level pool lives on with the process, and so its threads finish the
work of one customer inside the invocation of the next.

```python bad
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor()


def save(order):
    print("saved", order)


def handler(event, context):
    POOL.submit(save, event["order"])
    return "accepted"
```

```python good
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor()


def save(order):
    print("saved", order)


def handler(event, context):
    future = POOL.submit(save, event["order"])
    future.result()
    return "accepted"
```

`executor.submit` and `map`, `Pool.apply_async` and `map_async`, `loop.run_in_executor`. An exception in work that
nobody waits for is never seen either.

**Severity**: `error`; `warning` where a path skips the waiting; `info` where only an exception does.

**Silent**

- `result()`, `get()`, `wait`, `as_completed` walked to its end; results of `map` that are read.
- An executor that is closed before return: `with ThreadPoolExecutor() as pool:`, `shutdown(wait=True)`.
- `run_in_executor(None, ...)` and `to_thread` under `asyncio.run`, which waits for the default executor.

**Fix**

Wait for the result, or use the executor in a `with` statement.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.reached import Reached
from leaklint.rules import obligation
from leaklint.rules.rule import Message, rule


@rule("LK206", "future-not-resolved", on=Pending, public=False, fix="wait-for-future")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.FUTURE:
        return None
    what = f"future{' of' if pending.callee else ''}{obligation.named(pending.callee)} is not waited for"
    return obligation.work(pending, reached, what, "wait for its result, or use the executor in a with statement")
