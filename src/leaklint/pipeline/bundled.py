"""Foreign packages that were installed beside a handler: libraries, not the project's own code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from leaklint.pipeline.relative import folder_of, name_of

MARKERS = (".dist-info", ".egg-info")


def bundled_files(root: Path, files: Iterable[str], python: Iterable[str]) -> frozenset[str]:
    """The Python files that belong to a package whose metadata lie beside it, or to a ``site-packages`` folder."""
    records: dict[str, set[str]] = {}
    for path in files:
        folder = folder_of(path)
        if folder.endswith(MARKERS):
            records.setdefault(folder, set()).add(name_of(path))
    tops: set[str] = set()
    for folder, names in sorted(records.items()):
        beside = folder_of(folder)
        for top in _top_names(root / folder, names):
            tops.add(f"{beside}/{top}" if beside else top)
    return frozenset(path for path in python if "site-packages" in path.split("/")[:-1] or _has_top(path, tops))


def _has_top(path: str, tops: set[str]) -> bool:
    if not tops:
        return False
    parts = path.split("/")
    return any("/".join(parts[:end]) in tops for end in range(1, len(parts) + 1))


def _top_names(folder: Path, names: set[str]) -> set[str]:
    """The files and folders that a package installed beside its metadata."""
    if folder.name.endswith(".egg-info") and "installed-files.txt" not in names:
        # Building a project in place leaves such a folder beside the project's own package.
        return set()
    if "RECORD" in names:
        installed = [line.split(",", 1)[0].strip('"') for line in _lines(folder / "RECORD")]
        tops = {path.split("/", 1)[0] for path in installed}
        return {top for top in tops if top and not top.endswith(MARKERS) and top not in ("..", "bin", "__pycache__")}
    if "top_level.txt" in names:
        listed = {line.strip() for line in _lines(folder / "top_level.txt")} - {""}
        return listed | {f"{name}.py" for name in listed}
    return set()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_bytes().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
