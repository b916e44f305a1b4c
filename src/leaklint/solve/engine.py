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


class _Frame:
    """A question being answered."""

    __slots__ = ("again", "asked", "lowest", "question", "rounds", "solving")

    def __init__(self, question: Ask, solving: Solving, depth: int) -> None:
        self.question = question
        self.solving = solving
        self.lowest = depth
        """Depth of the lowest frame on the stack whose unfinished answer this one rests on."""
        self.asked = False
        """Whether somebody has asked the question while it is being answered."""
        self.rounds = 0
        self.again = False
        """Whether an answer that rests on this one is not yet what it will be."""


class Engine:
    """A memo of answers, and the stack of the questions being answered."""

    def __init__(
        self,
        begin: Callable[[Ask], Solving],
        nothing: Callable[[Ask], Any],
        hurries: Callable[[], bool] = lambda: False,
    ) -> None:
        self._begin = begin
        self._nothing = nothing
        self._hurries = hurries
        """Whether no answer is computed again any more."""
        self.answers: dict[Ask, Any] = {}
        self.used: set[Ask] = set()
        """Answers that have been asked for again."""
        self._provisional: dict[Ask, Any] = {}
        self._resting: dict[Ask, int] = {}
        """Answers that rest on an unfinished one, with the depth of its frame."""

    def answer(self, question: Ask) -> Any:
        """The answer, computed with all that it needs."""
        answers = self.answers
        if question in answers:
            return answers[question]
        stack = [_Frame(question, self._begin(question), 0)]
        active = {question: 0}
        message: Any = None
        while stack:
            frame = stack[-1]
            try:
                asked = frame.solving.send(message)
            except StopIteration as stop:
                message = self._finished(stack, active, stop.value)
                continue
            if asked in answers:
                message = answers[asked]
                self.used.add(asked)
                frame.lowest = min(frame.lowest, self._resting.get(asked, frame.lowest))
            elif asked in active:
                depth = active[asked]
                stack[depth].asked = True
                frame.lowest = min(frame.lowest, depth)
                message = self._provisional.get(asked)
                if message is None:
                    message = self._provisional[asked] = self._nothing(asked)
            else:
                active[asked] = len(stack)
                stack.append(_Frame(asked, self._begin(asked), len(stack)))
                message = None
        return answers[question]

    def _finished(self, stack: list[_Frame], active: dict[Ask, int], result: Any) -> Any:
        """Takes the answer of the top frame, or starts it again; gives what to send to the frame on top then."""
        frame = stack[-1]
        depth = len(stack) - 1
        question = frame.question
        if frame.asked:
            is_module = question.what == "module"
            differs = not is_module and self._provisional.get(question) != result
            unsettled = differs or (frame.again and not is_module)
            if is_module or unsettled:
                self._forget(depth)
            if unsettled and frame.lowest < depth and stack[frame.lowest].question.what != "module":
                # it is computed again anyway, with the one below that it rests on
                self._provisional[question] = result
                stack[frame.lowest].again = True
            elif unsettled and frame.rounds < MAX_ROUNDS and not self._hurries():
                self._provisional[question] = result
                frame.rounds += 1
                frame.solving = self._begin(question)
                frame.lowest = depth
                frame.asked = frame.again = False
                return None
            self._settle(depth)
        stack.pop()
        del active[question]
        self.answers[question] = result
        if frame.lowest < depth:
            self._resting[question] = frame.lowest
        if stack:
            stack[-1].lowest = min(stack[-1].lowest, frame.lowest)
        return result

    def _forget(self, depth: int) -> None:
        """Drops the answers that rest on the unfinished answer of the frame at this depth."""
        for question in [each for each, lowest in self._resting.items() if lowest == depth]:
            del self._resting[question]
            self.answers.pop(question, None)

    def _settle(self, depth: int) -> None:
        """The answer of the frame at this depth is final, and so are those that rested on it alone."""
        for question in [each for each, lowest in self._resting.items() if lowest >= depth]:
            del self._resting[question]
