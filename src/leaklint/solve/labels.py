"""Labels: how a message writes where a value comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from leaklint.solve.lattice import ELEMENT, KEYS, MEASURED
from leaklint.solve.losing import EARLIER, LOST
from leaklint.solve.members import WITHIN
from leaklint.solve.uses import AROUND, CACHED

ANY: Final = "[…]"
"""How a message writes any element."""
UNNAMED: Final = "an object made at import"
"""What a message calls an object to which no name leads."""


def most_exact(labels: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The labels that say it all: event["records"][…]["id"] rather than event, event["records"] and event["id"]."""
    known = set(labels)
    exact = {each for each in known if each[-1] != ANY or each[:-1] not in known}
    return tuple(sorted("".join(each) for each in exact if not any(_more_exact(other, each) for other in exact)))


def _more_exact(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether a label leads through all the named fields of another one, and through more than those."""
    if longer[0] != shorter[0] or _exactness(longer) <= _exactness(shorter):
        return False
    rest = iter(longer[1:])
    return all(field in rest for field in shorter[1:] if field != ANY)


def _exactness(label: tuple[str, ...]) -> tuple[int, int]:
    return len(label) - label.count(ANY), len(label)


def shown(field: str) -> str:
    """A field as one writes it, with the quotes that most people use."""
    if field in (ELEMENT, KEYS):
        return ANY
    if field == CACHED:
        return "()"
    if field in (AROUND, EARLIER, LOST):
        return ""
    if field == WITHIN:
        return " (its decorator)"
    if field.startswith("<") and field[1:-1].isdigit():
        return "(…)"  # what ``functools.partial`` has bound
    if field.startswith("['") and '"' not in field:
        return f'["{field[2:-2]}"]'
    return field


def shown_all(fields: Iterable[str]) -> tuple[str, ...]:
    """Fields as one writes them, but for that which only says that differences are made of the value."""
    return tuple(shown(field) for field in fields if field != MEASURED)


def shown_place(fields: Sequence[str]) -> str:
    """The fields of what is changed: that it is some element which changes, the message says in words."""
    last = len(fields)
    while last and fields[last - 1] == ELEMENT:
        last -= 1
    return "".join(shown(field) for field in fields[:last])


def part_of(owner: str, fields: str) -> str:
    """What one calls a part of an object: ``BASKET.items``, ``items of an object made at import``."""
    above, unnamed, _ = owner.partition(UNNAMED)
    if not unnamed or not fields:
        return owner + fields
    inner = (above.removesuffix(" of ") + fields).removeprefix(".")
    return f"{'an element' + inner[len(ANY) :] if inner.startswith(ANY) else inner} of {UNNAMED}"
