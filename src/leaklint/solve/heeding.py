"""What work that has been started looks at to know when to end: events and flags."""

from __future__ import annotations

import msgspec

from leaklint.ir.effects import Pending
from leaklint.ir.summary import Summary
from leaklint.ir.values import Path, Sources, TypeKind
from leaklint.solve.substitution import Substitution
from leaklint.solve.world import Solving


def heeded(sub: Substitution, heeds: Sources) -> Solving:
    """The events (the objects) and the flags (the places) that a callee, or work, looks at."""
    found: set[Path] = set()
    for path in sorted(heeds):
        for value in ((yield from sub.things(path)), (yield from sub.places(path))):
            found |= {thing.path for thing in value.things if thing.type.kind is not TypeKind.CONSTANT}
    return frozenset(found)


def opened(sub: Substitution, summary: Summary) -> list[Path]:
    """What the work hangs on that this call has opened."""
    site = sub.act.site(sub.span)
    return [
        token.effect.path
        for token in sub.state.tokens.values()
        if isinstance(token.effect, Pending)
        and token.effect.site == site
        and token.effect.row == summary.name
        and token.effect.path is not None
    ]


def attach(sub: Substitution, summary: Summary, heeds: Sources) -> None:
    """The work that this call has opened heeds what its function looks at."""
    site = sub.act.site(sub.span)
    for key, token in sub.state.tokens.items():
        effect = token.effect
        if isinstance(effect, Pending) and effect.site == site and effect.row == summary.name:
            changed = msgspec.structs.replace(effect, heeds=effect.heeds | heeds)
            sub.state.tokens[key] = token._replace(effect=changed)
