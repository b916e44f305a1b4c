"""The environment of a project: where packages are installed for it, and which.

They are looked for in the environment that the setting ``python`` names, else in the one that is active
(``VIRTUAL_ENV``), else in ``.venv`` at the root: never in leaklint's own.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_OWN: Final = re.compile(r"python3(\.\d+)?t?")


def site_packages(root: Path, python: str | None) -> list[Path]:
    """The folders of installed packages of the project's environment, as far as there is one."""
    given = python or os.environ.get("VIRTUAL_ENV") or ".venv"
    environment = root / given
    if environment.is_file():  # the interpreter itself
        environment = environment.parent.parent
    found = [environment / "Lib" / "site-packages"]
    for library in ("lib", "lib64"):
        below = environment / library
        if below.is_dir():
            found += [each / "site-packages" for each in sorted(below.iterdir()) if _OWN.fullmatch(each.name)]
    if environment.name == "site-packages":
        found.append(environment)
    kept = {os.path.realpath(each): each for each in reversed(found) if each.is_dir()}
    return sorted(kept.values())


def versions_in(folders: Iterable[str]) -> tuple[str, ...]:
    """Packages and versions, as the folders of their metadata name them."""
    names: list[str] = []
    for folder in folders:
        with contextlib.suppress(OSError):
            names += os.listdir(folder)
    return tuple(sorted(name for name in names if name.endswith((".dist-info", ".egg-info"))))
