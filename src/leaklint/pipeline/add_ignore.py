"""Adds suppressions to the source for findings that are accepted: ``# leaklint: ignore[LK101] reason``."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from pathlib import Path

from leaklint.ir.finding import Finding
from leaklint.ir.location import NOWHERE
from leaklint.pipeline.files import is_read_only, write_whole
from leaklint.pipeline.suppress import grouped
from leaklint.pipeline.troubles import NotRead, read

EXISTING = re.compile(r"#\s*leaklint:\s*ignore\[(?P<codes>[^\]]*)\]")
NOT_FOR_COMMENTS = frozenset({"LK901", "LK902", "LK903"})
"""What stands in no Python code, or is mended by taking the comment away."""

END = re.compile("\r\n|\r|\n")


def add_ignores(
    findings: Iterable[Finding], root: Path, reason: str
) -> tuple[int, tuple[Finding, ...], tuple[str, ...]]:
    """Writes a comment for each finding; how many got one, those that cannot have one, and files that are read-only."""
    added = 0
    refused: list[Finding] = []
    left: list[str] = []
    for path, found in grouped(findings).items():
        wanted = [each for each in found if each.code not in NOT_FOR_COMMENTS]
        refused += [each for each in found if each.code in NOT_FOR_COMMENTS]
        source = _source(str(root / path)) if wanted else None
        text = with_ignores(source, wanted, reason) if source is not None else None
        if text is None:
            refused += wanted
            continue
        if text != source and is_read_only(root / path):
            left.append(path)
            continue
        if text != source:
            write_whole(root / path, text)
        added += len(wanted)
    return added, tuple(refused), tuple(left)


def _source(file: str) -> bytes | None:
    """The bytes of a file, None where they cannot be had any more."""
    try:
        return read(file)
    except NotRead:
        return None


def with_ignores(source: bytes, findings: Iterable[Finding], reason: str) -> bytes | None:
    """The file with the comments; None where they cannot be added without changing what it means."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        text = source.decode(encoding)
        open_lines = _lines_open_for_comments(source)
        before = ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError):
        return None
    lines, ends = END.split(text), END.findall(text)
    codes: dict[int, list[str]] = {}
    for finding in findings:
        line = _line_for(finding, open_lines)
        if line is None:
            return None
        codes.setdefault(line, []).append(finding.code)
    for number, added in codes.items():
        lines[number - 1] = _commented(lines[number - 1], added, reason)
    changed = "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))
    try:
        encoded = changed.encode(encoding)
        same = ast.dump(ast.parse(encoded)) == before
    except (SyntaxError, ValueError, RecursionError):
        return None
    return encoded if same else None


def _lines_open_for_comments(source: bytes) -> frozenset[int]:
    """The lines that may end with a comment: not within a string, nor before a backslash."""
    ends = (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT)
    tokens = tokenize.tokenize(io.BytesIO(source).readline)
    return frozenset(token.start[0] for token in tokens if token.type in ends)


def _line_for(finding: Finding, open_lines: frozenset[int]) -> int | None:
    """The first line from the finding's own to the end of its statement that can take a comment."""
    first = finding.place.span.line
    last = max(finding.statement.end_line, first) if finding.statement != NOWHERE else first
    return next((line for line in range(first, last + 1) if line in open_lines), None)


def _commented(line: str, codes: list[str], reason: str) -> str:
    existing = EXISTING.search(line)
    if existing:
        kept = [each for each in re.split(r"[,\s]+", existing["codes"]) if each]
        merged = ", ".join(dict.fromkeys(kept + sorted(set(codes))))
        return f"{line[: existing.start('codes')]}{merged}{line[existing.end('codes') :]}"
    comment = f"# leaklint: ignore[{', '.join(sorted(set(codes)))}] {reason}".rstrip()
    return f"{line.rstrip()}  {comment}"
