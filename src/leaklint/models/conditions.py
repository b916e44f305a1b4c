"""When a part of a row applies: what it says of the arguments of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from leaklint.models.schema import Condition

GIVEN: Final = "given"
"""What stands for an argument that is no constant."""


def holds(condition: Condition, given: Mapping[str, object]) -> bool:
    """Whether a part of a row applies to the given arguments."""
    if any(name not in given or given[name] is None for name in condition.if_given):
        return False
    if any(name in given and given[name] is not None for name in condition.unless_given):
        return False
    if any(name not in given or not _among(given[name], values) for name, values in condition.when.items()):
        return False
    if not all(_finds(pattern, given.get(name)) for name, pattern in condition.matches.items()):
        return False
    return not any(name in given and _among(given[name], values) for name, values in condition.unless.items())


def _among(value: object, values: object) -> bool:
    return value in values if isinstance(values, list) else value == values


def _finds(pattern: str, value: object) -> bool:
    return isinstance(value, str) and value is not GIVEN and re.search(pattern, value) is not None
