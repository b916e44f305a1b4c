"""Work that was started together with others is left running when the waiting for it ends early.

`await gather(a(), b(), c())` raises the first exception at once, and the other two go on by themselves. Under
`asyncio.run` they are cancelled together with the loop. On a loop that stays open over invocations (a module-level
loop, a module-level `Runner`, a framework that keeps one) nobody cancels them: the handler fails, and its siblings go
on in a later invocation, perhaps of another customer.

```python bad
import asyncio

LOOP = asyncio.new_event_loop()


async def book(seat):
    await asyncio.sleep(0.1)
    print("booked", seat)


async def serve(event):
    await asyncio.gather(book(event["out"]), book(event["back"]))
    return "booked"


def handler(event, context):
    return LOOP.run_until_complete(serve(event))
```

```python good
import asyncio

LOOP = asyncio.new_event_loop()


async def book(seat):
    await asyncio.sleep(0.1)
    print("booked", seat)


async def serve(event):
    async with asyncio.TaskGroup() as group:
        group.create_task(book(event["out"]))
        group.create_task(book(event["back"]))
    return "booked"


def handler(event, context):
    return LOOP.run_until_complete(serve(event))
```

`wait_for(shield(...))` leaves the shielded work running when the time is up; a loop over `as_completed` that is left
early leaves the rest; an asynchronous generator that is left by `break` without `aclose` finishes in a later
invocation.

**Severity**: `warning`.

**Silent**

- Under `asyncio.run`, which cancels what is left.
- `gather(..., return_exceptions=True)`, `TaskGroup`, `wait_for` without `shield`.
- A `gather` whose tasks are waited for where it has failed: cancelled, and awaited then.

**Fix**

Use a `TaskGroup`, or `gather` with `return_exceptions=True`.
"""

from leaklint.ir.effects import Pending, Regime, Work
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK208", "siblings-left-running", on=Pending)
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work not in (Work.SIBLINGS, Work.GENERATOR) or not _stays_open(pending, reached):
        return None
    operation = wording.called(pending)
    if pending.work is Work.GENERATOR:
        what = f"async generator{obligation.named(pending.callee)} is left early and not closed"
        cure = "close it with aclose(), or read it to its end"
    elif operation == "gather":
        what = "gather() without return_exceptions leaves the others running after the first exception"
        cure = "use a TaskGroup, or return_exceptions=True"
    else:
        what = f"{operation or 'waiting'}() that ends early leaves the rest running"
        cure = "wait for the rest, or cancel and await it"
    # what is shielded, and what was started beside it, goes on because of the exception
    late = Severity.WARNING if operation in ("shield", "gather") else Severity.INFO
    return Message(
        obligation.severity(pending.settled, Severity.WARNING, exception=late),
        f"{what}: {wording.becomes(pending, reached.handlers)}",
        wording.observed(pending, reached.handlers),
        cure,
        wording.outcome(pending, reached.handlers),
    )


def _stays_open(pending: Pending, reached: Reached) -> bool:
    """Whether the loop goes on after the handler: the program keeps it open, or the platform runs its own."""
    if pending.regime is Regime.NONE:
        return wording.runs_on(reached.handlers)
    return pending.regime is Regime.OPEN
