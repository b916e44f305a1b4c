"""Answers that may rest on each other in circles, where the least answer that fits is wanted."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

Answer = TypeVar("Answer")
_DEEPEST: Final = 40
"""Questions that one question may lead through."""
_MOST: Final = 2_000
"""Questions that are looked into for one."""


class Circles:
    """A memo for questions that lead to others, and perhaps back to themselves.

    A question that is asked while it is being answered gets ``nothing``; what rests on that is not kept, but found
    again when it is asked for by itself. Where too much is asked, the answer is ``beyond``.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._open: dict[Hashable, int] = {}
        self._lowest = _DEEPEST
        """The depth of the outermost open question on which something rests that was found since."""
        self._asked = 0

    def answer(self, key: Hashable, find: Callable[[], Answer], nothing: Answer, beyond: Answer) -> Answer:
        """The answer to a question, which ``find`` gives where it is not known."""
        if key in self._known:
            known: Answer = self._known[key]
            return known
        if key in self._open:
            self._lowest = min(self._lowest, self._open[key])
            return nothing
        depth = len(self._open)
        self._asked = self._asked + 1 if depth else 0
        if depth >= _DEEPEST or self._asked > _MOST:
            return beyond
        self._open[key] = depth
        before, self._lowest = self._lowest, _DEEPEST
        found = find()
        del self._open[key]
        if self._lowest >= depth:
            self._known[key] = found
            self._lowest = before
        else:
            self._lowest = min(self._lowest, before)
        return found
