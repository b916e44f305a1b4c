"""An API is given a callback where an awaitable or blocking one exists, and the callback may run in a later invocation.

A callback API returns at once and calls a function of yours when its work is done. That needs a process that is there
and awake at that moment. A serverless process is not: AWS Lambda freezes it as soon as the handler has returned, the
callback stays in the air, and it is called when the process is woken for the next event, with the data of the earlier
request in its hands, or it is never called at all.

The first program below answers "ok" and has read nothing: the messages arrive in later invocations.

```python bad
import pika

CHANNEL = pika.BlockingConnection().channel()


def on_message(channel, method, properties, body):
    print("received", body)


def handler(event, context):
    CHANNEL.basic_consume(queue=event["queue"], on_message_callback=on_message)
    return "ok"
```

```python good
import pika

CHANNEL = pika.BlockingConnection().channel()


def handler(event, context):
    method, properties, body = CHANNEL.basic_get(queue=event["queue"])
    print("received", body)
    return "ok"
```

The APIs are a table: `apply_async(callback=)`, `produce(on_delivery=)`, `basic_consume(on_message_callback=)`,
`subscribe(callback=)`, `run_in_thread`, `on_snapshot`, `IOLoop.add_callback`, `on_message` of paho and others. The
message names what to call instead.

**Severity**: `warning`.

**Silent**

- Callbacks that are called before the function returns: `sorted(key=)`, `re.sub`, `Callback=` of boto3 transfers.
- A callback whose work is settled on every path before return: `apply_async(callback=...)` followed by `get()`,
  `produce(on_delivery=...)` followed by `flush()`.

**Fix**

Call the awaitable or blocking alternative and do the work of the callback after it.
"""

from leaklint.ir.effects import Defer
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK302", "callback-api", on=Defer, public=False, fix="replace-callback")
def check(defer: Defer, reached: Reached) -> Message | None:
    if defer.api != "callback-api":
        return None
    where = f"{wording.called(defer) or 'an API'}() is given a callback"
    instead = f"{defer.instead} waits for the result" if defer.instead else "call an API that waits for the result"
    late = (
        "may run after the response" if wording.runs_on(reached.handlers) else "may run in a later invocation, or never"
    )
    return Message(
        obligation.severity(defer.settled, Severity.WARNING),
        f"{where}{_named(defer)} that {late}; {instead}",
        "the callback runs inside a later invocation, perhaps for another customer, with the data of this one",
        f"use {defer.instead}" if defer.instead else "use the awaitable or blocking form and go on after it",
    )


def _named(defer: Defer) -> str:
    return f" {defer.callee}" if defer.callee else ""
