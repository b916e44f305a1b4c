"""Prints the time that passes and the memory that all processes of a run take together, for a number of processes.

Memory that processes share is counted once where the system says how much that is (Linux), and its peak is looked for
every fiftieth of a second. ``ast.parse`` over the same files runs in one process before each.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from pathlib import Path

from ratio_to_parse import CHECK, PARSE, python_files

PACE = 0.02


def family(process: int) -> list[int]:
    """A process and all that came of it."""
    found = [process]
    for each in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def megabytes(process: int) -> float:
    """The memory of a process, with its share of what it has in common with others."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def measured(command: list[str], stdin: str = "") -> tuple[float, float]:
    """The seconds that pass, and the megabytes at the most."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(map(megabytes, family(process.pid))))
        time.sleep(PACE)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}")
    return time.perf_counter() - begun, most


def main() -> None:
    """Reads the command line, measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", type=Path, help="the folder to analyse")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="numbers of processes (default: 1 2)")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (default: %(default)s)")
    options = parser.parse_args()
    files = "\n".join(python_files(options.tree))
    print(f"{'jobs':>5} {'ast.parse':>10} {'leaklint':>10} {'ratio':>6} {'memory':>9}")
    for jobs in options.jobs:
        command = [*CHECK, "--no-cache", "--jobs", str(jobs), str(options.tree)]
        runs = [(measured(PARSE, files)[0], *measured(command)) for _ in range(options.runs)]
        parsing, linting, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{jobs:5} {parsing:9.2f}s {linting:9.2f}s {linting / parsing:6.1f} {memory:6.0f} MB")


if __name__ == "__main__":
    main()
