"""Foreign packages that were installed beside a handler: libraries, not the project's own code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from leaklint import models
from leaklint.pipeline.regular import regular
from leaklint.pipeline.relative import folder_of, name_of

MARKERS = (".dist-info", ".egg-info")
_HOLDERS: Final = frozenset(
    {"dependencies", "deps", "lib", "libs", "package", "packages", "python", "vendor", "vendored"}
)
"""Names of folders into which people install packages beside a handler, and may delete the metadata."""
_OF_ALL: Final = frozenset(
    {"certifi", "chardet", "charset_normalizer", "dateutil", "idna", "jmespath", "s3transfer", "six", "urllib3", "yaml"}
)
"""Packages that come with others and that no row speaks of."""
_PROJECT: Final = ("pyproject.toml", "setup.cfg", "setup.py")
_VERSION: Final = re.compile(rb"(?i)version")


def is_bundled_in(root: Path, files: Iterable[str], python: Iterable[str]) -> Callable[[str], bool]:
    """Whether a file belongs to a foreign package.

    These are packages whose metadata lie beside them, what a ``site-packages`` folder holds, and packages of a known
    name that lie in a folder for dependencies and tell their version.
    """
    files, python = tuple(files), tuple(python)
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
    tops |= _known_packages(root, frozenset(files), python)

    below = tuple(sorted(f"{top}/" for top in tops))

    def is_bundled(path: str) -> bool:
        if path.startswith(below) or path in tops:
            return True
        return "site-packages" in path and "site-packages" in path.split("/")[:-1]

    return is_bundled


def is_package_in_holder(path: str) -> bool:
    """Whether a file makes a folder for dependencies hold a package."""
    return name_of(path) == "__init__.py" and name_of(folder_of(folder_of(path))) in _HOLDERS


def _known_packages(root: Path, files: frozenset[str], python: Iterable[str]) -> set[str]:
    """Packages of libraries in folders for dependencies; none where the library itself is the project."""
    candidates = {folder_of(path) for path in python if is_package_in_holder(path)}
    if not candidates:
        return set()
    known = _OF_ALL | _names_of_rows()
    return {
        package
        for package in candidates
        if name_of(package) in known
        and not any(f"{folder_of(package)}/{name}" in files for name in _PROJECT)
        and _VERSION.search(_bytes(root / package / "__init__.py"))
    }


def _names_of_rows() -> frozenset[str]:
    """The top-level packages that the packaged rows speak of."""
    tables = sorted((Path(models.__file__).parent / "libraries").glob("*.toml"))
    rows = re.compile(rb'(?m)^\["([A-Za-z_0-9]+)')
    return frozenset(name.decode() for table in tables for name in rows.findall(_bytes(table)))


def _bytes(file: Path) -> bytes:
    try:
        return regular(file)
    except OSError:
        return b""


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
        return regular(file).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
