"""One effect of two that happen at one place."""

from __future__ import annotations

from typing import Final

import msgspec

from leaklint.ir.effects import AnyEffect, Consume, Pending, Write
from leaklint.solve.lattice import is_from_outside

_OF_BOTH: Final = ("empties", "of_own", "puts_back", "reset_before")


def _has_few_keys(effect: Write) -> bool:
    """Whether the keys of a write are those of some table, or constants."""
    return bool(effect.tables) or not any(is_from_outside(source) for source in effect.key_sources)


def merged(old: AnyEffect, new: AnyEffect) -> AnyEffect:
    """One effect for two at one site: their sources add up."""
    if isinstance(old, Write) and isinstance(new, Write):
        if old.key_sources != new.key_sources:
            new = msgspec.structs.replace(new, key_sources=old.key_sources | new.key_sources)
        if old.tables != new.tables:
            tables = old.tables | new.tables if _has_few_keys(old) and _has_few_keys(new) else frozenset()
            old, new = msgspec.structs.replace(old, tables=tables), msgspec.structs.replace(new, tables=tables)
        if not old.tests or not new.tests:
            # one of them happens whatever the other one asks
            old = msgspec.structs.replace(old, guards=frozenset(), tests=frozenset())
            new = msgspec.structs.replace(new, guards=frozenset(), tests=frozenset())
        # what only one of them says of the place is not known
        becomes = new.becomes if old.becomes == new.becomes else None
        vacant = old.vacant & new.vacant
        both = {name: getattr(old, name) and getattr(new, name) for name in _OF_BOTH}
        both["once_kept"] = old.once_kept or new.once_kept
        old = msgspec.structs.replace(old, becomes=becomes, vacant=vacant, **both)
        new = msgspec.structs.replace(new, becomes=becomes, vacant=vacant, **both)
    if isinstance(old, Pending | Consume) and isinstance(new, Pending | Consume) and old.tests != new.tests:
        old = msgspec.structs.replace(old, tests=old.tests & new.tests)
        new = msgspec.structs.replace(new, tests=old.tests)
    if isinstance(old, Pending) and isinstance(new, Pending) and old.held != new.held:
        # where an exception comes before it is kept, nobody has dropped it
        old, new = msgspec.structs.replace(old, held=True), msgspec.structs.replace(new, held=True)
    if isinstance(old, Consume) and isinstance(new, Consume) and old.kept != new.kept:
        old, new = msgspec.structs.replace(old, kept=True), msgspec.structs.replace(new, kept=True)
    if old == new or old.sources == new.sources:
        return new if len(new.sources) >= len(old.sources) else old
    return msgspec.structs.replace(new, sources=old.sources | new.sources)
