"""Prints what a second run costs: after no change, after a comment in one file, and after a new function in one.

Each run is a new process on one processor; what counts is its processor time, start-up included. The tree is copied, so
that files of it can be changed, and the cache lies in a folder of its own. What a change costs depends on the file:
some files are taken from all over the tree, each is changed by itself, and the one in the middle counts; the dearest is
shown beside it. A comment changes nothing that is known of a file but places; a function has a name and makes calls.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ratio_to_parse import CHECK, python_files

EDITS = {
    "comment": "\n# edited {}\n",
    "function": "\n\ndef edited_{}(text):\n    return text.strip().encode()\n",
}
"""What is put at the end of a file."""


def cost(tree: Path, cache: Path, *options: str) -> tuple[float, float]:
    """Processor seconds and megabytes at the most of one run."""
    process = subprocess.Popen(
        [*CHECK, *options, str(tree)],
        env={**os.environ, "LEAKLINT_CACHE_DIR": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit(f"leaklint ended with status {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Reads the command line, measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", type=Path, nargs="+", help="folders to analyse, each on its own")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--edits", type=int, default=5, help="how many files are changed (default: %(default)s)")
    options = parser.parse_args()
    header = ("cold", "memory", "again", "", "comment", "", "at most", "function", "", "at most")
    print(f"{'tree':30}" + "".join(f"{each:>9}" for each in header))
    for tree in options.tree:
        with tempfile.TemporaryDirectory() as folder:
            copy, cache = Path(folder, "tree"), Path(folder, "cache")
            shutil.copytree(tree, copy, symlinks=True)
            long_ago = 1_600_000_000
            for file in copy.rglob("*"):
                os.utime(file, (long_ago, long_ago), follow_symlinks=False)
            files = sorted(map(Path, python_files(copy)))
            edited = [files[len(files) * (2 * each + 1) // (2 * options.edits)] for each in range(options.edits)]
            rows: list[tuple[float, float, float]] = []
            changed: dict[str, list[float]] = {each: [] for each in EDITS}
            for run in range(options.runs):
                shutil.rmtree(cache, ignore_errors=True)
                cold, memory = cost(copy, cache)
                again, _ = cost(copy, cache)
                rows.append((cold, memory, again))
                for name, text in EDITS.items():
                    for file in edited:
                        file.write_bytes(file.read_bytes() + text.format(run).encode())
                        changed[name].append(cost(copy, cache)[0])
        cold, memory, again = (statistics.median(column) for column in zip(*rows, strict=True))
        line = f"{tree.name:30}{cold:8.2f}s{memory:6.0f} MB{again:8.2f}s{again / cold:9.3f}"
        for costs in changed.values():
            usual = statistics.median(costs)
            line += f"{usual:8.2f}s{usual / cold:9.3f}{max(costs):8.2f}s"
        print(line)


if __name__ == "__main__":
    main()
