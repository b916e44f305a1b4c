"""What changed since a revision: findings are kept whose expression or whose trace touches a changed line."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from leaklint.ir.finding import Finding
from leaklint.ir.location import Place
from leaklint.pipeline.git import GitFailed, ask_git, listed_files
from leaklint.pipeline.wrong_use import Mistake, WrongUse

Changes: TypeAlias = Mapping[str, tuple[tuple[int, int], ...]]
"""First and last changed lines by path, relative to the folder that was asked about."""

WHOLE_FILE = ((1, 2**31),)
HUNK = re.compile(rb"@@ -\d+(?:,(?P<old>\d+))? \+(?P<start>\d+)(?:,(?P<new>\d+))? @@")
ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
LETTERS = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}

DIFF = (
    *("diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--relative"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules"),
)


def changes_since(folder: Path, revision: str) -> Changes:
    """The lines below a folder that differ from the point where the working tree left the revision."""
    try:
        commit = ask_git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except GitFailed:
        _insist_on_repository(folder, revision)
        raise WrongUse(Mistake(f"--since: git knows no revision `{revision}`")) from None
    base = commit.decode().strip()
    with contextlib.suppress(GitFailed):  # no common ancestor, as in a shallow clone: the revision itself is compared
        base = ask_git(folder, "merge-base", base, "HEAD").decode().strip()
    try:
        changed = changed_lines(ask_git(folder, *DIFF, base, "--"))
        listed = listed_files(folder)
        tracked = ask_git(folder, "ls-files", "-z", "--cached").split(b"\0")
    except GitFailed as error:
        raise WrongUse(Mistake(f"--since: {error}")) from None
    known = {each.decode("utf-8", "surrogateescape") for each in tracked}
    return {**changed, **{path: WHOLE_FILE for path in listed.files if path not in known}}


def _insist_on_repository(folder: Path, revision: str) -> None:
    try:
        ask_git(folder, "rev-parse", "--git-dir")
    except GitFailed as error:
        raise WrongUse(Mistake(f"--since {revision}: {error}")) from None


def changed_lines(diff: bytes) -> Changes:
    """The lines that a diff without context adds or changes; around what it only deletes, the lines on both sides."""
    found: dict[str, list[tuple[int, int]]] = {}
    lines = iter(diff.split(b"\n"))
    path = ""
    for line in lines:
        if line.startswith(b"+++ "):
            path = _path(line[4:])
            continue
        hunk = HUNK.match(line)
        if not hunk:
            continue
        old, start, new = int(hunk["old"] or 1), int(hunk["start"]), int(hunk["new"] or 1)
        found.setdefault(path, []).append((start, start + new - 1) if new else (start, start + 1))
        # Lines of the hunk are skipped, since what they hold may look like a header.
        remaining = old + new
        while remaining:
            content = next(lines, None)
            if content is None:
                break
            remaining -= not content.startswith(b"\\")
    return {path: tuple(ranges) for path, ranges in found.items() if path}


def _path(written: bytes) -> str:
    """The path of a ``+++`` line, which git quotes where it has odd characters."""
    written = written.removesuffix(b"\t")
    if written.startswith(b'"') and written.endswith(b'"'):
        written = ESCAPE.sub(_unescaped, written[1:-1])
    return written.removeprefix(b"b/").decode("utf-8", "surrogateescape") if written != b"/dev/null" else ""


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else LETTERS.get(code, code)


def touches(finding: Finding, changes: Changes) -> bool:
    """Whether the finding's expression or a step of its trace lies on a changed line."""
    return any(_changed(place, changes) for place in (finding.place, *(step.place for step in finding.trace)))


def _changed(place: Place, changes: Changes) -> bool:
    span = place.span
    return any(first <= span.end_line and span.line <= last for first, last in changes.get(place.path, ()))
