"""Wrong use: what makes leaklint stop before it analyses anything, with exit status 2."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

LEAST_BEGINNING = 3
"""So many letters of a known word are taken for it."""


class Mistake(msgspec.Struct, frozen=True):
    """One thing that is wrong in the settings or on the command line, and where it stands.

    ``line`` is 0 where there is no place; ``excerpt`` is the source line, underlined from ``column`` for ``length``.
    """

    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    length: int = 1
    excerpt: str = ""

    def __str__(self) -> str:
        if not self.line:
            return f"{self.path}: {self.message}" if self.path else self.message
        head = f"{self.path}:{self.line}:{self.column}: {self.message}"
        if not self.excerpt:
            return head
        gutter = f"{self.line} | "
        visible = len(self.excerpt) - self.column + 1
        # A tab stays a tab, so that the carets stand under the text whatever the terminal's tab stops are.
        indent = "".join("\t" if character == "\t" else " " for character in self.excerpt[: self.column - 1])
        carets = "^" * max(1, min(self.length, visible))
        return f"{head}\n  {gutter}{self.excerpt}\n  {' ' * len(gutter)}{indent}{carets}"


class WrongUse(Exception):
    """The settings or the command line are wrong; carries every mistake that was found."""

    def __init__(self, *mistakes: Mistake | str) -> None:
        self.mistakes = tuple(Mistake(each) if isinstance(each, str) else each for each in mistakes)
        super().__init__("\n".join(str(each) for each in self.mistakes))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message that names the nearest known word, or nothing where none is near."""
    import difflib

    folded = word.casefold()
    candidates = {each.casefold(): each for each in sorted(known, reverse=True)}
    near = difflib.get_close_matches(folded, candidates, n=10, cutoff=0.6)
    if not near and len(folded) >= LEAST_BEGINNING:
        near = sorted((each for each in candidates if each.startswith(folded)), key=len)[:1]
    if not near:
        return ""

    def unlikeness(candidate: str) -> tuple[float, int, str]:
        ratio = difflib.SequenceMatcher(None, candidate, folded).ratio()
        return -ratio, -_shared(candidate, folded), candidate

    return f"; did you mean `{candidates[min(near, key=unlikeness)]}`?"


def _shared(one: str, other: str) -> int:
    """How many characters two words have in common at their beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
