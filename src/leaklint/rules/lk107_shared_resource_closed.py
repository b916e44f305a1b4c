"""A module-level connection, client, pool or file is closed by an invocation, and the next one finds it closed.

Opening connections at module level is good practice on a serverless platform: the import runs once, the process is
kept for many events (a "warm container"), and all of them use the open connection. Closing it at the end of the
handler is good practice everywhere else. Both together fail, but only at the second event: the first invocation
closes what all later ones need. In tests, which call the handler once, everything works.

```python bad
import sqlite3

CONNECTION = sqlite3.connect(":memory:")


def handler(event, context):
    try:
        return CONNECTION.execute("select 1").fetchone()
    finally:
        CONNECTION.close()
```

```python good
import sqlite3

CONNECTION = sqlite3.connect(":memory:")


def handler(event, context):
    return CONNECTION.execute("select 1").fetchone()
```

`close`, `disconnect`, `shutdown`, `terminate` and the like, of connections, sessions, pools, clients, files,
executors and event loops; also `with CONNECTION:` where leaving it closes it.

**Severity**: `error`; `warning` where it is opened again on some paths only.

**Silent**

- Opened again at the start of each invocation, or guarded by a test of whether it is still open.
- Closed by `atexit` or by a signal handler: the process ends then.
- `with CONNECTION:` of sqlite3 and psycopg 2, which only ends a transaction.

**Fix**

Leave it open, or open it inside the handler.
"""

from leaklint.ir.effects import Close
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK107", "shared-resource-closed", on=Close, public=False)
def check(close: Close, _: Reached) -> Message | None:
    again = obligation.when(close, due="for the next invocation")
    return Message(
        obligation.severity(close.settled, Severity.ERROR, exception=Severity.WARNING),
        f"{wording.owner(close.subject)} is closed{wording.by(close)} and not opened again {again}",
        "the next invocation finds it closed and fails",
        "leave it open, or open it inside the handler",
    )
