"""A value that should be new for each invocation is taken at import, so all invocations of the process share it.

A module is imported once. A serverless platform keeps the process for many events (a "warm container"), sometimes for
hours, and `TODAY = date.today()` at module level is the day on which the process was started, in all of them. The
same holds for an id (`uuid4()` at import gives one "unique" id to hundreds of requests), for a random number and for
a token, and for a default argument, which is evaluated at import too.

```python bad
import datetime

TODAY = datetime.date.today()


def handler(event, context):
    return {"due": TODAY.isoformat()}
```

```python good
import datetime


def handler(event, context):
    today = datetime.date.today()
    return {"due": today.isoformat()}
```

Reported where the value is taken. Under AWS SnapStart it is worse: the import runs once for *all* environments, which
are copies of one snapshot, so that they all have the same id and the same random numbers.

**Severity**: `error` for ids, tokens and dates; `warning` for clock readings and random numbers.

**Silent**

- A start mark that is only subtracted from, or compared with, a later reading: `time.monotonic() - STARTED`.
- An id that only names the process, such as a field of all log lines.
- A generator of random numbers (`random.Random()`): each draw is new.

**Fix**

Take the value inside the handler.
"""

from leaklint.ir.effects import Read
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules.rule import Message, rule

_ONLY_STALE = (
    "numpy.random.",
    "random.",
    "time.clock_gettime",
    "time.monotonic",
    "time.perf_counter",
    "time.process_time",
    "time.thread_time",
    "time.time",
)
"""Readings and draws; ids, tokens and dates of others are taken for what they say."""
_IDS = ("secrets.", "uuid.")


@rule("LK106", "import-time-snapshot", on=Read, public=False, fix="take-per-invocation")
def check(read: Read, reached: Reached) -> Message | None:
    if read.origin != "snapshot":
        return None
    taken = read.operation if "." in read.operation else read.row
    name = f", as {read.subject.name}," if read.subject.name not in ("", taken) else ""
    shared = "all invocations of the process share it"
    if any(handler.snap_start for handler in reached.handlers):
        shared = "under SnapStart all environments share it"
    unique = taken.startswith(_IDS) or read.row == "id"
    stale = not unique and (taken.startswith(_ONLY_STALE) or read.row == "random")
    seen = "two requests have one id" if unique else "it is old by then"
    return Message(
        Severity.WARNING if stale else Severity.ERROR,
        f"value of {taken}() is taken at import and read{name} by the handler: {shared}",
        f"the next invocation gets the same value again: {seen}",
        "take it inside the handler",
    )
