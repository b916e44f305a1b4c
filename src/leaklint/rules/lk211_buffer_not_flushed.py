"""A client that sends in the background is fed and not flushed before the handler returns.

Kafka producers, analytics and metrics clients, batch processors of OpenTelemetry do not send what they are given:
they put it into a buffer, which a background thread empties every few seconds. On AWS Lambda there are no such
seconds. The process is frozen when the handler returns, buffer and thread included. What is in the buffer is sent
when the process is woken for a later event, and what the last event of the process has put in is never sent at all.

```python bad
from confluent_kafka import Producer

PRODUCER = Producer({"bootstrap.servers": "kafka:9092"})


def handler(event, context):
    PRODUCER.produce("orders", value=event["order"])
    return "ordered"
```

```python good
from confluent_kafka import Producer

PRODUCER = Producer({"bootstrap.servers": "kafka:9092"})


def handler(event, context):
    PRODUCER.produce("orders", value=event["order"])
    PRODUCER.flush()
    return "ordered"
```

The libraries are a table; Powertools `Metrics` without `log_metrics` or `flush_metrics` is in it.

**Severity**: `error`; `warning` where a path skips the flush; `info` where only an exception does.

**Silent**

- Flushed, closed or left as a context manager on every path, also by a decorator.
- Clients that send at once.
- Platforms that leave the process its time between two requests (web servers and workers of queues, Azure, Lambda
  Managed Instances): to send in the background is what such a client is made for. A buffer that nobody empties but
  the program itself (Powertools `Metrics`, a `MemoryHandler`) is reported there too.

**Fix**

Flush before the handler returns, in a `finally`.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK211", "buffer-not-flushed", on=Pending, public=False, fix="flush")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.BUFFER or (wording.leave_time(reached.handlers) and not pending.by_hand):
        return None
    what = f"buffer of {pending.subject.name or 'the client'} is fed{wording.by(pending)} and not flushed"
    cure = f"use {pending.instead}" if pending.instead else "flush it before the handler returns"
    return obligation.work(pending, reached, what, cure)
