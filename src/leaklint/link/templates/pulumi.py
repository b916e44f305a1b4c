"""Programs of Pulumi that are written in YAML."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from leaklint.link.templates.declaration import Declaration, Said, Tree, beside, split_handler
from leaklint.link.templates.document import Node

NAME = re.compile(r"(^|/)(Main|Pulumi)\.ya?ml$")
MARKER = re.compile(rb"\baws:lambda[:/]")

_FUNCTION = re.compile(r"aws:lambda(/function)?:Function$")
_ARCHIVE = ("fn::fileArchive", "Fn::FileArchive")
_ASSETS = ("fn::assetArchive", "Fn::AssetArchive")


def read(path: str, tree: Tree) -> Said:
    """The functions of a program."""
    return Said(tuple(each for document in tree.documents(path) for each in _declared(path, document)))


def _declared(path: str, document: Node) -> Iterator[Declaration]:
    resources = document.find("resources")
    for name, key, resource in resources.items() if resources else ():
        handler = resource.find("properties", "handler")
        written = handler.string if handler else None
        runtime = resource.string_at("properties", "runtime") or ""
        parts = split_handler(written) if written and "${" not in written else None
        is_function = _FUNCTION.match(resource.string_at("type") or "")
        if not is_function or not handler or not written or not parts or not runtime.startswith("python"):
            continue
        code, is_whole = _archive(resource.find("properties", "code"))
        is_file = code is not None and code.endswith((".py", ".zip"))
        folder = posixpath.dirname(code) or "." if code and is_file else code
        yield Declaration(
            template=path,
            line=handler.line,
            reason=f"Pulumi function {name} in {path}, line {key.line}",
            handler=written,
            target=parts[0],
            attribute=parts[1],
            root=beside(path, folder) if folder and "${" not in folder else None,
            expected=is_whole and not is_file,
        )


def _archive(code: Node | None) -> tuple[str | None, bool]:
    """The path that is packed at the root of an archive, and whether nothing else is packed."""
    for assets in (code.find(name) for name in _ASSETS if code):
        if assets:
            return _archive(assets.find("."))[0], len(assets.entries) == 1
    return next((found for name in _ARCHIVE if code and (found := code.string_at(name))), None), True
