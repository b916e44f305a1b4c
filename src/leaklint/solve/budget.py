"""The budget: work is counted, and what would run away is ended and said.

What is counted are states, instructions and parts of summaries, never time: on every machine the same is left out. The
weights are measured; one unit takes two to six microseconds. Three things are bounded, above what the largest programs
need that were looked at:

- one solving of a function: beyond ``MAX_OF_SOLVING`` it goes through its loops once only, and beyond ``PATIENCE``
  times as much the function is left out;
- all solving of the functions of one file: beyond ``MAX_OF_FILE`` one solving of a function stands for all its calls,
  and beyond ``PATIENCE`` times as much no further function is solved;
- what one handler makes necessary: beyond ``MAX_OF_HANDLER`` nothing further is solved for it. The next one starts
  afresh. For a function outside of handlers, of which only matters what becomes of its own calls, it is
  ``MAX_OF_OTHER``. What modules do when they are imported is counted aside, up to ``MAX_OF_IMPORTS``: a script may
  run a whole program.

A function that is left out is unknown to its callers, and the unknown is silent.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from leaklint.ir.cfg import Block
from leaklint.ir.summary import Summary
from leaklint.solve.state import State

MAX_OF_SOLVING: Final = 2_000_000
PATIENCE: Final = 3
MAX_OF_FILE: Final = 6_000_000
MAX_OF_HANDLER: Final = 12_000_000
MAX_OF_OTHER: Final = 1_000_000
MAX_OF_IMPORTS: Final = 3_000_000
HEAVY: Final = 100_000
"""A function that takes so much is solved for ``SHAPES_OF_HEAVY`` shapes (see ``World.specialised``)."""
SHAPES_OF_HEAVY: Final = 2
LEFT_OUT: Final = Summary(name="", fails=True)
"""The summary of a function that is left out: its callers know nothing of it."""
LOOPS: Final = "its loops are followed through one round only"
ITSELF: Final = "what it does is left out"


def work_of_block(block: Block, state: State) -> int:
    """What one visit of a block counts."""
    return 4 * len(block.instructions) + len(state.tokens) + (len(state.env) + len(state.heap)) // 32


def work_of_call(summary: Summary, state: State) -> int:
    """What it counts to apply a summary to a call."""
    parts = len(summary.effects) + len(summary.stores) + len(summary.reads) + len(summary.settles) + len(summary.resets)
    return 16 + 10 * parts + (len(state.heap) + len(state.tokens)) // 8


class Budget:
    """What has been spent, and what was left out because of that."""

    def __init__(self) -> None:
        self.cut: dict[str, str] = {}
        """What was left out of a function, by identity."""
        self.left_out: dict[str, set[str]] = {}
        """Functions that were left out because their file had taken too much, by file."""
        self.refused: set[str] = set()
        """Functions that were left out because of the handler, or the imports, under way."""
        self._heavy: set[str] = set()
        """Functions of which one solving took more than ``HEAVY``."""
        self._spent = 0
        self._imported = 0
        self._in_file: Counter[str] = Counter()
        self.begin()

    def begin(self, *, handler: bool = True) -> None:
        """Another handler is begun, or another function outside of handlers."""
        self._limit = self._spent + (MAX_OF_HANDLER if handler else MAX_OF_OTHER)
        self._limit_of_imports = self._imported + MAX_OF_IMPORTS
        self.refused = set()

    def is_spent(self, *, importing: bool) -> bool:
        """Whether the handler under way, or what is imported for it, has taken all that it may."""
        return self._imported > self._limit_of_imports if importing else self._spent > self._limit

    def shapes(self, function: str, most: int) -> int:
        """For how many shapes of its arguments a function may be solved, if none may be for more than ``most``."""
        if self._in_file[function.partition("::")[0]] > MAX_OF_FILE:
            return 0
        return SHAPES_OF_HEAVY if function in self._heavy else most

    def refuses(self, function: str, *, importing: bool) -> bool:
        """Whether a function may not be solved any more."""
        path = function.partition("::")[0]
        if self._in_file[path] > MAX_OF_FILE * PATIENCE:
            self.left_out.setdefault(path, set()).add(function)
            return True
        if self.is_spent(importing=importing):
            self.refused.add(function)
            return True
        return False

    def took(self, function: str, work: int, *, importing: bool) -> None:
        """A function has been solved; what an import takes is not for the handler to pay."""
        if importing:
            self._imported += work
        else:
            self._spent += work
        self._in_file[function.partition("::")[0]] += work
        if work > HEAVY:
            self._heavy.add(function)
