"""Prints what other tools cost over the same tree, as far as they are installed, beside leaklint.

Each run is a new process on one processor; what counts is its processor time, start-up included. Tools that find
problems end with a status of their own, so that no status counts as a failure. ``first`` is a run without a cache,
``again`` one after a run over the same files; a tool that keeps nothing costs the same twice.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

SEMGREP_RULE = """\
rules:
  - id: global
    languages: [python]
    severity: WARNING
    message: a function binds a module's name
    pattern: "global $X"
"""


def tools(cache: str, rule: str) -> Iterator[tuple[str, list[str], bool]]:
    """Name, command without the tree, and whether the tool keeps a cache."""
    leaklint = [sys.executable, "-m", "leaklint", "check", "--quiet", "--jobs", "1"]
    yield "leaklint", leaklint, True
    yield "ruff", ["ruff", "check", "--quiet", "--cache-dir", f"{cache}/ruff"], True
    yield "flake8", ["flake8", "-j1", "-q", "--extend-ignore=LK"], False
    yield "pylint, two checks", ["pylint", "-j1", "--disable=all", "--enable=W0102,W0603", "--recursive=y"], False
    yield "mypy", ["mypy", "--ignore-missing-imports", f"--cache-dir={cache}/mypy", "--no-error-summary"], True
    yield "semgrep", ["semgrep", "scan", "--quiet", "--metrics=off", "-j1", f"--config={rule}"], False


def installed(command: list[str]) -> list[str] | None:
    """The command with the place of its program: on the path, else beside this interpreter."""
    found = shutil.which(command[0]) or shutil.which(command[0], path=str(Path(sys.executable).parent))
    return [found, *command[1:]] if found else None


def cost(command: list[str], cache: str) -> float:
    """Processor seconds of a command, whatever its status."""
    before = os.times()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, env={**os.environ, "LEAKLINT_CACHE_DIR": f"{cache}/leaklint"}, check=False, **quiet)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Reads the command line, measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", type=Path, help="the folder to analyse")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (default: %(default)s)")
    options = parser.parse_args()
    print(f"{'tool':20} {'first':>9} {'to ours':>8} {'again':>9} {'to ours':>8}")
    ours: tuple[float, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        rule = Path(folder, "rule.yaml")
        rule.write_text(SEMGREP_RULE)
        for name, wanted, keeps in tools(f"{folder}/cache", str(rule)):
            command = installed(wanted)
            if command is None:
                print(f"{name:20} not installed")
                continue
            rows = []
            for _ in range(options.runs):
                shutil.rmtree(f"{folder}/cache", ignore_errors=True)
                first = cost([*command, str(options.tree)], f"{folder}/cache")
                rows.append((first, cost([*command, str(options.tree)], f"{folder}/cache") if keeps else first))
            first, again = (statistics.median(column) for column in zip(*rows, strict=True))
            ours = ours or (first, again)
            print(f"{name:20} {first:8.2f}s {first / ours[0]:8.2f} {again:8.2f}s {again / ours[1]:8.2f}")


if __name__ == "__main__":
    main()
