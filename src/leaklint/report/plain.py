"""Text from source, file names and messages, made safe for a terminal: nothing in it can move the cursor or hide."""

from __future__ import annotations

import re
import unicodedata

UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, except tab and line feed
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # invisible ones, and those that turn the writing direction
    "\u2028\u2029\ud800-\udfff]"
)
TAB_WIDTH = 4


def plain(text: str) -> str:
    """The text with every unsafe character written as an escape, on one line."""
    return harmless(text).replace("\n", "\\n").replace("\t", " " * TAB_WIDTH)


def harmless(text: str) -> str:
    """The text with every unsafe character written as an escape; lines and tabs stay."""
    return UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def width(text: str) -> int:
    """How many columns of a terminal a plain text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shortened(text: str, columns: int) -> str:
    """The text cut to so many columns, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    room = max(columns - 1, 0)
    kept = ""
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return kept + "…"
