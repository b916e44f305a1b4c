"""Discovery: which files of a project are its own, which are bundled libraries, and which may declare handlers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from leaklint.link.templates import templates_among
from leaklint.pipeline.bundled import is_bundled_in, is_package_in_holder
from leaklint.pipeline.cache import FOLDER, Cache, digest
from leaklint.pipeline.git import GitFailed, is_ignored, is_in_repository, listed_files
from leaklint.pipeline.patterns import path_matcher
from leaklint.pipeline.relative import folder_of, is_below, name_of
from leaklint.pipeline.remembered import Noted, Remembered, Tree
from leaklint.pipeline.roots import SETTINGS_FILES, Project, nested_roots
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.stamps import now
from leaklint.pipeline.walk import Listing, walk

SUFFIXES = (
    *(".py", ".yaml", ".yml", ".json", ".template", ".tf", ".tfvars", ".toml", ".sh"),
    *(".ts", ".js", ".mts", ".mjs", ".cts", ".cjs"),
)
MARKS = frozenset(
    {
        *SETTINGS_FILES,
        "Makefile",
        "Procfile",
        "makefile",
        "pyvenv.cfg",
        "RECORD",
        "top_level.txt",
        "installed-files.txt",
    }
)

IGNORED = "ignored by git"
_OF_ENVIRONMENT = re.compile(r"/(?:lib(?:64)?/[^/]+|Lib)/site-packages/|/(?:bin|Scripts)/activate")
"""What lies in a virtual environment, behind its name."""


def discover(
    project: Project, settings: Settings, cwd: Path, *, force_exclude: bool = False, cache: Cache | None = None
) -> Tree:
    """Lists the project's files; paths that were named are read even where they would be left out.

    With a cache the list of an earlier run is taken where nothing has changed that it was made from.
    """
    root = project.root
    # what git lists depends on more than anybody can look up, and it is quick
    lasts = cache is not None and not is_in_repository(root) and all(each.is_dir() for each in project.given)
    if cache is None or not lasts or _is_crowded(project):
        return _listed(project, settings, cwd, None, force_exclude=force_exclude)
    patterns = (settings.exclude, settings.extend_exclude)
    asked = (root, cwd, project.given, patterns, force_exclude)
    key = digest(repr(asked).encode("utf-8", "surrogateescape"))
    known = cache.read("tree", key, Remembered)
    if known is not None and known.holds(root, matters):
        return known.tree
    made = now()
    noted = Noted(root)
    tree = _listed(project, settings, cwd, noted, force_exclude=force_exclude)
    remembered = noted.remembered(made, tree)
    if remembered is not None:
        cache.write("tree", key, remembered)
    return tree


def _listed(project: Project, settings: Settings, cwd: Path, noted: Noted | None, *, force_exclude: bool) -> Tree:
    covers = path_matcher(settings.exclude + settings.extend_exclude)
    left_out: dict[str, str] = {}

    def leaves_out(path: str) -> bool:
        if name_of(path) == FOLDER:
            return True
        if covers(path):
            left_out[path] = "excluded"
        return path in left_out

    listing = Listing(()) if _is_crowded(project) else _list(project.root, leaves_out, noted)
    left_out.update((path, IGNORED) for path in listing.ignored if FOLDER not in path.split("/"))
    files = set(_without_excluded(listing.files, covers, left_out))
    unreadable = list(listing.unreadable)
    if not force_exclude:
        for given in project.given:
            named = _named(project.root, given, files, covers, noted)
            files.update(named.files)
            unreadable += named.unreadable
    files = set(_without_environments(sorted(files), left_out))
    if noted:
        noted.read(path for path in files if decides(path))
    nested = nested_roots(files, project.root, cwd)
    files = {path for path in files if not is_below(path, nested)}
    asked = {_below_root(project.root, given) for given in project.given if not given.is_dir()}
    top = f"{project.root}{os.sep}"
    named_python = [path for path in files if path.endswith(".py") or (path in asked and not matters(path))]
    if noted:
        noted.links(named_python)
    # what ends in `.py` may be a folder, or a link to one, which is not followed
    python = sorted(path for path in named_python if not os.path.isdir(top + path))
    is_bundled = is_bundled_in(project.root, files, python)
    libraries = frozenset(filter(is_bundled, python))
    return Tree(
        own=tuple(path for path in python if path not in libraries),
        libraries=tuple(path for path in python if path in libraries),
        templates=tuple(templates_among(path for path in files.difference(python) if not is_bundled(path))),
        nested=nested,
        unreadable=tuple(sorted(set(unreadable))),
        left_out=tuple(sorted(left_out.items())),
    )


def _is_crowded(project: Project) -> bool:
    """Whether single files lie in a folder that holds all sorts of things, and is no project of theirs."""
    if project.config or (project.root / ".git").exists() or any(each.is_dir() for each in project.given):
        return False
    import tempfile

    crowded = {os.path.expanduser("~"), tempfile.gettempdir(), project.root.anchor}
    return str(project.root) in crowded


def decides(path: str) -> bool:
    """Whether the content of a file may say which other files are the project's own."""
    return name_of(path) in MARKS or is_package_in_holder(path)


def matters(path: str) -> bool:
    """Whether a file may say anything: source, template, settings, or the mark of an environment or a package."""
    name = name_of(path)
    return name.endswith(SUFFIXES) or name in MARKS or "ockerfile" in name or "/conda-meta/" in path


def _list(folder: Path, covers: Callable[[str], bool], noted: Noted | None = None) -> Listing:
    """The files below a folder: by git where it knows the folder, else by walking."""
    if not is_in_repository(folder):
        return walk(folder, covers, matters, noted.folder if noted else None)
    try:
        if is_ignored(folder):
            return walk(folder, covers, matters)
        listed = listed_files(folder)
    except GitFailed:
        return walk(folder, covers, matters)
    files = set(filter(matters, listed.files))
    pending = [path for path in listed.repositories if not covers(path)]
    while pending:
        inner = pending.pop()
        try:
            below = listed_files(folder / inner)
        except GitFailed:
            files.update(f"{inner}/{path}" for path in walk(folder / inner, covers, matters).files)
            continue
        files.update(f"{inner}/{path}" for path in below.files if matters(path))
        pending += [f"{inner}/{path}" for path in below.repositories if not covers(f"{inner}/{path}")]
    return Listing(tuple(sorted(files)), listed.unreadable)


def _named(
    root: Path, given: Path, files: Iterable[str], covers: Callable[[str], bool], noted: Noted | None
) -> Listing:
    """The files of a path on the command line, where the project's own list leaves them out."""
    path = _below_root(root, given)
    if not given.is_dir():
        return Listing((path,))
    if path == "." or any(each.startswith(path + "/") for each in files):
        return Listing(())
    if noted:
        noted.unknown()
    inner = _list(given, covers)
    kept = [f"{path}/{each}" for each in _without_excluded(inner.files, covers, {})]
    return Listing(tuple(kept), tuple((f"{path}/{each}", reason) for each, reason in inner.unreadable))


def _below_root(root: Path, given: Path) -> str:
    return given.relative_to(root).as_posix()


def _without_excluded(files: Iterable[str], covers: Callable[[str], bool], left_out: dict[str, str]) -> list[str]:
    kept: list[str] = []
    decided: dict[str, bool] = {}
    for path in files:
        folder = folder_of(path)
        if folder not in decided:
            decided[folder] = bool(folder) and covers(folder + "/")
            if decided[folder]:
                left_out[folder] = "excluded"
        if decided[folder]:
            continue
        if covers(path):
            if path.endswith(".py"):
                left_out[path] = "excluded"
            continue
        kept.append(path)
    return kept


def _without_environments(files: list[str], left_out: dict[str, str]) -> list[str]:
    """The files that do not lie in a virtual environment."""
    marked = tuple({folder_of(path) for path in files if name_of(path) == "pyvenv.cfg"} - {""})
    # some have committed that file beside their own code
    found = {
        folder
        for folder in marked
        if any(path.startswith(f"{folder}/") and _OF_ENVIRONMENT.match(path, len(folder)) for path in files)
    }
    found |= {
        path.rsplit("/conda-meta/", 1)[0] for path in files if "/conda-meta/" in path and path.endswith("/history")
    }
    environments = tuple(sorted(found - {""}))
    left_out.update((each, "virtual environment") for each in environments)
    return [path for path in files if not is_below(path, environments)] if environments else files
