"""The files that put a web application behind the platform of a function (``Mangum(app)``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from leaklint.ir.facts import FileFacts
from leaklint.ir.handler import Platform
from leaklint.link.frameworks import Framework
from leaklint.link.modules import is_test


def adapter_files(files: Mapping[str, FileFacts], frameworks: Collection[Framework]) -> dict[str, Platform]:
    """The files that use an adapter, by its import or by its import's module and a call of its name."""
    found: dict[str, Platform] = {}
    packages = {adapter.partition(".")[0] for each in frameworks for adapter in each.adapters}
    importing = {
        path: [fact for fact in facts.imports if fact.module.partition(".")[0] in packages]
        for path, facts in files.items()
    }
    for framework in frameworks:
        for adapter in framework.adapters:
            module, _, name = adapter.rpartition(".")
            for path, imports in importing.items():
                if any(_mentions(files[path], each.module, each.name, module, name) for each in imports):
                    found.setdefault(path, framework.platform)
    return {path: platform for path, platform in sorted(found.items()) if not is_test(path)}


def _mentions(facts: FileFacts, imported: str, imported_name: str, module: str, name: str) -> bool:
    """Whether an import brings in ``module.name``, or a module under which the file calls that name."""
    if imported_name:
        whole = f"{imported}.{imported_name}"
        if whole == f"{module}.{name}":
            return True
        imported = whole
    if imported != module and not module.startswith(imported + "."):
        return False
    return any(name in function.calls for function in facts.functions.values())
