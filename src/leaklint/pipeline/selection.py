"""Which codes are reported: a pure decision over selectors, where the longest prefix wins.

A *selector* is ``ALL``, a code such as ``LK101``, or the beginning of one: ``LK``, ``LK1``, ``LK10``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

ALWAYS_ON = frozenset({"LK901", "LK903"})
"""Codes that stay on whatever is selected, unless they are ignored by name."""

ONLY_IF_ASKED = {"LK501": frozenset({"ALL", "LK5", "LK50", "LK501"})}
"""Codes that are off by default, with the selectors that switch them on."""


def known_selectors(codes: Collection[str]) -> frozenset[str]:
    """Every selector that matches at least one of the codes."""
    prefixes = {code[:end] for code in codes for end in range(2, len(code) + 1)}
    return frozenset(prefixes | {"ALL"})


def matches(selector: str, code: str) -> bool:
    """Whether the selector stands for the code, among others perhaps."""
    return selector == "ALL" or code.startswith(selector)


def decide(code: str, select: Iterable[str], ignore: Iterable[str]) -> bool:
    """Whether a code is on: the longest selector that matches it wins, and ``ignore`` wins a tie."""
    if code in ALWAYS_ON:
        return code not in tuple(ignore)
    asking = ONLY_IF_ASKED.get(code)
    chosen = [_strength(each) for each in select if matches(each, code) and (asking is None or each in asking)]
    ignored = [_strength(each) for each in ignore if matches(each, code)]
    return bool(chosen) and max(chosen) > max(ignored, default=-1)


def _strength(selector: str) -> int:
    return 0 if selector == "ALL" else len(selector)


def silences(selectors: Iterable[str], code: str) -> bool:
    """Whether any of the selectors switches the code off for a file."""
    if code in ALWAYS_ON:
        return code in tuple(selectors)
    return any(matches(each, code) for each in selectors)


class Selection(msgspec.Struct, frozen=True):
    """The selectors in force, and for each pattern of paths the selectors that it ignores."""

    select: tuple[str, ...]
    ignore: tuple[str, ...] = ()
    per_file: tuple[tuple[Callable[[str], bool], tuple[str, ...]], ...] = ()

    def enabled(self, code: str) -> bool:
        """Whether the code is reported in some file."""
        return decide(code, self.select, self.ignore)

    def enabled_in(self, code: str, path: str) -> bool:
        """Whether the code is reported in this file, whose path is relative to the project root."""
        if not self.enabled(code):
            return False
        return not any(silences(selectors, code) for covers, selectors in self.per_file if covers(path))
