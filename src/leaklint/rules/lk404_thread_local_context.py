"""Request data is put into `threading.local()`, where it survives in the reused thread.

A thread-local variable is one for each thread. A serverless platform keeps the process, and with it the threads, from
one event to the next (a "warm container"): on AWS Lambda all handlers run on the one main thread, elsewhere on the
threads of a pool. What an invocation has put there, the next one on the same thread finds, and it may be of another
customer. Coroutines are worse: all tasks of a loop share one thread and mix their values.

```python bad
import threading

CURRENT = threading.local()


def handler(event, context):
    if "user" in event:
        CURRENT.user = event["user"]
    return {"user": getattr(CURRENT, "user", "nobody")}
```

```python good
def handler(event, context):
    return {"user": event.get("user", "nobody")}
```

**Severity**: `error` with request data; `warning` where some path or an exception skips the reset, and for what
counts or grows without it.

**Silent**

- A connection or a client for each thread, made without the request.
- A value that is taken out again on every path.
- A durable function of AWS Lambda, which runs in a fresh thread each time.

**Fix**

Pass the value as an argument, or keep it in a `ContextVar` that is reset in a `finally`.
"""

from leaklint.ir.effects import How, Lifetime, Write
from leaklint.ir.reached import Reached
from leaklint.rules import state, wording
from leaklint.rules.rule import Message, rule


@rule("LK404", "thread-local-context", on=Write)
def check(write: Write, reached: Reached) -> Message | None:
    if write.subject.lifetime is not Lifetime.THREAD_LOCAL or wording.in_fresh_thread(reached.handlers):
        return None
    if not state.keeps(write) and write.how not in (How.COUNT, How.GROW):
        return None
    cure = "pass it as an argument, or keep it in a ContextVar that is reset in a finally"
    return state.message(write, reached, cure)
