"""Findings of the static analysis, as ``leaklint check --output-format json`` writes them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leaklint.confirm.plan import Unusable

Spot = tuple[Path, int]
"""An absolute path and a line."""


@dataclasses.dataclass(frozen=True, slots=True)
class Static:
    """What is needed of a finding to look for it in a run."""

    code: str
    path: Path
    """Absolute."""
    shown: str
    """As the report names it."""
    line: int
    end_line: int
    column: int
    severity: str
    message: str
    outcome: str = ""
    handlers: tuple[str, ...] = ()
    calls: tuple[Spot, ...] = ()
    """The calls of its trace."""
    defined: Spot | None = None
    """Where the state was made."""
    hidden: bool = False
    """Whether the report leaves it out: it is suppressed, accepted, or not asked for."""

    @property
    def place(self) -> str:
        """``path:line:column``."""
        return f"{self.shown}:{self.line}:{self.column}"

    def is_of(self, handler: str, root: Path) -> bool:
        """Whether it may be reached from a handler: it is below its root, and no list of handlers leaves it out."""
        names = [each.replace("/", ".") for each in self.handlers]
        inside = self.path.is_relative_to(root.resolve())
        return inside and (not names or any(each == handler or each.endswith(f".{handler}") for each in names))


def read_findings(path: Path, folder: Path) -> list[Static]:
    """The findings of a JSON report, whose paths are relative to a folder."""
    try:
        objects = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Unusable(f"{path} cannot be read as a JSON report: {error}") from error
    if not isinstance(objects, list):
        raise Unusable(f"{path} is no JSON report: a list was expected (leaklint check --output-format json)")
    return from_objects(objects, folder)


def from_objects(objects: Iterable[Any], folder: Path) -> list[Static]:
    """The findings among objects of a JSON report."""
    try:
        return [_finding(each, folder) for each in objects]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unusable(f"a finding of the report lacks something: {error!r}") from error


def _finding(each: Any, folder: Path) -> Static:
    steps = each.get("trace") or []
    spots = {kind: [_spot(step, folder) for step in steps if step["kind"] == kind] for kind in ("call", "defined")}
    return Static(
        str(each["code"]),
        (folder / each["path"]).resolve(),
        str(each["path"]),
        int(each["line"]),
        int(each.get("end_line") or each["line"]),
        int(each.get("column") or 1),
        str(each.get("severity") or "error"),
        str(each["message"]),
        str(each.get("outcome") or ""),
        tuple(each.get("handlers") or ()),
        tuple(spots["call"]),
        spots["defined"][0] if spots["defined"] else None,
    )


def _spot(step: Any, folder: Path) -> Spot:
    return (folder / step["path"]).resolve(), int(step["line"])
