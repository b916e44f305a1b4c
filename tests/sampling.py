"""Which of many cases a quick run of the tests takes."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))


def sample(cases: Sequence[Path], about: int) -> list[Path]:
    """All cases where everything is proved, else about so many: by their names, so that a new case moves few others."""
    names = ((f"{case.parent.name}/{case.name}", case) for case in cases)
    return [case for name, case in names if PROVE or zlib.crc32(name.encode()) * len(cases) < about << 32]
