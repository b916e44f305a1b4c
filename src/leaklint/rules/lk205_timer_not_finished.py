"""A timer is still pending when the handler returns.

A timer says: call this function in a while. On a serverless platform there may be no such while. AWS Lambda freezes
the process when the handler returns; the clock goes on outside, and when the process is woken for the next event,
perhaps hours later and for another customer, the timer is overdue and fires at once, in the middle of that
invocation. The timer of the last event never fires. A timer of an event loop that `asyncio.run` has closed is
dropped.

The first handler below prints the number of one request in the log of the next.

```python bad
import threading


def handler(event, context):
    timer = threading.Timer(0.02, print, args=(event["number"],))
    timer.start()
    return event["number"]
```

```python good
import time


def handler(event, context):
    time.sleep(0.02)
    print(event["number"])
    return event["number"]
```

`threading.Timer`, `loop.call_later`, `call_at`, `call_soon`, `call_soon_threadsafe`, `sched`, `signal.alarm` and
`signal.setitimer`.

**Severity**: `error`; `warning` where a path skips what ends it; `info` where only an exception does.

**Silent**

- A timer that is cancelled or joined on every path, such as a watchdog that is cancelled in a `finally`.
- `call_soon` right before the run of the loop ends: it still runs. A scheduler that is run to its end.

**Fix**

Wait for the timer, cancel it in a `finally`, or do the work in the handler.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.reached import Reached
from leaklint.rules import obligation
from leaklint.rules.rule import Message, rule


@rule("LK205", "timer-not-finished", on=Pending, public=False, fix="join")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.TIMER:
        return None
    what = f"timer{' for' if pending.callee else ''}{obligation.named(pending.callee)} is not finished"
    return obligation.work(pending, reached, what, "wait for it, or cancel it in a finally")
