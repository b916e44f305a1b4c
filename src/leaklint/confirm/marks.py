"""Markers: texts that occur in one invocation only, so that its data can be told apart wherever it turns up.

Container and report both compute them from the *run*, a random word of eight hexadecimal digits, and the number of
the invocation; nothing has to be sent.
"""

from __future__ import annotations

import re
import secrets

PLACEHOLDER = "{{unique}}"
NUMBER = "{{number}}"


def new_run() -> str:
    """A word that no other run has."""
    return secrets.token_hex(4)


def marker(run: str, number: int) -> str:
    """What stands for ``{{unique}}`` in the event of an invocation; the last letter keeps 1 from being found in 12."""
    return f"u{run}n{number}e"


def request_id(run: str, number: int) -> str:
    """The request id of an invocation, in the form of the platform's own."""
    return f"{number:08x}-{run[:4]}-4{run[4:7]}-8{run[5:8]}-{run}{run[:4]}"


def number_of(run: str, text: str) -> int:
    """The invocation that a request id belongs to, 0 where it is none of this run."""
    match = re.fullmatch(pattern(run), text)
    return int(match["hexadecimal"], 16) if match and match["hexadecimal"] else 0


def pattern(run: str) -> str:
    """A regular expression for the markers of a run: of all its invocations."""
    tail = request_id(run, 0)[8:]
    return rf"u{run}n(?P<number>[0-9]+)e|(?P<hexadecimal>[0-9a-f]{{8}}){tail}"


def found_in(run: str, text: str) -> frozenset[int]:
    """The invocations whose markers a text holds."""
    return frozenset(_number(match) for match in re.finditer(pattern(run), text))


def _number(match: re.Match[str]) -> int:
    return int(match["number"]) if match["number"] else int(match["hexadecimal"], 16)


def filled(template: str, run: str, number: int) -> str:
    """The text of an event with its placeholders filled for one invocation."""
    return template.replace(PLACEHOLDER, marker(run, number)).replace(NUMBER, str(number))


def like_filled(template: str) -> str:
    """The text with something in the place of its placeholders that is as long, so that all places stay."""
    return template.replace(PLACEHOLDER, "u" * len(PLACEHOLDER)).replace(NUMBER, "1" * len(NUMBER))
