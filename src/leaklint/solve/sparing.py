"""Answers within the budget: what one handler leaves out is not missing for the next."""

from __future__ import annotations

from typing import Any, Final

from leaklint.ir.location import Place
from leaklint.solve.budget import LEFT_OUT
from leaklint.solve.engine import Engine
from leaklint.solve.pool import Pool
from leaklint.solve.world import Ask, Solving, World

MOST_REMEMBERED: Final = 2_000
"""New answers that are remembered from one function outside of handlers to the next, modules aside."""
MOST_KEPT: Final = 4_000
"""Of the older ones, those are kept that were asked for again; where they are more than this, none is."""
LASTING: Final = ("module", "signature")
"""Answers in which a handler's budget has no part: a module is imported once, whoever asks for it."""


class Sparing:
    """Asks the engine for one handler after another, and remembers what was left out."""

    def __init__(self, engine: Engine, world: World) -> None:
        self._engine = engine
        self._world = world
        self._complete: frozenset[Ask] | None = None
        """The answers from before anything was left out."""
        self._cut: dict[Place, str] = {}
        self._enough = MOST_REMEMBERED

    def answer(self, question: Ask, place: Place, name: str, *, handler: bool = True) -> Any:
        """The answer as far as the budget goes."""
        found = self._asked(question, handler=handler)
        if refused := self._world.budget.refused:
            self._cut[place] = f"of what `{name}` calls, {_several(refused)} left out"
        return found

    def imported(self, path: str) -> None:
        """Runs a module as it is run when it is imported, as far as the budget goes."""
        self._asked(Ask("module", path), handler=True)
        if refused := self._world.budget.refused:
            self._cut[self._place(f"{path}::<module>")] = f"of what importing it calls, {_several(refused)} left out"

    def whole(self, question: Ask) -> Any:
        """The answer of a question about a function outside of handlers, or None where the budget does not suffice."""
        found = self._asked(question, handler=False)
        return None if self._world.budget.refused else found

    def _asked(self, question: Ask, *, handler: bool) -> Any:
        budget, answers = self._world.budget, self._engine.answers
        budget.begin(handler=handler)
        found = self._engine.answer(question)
        if budget.refused:
            complete = self._complete or frozenset()
            for each in [each for each in answers if each not in complete and each.what not in LASTING]:
                del answers[each]
        self._complete = None
        return found

    def forget(self) -> None:
        """Forgets what functions do, once that has become much; what was asked for since the last time is kept."""
        answers, used = self._engine.answers, self._engine.used
        if len(answers) < self._enough:
            return
        passing = [each for each in answers if each.what not in LASTING]
        kept = sum(each in used for each in passing)
        for each in passing:
            if each not in used or kept > MOST_KEPT:
                del answers[each]
        used.clear()
        self._world.pool = Pool()
        self._enough = len(answers) + MOST_REMEMBERED

    def left_out(self) -> Solving:
        """What a function does that is left out."""
        if self._complete is None:
            self._complete = frozenset(self._engine.answers)
        return LEFT_OUT
        yield  # a question like any other, which asks for nothing

    def cut_short(self) -> tuple[tuple[Place, str], ...]:
        """Where more is done than was followed, and what was left out."""
        found = {self._place(identity): what for identity, what in self._world.budget.cut.items()}
        for identities in self._world.budget.left_out.values():
            found[self._place(min(identities))] = f"{_several(identities)} left out"
        return tuple(sorted({**self._cut, **found}.items()))

    def _place(self, identity: str) -> Place:
        path, _, name = identity.partition("::")
        return Place(path, self._world.program.files[path].functions[name.partition("|")[0]].name_span)


def _several(identities: set[str]) -> str:
    """How many functions, and the first of them."""
    first = min(identities).partition("::")[2].replace("<locals>.", "")
    more = len(identities) - 1
    return f"`{first}` and {more} more function{'s' * (more > 1)} are" if more else f"`{first}` is"
