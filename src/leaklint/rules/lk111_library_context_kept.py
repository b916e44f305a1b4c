"""Per-request context is put into a library's global context and not taken out.

Loggers, tracers and error trackers have a place for "what this request is about": a user, a tenant, an order number.
They add it to everything that they write from then on. On a serverless platform the process, and the library in it,
lives on from one event to the next (a "warm container"). What is not taken out stays: the lines, traces and error
reports of the next customer carry the name of this one.

```python bad
import structlog

log = structlog.get_logger()


def handler(event, context):
    structlog.contextvars.bind_contextvars(user=event["user"])
    log.info("order received")
    return "ok"
```

```python good
import structlog

log = structlog.get_logger()


def handler(event, context):
    with structlog.contextvars.bound_contextvars(user=event["user"]):
        log.info("order received")
    return "ok"
```

The libraries are a table: Powertools for AWS Lambda (`append_keys` without `clear_state=True`), structlog, Sentry,
loguru, New Relic, Datadog, OpenTelemetry and others.

**Severity**: `error` with request data; `warning` without it, and where the context is taken out on some paths only.

**Silent**

- Taken out or cleared on every path, at the start of each invocation or at its end.
- Context managers that take it out themselves: `bound_contextvars`, `append_context_keys`, `contextualize`, a Sentry
  scope.
- What lies in a context variable (structlog, OpenTelemetry), put there where the context ends with the work: inside
  `asyncio.run`, a task, a thread or `copy_context().run`, or in a handler that the platform runs in a task or in a copy
  of the context.
- `append_keys` under `inject_lambda_context(clear_state=True)`; Sentry with its AWS Lambda integration, and in views
  and tasks of frameworks (Django, Flask, FastAPI, Celery and others) where its integrations make a scope for each.

**Fix**

Use the library's context manager, or clear the context in a `finally`.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK111", "library-context-kept", on=Pending, fix="clear-context")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.LIBRARY_CONTEXT:
        return None
    if pending.ends_with_context and wording.in_fresh_thread(reached.handlers):
        return None
    library = pending.subject.name or pending.row.partition(".")[0]
    where = f"the {library}" if " " in library else f"the context of {library or 'a library'}"
    what = wording.from_request(pending.request) if pending.request else "context"
    when = obligation.when(pending)
    base = Severity.ERROR if pending.request else Severity.WARNING
    return Message(
        obligation.severity(pending.settled, base, exception=Severity.WARNING),
        f"{what} is put into {where}{wording.by(pending)} and not taken out {when}",
        "what the next invocation logs and reports, perhaps for another customer, carries it",
        f"use {pending.instead}" if pending.instead else "use the library's context manager, or clear it in a finally",
    )
