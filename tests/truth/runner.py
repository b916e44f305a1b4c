"""Runs cases through the driver and puts what it saw into words.

A case that can run with the standard library alone carries its event in a comment of the file that binds the handler:

``# event: {"id": "{{unique}}"}``
    The event of all three invocations, or a list with one event for each. ``{{unique}}`` differs in each invocation.
``# handler: create``
    The name of the handler, where it is neither ``handler`` nor ``lambda_handler``.
``# kept: a bounded cache``
    Execution sees that something is left, and the contract decides to be silent, or the other way round: the reason.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DRIVER = Path(__file__).with_name("driver.py")
_EVENT = re.compile(r"^# event: (.+)$", re.MULTILINE)
_HANDLER = re.compile(r"^# handler: (\S+)$", re.MULTILINE)
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


def job_of(case: Path) -> Job | None:
    """The job that a case asks for, if it carries an event."""
    root = case / "src" if (case / "src").is_dir() else case
    for path in sorted(case.rglob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if event := _EVENT.search(text):
            value = json.loads(event[1])
            name = _HANDLER.search(text)
            usual = "lambda_handler" if re.search(r"\blambda_handler\b", text) else "handler"
            kept = _KEPT.search(text)
            return Job(
                root,
                module_of(path, root),
                name[1] if name else usual,
                tuple(value) if isinstance(value, list) else (value,) * 3,
                kept[1] if kept else "",
            )
    return None


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


def run(jobs: Iterable[Job]) -> list[Seen]:
    """Runs jobs one after the other, each in a process of its own."""
    lines = "".join(
        json.dumps({"folder": str(job.folder), "module": job.module, "function": job.function, "events": job.events})
        + "\n"
        for job in jobs
    )
    done = subprocess.run(
        [sys.executable, "-W", "default", str(DRIVER)], input=lines, capture_output=True, text=True, check=True
    )
    return [seen_in(json.loads(line)) for line in done.stdout.splitlines()]
