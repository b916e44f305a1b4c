"""A class attribute is mutated or bound anew by an invocation, and all later instances share it.

What stands directly in the body of a class belongs to the class, not to its instances: there is one list for all of
them. In a program that ends after its work this is a small trap. On a serverless platform the class was made when the
module was imported, and the process is kept from one event to the next (a "warm container"), so that the one list is
shared by all customers whom the process ever serves.

The basket of the first program looks like a fresh one for each request. It holds the items of all requests before.

```python bad
class Basket:
    items = []

    def add(self, item):
        self.items.append(item)


def handler(event, context):
    basket = Basket()
    basket.add(event["item"])
    return {"items": basket.items}
```

```python good
class Basket:
    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)


def handler(event, context):
    basket = Basket()
    basket.add(event["item"])
    return {"items": basket.items}
```

`cls.x = ...`, `type(self).x = ...`, `Name.x += 1` and `Name.x.append(...)` are the same thing.

**Severity**: `error` where request data survives; `warning` for other changes; see LK101 for resets and caches.

**Silent**

- `self.items = []` in `__init__` (or anywhere before) makes an attribute of the instance.
- Lazy initialisation without request data: `if cls._client is None: cls._client = make()`.
- Registration of subclasses and the like that happens at import only.

**Fix**

Make the attribute in `__init__`; in a dataclass use `field(default_factory=list)`.
"""

from leaklint.ir.effects import Lifetime, Write
from leaklint.ir.reached import Reached
from leaklint.rules import state
from leaklint.rules.rule import Message, rule


@rule("LK103", "class-state-mutated", on=Write)
def check(write: Write, reached: Reached) -> Message | None:
    if write.subject.lifetime is not Lifetime.CLASS:
        return None
    cure = "make it an attribute of the instance, in __init__"
    return state.message(write, reached, cure)
