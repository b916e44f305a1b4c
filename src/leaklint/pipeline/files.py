"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from leaklint.pipeline.wrong_use import Mistake, WrongUse


def write_whole(file: Path, content: bytes) -> None:
    """Puts the content in the place of the file at once; permissions stay, and a link stays a link."""
    target = Path(os.path.realpath(file))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            # A pipe or a terminal, such as /dev/stderr, cannot be replaced.
            target.write_bytes(content)
            return
        import tempfile

        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            Path(temporary).chmod(_mode(target))
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WrongUse(Mistake(f"cannot be written: {error.strerror or error}", str(file))) from None


def is_read_only(file: Path) -> bool:
    """Whether a file is not to be written, even by somebody who could."""
    return not (file.stat().st_mode & 0o222 and os.access(file, os.W_OK))


def _mode(file: Path) -> int:
    """The permissions of a file, or those that a new one would get."""
    if file.exists():
        return file.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
