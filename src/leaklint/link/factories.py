"""Functions that make a web application and that no code calls: the server does (``uvicorn --factory app:create``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from leaklint.ir.facts import FileFacts
from leaklint.link.frameworks import Framework
from leaklint.link.modules import is_test


def uncalled_factories(
    files: Mapping[str, FileFacts], frameworks: Iterable[Framework], web: Callable[[str], bool]
) -> list[tuple[str, str]]:
    """Path and name of each such function at module level, in files whose views and tasks count wherever they run."""
    served = [name.rpartition(".") for each in frameworks for name in each.serves]
    found = [
        (path, name)
        for path, facts in sorted(files.items())
        if web(path) and not is_test(path)
        for makers in [{name for module, _, name in served if _is_imported(facts, module, name)}]
        for name, function in facts.functions.items()
        if name.isidentifier() and not makers.isdisjoint(function.calls)
    ]
    if not found:
        return []
    own = (facts for path, facts in files.items() if not is_test(path))
    called = {name for facts in own for each in facts.functions.values() for name in each.calls}
    return [each for each in found if each[1] not in called]


def _is_imported(facts: FileFacts, module: str, name: str) -> bool:
    """Whether a file imports a name of a library, or the module that has it."""
    return any(
        f"{each.module}.{each.name}" in (f"{module}.{name}", module) if each.name else each.module == module
        for each in facts.imports
        if not each.level
    )
