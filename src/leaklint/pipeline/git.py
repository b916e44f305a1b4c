"""Questions to git: which files it knows of and which lines changed, asked so that the repository can run nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import subprocess

LOCATION_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES")
"""Set inside hooks; they would point the question at another folder than the one asked about."""

TIMEOUT = 60.0

CLOSED_FOLDER = re.compile(r"could not open directory '(?P<path>[^']*?)/?': (?P<reason>.*)")


class GitFailed(Exception):
    """git is not there, does not know the folder, or refuses to speak about it."""


class Listed(msgspec.Struct, frozen=True):
    """What git lists below a folder: files, repositories within it, and folders that it could not open."""

    files: tuple[str, ...]
    repositories: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]


def ask_git(folder: Path, *arguments: str) -> bytes:
    """What git prints; raises ``GitFailed`` with its reason."""
    return _ask(folder, arguments).stdout


def _ask(folder: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
    import subprocess  # outside of repositories nobody asks

    environment = {name: value for name, value in os.environ.items() if name not in LOCATION_VARIABLES}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    # A repository's own configuration may name programs to run; none of them is needed for these questions.
    safe = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
    try:
        done = subprocess.run(
            ["git", *safe, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitFailed(str(error)) from None
    if done.returncode:
        first = done.stderr.decode("utf-8", "replace").strip().split("\n", 1)[0]
        raise GitFailed(first.removeprefix("fatal: ") or f"git ended with status {done.returncode}")
    return done


def listed_files(folder: Path) -> Listed:
    """Files below the folder that git tracks, or would track, in it and not in the repositories within it."""
    files: set[str] = set()
    repositories: set[str] = set()
    for entry in _names(ask_git(folder, "ls-files", "-z", "--cached", "--stage")):
        mode, _, path = entry.partition("\t")
        (repositories if mode.startswith("160000") else files).add(path)
    others = _ask(folder, ("ls-files", "-z", "--others", "--exclude-standard"))
    for path in _names(others.stdout):
        (repositories if path.endswith("/") else files).add(path.rstrip("/"))
    closed = CLOSED_FOLDER.finditer(os.fsdecode(others.stderr))
    unreadable = sorted((each["path"], each["reason"]) for each in closed)
    # git keeps an entry for a submodule that was never checked out: an empty folder, with nothing of ours in it.
    present = sorted(each for each in repositories if (folder / each / ".git").exists())
    return Listed(tuple(sorted(files)), tuple(present), tuple(unreadable))


def _names(printed: bytes) -> list[str]:
    return [os.fsdecode(each) for each in printed.split(b"\0") if each]


def is_in_repository(folder: Path) -> bool:
    """Whether git may know the folder: to start it, only to hear that it does not, costs more than to look."""
    return any(os.path.lexists(os.path.join(each, ".git")) for each in (folder, *folder.parents))


def is_ignored(folder: Path) -> bool:
    """Whether git ignores the folder as a whole, so that its list of files says nothing."""
    try:
        _ask(folder, ("check-ignore", "--quiet", "."))
    except GitFailed:
        return False
    return True


def ignored_paths(folder: Path) -> tuple[str, ...]:
    """What git ignores below the folder, whole folders as one; nothing where git does not know the folder."""
    asked = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    try:
        return tuple(sorted(each.rstrip("/") for each in _names(ask_git(folder, *asked))))
    except GitFailed:
        return ()
