"""Runs cases through the driver and puts what it saw into words.

A case that can run with the standard library alone carries its event in a comment of the file that binds the handler:

``# event: {"id": "{{unique}}"}``
    The event of all three invocations, or a list with one event for each. ``{{unique}}`` differs in each invocation.
``# awaited: {"id": "{{unique}}"}``
    The same for a coroutine function that the platform awaits on a loop of its own.
``# handler: create``
    The name of the handler, where it is neither ``handler`` nor ``lambda_handler``.
``# root: orders``
    The folder in the case that the platform unpacks, where it is neither ``src`` nor the whole case.
``# kept: a bounded cache``
    Execution sees that something is left, and the contract decides to be silent, or the other way round: the reason.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DRIVER = Path(__file__).with_name("driver.py")
_EVENT = re.compile(r"^# event: (.+)$", re.MULTILINE)
_AWAITED = re.compile(r"^# awaited: (.+)$", re.MULTILINE)
_HANDLER = re.compile(r"^# handler: (\S+)$", re.MULTILINE)
_ROOT = re.compile(r"^# root: (\S+)$", re.MULTILINE)
_KEPT = re.compile(r"^# kept: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """What to run: a folder, the module and function of the handler, and an event for each invocation."""

    folder: Path
    module: str
    function: str
    events: tuple[Any, ...]
    kept: str = ""


@dataclass
class Seen:
    """What three invocations left behind, in words."""

    trouble: str = ""
    state: set[str] = field(default_factory=set)
    """Names that changed in an invocation after the first, or that hold data of an earlier one."""
    held: set[str] = field(default_factory=set)
    """Names that hold data of an invocation."""
    once: set[str] = field(default_factory=set)
    """Names that changed in the first invocation only."""
    work: set[str] = field(default_factory=set)
    """What was pending at return, or lost."""
    files: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    """One for each invocation; empty where it returned."""
    results: list[str] = field(default_factory=list)


def module_of(path: Path, root: Path) -> str:
    """The dotted name under which the platform imports a file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def awaited_job_of(case: Path) -> Job | None:
    """The job of a case whose handler the platform awaits: it carries its event in a comment of its own."""
    return job_of(case, _AWAITED)


def job_of(case: Path, comment: re.Pattern[str] = _EVENT) -> Job | None:
    """The job that a case asks for, if it carries an event."""
    usual_root = case / "src" if (case / "src").is_dir() else case
    for path in sorted(path for path in case.rglob("*.py") if not path.name.endswith(".fixed.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if event := comment.search(text):
            value = json.loads(event[1])
            name = _HANDLER.search(text)
            usual = "lambda_handler" if re.search(r"\blambda_handler\b", text) else "handler"
            kept = _KEPT.search(text)
            folder = _ROOT.search(text)
            root = case / folder[1] if folder else usual_root
            return Job(
                root,
                module_of(path, root),
                name[1] if name else usual,
                tuple(value) if isinstance(value, list) else (value,) * 3,
                kept[1] if kept else "",
            )
    return None


def libraries_of(case: Path) -> list[str]:
    """The libraries that a case imports, those left out that it can do without."""
    own = {path.stem for path in case.rglob("*")}
    names = {name for path in case.rglob("*.py") for name in _imports(path)}
    return sorted(names - own - sys.stdlib_module_names)


def missing_of(case: Path) -> list[str]:
    """Those of its libraries that are not installed here."""
    return [name for name in libraries_of(case) if importlib.util.find_spec(name) is None]


def _imports(path: Path) -> Iterator[str]:
    """The first names of the modules that a file imports, but for what stands under ``try``."""
    try:
        queue: list[ast.AST] = [ast.parse(path.read_bytes())]
    except (SyntaxError, ValueError):
        return
    while queue:
        node = queue.pop()
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif not isinstance(node, ast.Try):
            queue.extend(ast.iter_child_nodes(node))


def seen_in(answer: dict[str, Any]) -> Seen:
    """The driver's answer for one case, in words."""
    seen = Seen(trouble=answer.get("trouble", ""))
    for number, invocation in enumerate(answer.get("invocations", ()), 1):
        seen.errors.append(invocation.get("error", ""))
        seen.results.append(invocation.get("result", ""))
        if number == 1:
            seen.once |= set(invocation["changed"])
        else:
            seen.state |= set(invocation["changed"])
        seen.held |= set(invocation["holds"])
        seen.work |= set(invocation["pending"]) | set(invocation["lost"])
        seen.files |= set(invocation["files"])
    seen.state |= seen.held
    seen.once -= seen.state
    return seen


class Driver:
    """The process that runs cases, each in a fork of its own; it starts with the first one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, job: Job) -> Seen:
        """What one case leaves behind."""
        if self._process is None:
            command = [sys.executable, "-W", "default", str(DRIVER)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        assert self._process.stdin
        assert self._process.stdout
        asked = {"folder": str(job.folder), "module": job.module, "function": job.function, "events": job.events}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return seen_in(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.communicate()
