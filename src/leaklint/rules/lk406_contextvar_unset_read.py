"""A context variable without a default is read on a path on which nothing has set it.

`ContextVar.get()` raises `LookupError` when the variable was not set in this context and has no default. In a
serverless function this hides well: on AWS Lambda handlers share one context, so an earlier invocation that has set
the variable (and not reset it) makes the read succeed, with the value of another customer. Which of the two happens
depends on which event the process has seen before.

```python bad
from contextvars import ContextVar

USER = ContextVar("user")


def handler(event, context):
    return {"user": USER.get()}
```

```python good
from contextvars import ContextVar

USER = ContextVar("user")


def handler(event, context):
    token = USER.set(event["user"])
    try:
        return {"user": USER.get()}
    finally:
        USER.reset(token)
```

**Severity**: `warning`.

**Silent**

- A default in the constructor or in `get`, or a `LookupError` that is handled.
- A variable that is set on every path from the handler to the read.

**Fix**

Set the variable where the invocation begins, or give it a default.
"""

from leaklint.ir.effects import Read, Settled
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message, rule


@rule("LK406", "contextvar-unset-read", on=Read, public=False)
def check(read: Read, _: Reached) -> Message | None:
    if read.origin != "unset":
        return None
    variable = wording.context_variable(read.subject)
    where = "nothing has set it"
    if read.settled is not Settled.NEVER:
        where = f"nothing has set it on {wording.line(read)}"
    return Message(
        Severity.WARNING,
        f"{variable} is read without a default where {where}",
        "the invocation fails with LookupError, or reads what an earlier one has left in the context",
        "set it where the invocation begins, or give it a default",
    )
