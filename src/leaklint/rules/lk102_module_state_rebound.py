"""A module-level variable is bound anew by an invocation, and the next invocation finds that value.

A serverless platform imports the module once and then gives the same process one event after the other (a "warm
container"). A variable of the module is therefore no variable of one request: `global user; user = ...` writes a
value that stays there when the handler has returned, and whoever reads the variable in the next invocation, perhaps
on a path that did not set it, reads the value of somebody else.

In the program below a caller who sends no name is greeted with the name of the caller before.

```python bad
name = "stranger"


def handler(event, context):
    global name
    if "name" in event:
        name = event["name"]
    return f"hello {name}"
```

```python good
def handler(event, context):
    name = event.get("name", "stranger")
    return f"hello {name}"
```

`x += 1` (a counter that goes on counting), `del x`, `module.x = ...`, `globals()["x"] = ...`, `setattr(module, ...)`
and a `nonlocal` of a function that was made at import are the same thing.

**Severity**: `error` where request data survives; `warning` for counters and other changes without it, and where the
reset is skipped on some path; `info` where nothing in the project reads the variable, and where every invocation
overwrites it before it reads it (`error` on platforms that run several requests in one process at a time).

**Silent**

- Lazy initialisation of what does not depend on the request: `if client is None: client = boto3.client("s3")`.
- The same constant again: `global READY; READY = True`.
- A variable that is reset on every path before it is read, or in a `finally`.
- A local variable that only has the name of a global one; code that runs at import only.

**Fix**

Use a local variable and pass it on, or a `ContextVar` that the handler sets and resets.
"""

from leaklint.ir.effects import Lifetime, Write
from leaklint.ir.reached import Reached
from leaklint.rules import state
from leaklint.rules.rule import Message, rule

_LIFETIMES = frozenset({Lifetime.MODULE, Lifetime.CLOSURE})


@rule("LK102", "module-state-rebound", on=Write, fix="context-variable")
def check(write: Write, reached: Reached) -> Message | None:
    if write.subject.lifetime not in _LIFETIMES or not state.is_rebound(write):
        return None
    cure = "use a local variable and pass it on, or a ContextVar that the handler sets and resets"
    return state.message(write, reached, cure, variable=True)
