"""Request data is an argument of a caching function, which keeps it, or its result, for later invocations.

`functools.cache` and its kin remember the arguments and the result of every call for as long as the process lives. On
a serverless platform the process lives on from one event to the next (a "warm container"). A cache that is fed from
requests therefore keeps data of all customers in memory and grows with each new one; and where the result depends on
something that is not an argument (the current tenant, the time, a database), one customer gets what was computed for
another, or something that has long changed.

```python bad
import functools


@functools.cache
def price_list(customer):
    return {"customer": customer, "discount": len(customer)}


def handler(event, context):
    return price_list(event["customer"])
```

```python good
import functools


@functools.lru_cache(maxsize=128)
def price_list(customer):
    return {"customer": customer, "discount": len(customer)}


def handler(event, context):
    return price_list(event["customer"])
```

Reported at the call that passes the request data; the decorated definition is the related place. On a method the
cache keeps `self` too.

**Severity**: `error` where the key lacks something that the result depends on (a tenant in a `ContextVar`), or the
function has side effects; `warning` where the cache has no bound, or the function reads the outside world.

**Silent**

- A cache with a bound or a time to live on a function that only computes.
- A cache with a bound on a method whose object the handler makes anew: no later invocation has the same `self`. Without
  a bound it keeps all these objects.
- A cached function whose arguments do not come from the request: that is lazy initialisation.

**Fix**

Give the cache a bound, make everything that the result depends on an argument, or remove the cache.
"""

from leaklint.ir.effects import Cached
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import wording
from leaklint.rules.rule import Message, rule


@rule("LK105", "request-data-cached", on=Cached, fix="uncache")
def check(cached: Cached, _: Reached) -> Message | None:
    name = cached.subject.name or cached.operation
    function = f"cached function {name.rpartition('.')[2]}()"
    passed = f"{wording.from_request(cached.request)} is an argument of {function}" if cached.request else function
    if cached.missing:
        return Message(
            Severity.ERROR,
            f"{passed}, whose key lacks what the result depends on ({wording.listing(cached.missing)})",
            "a later caller with the same arguments gets the result that was computed for this one",
            f"make {wording.listing(cached.missing)} an argument, or do not cache the function",
        )
    if cached.side_effects:
        return Message(
            Severity.ERROR,
            f"{passed}, which has side effects: they happen once for an argument and then never again",
            "a later invocation with the same arguments gets the old answer, and nothing is done",
            "do not cache a function that changes something",
        )
    if not cached.bounded:
        return Message(
            Severity.WARNING,
            f"{passed}, which keeps every result and has no bound",
            "the process keeps the arguments and results of all earlier invocations until its memory runs out",
            "give the cache a bound, or do not cache what depends on the request",
        )
    if not cached.pure:
        return Message(
            Severity.WARNING,
            f"{passed}, which reads the outside world once and then answers from memory",
            "a later invocation with the same arguments gets the old answer",
            "give the cache a time to live, or do not cache what changes outside",
        )
    return None
