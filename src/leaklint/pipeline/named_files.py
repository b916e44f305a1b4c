"""What the settings name on disk: files that must be there, and folders that should be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from leaklint.pipeline.environment import site_packages
from leaklint.pipeline.roots import Project, shown
from leaklint.pipeline.settings import Sourced, mistake_at
from leaklint.pipeline.wrong_use import Mistake, WrongUse, did_you_mean


def insist_on_files(project: Project, sourced: Sourced, cwd: Path, *, baseline: bool, events: bool) -> None:
    """Complains about files of the settings that are not there; about the baseline and events only if they are read."""
    wanted = [("models", name) for name in sourced.settings.models]
    if baseline and sourced.settings.baseline is not None and not _is_option(sourced, "baseline"):
        wanted.append(("baseline", sourced.settings.baseline))
    if events:
        wanted += [("events", name) for _, names in sourced.settings.events for name in names]
        wanted += [("confirm-setup", name) for name in [sourced.settings.confirm_setup] if name]
    cure = {"baseline": "; `leaklint --update-baseline` makes it"}
    mistakes = [
        _mistake(project, cwd, key, name, f"no such file `{name}`{_near(project.root / name) or cure.get(key, '')}")
        for key, name in wanted
        if not (project.root / name).exists()
    ]
    if mistakes:
        raise WrongUse(*mistakes)


def missing_folders(project: Project, sourced: Sourced, cwd: Path) -> Iterator[str]:
    """A note for each folder of the settings that is not there, or not what it is named for: a build may make it."""
    root, python = project.root, sourced.settings.python
    wrong = [
        ("src", name, f"no such folder `{name}`{_near(root / name, Path.is_dir)}")
        for name in sourced.settings.src
        if not (root / name).is_dir()
    ]
    if python is not None and not site_packages(root, python):
        name = shown(Path(python), cwd) if _is_option(sourced, "python") else python
        there = f"`{name}` is no environment: nothing is installed in it"
        wrong.append(("python", python, there if (root / python).exists() else f"no such environment `{name}`"))
    for key, name, message in wrong:
        if _is_option(sourced, key):
            yield f"--{key}: {message}"
        else:
            mistake = _mistake(project, cwd, key, name, message)
            yield f"{mistake.path}:{mistake.line}:{mistake.column}: {mistake.message}"


def _is_option(sourced: Sourced, key: str) -> bool:
    """Whether the command line says it, whose values have no place."""
    return sourced.origins.get(key, "").startswith("--")


def _mistake(project: Project, cwd: Path, key: str, name: str, message: str) -> Mistake:
    if project.config is None:
        return Mistake(f"`{key}`: {message}")
    return mistake_at(project.config, shown(project.config, cwd), key, name, message)


def _near(file: Path, fits: Callable[[Path], bool] = Path.exists) -> str:
    """A guess at what was meant, from what lies beside it."""
    try:
        beside = [name for name in os.listdir(file.parent) if fits(file.parent / name)]
    except OSError:
        return ""
    return did_you_mean(file.name, beside)
