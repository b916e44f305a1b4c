"""The plan of a run: which handler, on what platform, with which limits."""

from __future__ import annotations

import dataclasses
import enum
import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leaklint.confirm import marks


class Unusable(Exception):
    """A run that cannot be started, with the reason as the user reads it."""


class Regime(enum.StrEnum):
    """How the platform treats a container between two events."""

    LAMBDA = "lambda"
    """Frozen after each return, thawed for the next event."""
    MANAGED = "managed"
    """Several containers side by side, never frozen."""
    LOOP = "loop"
    """An event loop that stays open, never frozen."""


class Engine(enum.StrEnum):
    """What calls the handler inside the container."""

    AUTO = "auto"
    REAL = "awslambdaric"
    BUILTIN = "builtin"


WORKERS = 2
"""Containers side by side in the regime ``managed``."""
LINGER = 0.3
"""Seconds that work has to run on after the last return, where nothing is frozen."""
OUTPUT_LIMIT = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run, and how."""

    root: Path
    """The folder that is first on the path, as the platform unpacks the code."""
    handler: str
    """``module:function``."""
    regime: Regime = Regime.LAMBDA
    engine: Engine = Engine.AUTO
    timeout: float = 10.0
    """Seconds for each invocation."""
    import_timeout: float = 10.0
    """Seconds for the import of the handler, as the platform allows it."""
    output_limit: int = OUTPUT_LIMIT
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    allow_network: bool = False
    setup: Path | None = None
    moto: bool = False
    python: str = sys.executable
    snapstart: bool = False
    """Import for a snapshot and restore from it, as SnapStart does."""
    stays_warm: bool = False
    """Never freeze, whatever the platform does."""
    run: str = dataclasses.field(default_factory=marks.new_run)

    @property
    def freezes(self) -> bool:
        """Whether the container is frozen between events."""
        return self.regime is Regime.LAMBDA and not self.stays_warm

    @property
    def workers(self) -> int:
        """How many containers there are."""
        return WORKERS if self.regime is Regime.MANAGED else 1

    def for_warden(self) -> dict[str, Any]:
        """The plan as the warden reads it."""
        return {
            "root": os.path.realpath(self.root),
            "handler": self.handler,
            "regime": self.regime.value,
            "engine": self.engine_in_use().value,
            "freezes": self.freezes,
            "workers": self.workers,
            "timeout": self.timeout,
            "import_timeout": max(self.timeout, self.import_timeout),
            "output_limit": self.output_limit,
            "environment": dict(self.environment),
            "allow_network": self.allow_network,
            "setup": os.path.realpath(self.setup) if self.setup else None,
            "moto": self.moto,
            "snapstart": self.snapstart,
            "python": self.interpreter(),
            "run": self.run,
            "linger": LINGER,
        }

    def engine_in_use(self) -> Engine:
        """The engine that ``auto`` stands for."""
        real = importlib.util.find_spec("awslambdaric") is not None and self.python == sys.executable
        plain = "." not in self.handler.partition(":")[2]
        if self.regime is Regime.LOOP:
            return Engine.BUILTIN
        if self.engine is Engine.AUTO:
            return Engine.REAL if real and plain else Engine.BUILTIN
        return self.engine

    def interpreter(self) -> str | None:
        """The program that the handler runs in, from whatever folder it is started; None where there is none."""
        found = shutil.which(self.python)
        return found and os.path.abspath(found)

    def check(self) -> None:
        """Raises ``Unusable`` where the run cannot work."""
        if not sys.platform.startswith("linux"):
            raise Unusable(
                "confirm needs Linux: freezing a whole process tree, adopting what detaches from it, and looking at "
                "a copy of the process are not to be had here; run it in a Linux container"
            )
        module, colon, function = self.handler.partition(":")
        if not (module and colon and function):
            raise Unusable(f"`{self.handler}` names no handler: write module:function, such as app:handler")
        if not self.root.is_dir():
            raise Unusable(f"{self.root} is not a folder")
        if not module_file(self.root, module):
            below = (each for each in sorted(self.root.iterdir()) if each.is_dir() and module_file(each, module))
            place = next(below, None)
            hint = f", here {place}" if place else ""
            raise Unusable(f"there is no module {module} in {self.root}: --root names the folder that holds it{hint}")
        if self.engine is Engine.REAL:
            self._check_real(function)
        if self.snapstart and self.regime is not Regime.LAMBDA:
            raise Unusable("SnapStart goes with the regime lambda only")
        if self.moto and importlib.util.find_spec("moto") is None:
            raise Unusable("--aws moto needs moto: pip install 'leaklint[moto]'")
        if self.interpreter() is None:
            raise Unusable(f"--python: there is no interpreter {self.python}")
        if self.setup and not self.setup.is_file():
            raise Unusable(f"{self.setup} is not a file")

    def _check_real(self, function: str) -> None:
        if importlib.util.find_spec("awslambdaric") is None:
            raise Unusable("awslambdaric is not installed: pip install 'leaklint[confirm]', or --engine builtin")
        if "." in function:
            raise Unusable(f"awslambdaric cannot call {function}, an attribute of an object: use --engine builtin")
        if self.regime is Regime.LOOP:
            raise Unusable("the regime loop has an engine of its own: leave --engine out")


def module_file(root: Path, module: str) -> Path | None:
    """The file of a module below the root."""
    base = root.joinpath(*module.replace("/", ".").split("."))
    candidates = (base.with_name(base.name + ".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)
