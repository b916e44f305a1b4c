"""Files that are read only if they are files."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def regular(file: str | Path) -> bytes:
    """The bytes of a regular file; a pipe or a device in its place could be waited for, or read, without end."""
    mode = os.stat(file).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    with open(file, "rb", buffering=0) as stream:
        return stream.readall()
