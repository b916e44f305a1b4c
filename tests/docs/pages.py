"""The pages of the documentation, and what they quote: commands, fences, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"])
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")


class Shown(NamedTuple):
    """A command as a page shows it, with the output that the page shows below it."""

    command: str
    output: tuple[str, ...]


def label(page: Path) -> str:
    """The page as it is seen from the project's root."""
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    """The page as text."""
    return page.read_text(encoding="utf-8")


def fences(page: Path, language: str) -> list[str]:
    """The blocks of a page in a language."""
    return [text for found, text in FENCE.findall(text_of(page)) if found == language]


def shown_commands(page: Path) -> Iterator[Shown]:
    """The commands in the console blocks of a page."""
    for block in fences(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.splitlines()
            yield Shown(command, tuple(output))


def inline(page: Path) -> list[str]:
    """What stands between single backticks on a page, outside of its blocks."""
    return INLINE.findall(FENCE.sub("", text_of(page)))
