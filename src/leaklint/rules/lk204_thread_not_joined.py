"""A thread is started and not joined before the handler returns.

A thread runs beside the code that started it, for as long as the process runs. AWS Lambda freezes the process at the
moment when the handler returns, with everything in it, and the thread stops in the middle of a line. When the next
event arrives, perhaps of another customer, the process is woken, and the thread goes on from that line: it writes
into that invocation's log, uses up its time, and sees its module state. If no event arrives, it never goes on.

```python bad
import threading


def save(order):
    print("saved", order)


def handler(event, context):
    thread = threading.Thread(target=save, args=(event["order"],))
    thread.start()
    return "accepted"
```

```python good
import threading


def save(order):
    print("saved", order)


def handler(event, context):
    thread = threading.Thread(target=save, args=(event["order"],))
    thread.start()
    thread.join()
    return "accepted"
```

A daemon thread is no exception: `daemon=True` only says that the interpreter does not wait for it at its end.

**Severity**: `error`; `warning` where a path skips the `join`, or it has a timeout; `info` where only an exception
skips it.

**Silent**

- Threads that are joined on every path, also in a loop, in another function, or when a `with` is left.
- Threads that are started at import only.

**Fix**

`join()` the thread before the handler returns, or do the work in the handler.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.reached import Reached
from leaklint.rules import obligation
from leaklint.rules.rule import Message, rule


@rule("LK204", "thread-not-joined", on=Pending, public=False, fix="join")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.THREAD:
        return None
    kind = "daemon thread" if pending.daemon else "thread"
    what = f"{kind}{obligation.running(pending.callee)} is not joined"
    return obligation.work(pending, reached, what, "join it before the handler returns, or do its work in the handler")
