"""AWS SAM and CloudFormation templates."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from leaklint.ir.handler import Platform
from leaklint.link.templates import dockerfile
from leaklint.link.templates.declaration import Declaration, Said, Tree, beside, split_handler
from leaklint.link.templates.document import Node

MARKER = re.compile(rb"AWS::(Serverless|Lambda)::(Function|LayerVersion)")

_FUNCTIONS = {"AWS::Serverless::Function": "SAM function", "AWS::Lambda::Function": "CloudFormation function"}
_SUBSTITUTED = re.compile(r"\$\{[^{}\n]*\}")
_LAYERS = {"AWS::Serverless::LayerVersion": "ContentUri", "AWS::Lambda::LayerVersion": "Content"}
_LOOP = "Fn::ForEach::"
MOST_LOOPS: Final = 500
"""Rounds of loops in a template, beyond which loops are left out: as many resources as CloudFormation allows."""


def read(path: str, tree: Tree) -> Said:
    """The functions and layers of a template."""
    declarations: list[Declaration] = []
    layers: list[str] = []
    sources: list[tuple[str, bytes]] = []
    images: list[str] = []
    for document in tree.documents(path):
        for name, key, resource, variables in _resources(document):
            kind = resource.string_at("Type")
            if kind in _FUNCTIONS:
                is_sam = kind == "AWS::Serverless::Function"
                function = _Function(path, document, name, key, resource, is_sam, variables)
                found = function.declarations(tree)
                declarations += found
                images += [function.image] if found and function.image else []
                sources += function.sources(tree)
            elif kind in _LAYERS:
                content = resource.string_at("Properties", _LAYERS[kind])
                folder = beside(path, content) if content else None
                layers += [f"{folder}/python", folder] if folder else []
    return Said(tuple(declarations), tuple(layers), tuple(images), tuple(sources))


def _resources(document: Node) -> Iterator[tuple[str, Node, Node, Mapping[str, str]]]:
    """Name, key and body of each resource, and the variables of the loops that it stands in (``Fn::ForEach``)."""
    pending: list[tuple[Node | None, dict[str, str]]] = [(document.find("Resources"), {})]
    for resources, variables in pending:
        for name, key, resource in resources.items() if resources else ():
            if not name.startswith(_LOOP):
                yield _filled(name, variables), key, resource, variables
            elif len(resource.elements) == 3:
                variable, values, body = resource.elements
                texts = [each.string for each in values.elements]
                if len(pending) + len(texts) <= MOST_LOOPS:
                    pending += [(body, {**variables, variable.text: text}) for text in texts if text is not None]


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """A text with the variables of loops in their places."""
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value).replace(f"&{{{name}}}", value)
    return text


class _Function(msgspec.Struct):
    """One function resource, with ``Globals`` as its defaults under SAM."""

    path: str
    document: Node
    name: str
    key: Node
    resource: Node
    is_sam: bool
    variables: Mapping[str, str]
    """Those of the loops that it stands in."""

    def declarations(self, tree: Tree) -> list[Declaration]:
        """The handler of the function, unless it is not written in Python."""
        runtime, is_stated = self._literal(self._property("Runtime"))
        if runtime is not None and not runtime.startswith("python"):
            return []
        label = _FUNCTIONS["AWS::Serverless::Function" if self.is_sam else "AWS::Lambda::Function"]
        base = Declaration(
            template=self.path,
            line=self.key.line,
            reason=f"{label} {self.name} in {self.path}, line {self.key.line}",
            handler="",
            target="",
            attribute="",
            root=None,
            platform=Platform.AWS_LAMBDA_MANAGED if self._property("CapacityProviderConfig") else Platform.AWS_LAMBDA,
            durable=self._property("DurableConfig") is not None,
            snap_start=self._text("SnapStart", "ApplyOn") == "PublishedVersions",
            is_python=runtime is not None,
        )
        if self._text("PackageType") == "Image" or self._property("ImageUri"):
            return self._image(base, tree)
        return self._zipped(base, is_stated, tree)

    @property
    def image(self) -> str:
        """The Dockerfile that the image is built from, where the template names its folder."""
        context = self.resource.string_at("Metadata", "DockerContext")
        folder = beside(self.path, context) if context else None
        file = self.resource.string_at("Metadata", "Dockerfile") or "Dockerfile"
        return "" if folder is None else posixpath.join(folder, file)

    def sources(self, tree: Tree) -> list[tuple[str, bytes]]:
        """The code that is written in the template, where each line of it is one of the template.

        It becomes the body of an ``if`` that stands where the property does, so that its indentation may stay.
        """
        node = self._inline()
        runtime = self._text("Runtime")
        if node is None or node.style != "|" or runtime is None or not runtime.startswith("python"):
            return []
        count = len(node.text.splitlines())
        lines = tree.texts[self.path].splitlines()[node.line : node.line + count]
        code = "\n".join(lines)
        if node.tag == "!Sub" or (self._inline_property() is not node):
            code = _SUBSTITUTED.sub(lambda match: "_" * len(match[0]), code)
        if "__future__" in code:
            return []
        return [(self._inline_path(), ("\n" * (node.line - 1) + "if True:\n" + code + "\n").encode())]

    def _zipped(self, base: Declaration, is_python_stated: bool, tree: Tree) -> list[Declaration]:
        node = self._property("Handler")
        declarations = []
        for written, is_literal in self._choices(node):
            handler = (
                tree.unwrapped(written, lambda name: self._text("Environment", "Variables", name)) if written else None
            )
            if not node or not handler:
                continue
            parts = split_handler(handler) or ((handler, "") if "." not in handler else None)
            if not parts:
                continue
            inline = self._inline()
            for root, is_folder_stated in self._roots():
                is_stated = is_python_stated and is_literal and is_folder_stated
                declarations.append(
                    msgspec.structs.replace(
                        base,
                        line=node.line,
                        handler=handler,
                        target=parts[0],
                        attribute=parts[1],
                        root=root,
                        expected=is_stated and not inline and not self._is_built(),
                        inline=self._inline_path() if inline else "",
                    )
                )
        return declarations

    def _image(self, base: Declaration, tree: Tree) -> list[Declaration]:
        """An image function: the command of the template, else that of the Dockerfile it is built from."""
        context = self.resource.string_at("Metadata", "DockerContext")
        folder = beside(self.path, context) if context else None
        if folder is None:
            return []
        image = dockerfile.parse(tree.texts.get(self.image, ""))
        command = self._property("ImageConfig", "Command")
        words = [each.string or "" for each in command.elements] if command else []
        handler = words[-1] if words else image.handler
        parts = split_handler(handler)
        placed = dockerfile.place([folder], image, parts[0], tree) if parts and image.is_python else None
        if not parts or not placed:
            return []
        root, target = placed
        found = msgspec.structs.replace(base, handler=handler, target=target, attribute=parts[1], root=root)
        return [msgspec.structs.replace(found, is_python=True, expected=False)]

    def _property(self, *keys: str) -> Node | None:
        own = self.resource.find("Properties", *keys)
        return own or (self.document.find("Globals", "Function", *keys) if self.is_sam else None)

    def _text(self, *keys: str) -> str | None:
        return self._literal(self._property(*keys))[0]

    def _literal(self, node: Node | None) -> tuple[str | None, bool]:
        """The text of a value and whether the template itself fixes it: a parameter's default may be overridden."""
        if node is None or node.string is not None:
            return (_filled(node.string or "", self.variables) if node else None), node is not None
        name, argument = node.intrinsic() or ("", node)
        if name == "Ref" and argument.text in self.variables:
            return self.variables[argument.text], True
        if name == "Ref":
            return self.document.string_at("Parameters", argument.text, "Default"), False
        if name == "Sub" and argument.kind == "scalar":
            return self._substituted(_filled(argument.text, self.variables))
        return None, False

    def _choices(self, node: Node | None) -> list[tuple[str | None, bool]]:
        """What ``_literal`` says of each value that a condition or a mapping of the template may choose here."""
        found, pending = [], [node]
        while pending:
            each = pending.pop()
            name, argument = (each.intrinsic() if each else None) or ("", each)
            if name == "If" and argument:
                pending += reversed(argument.elements[1:3])
            elif name == "FindInMap" and argument:
                pending += reversed(self._mapped(argument))
            else:
                found.append(self._literal(each))
        known = [text for text, _ in found if text is not None]
        return found if found == [self._literal(node)] else [(text, False) for text in known]

    def _mapped(self, keys: Node) -> list[Node]:
        """The values under the keys in the mappings of the template: under any, where a key is known to AWS alone."""
        places = [mappings] if (mappings := self.document.find("Mappings")) else []
        for key in keys.elements[:3]:
            text, is_literal = self._literal(key)
            places = [value for place in places for name, _, value in place.items() if not is_literal or name == text]
        return places

    def _substituted(self, text: str) -> tuple[str | None, bool]:
        """The text with the defaults of parameters in their places, and whether there were none."""
        pieces = re.split(r"\$\{([^{}\n]*)\}", text)
        filled = [
            piece if index % 2 == 0 else self.document.string_at("Parameters", piece.strip(), "Default")
            for index, piece in enumerate(pieces)
        ]
        known = [piece for piece in filled if piece is not None]
        return "".join(known) if len(known) == len(filled) else None, len(pieces) == 1

    def _roots(self) -> list[tuple[str | None, bool]]:
        """The folders that may have the code, and whether a missing handler in it would be an error."""
        node = self._property("CodeUri" if self.is_sam else "Code")
        if node is None:
            return [(beside(self.path, "."), True) if self.is_sam else (None, False)]
        return [self._root(text, is_stated) for text, is_stated in self._choices(node)] or [(None, False)]

    def _root(self, text: str | None, is_stated: bool) -> tuple[str | None, bool]:
        """The folder that the template means by a text."""
        if text is None or "://" in text:
            return None, False
        is_zip = text.endswith(".zip")
        if is_zip or text.endswith(".py"):
            text = text.rpartition("/")[0] or "."
        return beside(self.path, text), is_stated and not is_zip

    def _inline(self) -> Node | None:
        node = self._inline_property()
        name, argument = (node.intrinsic() if node else None) or ("", node)
        return argument if argument and argument.kind == "scalar" and name in ("", "Sub") else None

    def _inline_property(self) -> Node | None:
        return self._property("InlineCode") if self.is_sam else self._property("Code", "ZipFile")

    def _inline_path(self) -> str:
        return f"{self.path}#{self.name}.py"

    def _is_built(self) -> bool:
        """Whether a build step or a start script of the project's own decides what the handler means."""
        by_make = self.resource.string_at("Metadata", "BuildMethod") == "makefile"
        return by_make or self._property("Environment", "Variables", "AWS_LAMBDA_EXEC_WRAPPER") is not None
