"""Paths relative to a project root: strings with forward slashes, of which there are many."""

from __future__ import annotations

from collections.abc import Iterable


def folder_of(path: str) -> str:
    """The folder that holds a file, ``""`` for the root itself."""
    return path.rpartition("/")[0]


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether the path lies in one of the folders."""
    return any(path.startswith(f"{folder}/") for folder in folders)
