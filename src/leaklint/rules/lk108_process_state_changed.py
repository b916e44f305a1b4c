"""State of the whole process is changed by an invocation and not put back.

Environment variables, the working folder, the locale, `sys.path`, signal handlers, handlers of loggers, attributes of
library modules: there is one of each in a process, and every line of code in it, also of libraries, reads them. A
serverless platform keeps the process from one event to the next (a "warm container"). What an invocation sets there
is set for all later ones, and code that never heard of the request acts on it.

```python bad
import os
import subprocess


def handler(event, context):
    os.environ["TENANT"] = event["tenant"]
    subprocess.run(["./report"], check=True)
    return "done"
```

```python good
import os
import subprocess


def handler(event, context):
    subprocess.run(["./report"], check=True, env={**os.environ, "TENANT": event["tenant"]})
    return "done"
```

What grows (`sys.path.append`, `logger.addHandler`, `atexit.register`) grows with every invocation: after a hundred of
them each log line is written a hundred times.

**Severity**: `error` with request data, also where every invocation overwrites it; `warning` for other changes and
for what grows by a constant.

**Silent**

- The same constant again: `os.environ["TZ"] = "UTC"`, `os.chdir("/tmp")`, `random.seed(0)`, a constant signal
  handler.
- `os.environ` and `random.seed` with values that do not come from the request.
- Put back in a `finally` or by a context manager (`contextlib.chdir`, `mock.patch`); added once under a guard.

**Fix**

Pass the value on as an argument, or put the old state back in a `finally`.
"""

from leaklint.ir.effects import How, Lifetime, Write
from leaklint.ir.reached import Reached
from leaklint.rules import state
from leaklint.rules.rule import Message, rule

_LIFETIMES = frozenset({Lifetime.PROCESS, Lifetime.LIBRARY})
_ONLY_REQUEST = ("os.environ", "os.putenv", "random.seed", "numpy.random.seed")
"""State that a program may well set anew in each invocation, as long as nothing of the request is in it."""


@rule("LK108", "process-state-changed", on=Write, public=False)
def check(write: Write, reached: Reached) -> Message | None:
    if write.subject.lifetime not in _LIFETIMES:
        return None
    if not state.keeps(write) and write.how is not How.GROW and _named(write).startswith(_ONLY_REQUEST):
        return None
    cure = "pass the value on as an argument, or put the old state back in a finally"
    if write.how is How.GROW:
        cure = "do it once at import, or take it out in a finally"
    return state.message(write, reached, cure)


def _named(write: Write) -> str:
    return write.row or write.subject.name
