"""AWS CDK: what a construct for a function says, whichever language the stack is written in."""

from __future__ import annotations

import posixpath
import re

import msgspec

from leaklint.link.templates import dockerfile
from leaklint.link.templates.declaration import Declaration, Said, Tree, settled, split_handler

ZIPPED = frozenset({"EdgeFunction", "Function", "SingletonFunction", "TriggerFunction"})
"""Constructs with a handler and code."""
BUILT = "PythonFunction"
"""The construct with an entry folder, an index file and a function name."""
IMAGE = "DockerImageFunction"
LAYERS = frozenset({"LayerVersion", "PythonLayerVersion"})
CONSTRUCTS = frozenset({*ZIPPED, BUILT, IMAGE, *LAYERS})

_RUNTIME = re.compile(r"\b(PYTHON|NODEJS|JAVA|DOTNET|GO|RUBY|PROVIDED|FROM_IMAGE)", re.IGNORECASE)


class Construct(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A construct as a stack makes it; a property that is no literal is None."""

    kind: str
    line: int
    handler: str | None = None
    folder: str | None = None
    """Of the asset or entry."""
    index: str = "index.py"
    runtime: str = ""
    """Source text of the runtime."""
    dockerfile: str = "Dockerfile"
    command: tuple[str, ...] = ()
    snap_start: bool = False


def said(path: str, construct: Construct, tree: Tree) -> Said:
    """What a construct in a stack declares; assets are relative to the folder of ``cdk.json``."""
    is_file = (construct.folder or "").endswith((".zip", ".py"))
    folder = posixpath.dirname(construct.folder) or "." if construct.folder and is_file else construct.folder
    folders = _folders(path, folder, tree)
    if construct.kind in LAYERS:
        root = folders[0] if folders and not is_file else None
        return Said((), (posixpath.join(root, "python"), root) if root else ())
    runtime = _RUNTIME.search(construct.runtime)
    if runtime and runtime[1].upper() != "PYTHON" and construct.kind in ZIPPED:
        return Said()
    handler, target, attribute, root = None, "", "", None
    if construct.kind == IMAGE:
        for context in folders:
            image = dockerfile.parse(tree.texts.get(posixpath.join(context, construct.dockerfile), ""))
            handler = construct.command[-1] if construct.command else image.handler
            parts = split_handler(handler)
            placed = dockerfile.place([context], image, parts[0], tree) if parts and image.is_python else None
            if parts and placed:
                (root, target), attribute = placed, parts[1]
                break
    elif construct.kind == BUILT:
        handler = attribute = construct.handler or "handler"
        target = construct.index.removesuffix(".py")
        root = next((each for each in folders if tree.has_module(each, target)), None)
    else:
        handler = construct.handler or ""
        parts = split_handler(handler)
        if parts:
            target, attribute = parts
            is_zip = (construct.folder or "").endswith((".zip", ".py"))
            root = (
                None if is_zip else next((f for f in folders if tree.has_module(f, target)), next(iter(folders), None))
            )
    if not target or not handler or (root is None and construct.kind != "Function"):
        return Said()
    declaration = Declaration(
        template=path,
        line=construct.line,
        reason=f"CDK {construct.kind} in {path}, line {construct.line}",
        handler=handler,
        target=target,
        attribute=attribute,
        root=root,
        expected=False,
        is_python=bool(runtime) or construct.kind != "Function",
        snap_start=construct.snap_start,
    )
    return Said((declaration,))


def _folders(path: str, folder: str | None, tree: Tree) -> list[str]:
    """The folders that an asset may mean: from that of ``cdk.json``, else from the stack's own upwards."""
    if folder is None:
        return []
    app = tree.folder_with("cdk.json", posixpath.dirname(path))
    bases = [posixpath.dirname(path)] if app is None else [app]
    while app is None and bases[-1]:
        bases.append(posixpath.dirname(bases[-1]))
    return [found for base in bases if (found := settled(base, folder)) is not None]
