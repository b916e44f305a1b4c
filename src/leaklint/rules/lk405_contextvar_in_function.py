"""A context variable is created inside a function: it is never collected and never found again.

A `ContextVar` is a key. Contexts hold on to it for ever, and a second `ContextVar("trace")` is another key that knows
nothing of the values of the first. Created inside a function, there is a new one with every call: values that were
set under the old one cannot be read any more, and on a serverless platform, which keeps the process for many events
(a "warm container"), the dead keys pile up.

```python bad
from contextvars import ContextVar


def handler(event, context):
    trace = ContextVar("trace", default="none")
    return {"trace": trace.get()}
```

```python good
from contextvars import ContextVar

TRACE = ContextVar("trace", default="none")


def handler(event, context):
    return {"trace": TRACE.get()}
```

Reported in any code.

**Severity**: `warning`.

**Silent**

- In `__init__` of a class whose objects are made at import only; in tests.

**Fix**

Create it at module level.
"""

from leaklint.ir.effects import Create
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message, rule


@rule("LK405", "contextvar-in-function", on=Create, scope="any")
def check(create: Create, _: Reached) -> Message | None:
    if create.what != "in-function" or _in_tests(create.site.path):
        return None
    variable = wording.context_variable(create.subject)
    return Message(
        Severity.WARNING,
        f"{variable} is created inside a function: every call makes another one, and none is ever collected",
        "the next invocation cannot read what was set under the old one, and memory grows",
        "create it at module level",
    )


def _in_tests(path: str) -> bool:
    *folders, name = path.split("/")
    return "tests" in folders or name.startswith("test_") or name == "conftest.py"
