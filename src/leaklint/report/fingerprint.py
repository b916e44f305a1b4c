"""Fingerprints: what tells one finding from all others and stays the same when lines move."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from leaklint.ir.finding import Finding
from leaklint.report.report import Report


def source_key(finding: Finding, report: Report) -> tuple[str, str, str]:
    """Path, code and source line of a finding, the line with its white space evened out."""
    return finding.place.path, finding.code, " ".join(report.line(finding.place).split())


def fingerprints(findings: Iterable[Finding], report: Report) -> list[str]:
    """A fingerprint a finding, in the same order; findings with the same source line are numbered."""
    seen: Counter[tuple[str, str, str]] = Counter()
    made: list[str] = []
    for finding in findings:
        key = source_key(finding, report)
        seen[key] += 1
        text = "\0".join((*key, str(seen[key]))).encode("utf-8", "surrogatepass")
        made.append(hashlib.sha256(text).hexdigest()[:32])
    return made
