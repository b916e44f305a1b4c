"""A context variable has a mutable default, which every context shares.

The default of a `ContextVar` is made once, together with the variable. Every context in which nothing was set gets
this very object. Whoever appends to what `get()` returns appends to the default of all: of all tasks, all threads,
and, since a serverless platform keeps the process from one event to the next, of all later invocations.

```python bad
from contextvars import ContextVar

TAGS = ContextVar("tags", default=[])


def handler(event, context):
    return {"tags": len(TAGS.get())}
```

```python good
from contextvars import ContextVar

TAGS = ContextVar("tags", default=())


def handler(event, context):
    return {"tags": len(TAGS.get())}
```

Reported in any code.

**Severity**: `warning`.

**Silent**

- Immutable defaults: `None`, `()`, numbers, texts, `frozenset()`, `MappingProxyType(...)`.

**Fix**

Use `None` or an empty tuple as the default, and set a fresh object where the work begins.
"""

from leaklint.ir.effects import Create
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message, rule


@rule("LK402", "contextvar-mutable-default", on=Create, scope="any", fix="none-context-default")
def check(create: Create, _: Reached) -> Message | None:
    if create.what != "mutable-default":
        return None
    kind = f" ({create.subject.type})" if create.subject.type else ""
    return Message(
        Severity.WARNING,
        f"mutable default{kind} of {wording.context_variable(create.subject)} is shared by every context",
        "what one invocation puts into the default, the next one finds there",
        "use None as the default, and set a fresh object where the work begins",
    )
