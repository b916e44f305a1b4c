"""A coroutine function is called and its coroutine is dropped, so its body never runs.

Calling an `async def` function does not run it. The call only makes a *coroutine*, an object that waits to be driven
by `await` or by an event loop. If nothing ever awaits it, not a single line of the function is executed: nothing is
saved, nothing is sent, and no error is raised. Python prints "coroutine ... was never awaited" when it throws the
object away, which in a log full of other lines nobody reads.

The first handler below answers "saved" and has saved nothing.

```python bad
import asyncio


async def save(order):
    await asyncio.sleep(0.1)
    print("saved", order)


async def serve(event):
    save(event["order"])
    await asyncio.sleep(0)
    return "saved"


def handler(event, context):
    return asyncio.run(serve(event))
```

```python good
import asyncio


async def save(order):
    await asyncio.sleep(0.1)
    print("saved", order)


async def serve(event):
    await save(event["order"])
    return "saved"


def handler(event, context):
    return asyncio.run(serve(event))
```

Reported in any code, whether a handler reaches it or not: a call that stands alone, a coroutine that is assigned and
never used (`_ = save()` too), overwritten, only tested for truth, put into a text or printed, or put into a list that
is dropped; one whose attribute or item is read as if it were the result; one that is kept in an attribute that nothing
reads; an asynchronous generator under a plain `for`, an asynchronous context manager under a plain `with`.

Coroutine functions are those of the project, of the standard library, of libraries that leaklint has rows for, and of
the packages that are installed for the project: in the environment that the setting `python` names, else in
`VIRTUAL_ENV`, else in `.venv`.

**Severity**: `error`; `warning` where only some path skips the `await`.

**Silent**

- A coroutine that is returned, stored and awaited later, or passed to a function that awaits it.
- `asyncio.run`, `gather`, `wait_for`, `run_until_complete`, `TaskGroup.create_task`.
- `coroutine.close()`.

**Fix**

Put `await` before the call. In a function that is not `async`, make it `async` or hand the coroutine to
`asyncio.run`.
"""

from leaklint.ir.effects import Pending, Settled, Work
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule

_DROPPED = {
    "unread": "is kept in an attribute that nothing reads, and never awaited",
    "iterated": "is iterated with a plain for",
    "entered": "is entered with a plain with",
}
_KINDS = {"iterated": "async generator", "entered": "async context manager"}
_CURES = {"iterated": "use async for", "entered": "use async with"}


@rule("LK201", "coroutine-not-awaited", on=Pending, scope="any", fix="await")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.COROUTINE:
        return None
    kind = _KINDS.get(pending.how_dropped, "coroutine")
    what = f"{kind}{obligation.named(pending.callee)}" if pending.callee else kind
    how = _DROPPED.get(pending.how_dropped, "is never awaited")
    if pending.settled is not Settled.NEVER:
        due = "before the handler returns" if reached.handlers else ""
        how = f"is not awaited {obligation.when(pending, due)}"
    return Message(
        obligation.severity(pending.settled, Severity.ERROR),
        f"{what} {how}: {wording.becomes(pending, reached.handlers)}",
        wording.observed(pending, reached.handlers),
        _CURES.get(pending.how_dropped, "await it, or hand it to something that does"),
        wording.outcome(pending, reached.handlers),
    )
