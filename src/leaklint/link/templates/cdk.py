"""AWS CDK and Pulumi: what a construct for a function says, whichever language the stack is written in."""

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
MAKES = re.compile("|".join(sorted({*CONSTRUCTS, "handler"})))
"""What a file must hold at least for a construct to be made in it."""

PROJECT_OF = {"CDK": "cdk.json", "Pulumi": "Pulumi.yaml"}
"""The file in whose folder paths start, by the tool."""
ARCHIVE = "FileArchive"
"""What Pulumi packs a folder with."""

_RUNTIME = re.compile(r"\b(PYTHON|NODEJS|JAVA|DOTNET|GO|RUBY|PROVIDED|FROM_IMAGE)", re.IGNORECASE)


class Construct(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A construct as a stack makes it; a property that is no literal is None."""

    kind: str
    line: int
    tool: str = "CDK"
    handler: str | None = None
    folder: str | None = None
    """Of the asset or entry."""
    file: str | None = None
    """The Python file that is read as inline code."""
    code: str = ""
    """Inline code that stands in the stack itself."""
    code_line: int = 1
    """Where the string with it starts."""
    index: str = "index.py"
    runtime: str = ""
    """Source text of the runtime."""
    dockerfile: str = "Dockerfile"
    command: tuple[str, ...] = ()
    snap_start: bool = False
    durable: bool = False
    is_plain: bool = False
    """The asset is a folder as it lies there: nothing is bundled."""


def said(path: str, construct: Construct, tree: Tree) -> Said:
    """What a construct in a stack declares; assets are relative to the folder of ``cdk.json`` or ``Pulumi.yaml``."""
    folder = construct.folder or construct.file
    is_file = folder is not None and folder.endswith((".zip", ".py"))
    if folder is not None and is_file:
        folder = posixpath.dirname(folder) or "."
    folders = _folders(path, folder, PROJECT_OF[construct.tool], tree)
    if construct.kind in LAYERS:
        root = folders[0] if folders and not is_file else None
        return Said((), (posixpath.join(root, "python"), root) if root else ())
    runtime = _RUNTIME.search(construct.runtime)
    is_python = bool(runtime and runtime[1].upper() == "PYTHON")
    if runtime and not is_python and construct.kind in ZIPPED:
        return Said()
    placed = _image(construct, folders, tree) if construct.kind == IMAGE else _module(construct, folders, tree)
    if not placed:
        return Said()
    root, target, attribute = placed
    inline = f"{path}#line-{construct.code_line}.py" if construct.code and is_python else ""
    declaration = Declaration(
        template=path,
        line=construct.line,
        reason=f"{construct.tool} {construct.kind} in {path}, line {construct.line}",
        handler=construct.handler or f"{target}.{attribute}",
        target=target,
        attribute=attribute,
        root=root,
        expected=construct.is_plain and is_python and not is_file,
        is_python=is_python or construct.kind not in ZIPPED,
        snap_start=construct.snap_start,
        durable=construct.durable,
        inline=inline,
    )
    images = [posixpath.join(each, construct.dockerfile) for each in folders if construct.kind == IMAGE]
    built = tuple(each for each in images if each in tree.texts)
    return Said((declaration,), images=built, sources=((inline, _source(construct)),) if inline else ())


def _source(construct: Construct) -> bytes:
    """Inline code as a file whose lines are those of the stack; indented code becomes the body of an ``if``."""
    first = next((line for line in construct.code.splitlines() if line.strip()), "")
    is_indented = first[:1].isspace() and construct.code.startswith("\n")
    start = "if True:" if is_indented else ""
    return ("\n" * (construct.code_line - 1) + start + construct.code + "\n").encode()


def _module(construct: Construct, folders: list[str], tree: Tree) -> tuple[str | None, str, str] | None:
    """Root, module and attribute of a function that is packed as a zip."""
    if construct.kind == BUILT:
        parts: tuple[str, str] | None = construct.index.removesuffix(".py"), construct.handler or "handler"
    else:
        parts = split_handler(construct.handler or "")
    if parts is not None and construct.file:
        # Inline code is the module index, whatever the file is called that it is read from.
        parts = posixpath.basename(construct.file).removesuffix(".py"), parts[1]
    if parts is None:
        return None
    likely = (each for each in folders if tree.has_module(each, parts[0]))
    return next(likely, folders[0] if folders else None), *parts


def _image(construct: Construct, folders: list[str], tree: Tree) -> tuple[str | None, str, str] | None:
    """Root, module and attribute of a function that is packed as an image."""
    for context in folders:
        image = dockerfile.parse(tree.texts.get(posixpath.join(context, construct.dockerfile), ""))
        parts = split_handler(construct.command[-1] if construct.command else image.handler)
        placed = dockerfile.place([context], image, parts[0], tree) if parts and image.is_python else None
        if parts and placed:
            return *placed, parts[1]
    return None


def _folders(path: str, folder: str | None, project: str, tree: Tree) -> list[str]:
    """The folders that an asset may mean: from that of the project, else from the stack's own upwards."""
    if folder is None:
        return []
    app = tree.folder_with(project, posixpath.dirname(path))
    bases = [posixpath.dirname(path)] if app is None else [app]
    while app is None and bases[-1]:
        bases.append(posixpath.dirname(bases[-1]))
    return [found for base in bases if (found := settled(base, folder)) is not None]
