"""A function that reads a context variable is run where the context does not follow.

The value of a `ContextVar` belongs to a context, and a thread starts with a context of its own. A function that an
executor, a `Thread` or a `Timer` runs does not see what the handler has set: it reads the default, fails with
`LookupError`, or, in the thread of a pool that has been used before, reads what an earlier request has left there.

```python bad
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

USER = ContextVar("user", default="nobody")


def greeting():
    return f"hello {USER.get()}"


def handler(event, context):
    token = USER.set(event["user"])
    try:
        with ThreadPoolExecutor() as pool:
            return pool.submit(greeting).result()
    finally:
        USER.reset(token)
```

```python good
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context

USER = ContextVar("user", default="nobody")


def greeting():
    return f"hello {USER.get()}"


def handler(event, context):
    token = USER.set(event["user"])
    try:
        with ThreadPoolExecutor() as pool:
            return pool.submit(copy_context().run, greeting).result()
    finally:
        USER.reset(token)
```

Reported where the function is handed over, and only where this invocation has set the variable.

**Severity**: `warning`.

**Silent**

- `asyncio.to_thread`, `create_task` and `call_soon`, which carry the context with them.
- `copy_context().run` in between; the value passed as an argument.

**Fix**

Hand over `copy_context().run` with the function as its argument, or pass the value as an argument.
"""

from leaklint.ir.effects import Defer
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message, rule


@rule("LK403", "context-lost", on=Defer, public=False, fix="copy-context")
def check(defer: Defer, _: Reached) -> Message | None:
    if defer.api != "context":
        return None
    function = f"{defer.callee}()" if defer.callee else "a function"
    variable = wording.context_variable(defer.subject)
    return Message(
        Severity.WARNING,
        f"{function} reads {variable}, but runs where the context does not follow{wording.by(defer)}",
        "the function reads the default, or what an earlier request has left in the thread that runs it",
        "hand over copy_context().run with the function as its argument",
    )
