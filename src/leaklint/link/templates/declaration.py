"""What a deployment template says: which function is a handler, and which folders are import roots.

Paths are relative to the project root. A reader of one kind of template yields declarations and never looks at
Python code: whether a declared handler exists is decided in ``leaklint.link.handlers``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Container, Iterator, Mapping

import msgspec

from leaklint.ir.facts import Trouble
from leaklint.ir.handler import Platform
from leaklint.link.templates.document import Node, Unreadable, read_documents


class Declaration(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A handler that a template names."""

    template: str
    """Path of the template."""
    line: int
    reason: str
    """One sentence for ``Handler.reason``: what in which template, and on which line."""
    handler: str
    """The handler as the template writes it."""
    target: str
    """Path of the module below ``root``, without ending."""
    attribute: str
    """Empty where the template names no function, which is an error."""
    root: str | None
    """Folder that the platform puts on ``sys.path``; None where the template does not tell (a zip, S3)."""
    platform: Platform = Platform.AWS_LAMBDA
    expected: bool = True
    """Whether it is an error if the handler does not exist: Python and its folder are stated, nothing is built."""
    is_python: bool = True
    """Whether the runtime is stated to be Python, so that an unstated root may be searched for."""
    arguments: int = 2
    """How many the platform passes."""
    snap_start: bool = False
    durable: bool = False
    awaited: bool = False
    is_application: bool = False
    """The attribute is a web application whose routes are the handlers."""
    is_entry: bool = True
    """The attribute is a handler itself, and does not only lead to some."""
    package: str = ""
    """The archive or image that is deployed, as named in the template, where its content has to be searched for."""
    inline: str = ""
    """Path under which ``Said.sources`` has the code that is written in the template itself."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """All that one template says."""

    declarations: tuple[Declaration, ...] = ()
    shared_roots: tuple[str, ...] = ()
    """Import roots for every function: layers."""
    images: tuple[str, ...] = ()
    """Dockerfiles of which this template says what they run."""
    sources: tuple[tuple[str, bytes], ...] = ()
    """Code in the template itself, under the template's path, ``#`` and a name; its places are the template's."""
    troubles: tuple[tuple[str, Trouble], ...] = ()
    """What cannot be read though the rest can, each with its file."""


class Texts(Mapping[str, str]):
    """The texts of files, each decoded when a reader asks for it: most of them say nothing, and some are large."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = contents
        self._decoded: dict[str, str] = {}

    def __getitem__(self, path: str) -> str:
        if path not in self._decoded:
            self._decoded[path] = self.contents[path].decode("utf-8-sig", errors="replace")
        return self._decoded[path]

    def __contains__(self, path: object) -> bool:
        return path in self.contents

    def __iter__(self) -> Iterator[str]:
        return iter(self.contents)

    def __len__(self) -> int:
        return len(self.contents)


class Tree:
    """What a reader may look at besides its own template: every template, and where Python files are."""

    def __init__(self, texts: Mapping[str, str], files: Container[str], wrappers: Mapping[str, str]) -> None:
        self.texts = texts
        self._wrappers = wrappers
        self._files = files
        self._documents: dict[str, list[Node]] = {}
        self.parsed: dict[str, object] = {}
        """What readers have made of texts that are no documents, by path."""
        self.words: dict[str, frozenset[bytes]] | None = None
        """The words in each Python file among the texts, once a reader has asked."""

    def documents(self, path: str) -> list[Node]:
        """The documents of a YAML or JSON template; raises ``Unreadable``."""
        if path not in self._documents:
            try:
                self._documents[path] = read_documents(self.texts.get(path, ""), is_json=path.endswith(".json"))
            except Unreadable as error:
                error.path = path
                raise
        return self._documents[path]

    def unwrapped(self, handler: str, environment: Callable[[str], str | None]) -> str:
        """The project's own handler, where a template names a library's that reads it from an environment variable."""
        variable = self._wrappers.get(handler)
        return (environment(variable) if variable else None) or handler

    def folder_with(self, name: str, below: str) -> str | None:
        """The nearest folder, at or above another one, that holds a template of a name."""
        folder = below
        while posixpath.join(folder, name) not in self.texts:
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        return folder

    def has_module(self, root: str, target: str) -> bool:
        """Whether a module exists below a folder."""
        place = posixpath.join(root, target)
        return f"{place}.py" in self._files or f"{place}/__init__.py" in self._files


def split_handler(handler: str) -> tuple[str, str] | None:
    """The module's path without ending, and the attribute, as AWS Lambda reads ``src/app.handler``; None if neither."""
    module, dot, attribute = handler.strip().rpartition(".")
    target = posixpath.normpath(module.replace(".py", "").replace(".", "/") if "/." not in module else module)
    if not dot or not module or not attribute.isidentifier() or target.startswith(".."):
        return None
    return target.strip("/"), attribute


AT_PROJECT = "//"
"""Start of a path that is known from the project root, such as one made from ``__file__`` or ``path.module``."""


def settled(base: str, path: str) -> str | None:
    """A path from the project root, of one that starts there or in a base folder; None outside the project."""
    if path.startswith(AT_PROJECT):
        return beside("-", path[len(AT_PROJECT) :].lstrip("/") or ".")
    return beside(posixpath.join(base, "-"), path)


def beside(template: str, folder: str) -> str | None:
    """The folder that a template means by a relative path; None outside the project."""
    if folder.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(template), folder.replace("\\", "/")))
    return None if path == ".." or path.startswith("../") else "" if path == "." else path
