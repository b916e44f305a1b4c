"""The engine: answers questions in the order in which they come up, on a stack of its own.

A question that is asked while it is being answered (recursion, import cycles) gets the answer of the round before,
at first *nothing*. When such an answer then turns out different, it is computed again, at most ``MAX_ROUNDS`` times,
together with the answers that rested on it. A module is imported once, as by Python: who asks during its import sees
the names bound so far, and what was answered from them is forgotten when the import is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from leaklint.solve.world import Ask, Solving

MAX_ROUNDS: Final = 3


class Engine:
    """A memo of answers, and the stack of the questions being answered."""

    def __init__(self, begin: Callable[[Ask], Solving], nothing: Callable[[Ask], Any]) -> None:
        self._begin = begin
        self._nothing = nothing
        self.answers: dict[Ask, Any] = {}
        self._provisional: dict[Ask, Any] = {}

    def answer(self, question: Ask) -> Any:
        """The answer, computed with all that it needs."""
        answers = self.answers
        if question in answers:
            return answers[question]
        stack: list[tuple[Ask, Solving]] = [(question, self._begin(question))]
        active = {question: 0}
        cyclic: dict[Ask, list[Ask]] = {}
        rounds: dict[Ask, int] = {}
        message: Any = None
        while stack:
            current, solving = stack[-1]
            try:
                asked = solving.send(message)
            except StopIteration as stop:
                result = stop.value
                stack.pop()
                del active[current]
                dependents = cyclic.pop(current, None)
                if dependents is not None and current.what == "module":
                    for dependent in dependents:
                        answers.pop(dependent, None)
                elif dependents is not None and rounds.get(current, 0) < MAX_ROUNDS:
                    before = self._provisional.get(current)
                    if before != result:
                        for dependent in dependents:
                            answers.pop(dependent, None)
                        self._provisional[current] = result
                        rounds[current] = rounds.get(current, 0) + 1
                        stack.append((current, self._begin(current)))
                        active[current] = len(stack) - 1
                        message = None
                        continue
                answers[current] = result
                for waiting in cyclic.values():
                    waiting.append(current)
                message = result
                continue
            if asked in answers:
                message = answers[asked]
            elif asked in active:
                cyclic.setdefault(asked, [])
                message = self._provisional.get(asked)
                if message is None:
                    message = self._provisional[asked] = self._nothing(asked)
            else:
                active[asked] = len(stack)
                stack.append((asked, self._begin(asked)))
                message = None
        return answers[question]
