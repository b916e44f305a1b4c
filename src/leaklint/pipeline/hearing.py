"""Who is told how far a run has come: what is being done, how much of it, and of how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Hears: TypeAlias = Callable[[str, int, int], None]
"""Takes a verb such as ``solving``, the number of files that are done, and the number of all."""


def nobody(_doing: str, _done: int, _of: int) -> None:
    """Does not listen."""
