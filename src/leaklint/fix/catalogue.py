"""The catalogue of fixes: the folder is the registry, one module a fix."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from leaklint import fix
from leaklint.fix.plan import Fix, NoFix, Plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Unreadable
from leaklint.ir.finding import Finding


@functools.cache
def fixes() -> Mapping[str, Fix]:
    """Every fix by its name, sorted."""
    found: dict[str, Fix] = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(fix.__path__) if each.name.startswith("fix_")):
        contents = vars(importlib.import_module(f"{fix.__name__}.{module}"))
        found.update((each.name, each) for each in contents.values() if isinstance(each, Fix))
    return MappingProxyType(dict(sorted(found.items())))


@functools.cache
def _fix(name: str) -> Fix | None:
    """The fix of a name: nearly all have a module of that name, and then no other is imported."""
    try:
        contents = vars(importlib.import_module(f"{fix.__name__}.fix_{name.replace('-', '_')}"))
    except ModuleNotFoundError:
        contents = {}
    found = (each for each in contents.values() if isinstance(each, Fix) and each.name == name)
    return next(found, None) or fixes().get(name)


def plan_for(finding: Finding, project: Project) -> Plan | str:
    """The plan that mends a finding, or why there is none; made once for a project as it is."""
    known = (finding.fix, finding.code, finding.place, finding.message, finding.severity, finding.hint)
    return project.once(known, lambda: _planned(finding, project))


def _planned(finding: Finding, project: Project) -> Plan | str:
    chosen = _fix(finding.fix) if finding.fix else None
    if chosen is None:
        return "no fix mends this code"
    try:
        found = chosen.make(finding, project)
    except NoFix as reason:
        return str(reason)
    except Unreadable:
        return "the file cannot be parsed"
    foreign = [path for path in found.paths if not project.own(path)]
    return f"{foreign[0]} is not the project's own" if foreign else found
