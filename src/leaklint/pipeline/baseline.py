"""The baseline: findings that are accepted for now, so that only new ones are reported.

A finding is known by its file, its code and the text of its source line, not by its line number, so that it is still
known when lines above it come and go. Equal findings are counted: one more of them is a new one. Paths are relative to
the folder of the baseline, which may serve several projects.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from leaklint.ir.finding import Finding
from leaklint.pipeline.files import write_whole
from leaklint.pipeline.regular import regular
from leaklint.pipeline.wrong_use import Mistake, WrongUse
from leaklint.report.fingerprint import source_key
from leaklint.report.report import Report

VERSION = 1
ABOUT = "Findings accepted for now. `leaklint --update-baseline` writes this file; leaklint shortens it by itself."
ANEW = "; mend it, or delete it and let `leaklint --update-baseline` make it anew"

Key: TypeAlias = tuple[str, str, str]
"""Path from the folder of the baseline, code, source line."""

Judged: TypeAlias = Callable[[Path, str], bool]
"""Whether a run would have seen a finding in this file and of this code, so that its absence means something."""


class Baseline(msgspec.Struct, frozen=True):
    """The accepted findings, counted, and the file that they are kept in."""

    file: Path
    counts: Counter[Key] = msgspec.field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many findings are accepted."""
        return self.counts.total()

    def split(self, report: Report) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """The findings that are new, and those that are accepted."""
        left = Counter(self.counts)
        new: list[Finding] = []
        accepted: list[Finding] = []
        for finding in report.findings:
            key = self._key(finding, report)
            (accepted if left[key] > 0 else new).append(finding)
            left[key] -= 1
        return tuple(new), tuple(accepted)

    def shortened(self, accepted: Iterable[Finding], report: Report, judged: Judged) -> Baseline:
        """Without the findings that are gone; what the run could not see stays."""
        found = Counter(self._key(each, report) for each in accepted)
        kept = {key: min(n, found[key]) if self._is_judged(key, judged) else n for key, n in self.counts.items()}
        return Baseline(self.file, +Counter(kept))

    def renewed(self, report: Report, judged: Judged) -> Baseline:
        """With exactly the findings of the report; what the run could not see stays."""
        kept = {key: n for key, n in self.counts.items() if not self._is_judged(key, judged)}
        return Baseline(self.file, Counter(kept) + Counter(self._key(each, report) for each in report.findings))

    def _key(self, finding: Finding, report: Report) -> Key:
        path, code, source = source_key(finding, report)
        return Path(os.path.relpath(Path(report.root, path), self.file.parent)).as_posix(), code, source

    def _is_judged(self, key: Key, judged: Judged) -> bool:
        path, code, _ = key
        return judged(Path(os.path.normpath(self.file.parent / path)), code)


def read_baseline(file: Path, shown: str) -> Baseline:
    """The baseline in a file; ``shown`` is how messages call the file."""
    try:
        content = json.loads(regular(file))
    except FileNotFoundError:
        cure = f"`leaklint --baseline {shown} --update-baseline` makes it"
        raise WrongUse(Mistake(f"no such baseline; {cure}", shown)) from None
    except OSError as error:
        raise WrongUse(Mistake(f"cannot be read: {error.strerror or error}", shown)) from None
    except json.JSONDecodeError as error:
        raise WrongUse(Mistake(f"not valid JSON: {error.msg}{ANEW}", shown, error.lineno, error.colno)) from None
    except (ValueError, RecursionError):
        raise WrongUse(Mistake(f"not a baseline: it is not JSON text{ANEW}", shown)) from None
    try:
        return Baseline(file, _counts(content))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise WrongUse(Mistake(f"not a baseline of this version of leaklint{ANEW}", shown)) from None


def _counts(content: Any) -> Counter[Key]:
    if content["version"] != VERSION:
        raise ValueError
    counts: Counter[Key] = Counter()
    for path, entries in content["findings"].items():
        for entry in entries:
            counts[str(path), str(entry["code"]), str(entry["source"])] += max(int(entry.get("count", 1)), 0)
    return counts


def write_baseline(baseline: Baseline) -> None:
    """Writes the file, sorted, so that it changes by few lines."""
    findings: dict[str, list[dict[str, Any]]] = {}
    for (path, code, source), count in sorted(baseline.counts.items()):
        entry = {"code": code, "source": source} | ({"count": count} if count > 1 else {})
        findings.setdefault(path, []).append(entry)
    content = {"about": ABOUT, "version": VERSION, "findings": findings}
    write_whole(baseline.file, (json.dumps(content, indent=2) + "\n").encode("ascii"))
