"""The tables that come with the package, as texts; reading them is left to the pipeline."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

_ROWS: Final = ("libraries", "stdlib")
_FRAMEWORKS: Final = "platforms"


def packaged_tables() -> list[tuple[str, str]]:
    """The tables of rows, by file name and text, sorted by name."""
    return [table for folder in _ROWS for table in _texts(folder)]


def packaged_frameworks() -> dict[str, str]:
    """The tables that say how frameworks declare handlers, by file name."""
    return dict(_texts(_FRAMEWORKS))


def _texts(folder: str) -> list[tuple[str, str]]:
    found = [each for each in files("leaklint.models").joinpath(folder).iterdir() if each.name.endswith(".toml")]
    return sorted((f"{folder}/{each.name}", each.read_text("utf-8")) for each in found)
