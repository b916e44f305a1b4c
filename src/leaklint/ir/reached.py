"""Effects as rules see them: followed to the handlers that reach them, with a trace."""

from __future__ import annotations

import msgspec

from leaklint.ir.effects import AnyEffect
from leaklint.ir.finding import Step
from leaklint.ir.handler import Handler
from leaklint.ir.location import Span


class Reached(msgspec.Struct, frozen=True, gc=False):
    """One effect, how the first of its handlers reaches it, and all handlers that do.

    ``handlers`` is empty for an effect that no handler reaches; only rules of scope ``any`` look at those.
    """

    effect: AnyEffect
    trace: tuple[Step, ...] = ()
    handlers: tuple[Handler, ...] = ()
    statement: Span | None = None
    """The statement that holds the effect's expression."""
