"""A function of the project takes a callback and hands it to deferred work, or keeps it to be called later.

A function with a parameter `callback` or `on_done` promises to call it. Where it does so before it returns, nothing
is wrong. Where it hands the callback to a thread, a timer, an executor or a task, or puts it into a list of
listeners, the call happens at a time that nobody knows. On AWS Lambda the process is frozen when the handler returns,
so that time lies in a later invocation: the callback of one customer runs in the middle of another's.

```python bad LK101
LISTENERS = []


def listen(callback):
    LISTENERS.append(callback)


def handler(event, context):
    listen(lambda topic: print(topic, event["id"]))
    return "listening"
```

```python good
TOPICS = ("created", "paid")


def each_topic(callback):
    for topic in TOPICS:
        callback(topic)


def handler(event, context):
    each_topic(lambda topic: print(topic, event["id"]))
    return "done"
```

That the list of listeners grows is LK101, which stands beside it above. A handler of AWS Lambda that requires a third
parameter, like the `callback` of Node.js, fails at every call: Python's runtime passes two.

**Severity**: `warning`; `error` for a handler with a third parameter.

**Silent**

- A callback that is called before the function returns: key functions, visitors, hooks.
- Deferred work that is finished on every path before the handler returns.

**Fix**

Return the result, or make the function awaitable, and let the caller go on with it.
"""

from leaklint.ir.effects import Declare, Defer, Settled
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK303", "callback-parameter", on=(Defer, Declare), public=False)
def check(effect: Defer | Declare, reached: Reached) -> Message | None:
    what = effect.api if isinstance(effect, Defer) else effect.what
    if what in ("node", "node-handler"):
        name = effect.subject.name or effect.site.function
        return Message(
            Severity.ERROR,
            f"entry point {name} requires a third parameter, which {wording.platform(reached.handlers)} never passes",
            "every invocation fails with TypeError before its first line",
            "return the result instead of handing it to a callback",
        )
    if isinstance(effect, Declare) or effect.api != "parameter":
        return None
    name = effect.operation or effect.callee
    where = "handed to deferred work" if effect.to_work else "kept"
    if not effect.to_work and effect.subject.name:
        where += f" in {wording.owner(effect.subject)}"
    runs_on = wording.runs_on(reached.handlers)
    late = "may be called after the response" if runs_on else "may be called in a later invocation"
    when = "beside later requests" if runs_on else "inside a later invocation, perhaps for another customer"
    if effect.to_work and effect.settled is not Settled.NEVER:
        late = f"is not waited for {obligation.when(effect)}: it {late}"
    return Message(
        obligation.severity(effect.settled, Severity.WARNING),
        f"callback parameter {name} is {where}, and {late}",
        f"the callback runs {when}, with the data of this one",
        "return the result, or make the function awaitable, and let the caller go on with it",
    )
