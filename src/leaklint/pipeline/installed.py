"""The packages installed for a project: their source, found on disk and never imported."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from leaklint.facts.decode import Unreadable, decode
from leaklint.link.library import Library, ModuleText
from leaklint.pipeline.environment import site_packages, versions_in
from leaklint.pipeline.regular import regular

LARGEST: Final = 2_000_000
"""Bytes of a module beyond which nobody wrote it by hand."""
_ASYNC: Final = re.compile(rb"^[ \t]*async[ \t]+def[ \t]+(\w+)", re.MULTILINE)


def library_of(root: Path, python: str | None) -> Library:
    """What is installed for the project at a root."""
    folders = tuple(str(folder) for folder in site_packages(root, python))
    return _library(folders, versions_in(folders)) if folders else Library()


@functools.lru_cache(maxsize=4)
def _library(folders: tuple[str, ...], versions: tuple[str, ...]) -> Library:
    """What lies in these folders; asked once in a process for as long as no version changes."""

    @functools.cache
    def asynchronous(package: str) -> frozenset[str]:
        return frozenset(_asynchronous(folders, package))

    def read(module: str) -> ModuleText | None:
        return _read(folders, module)

    return Library(read, asynchronous, (*folders, *versions))


def _place(folders: tuple[str, ...], module: str) -> tuple[Path, bool] | None:
    """The file of a module, and whether it is a package."""
    search = list(folders)
    parts = module.split(".")
    for index, part in enumerate(parts):
        if not part.isidentifier():
            return None
        try:
            spec = PathFinder.find_spec(part, search)
        except (ImportError, OSError, ValueError):
            return None
        if spec is None:
            return None
        locations = list(spec.submodule_search_locations or ())
        if index == len(parts) - 1:
            return _source(spec.origin, locations)
        if not locations:
            return None
        search = locations
    return None


def _source(origin: str | None, locations: list[str]) -> tuple[Path, bool] | None:
    """The source that says what a module holds: its own, or the stub beside a compiled one."""
    if origin is None:
        return None
    path = Path(origin)
    if path.suffix != ".py":
        path = path.with_name(path.name.partition(".")[0] + ".pyi")
    return (path, bool(locations)) if path.is_file() else None


def _read(folders: tuple[str, ...], module: str) -> ModuleText | None:
    found = _place(folders, module)
    if found is None:
        return None
    path, is_package = found
    try:
        if path.stat().st_size > LARGEST:
            return None
        return ModuleText(decode(regular(path)), is_package)
    except (OSError, Unreadable):
        return None


def _asynchronous(folders: tuple[str, ...], package: str) -> Iterator[str]:
    """Names that stand behind ``async def`` anywhere in a package."""
    found = _place(folders, package)
    if found is None:
        return
    path, is_package = found
    files = sorted(path.parent.rglob("*.py*")) if is_package else [path]
    for each in files:
        if each.suffix not in (".py", ".pyi") or "tests" in each.relative_to(path.parent).parts:
            continue
        try:
            if each.stat().st_size <= LARGEST:
                yield from (name.decode() for name in _ASYNC.findall(regular(each)))
        except OSError:
            continue
