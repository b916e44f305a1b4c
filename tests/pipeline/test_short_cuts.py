"""Short cuts change the time only: with all of them taken away, every project has the same findings.

Of the fixtures some say of themselves that a short cut misses what is there: nothing else may be found without it.
The full way solves the project as one part and every function and handler of it, follows all effects whether there is a
handler or not and what files do only as scripts, keeps all templates, and looks at everything that may be a construct or a
suppression. The full profile takes all fixtures; ``LEAKLINT_TREES`` names more folders.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from notes import notes_of
from sampling import sample
from test_fixtures import CASES, findings_of

import leaklint.solve
from leaklint.ir.facts import FileFacts
from leaklint.ir.finding import Finding
from leaklint.link.library import Library
from leaklint.link.modules import Modules
from leaklint.link.parts import Part, parts_of
from leaklint.link.program import Program
from leaklint.link.templates import cdk_typescript, reading
from leaklint.models.load import Models
from leaklint.pipeline import parts
from leaklint.solve import inert, overview, world
from leaklint.solve.anywhere import Dropping, Suspect, droppers

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
PACKAGES = (
    "flake8",
    "pathspec",
    *(("_pytest", "asyncio", "astroid", "concurrent", "multiprocessing") if PROVE else ()),
)
"""Packages that are installed wherever the tests run, each taken as a project."""
NAMED = [Path(each) for each in os.environ.get("LEAKLINT_TREES", "").split(os.pathsep) if each]


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


TREES = [*map(_folder, PACKAGES), *NAMED]


def _one_part(files: Mapping[str, FileFacts], modules: Modules, joined: Iterable[tuple[str, str]] = ()) -> list[Part]:
    """The whole project as a single part."""
    found = [each for part in parts_of(files, modules, joined) for each in zip(part.files, part.imports, strict=True)]
    return [Part(tuple(path for path, _ in sorted(found)), tuple(targets for _, targets in sorted(found)))]


def _every_function(program: Program, models: Models, library: Library) -> Dropping:
    """Every function of a program, whatever its outline says; of each call all that it does matters."""
    suspects = [Suspect(path, name) for path, facts in program.files.items() for name in facts.functions]
    return droppers(program, models, library)._replace(suspects=sorted(suspects))


class _FollowingAll(world.World):
    """A program of which all effects are followed, whether it has a handler or not."""

    @property
    def only_work(self) -> bool:
        return False

    @only_work.setter
    def only_work(self, _value: bool) -> None:
        pass


def _take_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes every short cut away."""
    monkeypatch.setattr(parts, "parts_of", _one_part)
    # what files do only as scripts follows from this, too
    monkeypatch.setattr(overview, "droppers", _every_function)
    monkeypatch.setattr(leaklint.solve, "World", _FollowingAll)
    monkeypatch.setattr(inert, "inert", lambda *_: {})
    monkeypatch.setattr(reading, "looked_at", lambda _paths, _content_of: lambda _path, _content: True)
    monkeypatch.setattr(cdk_typescript, "_may_matter", lambda _kind, _inside: True)


@pytest.mark.parametrize("folder", sample(CASES, 80), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_fixtures_have_the_same_findings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings_of(folder)
    _take_away(monkeypatch)
    more = findings_of(folder)
    missed = {(note.path, note.line, note.code) for note in notes_of(folder) if note.kind == "missed"}
    assert [each for each in more if each in found or _noted(each) not in missed] == found


def _noted(finding: Finding) -> tuple[str, int, str]:
    return finding.place.path, finding.place.span.line, finding.code


@pytest.mark.parametrize("folder", TREES, ids=lambda folder: folder.name)
def test_trees_have_the_same_findings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings_of(folder)
    _take_away(monkeypatch)
    # who follows more may have to leave something out
    assert [each for each in findings_of(folder) if each in found or each.code != "LK901"] == found
