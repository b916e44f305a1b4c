"""The oldest Python that a project has to run on: fixes write nothing that it does not know."""

from __future__ import annotations

import re
from pathlib import Path

from leaklint.pipeline.regular import regular
from leaklint.pipeline.settings import Settings

OLDEST = (3, 9)
"""What is assumed where nothing says otherwise: the oldest that serverless platforms still run."""

_LEAST = re.compile(r"(?:>=|~=|==|>|\^)\s*3\.(\d+)")


def target_of(root: Path, settings: Settings) -> tuple[int, int]:
    """The setting ``target-version``, else the least version that ``requires-python`` allows, else the oldest."""
    if settings.target_version is not None:
        major, minor = settings.target_version.split(".")
        return int(major), int(minor)
    try:
        text = regular(root / "pyproject.toml").decode("utf-8")
        import tomllib  # most folders have no such file

        content = tomllib.loads(text)
        required = content["project"]["requires-python"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return OLDEST
    least = [int(each) for each in _LEAST.findall(required)] if isinstance(required, str) else []
    return (3, max(least)) if least else OLDEST
