"""The cache: what is known of files and projects from earlier runs, kept in a folder that ignores itself.

An entry is one file: a line that says what it is, a digest of the rest, and the rest. It is written under another name
and then put into its place, so that a reader sees a whole entry or none, however many processes share the folder. An
entry that is damaged, foreign or unreadable is no entry: the cache costs time then, never a finding, and says so once.

Entries are values of our own types and never code. They stand below a folder that is named after leaklint's own source
and the interpreter, so that another version never reads them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

import leaklint

FOLDER: Final = ".leaklint_cache"
VARIABLE: Final = "LEAKLINT_CACHE_DIR"
MOST_BYTES: Final = 512_000_000
"""Beyond this size of the folder the entries written longest ago are removed."""
_FIRST_LINE: Final = b"leaklint cache\n"
_DIGEST_SIZE: Final = 20
_VERSION: Final = re.compile(r"[\w.]+-[0-9a-f]{16}")
_ENTRY: Final = re.compile(r"[a-z]+-[0-9a-f]{40}|\.new-\w+")
_TAG: Final = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache of leaklint. It can be removed at any time.\n"
)
_Entry = TypeVar("_Entry")


def digest(*parts: bytes | memoryview) -> bytes:
    """What some bytes are known by."""
    made = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for part in parts:
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.digest()


def key_of(root: Path) -> bytes:
    """What a project is known by, among those that share a folder."""
    return digest(os.fsencode(root))


def folder_of(root: Path, is_project: bool, setting: str | None) -> Path | None:
    """Where the cache of a project is kept: where the environment or the settings say, else in the project itself.

    A folder that is no project gets nothing put into it: its cache lies with those of the user's other programs.
    """
    said = os.environ.get(VARIABLE)
    if said:
        return Path(os.path.abspath(said))
    if setting:
        return Path(os.path.normpath(root / setting))
    if is_project:
        return root / FOLDER
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leaklint"
    except RuntimeError:
        return None


class Cache:
    """The entries of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        """What the user should know about the cache."""
        self._version = folder / _version()
        self._usable = True

    def read(self, kind: str, key: bytes, form: type[_Entry]) -> _Entry | None:
        """An entry, or nothing where there is no whole one."""
        file = self._file(kind, key)
        try:
            content = _regular(file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._give_up("read", error)
            return None
        start = len(_FIRST_LINE) + _DIGEST_SIZE
        entry = memoryview(content)[start:]
        if content[:start] == _FIRST_LINE + digest(entry):
            with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
                return msgspec.msgpack.decode(entry, type=form)
        self._say(f"the cache in {self.folder} was damaged: what was lost is made again")
        return None

    def write(self, kind: str, key: bytes, entry: Any) -> None:
        """Keeps an entry, in place of an older one."""
        if not self._usable:
            return
        try:
            content = msgspec.msgpack.encode(entry)
        except (OverflowError, UnicodeEncodeError, msgspec.MsgspecError):
            return  # a value that no entry can hold
        try:
            self._prepare()
            self._put(self._file(kind, key), _FIRST_LINE, digest(content), content)
            self._keep_bounds()
        except OSError as error:
            self._give_up("written", error)

    def _file(self, kind: str, key: bytes) -> Path:
        return self._version / f"{kind}-{key.hex()}"

    def _prepare(self) -> None:
        if self._version.is_dir():
            return
        self._version.mkdir(parents=True, exist_ok=True)
        self._put(self.folder / ".gitignore", b"*\n")
        self._put(self.folder / "CACHEDIR.TAG", _TAG.encode())

    def _put(self, file: Path, *content: bytes) -> None:
        import tempfile  # where nothing has changed, nothing is written

        descriptor, written = tempfile.mkstemp(prefix=".new-", dir=file.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.writelines(content)
            os.replace(written, file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(written)
            raise

    def _keep_bounds(self) -> None:
        """Removes what was written longest ago where the folder has become too large."""
        found = sorted((state.st_mtime_ns, state.st_size, file) for file, state in _entries(self.folder))
        total = sum(size for _, size, _ in found)
        for _, size, file in found:
            if total <= MOST_BYTES:
                break
            with contextlib.suppress(OSError):
                os.unlink(file)
                total -= size

    def _give_up(self, what: str, error: OSError) -> None:
        self._usable = False
        self._say(f"the cache in {self.folder} cannot be {what} ({error.strerror or error}): this run goes without it")

    def _say(self, note: str) -> None:
        if not self.notes:
            self.notes.append(note)


def clean(folder: Path) -> int:
    """Removes the entries of a cache, and the folder where nothing else is in it; gives how many bytes that were."""
    gone = 0
    for file, state in list(_entries(folder)):
        os.unlink(file)
        gone += state.st_size
    ours = [Path(each.path) for each in _versions(folder)]
    beside = [folder / name for name in (".gitignore", "CACHEDIR.TAG") if ours]
    for each in (*ours, *beside, folder):
        with contextlib.suppress(OSError):
            each.rmdir() if each not in beside else each.unlink()
    return gone


def _versions(folder: Path) -> list[os.DirEntry[str]]:
    """The folders of entries; what else lies in the folder of the cache is none of our business."""
    try:
        with os.scandir(folder) as found:
            return [each for each in found if _VERSION.fullmatch(each.name) and each.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    for version in _versions(folder):
        with contextlib.suppress(OSError), os.scandir(version) as found:
            for each in found:
                if _ENTRY.fullmatch(each.name):
                    with contextlib.suppress(OSError):
                        yield each.path, each.stat(follow_symlinks=False)


def _regular(file: Path) -> bytes:
    """The bytes of a file that is one; a pipe in its place could be waited for without end."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return stream.read()


def _version() -> str:
    """A name that changes with leaklint's own source, its tables and the interpreter."""
    top = os.path.dirname(leaklint.__file__)
    made = hashlib.blake2b(repr((leaklint.__version__, sys.version_info, msgspec.__version__)).encode(), digest_size=8)
    for below, folders, names in os.walk(top):
        folders[:] = sorted(each for each in folders if each not in ("__pycache__", "confirm"))
        for name in sorted(names):
            if name.endswith((".py", ".toml")):
                state = os.stat(os.path.join(below, name))
                made.update(f"{below[len(top) :]}/{name}:{state.st_size}:{state.st_mtime_ns}\n".encode())
    return f"{leaklint.__version__}-{made.hexdigest()}"
