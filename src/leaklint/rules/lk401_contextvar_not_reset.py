"""A context variable is set and not reset, in a context that survives the invocation.

A `ContextVar` is often taken for a variable that belongs to the request. It belongs to a *context*, and a plain
handler of AWS Lambda is called in the same context every time. What it sets stays set when it returns, and the next
invocation, perhaps for another customer, reads it wherever it does not set the variable itself: the classic way to
serve one user with the claims of another. In pool threads (Google Cloud Functions, synchronous Azure Functions) each
thread has such a context.

```python bad
from contextvars import ContextVar

USER = ContextVar("user", default="nobody")


def greeting():
    return f"hello {USER.get()}"


def handler(event, context):
    if "user" in event:
        USER.set(event["user"])
    return greeting()
```

```python good
from contextvars import ContextVar

USER = ContextVar("user", default="nobody")


def greeting():
    return f"hello {USER.get()}"


def handler(event, context):
    token = USER.set(event.get("user", "nobody"))
    try:
        return greeting()
    finally:
        USER.reset(token)
```

**Severity**: `error` with request data; `warning` without it, and where some path or an exception skips the reset.
That every invocation sets the variable first does not help: `get` may be called by code that nobody sees.

**Silent**

- `reset(token)` in a `finally`; `with VAR.set(x):` (Python 3.14); set to `None` or to the default on every path.
- Inside `asyncio.run`, `run_until_complete`, a task, or `copy_context().run`: that context ends with the work.
- An asynchronous handler that the platform runs in a task of its own.
- A plain route of FastAPI or Starlette, which is called in a copy of the context.
- A durable function of AWS Lambda, which runs in a fresh thread each time.

**Fix**

Keep the token and reset it in a `finally`.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK401", "contextvar-not-reset", on=Pending, public=False, fix="reset-token")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.TOKEN or wording.in_fresh_thread(reached.handlers):
        return None
    variable = wording.context_variable(pending.subject)
    what = f"{variable} is set"
    if pending.request:
        what = f"{wording.from_request(pending.request)} is set in {variable}"
    base = Severity.ERROR if pending.request else Severity.WARNING
    return Message(
        obligation.severity(pending.settled, base, exception=Severity.WARNING),
        f"{what} and not reset {obligation.when(pending)}",
        "the next invocation, perhaps for another customer, runs in the same context and still reads it",
        "keep the token and reset it in a finally",
    )
