"""Paths as URIs."""

from __future__ import annotations

from urllib.parse import quote


def path_uri(path: str) -> str:
    """A relative path as a relative URI; bytes that are no text stay what they are."""
    return quote(path.replace("\\", "/").encode("utf-8", "surrogateescape"))


def file_uri(root: str, path: str = "") -> str:
    """The URI of a file below an absolute path, on Windows too."""
    whole = path_uri("/" + root.replace("\\", "/").strip("/"))
    return f"file://{whole}/{path_uri(path)}" if path else f"file://{whole}"
