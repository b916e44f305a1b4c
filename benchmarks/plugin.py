"""Prints what ``flake8`` on one file costs with the plugin, whose cache is warm, and without it.

Both run the same program on the same file in turn, in new processes; in one of them ``flake8`` does not see that
leaklint is installed. What counts is processor time, start-up included.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """\
import importlib.metadata, sys
if sys.argv.pop(1) == "without":
    every = importlib.metadata.distributions
    importlib.metadata.distributions = lambda **more: (each for each in every(**more) if each.name != "leaklint")
from flake8.main.cli import main
sys.exit(main())
"""


def cost(which: str, file: Path, cache: str) -> float:
    """Processor seconds of a run."""
    before = used()
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, which, "-j1", file.name],
        cwd=file.parent,
        env={**os.environ, "LEAKLINT_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in (0, 1):
        sys.exit(ended.stderr)
    return used() - before


def used() -> float:
    """Processor seconds of all processes that have ended; ``os.times`` counts in hundredths."""
    so_far = resource.getrusage(resource.RUSAGE_CHILDREN)
    return so_far.ru_utime + so_far.ru_stime


def main() -> None:
    """Reads the command line, measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="+", help="files, each checked by itself, as a project")
    parser.add_argument("--runs", type=int, default=9, help="how often each is measured (default: %(default)s)")
    options = parser.parse_args()
    print(f"{'file':30} {'without':>9} {'with':>9} {'ratio':>6}")
    for file in options.file:
        with tempfile.TemporaryDirectory() as folder:
            copy, cache = Path(folder, "project", file.name), str(Path(folder, "cache"))
            copy.parent.mkdir()
            copy.write_bytes(file.read_bytes())
            long_ago = 1_600_000_000
            os.utime(copy, (long_ago, long_ago))
            cost("with", copy, cache)
            runs = [(cost("without", copy, cache), cost("with", copy, cache)) for _ in range(options.runs)]
        without, within = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{file.name:30} {without:8.3f}s {within:8.3f}s {within / without:6.2f}")


if __name__ == "__main__":
    main()
