"""A mutable default argument is mutated, and every later call without that argument gets it as it was left.

Python evaluates a default argument once, when the `def` is executed, which for a function of a module is at import.
The list in `def tag(name, tags=[])` is one list for all calls of the process. A serverless platform keeps the process
from one event to the next (a "warm container"), so the calls of the next customer get the list of the ones before.

```python bad
def tag(name, tags=[]):
    tags.append(name)
    return tags


def handler(event, context):
    return {"tags": tag(event["tag"])}
```

```python good
def tag(name, tags=None):
    tags = [] if tags is None else tags
    tags.append(name)
    return tags


def handler(event, context):
    return {"tags": tag(event["tag"])}
```

Reported where the default itself is mutated: in the function, or by a caller to whom the function returned it or for
whom it stored it.

**Severity**: `error` where request data survives; `warning` for other changes.

**Silent**

- Mutable defaults that nobody mutates, and functions that copy them first: `tags = [*tags, name]`.
- Calls that pass an argument of their own.

**Fix**

Use `None` as the default and make the object in the function.
"""

from leaklint.ir.effects import Lifetime, Write
from leaklint.ir.reached import Reached
from leaklint.rules import state
from leaklint.rules.rule import Message, rule


@rule("LK104", "default-argument-mutated", on=Write, fix="none-default")
def check(write: Write, reached: Reached) -> Message | None:
    if write.subject.lifetime is not Lifetime.DEFAULT:
        return None
    cure = "use None as the default and make the object in the function"
    return state.message(write, reached, cure)
