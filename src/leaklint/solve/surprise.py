"""Exceptions that nobody expects: what a ``try`` has opened when one comes, and a clause for all of them catches it.

Work that is opened in a ``try`` and settled further down is settled on all normal paths: that an exception may come in
between is another matter, and it stays so where the ``try`` ends with ``except Exception``. A ``raise`` of the same
``try`` is no surprise, a clause for a certain exception expects it, and what was opened before the ``try`` may have
been meant to be settled after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from leaklint.ir.effects import Pending
from leaklint.solve.state import State, Status


@dataclass(frozen=True, slots=True)
class Surprise:
    """What is known of the tokens in the states in which exceptions leave blocks for one place."""

    always: frozenset[object] | None = None
    """Those that are there whenever an exception comes: opened before the ``try``; None where none comes."""
    meant: frozenset[object] = frozenset()
    """Those that a ``raise`` leaves open."""

    def before(self, state: State) -> Surprise:
        """An exception may come in this state, too."""
        there = frozenset(key for key, token in state.tokens.items() if token.status is not Status.SETTLED)
        return Surprise(there if self.always is None else self.always & there, self.meant)

    def on_purpose(self, state: State) -> Surprise:
        """The program raises one in this state."""
        return Surprise(self.always, self.meant | frozenset(state.tokens))

    def met(self, other: Surprise) -> Surprise:
        """Exceptions of both come to the same place."""
        if self.always is None or other.always is None:
            always = other.always if self.always is None else self.always
        else:
            always = self.always & other.always
        return Surprise(always, self.meant | other.meant)

    def marked(self, state: State) -> State:
        """The state in which the clause begins: what was opened in the ``try`` is open by surprise."""
        by_surprise = [
            (key, token._replace(by_surprise=True))
            for key, token in state.tokens.items()
            if isinstance(token.effect, Pending)
            and token.status is not Status.SETTLED
            and self.always is not None
            and key not in self.always
            and key not in self.meant
        ]
        if not by_surprise:
            return state
        result = state.copy()
        result.tokens.update(by_surprise)
        return result
