"""Fixtures and their mended twins: ``app.fixed.py`` beside ``app.py`` is what ``--fix`` makes of it.

Where ``--unsafe-fixes`` makes something else of it, that lies in ``app.unsafe.fixed.py``. A file without a twin is left
as it is. ``python tests/fix/twins.py CASE …`` writes the twins of cases; they are read before they are kept.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path

from leaklint.pipeline.discover import discover
from leaklint.pipeline.mend import Mended, mended
from leaklint.pipeline.roots import Project, settings_in
from leaklint.pipeline.rule_names import rule_names
from leaklint.pipeline.run import Part, Request
from leaklint.pipeline.settings import Settings, Sourced, read_settings

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path for path in FIXTURES.glob("*/*") if path.is_dir())
SAFE, UNSAFE = ".fixed.py", ".unsafe.fixed.py"


def part_of(folder: Path) -> Part:
    """A fixture as a project, its twins left out."""
    project = Project(folder, settings_in(folder, folder), (folder,))
    sourced = read_settings(project.config, project.config.name, rule_names()) if project.config else Sourced()
    settings: Settings = dataclasses.replace(
        sourced.settings, extend_exclude=(*sourced.settings.extend_exclude, "*.fixed.py")
    )
    return Part(project, dataclasses.replace(sourced, settings=settings), discover(project, settings, folder))


def mend(folder: Path, *, unsafe: bool, unsaved: Mapping[str, bytes] | None = None) -> Mended:
    """What mending does to a fixture, or to one in which some files have another text."""
    overlay = {str(folder / path): content for path, content in (unsaved or {}).items()}
    return mended(part_of(folder), Request((str(folder),), folder, overlay=overlay, cached=False), unsafe=unsafe)


def twins(folder: Path, ending: str) -> dict[str, bytes]:
    """The twins of a case with one ending, by the path of the file that they are made of."""
    found = {
        path.relative_to(folder).as_posix().removesuffix(ending) + ".py": path.read_bytes()
        for path in sorted(folder.rglob(f"*{ending}"))
        if ending == UNSAFE or not path.name.endswith(UNSAFE)
    }
    if ending == UNSAFE:
        # what the unsafe fixes leave as the safe ones have made it has one twin only
        return {**twins(folder, SAFE), **found}
    return found


def write(folder: Path) -> None:
    """Writes the twins of a case anew."""
    for path in folder.rglob("*.fixed.py"):
        path.unlink()
    safe = mend(folder, unsafe=False).after
    unsafe = mend(folder, unsafe=True).after
    for path, content in safe.items():
        (folder / path).with_suffix(SAFE).write_bytes(content)
    for path, content in unsafe.items():
        if safe.get(path) != content:
            (folder / path).with_suffix(UNSAFE).write_bytes(content)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(Path(name).resolve())
