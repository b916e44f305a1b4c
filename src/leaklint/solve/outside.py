"""The outside world: whether a call changes something there, which a caching function does once only."""

from __future__ import annotations

import re
from typing import Final

from leaklint.ir.values import Path, Root, RootKind
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import single_constant
from leaklint.solve.state import State

CHANGED: Final = Path(Root(RootKind.LIBRARY, "outside", "changed"))
"""The mark, among the places that a function may empty, for something outside that it changes."""
_CHANGES: Final = re.compile(
    r"(?:batch_write|delete|insert|publish|put|send|transact_write|update|upload)_\w+"
    r"|delete|patch|post|publish|put|sendmail"
)
"""Names of what changes something: reading is called otherwise."""
_STATEMENT: Final = re.compile(r"execute\w*")
_WRITES: Final = re.compile(r"\s*(?:delete|insert|merge|replace|update|upsert)\b", re.IGNORECASE)
"""How a statement of SQL begins that changes something."""


def note_change(state: State, name: str, arguments: Arguments) -> None:
    """A function that asks the outside world is called: its name, or the statement that it is given, says for what."""
    if _CHANGES.fullmatch(name) or (_STATEMENT.fullmatch(name) and _is_written(arguments)):
        state.trimmed |= {CHANGED}


def _is_written(arguments: Arguments) -> bool:
    texts = [single_constant(value)[1] for value in arguments.positional[:2]]  # a receiver may stand before it
    return any(isinstance(text, str) and _WRITES.match(text) is not None for text in texts)
