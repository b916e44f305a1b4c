"""The budget: work is counted, and what would run away is ended and said.

What is counted are states, instructions and parts of summaries, never time: on every machine the same is left out. One
unit takes two to six microseconds. Three things are bounded, above what the largest programs need that were looked at:

- one solving of a function: beyond ``MAX_OF_SOLVING`` it goes through its loops once only, and beyond ``PATIENCE``
  times as much the function is left out;
- all solving of the functions of one file: beyond ``MAX_OF_FILE`` one solving of a function stands for all its calls,
  and beyond ``PATIENCE`` times as much no further function is solved;
- what one handler, or one function outside of handlers, makes necessary: beyond ``MAX_OF_HANDLER`` nothing further is
  solved for it. The next one starts afresh.

A function that is left out is unknown to its callers, and the unknown is silent.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from leaklint.ir.summary import Summary

MAX_OF_SOLVING: Final = 2_000_000
PATIENCE: Final = 3
MAX_OF_FILE: Final = 20_000_000
MAX_OF_HANDLER: Final = 30_000_000
HEAVY: Final = 150_000
"""A function that takes so much is solved for ``SHAPES_OF_HEAVY`` shapes (see ``World.specialised``)."""
SHAPES_OF_HEAVY: Final = 2
PART: Final = 20
"""What one part of a summary, an effect or a field, counts where a call is solved."""
LEFT_OUT: Final = Summary(name="")
"""The summary of a function that is left out: its callers know nothing of it."""
LOOPS: Final = "its loops are followed through one round only"
ITSELF: Final = "what it does is left out"


class Budget:
    """What has been spent, and what was left out because of that."""

    def __init__(self) -> None:
        self.cut: dict[str, str] = {}
        """What was left out of a function, by identity."""
        self.left_out: dict[str, set[str]] = {}
        """Functions that were left out because their file had taken too much, by file."""
        self.refused: set[str] = set()
        """Functions that were left out because of the handler under way."""
        self._heavy: set[str] = set()
        """Functions of which one solving took more than ``HEAVY``."""
        self._spent = 0
        self._in_file: Counter[str] = Counter()
        self._limit = MAX_OF_HANDLER

    def begin(self) -> None:
        """Another handler is begun."""
        self._limit = self._spent + MAX_OF_HANDLER
        self.refused = set()

    @property
    def is_spent(self) -> bool:
        """Whether the handler under way has taken all that it may."""
        return self._spent > self._limit

    def shapes(self, function: str, most: int) -> int:
        """For how many shapes of its arguments a function may be solved, if none may be for more than ``most``."""
        if self._in_file[function.partition("::")[0]] > MAX_OF_FILE:
            return 0
        return SHAPES_OF_HEAVY if function in self._heavy else most

    def refuses(self, function: str, *, importing: bool) -> bool:
        """Whether a function may not be solved any more; for an import, it is not the handler that counts."""
        path = function.partition("::")[0]
        if self._in_file[path] > MAX_OF_FILE * PATIENCE:
            self.left_out.setdefault(path, set()).add(function)
            return True
        if self.is_spent and not importing:
            self.refused.add(function)
            return True
        return False

    def took(self, function: str, work: int) -> None:
        """A function has been solved."""
        self._spent += work
        self._in_file[function.partition("::")[0]] += work
        if work > HEAVY:
            self._heavy.add(function)
