"""The parts of a program: files that can see each other through imports, at any distance and in either direction.

What a function does depends on nothing outside of its part, so that parts are solved one by one: a part in which
nothing has changed need not be solved again, two parts can be solved at the same time, and only one of them has to be
in memory. A collection of a thousand examples falls into hundreds of parts; an application is mostly one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

import msgspec

from leaklint.ir.facts import FileFacts
from leaklint.link.modules import Modules, parent

_INIT = "/__init__.py"


class Part(msgspec.Struct, frozen=True, gc=False):
    """Files that can see each other, sorted, each with the files that its imports mean."""

    files: tuple[str, ...]
    imports: tuple[tuple[str, ...], ...]


def parts_of(files: Mapping[str, FileFacts], modules: Modules, joined: Iterable[tuple[str, str]] = ()) -> list[Part]:
    """The parts, sorted; ``joined`` are pairs of files that belong together for another reason than an import."""
    inside = _packages(files)
    around = functools.cache(lambda folder: tuple(_packages_around(folder, files)))
    targets = {path: _with_packages(_targets(path, facts, modules, inside), around) for path, facts in files.items()}
    above = {path: path for path in files}

    def top(path: str) -> str:
        while above[path] != path:
            above[path] = above[above[path]]
            path = above[path]
        return path

    for path, found in targets.items():
        for target in found:
            if target in above:
                above[top(target)] = top(path)
    for one, other in joined:
        if one in above and other in above:
            above[top(one)] = top(other)
    groups: dict[str, list[str]] = {}
    for path in sorted(files):
        groups.setdefault(top(path), []).append(path)
    return [Part(tuple(group), tuple(targets[path] for path in group)) for group in sorted(groups.values())]


def _packages(files: Iterable[str]) -> dict[str, list[str]]:
    """What lies directly in each package: attributes of a package may be any of it."""
    inside: dict[str, list[str]] = {}
    for path in sorted(files):
        folder = parent(path)
        inside.setdefault(folder, []).append(path)
        if path.endswith(_INIT):
            inside.setdefault(parent(folder), []).append(path)
    return inside


def _with_packages(targets: Iterable[str], around: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
    """Files, each once, and the packages around each, whose ``__init__.py`` runs before it does."""
    found: dict[str, None] = {}
    for target in targets:
        if target not in found:
            found[target] = None
            found.update(dict.fromkeys(around(parent(target))))
    return tuple(found)


def _packages_around(folder: str, files: Container[str]) -> Iterator[str]:
    """The ``__init__.py`` of a folder, and of those above it."""
    while folder:
        if f"{folder}{_INIT}" in files:
            yield f"{folder}{_INIT}"
        folder = parent(folder)


def _targets(path: str, facts: FileFacts, modules: Modules, inside: Mapping[str, list[str]]) -> Iterator[str]:
    """The files that the imports of a file run or make visible, in order."""
    named: set[tuple[str, int]] = set()
    for fact, meant in zip(facts.imports, modules.imports_of(path), strict=True):
        module = (fact.module, fact.level)
        if module not in named:
            named.add(module)
            yield from () if fact.level else _above(path, fact.module, modules)
            if meant.module is not None:
                yield meant.module
        seen = meant.inner
        if fact.name == "*":
            seen = meant.module
        elif not fact.name:
            seen = modules.resolve(path, fact.module.partition(".")[0])
        if seen is not None:
            yield seen
            if seen.endswith(_INIT):
                yield from inside.get(parent(seen), ())


def _above(path: str, module: str, modules: Modules) -> Iterator[str]:
    """The packages around a module that a file imports by an absolute name, outermost first."""
    dot = module.find(".")
    while dot >= 0:
        package = modules.resolve(path, module[:dot])
        if package is not None:
            yield package
        dot = module.find(".", dot + 1)
