"""An `async def` is the entry point of a platform that does not await it, so its body never runs.

Calling an `async def` function only makes a coroutine; somebody has to await it. The Python runtime of AWS Lambda
calls the handler like any function and takes what it returns for the answer. It gets a coroutine, cannot turn it into
JSON, and fails with `Runtime.MarshalError`; not one line of the handler has been executed.
`@functions_framework.http` answers with status 500 for the same reason.

```python bad
import asyncio


async def lambda_handler(event, context):
    await asyncio.sleep(0.1)
    return "ok"
```

```python good
import asyncio


async def serve(event):
    await asyncio.sleep(0.1)
    return "ok"


def lambda_handler(event, context):
    return asyncio.run(serve(event))
```

Reported for handlers that a template, a decorator or a setting declares, or that are called `lambda_handler`.

**Severity**: `error`.

**Silent**

- Azure Functions and `functions_framework.aio` await their handlers.
- An `async def` that a decorator turns into a plain function.

**Fix**

Let a plain function be the handler, and run the coroutine in it with `asyncio.run`.
"""

from leaklint.ir.effects import Declare
from leaklint.ir.finding import Severity
from leaklint.ir.handler import Platform
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message, rule

_AWAITING = frozenset({Platform.AZURE, Platform.WEB})


@rule("LK209", "async-handler", on=Declare, fix="run-coroutine")
def check(declare: Declare, reached: Reached) -> Message | None:
    calling = [each for each in reached.handlers if each.declared and each.platform not in _AWAITING]
    if declare.what != "async-handler" or not calling:
        return None
    name = declare.subject.name or declare.site.function
    return Message(
        Severity.ERROR,
        f"async def {name} is an entry point of {wording.platform(calling)}, which does not await it",
        "every invocation fails: the body never runs",
        "let a plain function be the handler and run the coroutine with asyncio.run",
    )
