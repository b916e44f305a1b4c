"""Projects: which root and which settings belong to the paths that were asked for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from leaklint.pipeline.regular import regular
from leaklint.pipeline.relative import folder_of, is_below, name_of
from leaklint.pipeline.settings import holds_settings
from leaklint.pipeline.wrong_use import Mistake, WrongUse

SETTINGS_FILES = ("leaklint.toml", "pyproject.toml")


class Project(msgspec.Struct, frozen=True):
    """A root, the settings file in it (if any), and the absolute paths below it whose findings are wanted."""

    root: Path
    config: Path | None
    given: tuple[Path, ...]


def shown(path: Path, cwd: Path) -> str:
    """How users read a path: relative to the working folder, with forward slashes."""
    try:
        return Path(os.path.relpath(path, cwd)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def find_projects(
    paths: Sequence[str], cwd: Path, config: Path | None = None, unsaved: Collection[str] = ()
) -> tuple[Project, ...]:
    """The projects that hold the paths, in the order of their roots.

    A path that does not exist is wrong use, unless it is one of those that exist as unsaved text only.
    """
    absolute = [Path(os.path.normpath(cwd / path)) for path in paths]
    missing = [
        path
        for path, where in zip(paths, absolute, strict=True)
        if not os.path.lexists(where) and str(where) not in unsaved
    ]
    if missing:
        raise WrongUse(*(Mistake(f"{path}: no such file or folder") for path in missing))
    if config is not None and not config.is_file():
        raise WrongUse(Mistake(f"{shown(config, cwd)}: no such settings file"))
    found: dict[Path, tuple[Path | None, list[Path]]] = {}
    for where in absolute:
        root, file = _root_given(where, config) if config else find_root(where, cwd)
        found.setdefault(root, (file, []))[1].append(where)
    return tuple(Project(root, file, tuple(given)) for root, (file, given) in sorted(found.items()))


def find_root(path: Path, cwd: Path) -> tuple[Path, Path | None]:
    """The root for a path: the nearest folder with settings, else with ``.git``, else the path's own folder."""
    folder = path if path.is_dir() else path.parent
    repository: Path | None = None
    for each in (folder, *folder.parents):
        file = settings_in(each, cwd)
        if file is not None:
            return each, file
        if repository is None and (each / ".git").exists():
            repository = each
    return repository or folder, None


def _root_given(path: Path, config: Path) -> tuple[Path, Path]:
    """The root where the settings file is named: its own folder where that holds the path."""
    folder = path if path.is_dir() else path.parent
    holder = config.parent
    if holder == folder or holder in folder.parents:
        return holder, config
    for each in (folder, *folder.parents):
        if (each / ".git").exists():
            return each, config
    return folder, config


def settings_in(folder: Path, cwd: Path) -> Path | None:
    """The settings file that makes this folder a root; ``leaklint.toml`` goes before ``pyproject.toml``."""
    for name in SETTINGS_FILES:
        file = folder / name
        if holds_settings(file, shown(file, cwd)):
            return file
    return None


def nested_roots(files: Iterable[str], root: Path, cwd: Path) -> tuple[str, ...]:
    """The folders below the root, relative to it, that have settings of their own: the outermost ones."""
    candidates = sorted({folder_of(each) for each in files if name_of(each) in SETTINGS_FILES} - {""})
    nested: list[str] = []
    for each in candidates:
        if not is_below(each, nested) and _mentions_us(root / each) and settings_in(root / each, cwd) is not None:
            nested.append(each)
    return tuple(nested)


def _mentions_us(folder: Path) -> bool:
    """Whether the settings there are ours: a broken ``pyproject.toml`` of another tool's test data is no mistake."""
    for name in SETTINGS_FILES:
        try:
            if name == "leaklint.toml" and (folder / name).is_file():
                return True
            if b"tool.leaklint" in regular(folder / name):
                return True
        except OSError:
            continue
    return False
