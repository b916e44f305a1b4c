"""Prints how time grows with the size of a generated project: ten times the functions, how many times the time."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from again import cost

MODULE = """\
SEEN_{module} = []


{functions}
"""
FUNCTION = """\
def step_{number}(event, items):
    for item in items:
        if item["id"] == event["id"]:
            items.append(item)
    SEEN_{module}.append(event["id"])
    return {call}
"""


def generate(folder: Path, count: int) -> None:
    """Writes a project of so many functions, fifty in a module, each of which calls the next."""
    for module in range((count + 49) // 50):
        functions = []
        for number in range(module * 50, min(module * 50 + 50, count)):
            last = number % 50 == 49 or number == count - 1
            call = "items" if last else f"step_{number + 1}(event, items)"
            functions.append(FUNCTION.format(number=number, module=module, call=call))
        text = MODULE.format(module=module, functions="\n\n".join(functions))
        text += f"\n\ndef handler(event, context):\n    return step_{module * 50}(event, [])\n"
        (folder / f"module_{module}.py").write_text(text)


def main() -> None:
    """Reads the command line, measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=10_000, help="functions of the largest project")
    options = parser.parse_args()
    before = 0.0
    count = 10
    print(f"{'functions':>10} {'time':>8} {'growth':>7}")
    while count <= options.most:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder), count)
            time = min(cost(Path(folder), Path(folder, "cache"), "--no-cache")[0] for _ in range(2))
        print(f"{count:10} {time:7.2f}s {time / before if before else 0:7.1f}")
        before = time
        count *= 10


if __name__ == "__main__":
    main()
