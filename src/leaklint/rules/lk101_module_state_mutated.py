"""A module-level object is mutated in place by an invocation, and the next invocation finds it changed.

A serverless platform does not start a new Python process for every event. It imports the module once, calls the
handler, keeps the process (a "warm container") and gives it the next event, which may belong to another customer. An
object made at module level is made by the import, so all these events share *one* of it: whatever an invocation puts
into it is still there for the next one.

Called three times, the first handler below answers with one order, then two, then three: each customer gets the
orders of those who came before.

```python bad
ORDERS = []


def handler(event, context):
    ORDERS.append(event["order"])
    return {"orders": ORDERS}
```

```python good
def handler(event, context):
    orders = [event["order"]]
    return {"orders": orders}
```

It makes no difference how the object is reached: through an alias, a parameter, a return value, a method of a
module-level instance that changes `self`, or an import under another name in another file. A dictionary used as a
cache under a key of the request is reported too: as a warning, because it grows for as long as the process lives, and
as an error where the key does not separate what the value was made from (a tenant's data under a key without the
tenant).

**Severity**: `error` where request data survives; `warning` where state changes without it, or where the reset is
skipped on some path; `info` where every invocation overwrites the state before it reads it, or nothing reads it.

**Silent**

- Lazy initialisation of what does not depend on the request: `if "table" not in CACHE: CACHE["table"] = connect()`.
- State that is emptied on every path before it is read or grown, or in a `finally`.
- An element that is added and removed again on every path.
- A cache with a bound or a time to live whose key separates; mutation of a copy; code that runs at import only.

**Fix**

Make the object inside the handler and pass it on. Where it has to be reached from everywhere, keep it in a
`ContextVar` that the handler sets and resets.
"""

from leaklint.ir.effects import Lifetime, Write
from leaklint.ir.reached import Reached
from leaklint.rules import state
from leaklint.rules.rule import Message, rule

_LIFETIMES = frozenset({Lifetime.MODULE, Lifetime.CLOSURE, Lifetime.FUNCTION})


@rule("LK101", "module-state-mutated", on=Write, fix="context-variable")
def check(write: Write, reached: Reached) -> Message | None:
    if write.subject.lifetime not in _LIFETIMES or state.is_rebound(write):
        return None
    cure = "make it inside the handler, or keep it in a ContextVar that the handler sets and resets"
    return state.message(write, reached, cure)
