"""Prints what building and running leaklint needs, one requirement a line, as ``pyproject.toml`` says it."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
print(*project["build-system"]["requires"], *project["project"]["dependencies"], sep="\n")  # noqa: T201
