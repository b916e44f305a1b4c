"""Azure Functions in the first programming model: one folder a function, with a ``function.json``."""

from __future__ import annotations

import posixpath
import re

from leaklint.ir.handler import Platform
from leaklint.link.templates.declaration import Declaration, Said, Tree, beside

NAME = re.compile(r"(^|/)function\.json$")
MARKER = re.compile(rb'"bindings"')


def read(path: str, tree: Tree) -> Said:
    """The function of a folder, if a trigger starts it and its script is Python."""
    declarations: list[Declaration] = []
    folder = posixpath.dirname(path)
    root = tree.folder_with("host.json", folder)
    for document in tree.documents(path):
        bindings = document.find("bindings")
        kinds = [each.string_at("type") or "" for each in bindings.elements] if bindings else []
        script = document.find("scriptFile")
        file = beside(path, script.text if script else "__init__.py")
        if not file or not file.endswith(".py") or not any(kind.lower().endswith("trigger") for kind in kinds):
            continue
        entry = document.string_at("entryPoint") or "main"
        line = (script or bindings or document).line
        base = root if root is not None else posixpath.dirname(folder)
        target = posixpath.relpath(file, base or ".").removesuffix(".py").removesuffix("/__init__")
        declarations.append(
            Declaration(
                template=path,
                line=line,
                reason=f"Azure function in {path}, line {line}",
                handler=f"{file}::{entry}",
                target=target,
                attribute=entry,
                root=base,
                platform=Platform.AZURE,
                expected=script is not None,
                is_python=False,
                awaited=True,
            )
        )
    return Said(tuple(declarations))
