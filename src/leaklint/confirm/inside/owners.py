"""Whose a module is: the project's, an installed library's, or the interpreter's and ours."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from leaklint.confirm.inside.frames import LIBRARY, MACHINERY, OURS, PROJECT, Frames

SETUP = "leaklint_setup"
"""The module that ``--setup`` runs; what it keeps is not the handler's."""
ENGINE = ("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson", "_distutils_hack")
STAND_INS = ("moto", "responses")
"""What answers in the place of AWS, and keeps every request."""
STANDARD = sys.stdlib_module_names


class Owners:
    """Says whose modules are, by their files."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames

    def of_module(self, name: str, module: Any) -> str:
        """Whose a module in ``sys.modules`` is."""
        first = name.partition(".")[0]
        if not issubclass(type(module), ModuleType):
            return OURS
        if first in ("leaklint", SETUP, "__main__", *ENGINE, *STAND_INS):
            return OURS
        file = ModuleType.__getattribute__(module, "__dict__").get("__file__")
        owner = self.frames.owner(file)[0] if type(file) is str else LIBRARY
        return MACHINERY if owner != PROJECT and first in STANDARD else owner

    def modules(self, *owners: str) -> list[tuple[str, dict[str, Any]]]:
        """Name and variables of every module of these owners, each module once."""
        found = []
        seen = set()
        for name, module in sorted(sys.modules.items(), key=lambda each: each[0]):
            if module is None or id(module) in seen or self.of_module(name, module) not in owners:
                continue
            seen.add(id(module))
            found.append((name, ModuleType.__getattribute__(module, "__dict__")))
        return found

    def names(self, *owners: str) -> set[str]:
        """The names of the modules of these owners."""
        return {name for name, _ in self.modules(*owners)}

    def project(self) -> list[tuple[str, dict[str, Any]]]:
        """The project's modules."""
        return self.modules(PROJECT)
