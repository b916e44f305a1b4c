"""Tests of what happens at a certain time, on machines that are busy.

A timer of some milliseconds may be over before a handler returns that has to wait for its turn, and what should have
been in time may be late. That is not so three times in a row; what is wrong is wrong each time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

ATTEMPTS = 3
Given = ParamSpec("Given")


def _nothing() -> None:
    """Nothing has to be forgotten."""


def in_one_of_three(test: Callable[Given, None], forget: Callable[[], None] = _nothing) -> Callable[Given, None]:
    """A test that fails where each of three attempts fails; what the last one has found is forgotten before the next."""

    @functools.wraps(test)
    def attempted(*given: Given.args, **named: Given.kwargs) -> None:
        for _ in range(ATTEMPTS - 1):
            try:
                return test(*given, **named)
            except AssertionError:
                forget()
        return test(*given, **named)

    return attempted
