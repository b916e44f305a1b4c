"""Prints how much more leaklint costs than ``ast.parse`` over the same files.

Both run in turn, each time in a new process and on one processor; leaklint runs without its cache. What counts is the
processor time of the process, start-up included, so that other work on the machine hardly shows. A file that
``ast.parse`` refuses counts for what refusing it costs.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import os
import statistics
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

PARSE = [sys.executable, __file__, "--parse-stdin"]
CHECK = [sys.executable, "-m", "leaklint", "check", "--exit-zero", "--quiet"]


def parse(files: Sequence[str]) -> None:
    """Reads and parses files, as any tool on ``ast`` has to."""
    warnings.simplefilter("ignore")
    for file in files:
        try:
            ast.parse(Path(file).read_bytes())
        except (MemoryError, OSError, RecursionError, SyntaxError, ValueError):
            continue


def python_files(tree: Path) -> list[str]:
    """The Python files that leaklint reads in a tree; leaklint's own have their bytecode then, as when installed."""
    # Not at the top: this file is run for `ast.parse` too.
    import leaklint
    from leaklint.pipeline.run import Request, parts_of

    compileall.compile_dir(Path(leaklint.__file__).parent, quiet=2)
    parts = parts_of(Request([str(tree)], Path.cwd()))
    return [str(part.project.root / path) for part in parts for path in (*part.tree.own, *part.tree.libraries)]


def cost(command: Sequence[str], stdin: str = "") -> float:
    """Processor seconds of a command, which has to succeed."""
    before = os.times()
    ended = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{' '.join(command)} ended with status {ended.returncode}:\n{ended.stderr}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Reads the command line, measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", type=Path, nargs="+", help="folders to analyse, each on its own")
    parser.add_argument("--runs", type=int, default=5, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--at-most", type=float, help="end with status 1 if a ratio is above this")
    options = parser.parse_args()
    worst = 0.0
    print(f"{'tree':30} {'files':>7} {'lines':>9} {'ast.parse':>10} {'leaklint':>10} {'ratio':>6}")
    for tree in options.tree:
        files = python_files(tree)
        runs = [
            (cost(PARSE, "\n".join(files)), cost([*CHECK, "--no-cache", "--jobs", "1", str(tree)]))
            for _ in range(options.runs)
        ]
        parsing, linting = (statistics.median(column) for column in zip(*runs, strict=True))
        lines = sum(Path(file).read_bytes().count(b"\n") for file in files)
        ratio = linting / parsing
        worst = max(worst, ratio)
        print(f"{tree.name:30} {len(files):7} {lines:9} {parsing:9.2f}s {linting:9.2f}s {ratio:6.1f}")
    if options.at_most is not None and worst > options.at_most:
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:] == ["--parse-stdin"]:
        parse(sys.stdin.read().splitlines())
    else:
        main()
