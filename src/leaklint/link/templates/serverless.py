"""Serverless Framework services: ``serverless.yml`` and the files that it includes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

import msgspec

from leaklint.ir.facts import Trouble
from leaklint.ir.handler import Platform
from leaklint.ir.location import Span
from leaklint.link.templates import dockerfile
from leaklint.link.templates.declaration import Declaration, Said, Tree, beside, split_handler
from leaklint.link.templates.document import Node

NAME = re.compile(r"(^|/)[^/]*serverless[^/]*\.(ya?ml|json)$")

INCLUDED = re.compile(rb"\$\{file\(\s*[\"']?([^)]+?)[\"']?\s*\)")
_FILE = re.compile(r"\$\{file\(\s*([^)]+?)\s*\)(?::([\w.-]+))?\s*(?:,[^}]*)?\}")
_DEFAULT = re.compile(r"""\$\{[^{}]*,\s*(['"]?)([^'"{}]*)\1\s*\}""")
_SELF = re.compile(r"\$\{self:([\w.-]+)\}")
_WSGI = frozenset({"wsgi_handler.handler", "wsgi.handler"})
_PLATFORMS = {"aws": Platform.AWS_LAMBDA, "google": Platform.GOOGLE, "azure": Platform.AZURE}
_ROUNDS = 5
"""Times that one variable may lead to another."""


def read(path: str, tree: Tree) -> Said:
    """The functions and layers of a service."""
    declarations: list[Declaration] = []
    layers: list[str] = []
    images: list[str] = []
    troubles: list[tuple[str, Trouble]] = []
    for document in tree.documents(path):
        if document.find("functions") or document.find("layers"):
            service = _Service(path, document, tree)
            declarations += service.declarations()
            layers += service.layers()
            images += service.images
            troubles += service.troubles
    return Said(tuple(declarations), tuple(layers), tuple(images), troubles=tuple(troubles))


class _Service(msgspec.Struct):
    """One ``serverless.yml``."""

    path: str
    document: Node
    tree: Tree
    images: list[str] = []
    """The Dockerfiles of which it says what they run."""
    troubles: list[tuple[str, Trouble]] = []
    """Functions that stand in files that are not there."""

    def declarations(self) -> list[Declaration]:
        """The handler of each Python function."""
        platform = _PLATFORMS.get(self.document.string_at("provider", "name") or self._text("provider") or "aws")
        if platform is None:
            return []
        found: list[Declaration] = []
        for path, name, function in self._functions():
            runtime = self._resolved(function.find("runtime") or self.document.find("provider", "runtime"))
            if function.find("image"):
                found += self._of_image(path, name, function, platform)
                continue
            node = function.find("handler")
            written = self._resolved(node)
            handler = self.tree.unwrapped(written, self._environment(function)) if written else None
            if node is None or handler is None or (runtime is not None and not runtime.startswith("python")):
                continue
            base = Declaration(
                template=path,
                line=node.line,
                reason=f"serverless function {name} in {path}, line {node.line}",
                handler=handler,
                target="",
                attribute="",
                root=beside(self.path, "."),
                platform=platform,
                expected=runtime is not None and "${" not in node.text and not self._is_packed_elsewhere(function),
                is_python=runtime is not None,
                durable=function.find("durableConfig") is not None,
                snap_start=bool((start := function.find("snapStart")) and start.is_true),
                awaited=platform is Platform.AZURE,
            )
            located = self._located(base, function)
            found += [located] if located else []
        return found

    def _of_image(self, path: str, name: str, function: Node, platform: Platform) -> list[Declaration]:
        """The handler of a function in an image that the service builds: its command, else that of the Dockerfile."""
        node = function.find("image", "name") or function.find("image")
        image_name = self._resolved(node)
        built = self.document.find("provider", "ecr", "images", image_name) if image_name else None
        context = self._resolved(built.find("path") or built) if built else None
        folder = beside(self.path, context) if context else None
        if node is None or folder is None or built is None:
            return []
        file = posixpath.join(folder, self._resolved(built.find("file")) or "Dockerfile")
        image = dockerfile.parse(self.tree.texts.get(file, ""))
        command = function.find("image", "command")
        words = [self._resolved(each) or "" for each in command.elements] if command else []
        handler = words[-1] if words else image.handler
        parts = split_handler(handler)
        placed = dockerfile.place([folder], image, parts[0], self.tree) if parts and image.is_python else None
        if not parts or not placed:
            return []
        self.images.append(file)
        return [
            Declaration(
                template=path,
                line=node.line,
                reason=f"image of the serverless function {name} in {path}, line {node.line}",
                handler=handler,
                target=placed[1],
                attribute=parts[1],
                root=placed[0],
                platform=platform,
                expected=False,
            )
        ]

    def _is_packed_elsewhere(self, function: Node) -> bool:
        """Whether an archive that something else builds holds the source."""
        return bool(function.find("package", "artifact") or self.document.find("package", "artifact"))

    def _environment(self, function: Node) -> Callable[[str], str | None]:
        return lambda name: self._resolved(
            function.find("environment", name) or self.document.find("provider", "environment", name)
        )

    def layers(self) -> list[str]:
        """The folders of the layers that the service packs, as import roots."""
        layers = self.document.find("layers")
        paths = [layer.string_at("path") for _, _, layer in layers.items()] if layers else []
        folders = [beside(self.path, path) for path in paths if path]
        return [root for folder in folders if folder for root in (f"{folder}/python", folder)]

    def _located(self, base: Declaration, function: Node) -> Declaration | None:
        if base.platform is Platform.GOOGLE:
            return msgspec.structs.replace(base, target="main", attribute=base.handler)
        app = self._text("custom", "wsgi", "app") if base.handler in _WSGI else None
        parts = split_handler(app or base.handler)
        if not parts:
            is_plain = base.platform is Platform.AWS_LAMBDA and app is None and "." not in base.handler
            return msgspec.structs.replace(base, target=base.handler) if is_plain else None
        located = msgspec.structs.replace(base, target=parts[0], attribute=parts[1], is_application=app is not None)
        folder = self._resolved(function.find("module"))
        root = beside(self.path, folder) if folder else None
        if root is not None and self.tree.has_module(root, parts[0]):
            return msgspec.structs.replace(located, root=root)
        return located

    def _functions(self) -> Iterator[tuple[str, str, Node]]:
        """File, name and node of each function, included files opened."""
        waiting = [(self.path, self.document.find("functions"), 0)]
        while waiting:
            path, node, rounds = waiting.pop(0)
            if node is None or rounds > _ROUNDS:
                continue
            if node.kind == "list":
                waiting += [(path, each, rounds + 1) for each in node.elements]
            elif node.kind == "scalar":
                waiting.append((*self._included(path, node), rounds + 1))
            else:
                for name, _, function in node.items():
                    if function.kind == "scalar":
                        where, included = self._included(path, function)
                        if included:
                            yield where, name, included.find(name) or included
                    else:
                        yield path, name, function

    def _included(self, path: str, node: Node) -> tuple[str, Node | None]:
        """The node that ``${file(path):key}`` brings in."""
        match = _FILE.search(node.text)
        name = self._filled(match[1].strip("\"'")) if match else None
        file = beside(self.path, name) if name else None
        if not match or not file or not file.endswith((".yml", ".yaml", ".json")):
            return path, None
        if file not in self.tree.texts:
            python = (self._text("provider", "runtime") or "").startswith("python")
            if python and "," not in match[0]:  # behind a comma stands what is taken else
                span = Span(node.line, node.column, node.line, node.column + len(node.text))
                self.troubles.append((path, Trouble(f"it includes {file}, which is no file of the project", span)))
            return path, None
        documents = self.tree.documents(file)
        keys = match[2].split(".") if match[2] else []
        return file, documents[0].find(*keys) if documents else None

    def _text(self, *keys: str) -> str | None:
        return self._resolved(self.document.find(*keys))

    def _resolved(self, node: Node | None) -> str | None:
        return self._filled(node.string if node else None)

    def _filled(self, text: str | None) -> str | None:
        """A text with ``${self:…}`` and the defaults of variables filled in; None where another variable is left."""
        for _ in range(_ROUNDS):
            if text is None or "${" not in text:
                return text
            text = _SELF.sub(lambda match: self.document.string_at(*match[1].split(".")) or "${}", text)
            text = _DEFAULT.sub(r"\2", text)
        return None
