"""A child process is started and not waited for before the handler returns.

`subprocess.Popen` returns as soon as the child has started. If the handler of a serverless function returns before
the child has ended, AWS Lambda freezes the child too. It goes on when the platform wakes the environment for the next
event, beside the children of that one, or never; what it writes (a file, a line, a row) appears in another
invocation. A child that nobody waits for also stays in the table of processes as a zombie, one for each event.

```python bad
import subprocess


def handler(event, context):
    subprocess.Popen(["./convert", event["key"]])
    return "converting"
```

```python good
import subprocess


def handler(event, context):
    subprocess.run(["./convert", event["key"]], check=True)
    return "converted"
```

`Popen`, `multiprocessing.Process`, `os.fork`, `os.spawn*` with `P_NOWAIT`, and asyncio's `create_subprocess_exec` and
`create_subprocess_shell`.

**Severity**: `error`; `warning` where a path skips the waiting, or the output is read to its end without `wait`;
`info` where only an exception skips it.

**Silent**

- `wait()`, `communicate()`, `join()`, `with Popen(...)`, `subprocess.run`, `os.waitpid`.

**Fix**

Use `subprocess.run`, or `wait()` for the process.
"""

from leaklint.ir.effects import Pending, Work
from leaklint.ir.reached import Reached
from leaklint.rules import obligation, wording
from leaklint.rules.rule import Message, rule


@rule("LK207", "process-not-waited", on=Pending, public=False, fix="wait-for-process")
def check(pending: Pending, reached: Reached) -> Message | None:
    if pending.work is not Work.PROCESS:
        return None
    what = f"process{obligation.running(pending.callee) or wording.by(pending)} is not waited for"
    return obligation.work(pending, reached, what, "wait for it before the handler returns")
