"""An `async def` awaits nothing, so being asynchronous only makes it easier to call it wrongly.

Such a function does its work without ever giving way to the event loop: it blocks all other tasks as a plain function
does, costs a coroutine for each call, and whoever forgets the `await` gets nothing at all (LK201). Off unless it is
selected, since being asynchronous can be a matter of style.

```python bad
import asyncio


async def total(rows):
    return sum(rows)


def handler(event, context):
    return asyncio.run(total(event["rows"]))
```

```python good
def total(rows):
    return sum(rows)


def handler(event, context):
    return total(event["rows"])
```

No `await`, `async for`, `async with`, asynchronous comprehension or `yield` in it. Reported in any code.

**Severity**: `warning`.

**Silent**

- Where being asynchronous is asked for from outside: stubs, abstract methods, overrides, members of protocols,
  decorated functions, functions that are passed as values, handlers of platforms that await.

**Fix**

Make it a plain function, and remove the `await` from its calls.
"""

from leaklint.ir.effects import Declare
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules.rule import Message, rule


@rule("LK501", "async-without-await", on=Declare, scope="any", optional=True)
def check(declare: Declare, _: Reached) -> Message | None:
    if declare.what != "async-without-await":
        return None
    return Message(
        Severity.WARNING,
        f"async def {declare.subject.name or declare.site.function} awaits nothing",
        "nothing is left behind, but a forgotten await at one of its calls would lose its work",
        "make it a plain function, and remove the await from its calls",
    )
