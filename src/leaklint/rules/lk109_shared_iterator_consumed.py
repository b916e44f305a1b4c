"""A module-level iterator is consumed by an invocation, and the next one starts where it stopped.

An iterator (a generator, `iter(...)`, `map(...)`, an open file, a `csv.reader`) can be walked once. Made at module
level it is made once for a process that a serverless platform keeps for many events (a "warm container"): the first
invocation reads it, and later ones find the rest, or nothing. Even `x in iterator` eats it up to the match.

The first handler below allows ada once and then never again.

```python bad
ALLOWED = map(str.lower, ["Ada", "Grace", "Edith"])


def handler(event, context):
    return {"allowed": event["name"] in ALLOWED}
```

```python good
ALLOWED = frozenset(map(str.lower, ["Ada", "Grace", "Edith"]))


def handler(event, context):
    return {"allowed": event["name"] in ALLOWED}
```

`itertools.count()` used as a source of ids is one of them: its numbers depend on how long the process has lived, and
two processes give out the same ones.

**Severity**: `warning`.

**Silent**

- A list, tuple, set or dictionary, which can be walked any number of times.
- A generator *function* that the invocation calls: each call makes a new generator.
- A file that is taken back to its start first: `FILE.seek(0)`.

**Fix**

Make a tuple or a set of it at import, or make the iterator inside the handler.
"""

from leaklint.ir.effects import Consume, Settled
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK109", "shared-iterator-consumed", on=Consume)
def check(consume: Consume, _: Reached) -> Message | None:
    on_some = "" if consume.settled is Settled.NEVER else f" {obligation.when(consume)}"
    cycle = consume.subject.type == "cycle"
    again = "it goes on where it stopped" if cycle else "it does not start again"
    cure = "make it inside the handler"
    return Message(
        obligation.severity(consume.settled, Severity.WARNING),
        f"{wording.owner(consume.subject)} is consumed{wording.by(consume)}: {again}{on_some}",
        "the next invocation starts where this one stopped" + ("" if cycle else ", or finds nothing left"),
        cure if cycle else f"make a tuple or a set of it at import, or {cure}",
    )
