"""Colours and links for terminals."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

CODES = {
    "bold": "1",
    "dim": "2",
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "place": "34",
    "caret": "1;31",
    "cure": "32",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Style:
    """How to mark up text: with colours, with hyperlinks, and how wide the terminal is."""

    colours: bool = False
    links: bool = False
    columns: int = 0
    """0 where lines may be of any length."""

    def __call__(self, name: str, text: str) -> str:
        return f"\x1b[{CODES[name]}m{text}\x1b[0m" if self.colours and text else text

    def link(self, target: str, text: str) -> str:
        """The text as a link (OSC 8), where the terminal knows links."""
        return f"\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\" if self.links and target else text


PLAIN = Style()
"""For files and pipes."""


def wants_colours(environment: Mapping[str, str], is_terminal: bool) -> bool:
    """Whether output is coloured: the conventions that users set in their environment go before the terminal."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR") not in (None, "", "0") or environment.get("CLICOLOR_FORCE") not in (
        None,
        "",
        "0",
    ):
        return True
    if environment.get("CLICOLOR") == "0" or environment.get("TERM") == "dumb":
        return False
    return is_terminal


def wants_links(environment: Mapping[str, str], is_terminal: bool) -> bool:
    """Whether the terminal is known to draw hyperlinks."""
    forced = environment.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced not in ("", "0")
    if not is_terminal or environment.get("TERM") == "dumb" or environment.get("NO_COLOR"):
        return False
    known = ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper")
    vte = environment.get("VTE_VERSION", "")
    return (
        environment.get("TERM_PROGRAM") in known
        or (vte.isdigit() and int(vte) >= 5000)
        or "WT_SESSION" in environment
        or environment.get("TERM", "").startswith(("xterm-kitty", "foot", "alacritty"))
    )
