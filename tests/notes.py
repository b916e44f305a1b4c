"""Notes in fixtures: comments that say what must be found on their line, and nothing else may be found.

The forms of a note (several may stand in one comment, each after a ``#`` of its own):

``# LK101 error "request data"``
    Exactly one finding of this code and severity on this line; the text, where given, is part of its message. Where
    the contract leaves it open, the severity is ``any`` and the code one of several: ``# LK101|LK102 any``.
``# LK101 from``, ``# LK101 via``, ``# LK101 defined``
    A step of the code's trace: the handler, a call on the way, the definition of the state. With any of these for a
    code, the traces of all its findings in the case are asserted as a whole.
``# missed LK206 error: executor kept in a dict``
    A known missed alarm with its reason; it fails on the day it is found.
``# false alarm LK101 error: reason``
    A known false alarm with its reason; it fails on the day it is gone.
``# either LK206 any: reason``
    The contract leaves it open whether this code is reported here too: allowed, not required.

A comment that names a code and has none of these forms is a mistake, except for suppressions. Mended twins
(``app.fixed.py``, see ``tests/fix/twins.py``) repeat the notes of their original and are not read.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOTED_SUFFIXES = (".py", ".yaml", ".yml", ".toml", ".tf", ".sh", "Procfile")
SEVERITIES = ("error", "warning", "info", "any")
STEPS = ("from", "via", "defined")

_CODE = re.compile(r"\bLK\d{3}\b")
_SUPPRESSION = re.compile(r"^\s*(noqa\b|leaklint:|flake8:)", re.IGNORECASE)
_EXPECTED = re.compile(rf'^\s*(LK\d{{3}}(?:\|LK\d{{3}})*)\s+({"|".join(SEVERITIES)})(?:\s+"([^"]*)")?\s*$')
_STEP = re.compile(rf"^\s*(LK\d{{3}})\s+({'|'.join(STEPS)})\s*$")
_KNOWN = re.compile(rf"^\s*(missed|false alarm|either)\s+(LK\d{{3}})\s+({'|'.join(SEVERITIES)}):\s*(\S.*)$")


class NoteError(Exception):
    """A comment names a code and is no note."""


@dataclass(frozen=True, order=True)
class Note:
    """One note: ``kind`` is ``expected``, ``step``, ``missed``, ``false alarm`` or ``either``."""

    path: str
    line: int
    code: str
    kind: str
    severity: str = ""
    text: str = ""
    """Part of the message, the kind of step, or the reason."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of which one is meant: nearly always a single one."""
        return tuple(self.code.split("|"))


def notes_of_line(comment: str, path: str, line: int) -> list[Note]:
    """The notes in one comment, given from its ``#`` on."""
    found = []
    for part in comment.split("#")[1:]:
        if not _CODE.search(part) or _SUPPRESSION.match(part):
            continue
        if match := _EXPECTED.match(part):
            found.append(Note(path, line, match[1], "expected", match[2], match[3] or ""))
        elif match := _STEP.match(part):
            found.append(Note(path, line, match[1], "step", text=match[2]))
        elif match := _KNOWN.match(part):
            found.append(Note(path, line, match[2], match[1], match[3], match[4]))
        else:
            raise NoteError(f"{path}:{line}: this comment names a code and is no note: #{part}")
    return found


def comments(source: bytes, path: str) -> Iterator[tuple[int, str]]:
    """Every comment with its line; what does not parse as Python is searched for ``#`` line by line."""
    if path.endswith(".py"):
        try:
            tokens = list(tokenize.tokenize(io.BytesIO(source).readline))
            compile(source, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, tokenize.TokenError):
            pass
        else:
            yield from ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)
            return
    for number, text in enumerate(source.decode("utf-8", errors="replace").splitlines(), 1):
        _, mark, comment = text.partition("#")
        if mark:
            yield number, mark + comment


def notes_of(case: Path) -> list[Note]:
    """Every note in the files of a case, sorted; paths are relative to the case."""
    found = []
    for path in sorted(case.rglob("*")):
        if path.name.endswith(NOTED_SUFFIXES) and path.is_file() and not path.name.endswith(".fixed.py"):
            name = path.relative_to(case).as_posix()
            for line, comment in comments(path.read_bytes(), name):
                found += notes_of_line(comment, name, line)
    return sorted(found)
