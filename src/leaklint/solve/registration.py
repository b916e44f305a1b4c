"""What was handed to a registrar (see ``leaklint.solve.registered``)."""

from __future__ import annotations

from typing import NamedTuple

from leaklint.ir.values import Value


class Registration(NamedTuple):
    """What a registrar was given under one name."""

    registrar: str
    value: Value
    """Several things where one function has made all of them: the wrapper of a decorator of the project's own."""
