"""Runs a handler for several events in one process that is never frozen, and says what survived, as JSON.

``python -m leaklint.confirm.twice FOLDER app:handler < events.jsonl`` is what proofs of fixtures need: a fresh
process, no platform, one line of JSON events each, one object with everything that was observed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from leaklint.confirm.as_json import as_object
from leaklint.confirm.container import Container
from leaklint.confirm.plan import Engine, Plan
from leaklint.confirm.verdict import judge


def twice(root: Path, handler: str, events: list[Any], timeout: float = 10.0) -> dict[str, Any]:
    """What survives when the handler is called for each of the events, one after the other."""
    plan = Plan(root=root, handler=handler, engine=Engine.BUILTIN, timeout=timeout, stays_warm=True)
    with Container(plan) as container:
        for event in events:
            if container.record.alive:
                container.invoke(json.dumps(event))
    return as_object(judge(plan, container.record, None))


def main(argv: list[str]) -> int:
    """Reads events from standard input and prints what survived."""
    root, handler = argv
    events = [json.loads(line) for line in sys.stdin if line.strip()]
    print(json.dumps(twice(Path(root), handler, events), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
