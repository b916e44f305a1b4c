"""Prints what leaklint needs, one requirement a line, as ``pyproject.toml`` says it.

Without an argument: what building and running it needs. With ``--oldest``: what running it needs, each in the oldest
version that is allowed. With ``--docs``: what building the site needs.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
needed = project["project"]["dependencies"]
if sys.argv[1:] == ["--oldest"]:
    wanted = [each.replace(">=", "==") for each in needed]
elif sys.argv[1:] == ["--docs"]:
    wanted = project["project"]["optional-dependencies"]["docs"]
else:
    wanted = project["build-system"]["requires"] + needed
print(*wanted, sep="\n")
