"""A file or folder is made under `/tmp` and not removed before the handler returns.

`/tmp` of a serverless function is not emptied between two events: the platform keeps the process and its disk (a
"warm container"). A file that an invocation leaves there can be read by the next one, which may serve another
customer, and the disk is small (512 MB on AWS Lambda by default): after some hundred reports writing fails, for no
reason that anybody sees in the request at hand.

```python bad
import json


def handler(event, context):
    path = f"/tmp/{event['id']}.json"
    with open(path, "w") as report:
        json.dump(event["rows"], report)
    with open(path) as report:
        return {"size": len(report.read())}
```

```python good
import json
import tempfile


def handler(event, context):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/report.json"
        with open(path, "w") as report:
            json.dump(event["rows"], report)
        with open(path) as report:
            return {"size": len(report.read())}
```

What makes files is a table: `open(..., "w")`, `mkdtemp`, `mkstemp`, `NamedTemporaryFile(delete=False)`,
`download_file`, `extractall`, `to_csv`, `savefig`, `make_archive` and others.

**Severity**: `warning`; `info` where only an exception skips the removal.

**Silent**

- Removed on every path, in a `finally`, by `TemporaryDirectory`, or by a helper to which the path was handed.
- Kept on purpose behind a test of whether it exists, and made of nothing from the request.
- `/tmp` cleaned at the start of every invocation; files elsewhere; reading.

**Fix**

Use `tempfile.TemporaryDirectory()` as a context manager, or remove the file in a `finally`.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.finding import Severity
from leaklint.ir.handler import Platform
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK110", "temporary-file-left", on=Pending, fix="remove-file")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.FILE:
        return None
    left = "is overwritten by each invocation and not removed" if pending.constant_name else "is not removed"
    kept = f", and it holds {wording.from_request(pending.request)}" if pending.request else ""
    seen = "the next invocation, perhaps for another customer, can read it, and /tmp fills up until writing fails"
    if pending.constant_name:
        seen = "the next invocation, perhaps for another customer, can read it before it has written its own"
        if any(handler.platform is Platform.AWS_LAMBDA_MANAGED for handler in reached.handlers):
            seen = "invocations that run at the same time share /tmp and overwrite each other's file"
    return Message(
        obligation.severity(pending.settled, Severity.WARNING),
        f"file made under /tmp{wording.by(pending)} {left} {obligation.when(pending)}{kept}",
        seen,
        "use tempfile.TemporaryDirectory() as a context manager, or remove it in a finally",
    )
