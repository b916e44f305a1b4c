"""Terraform: Lambda and Cloud Functions resources, and modules that make them.

A folder of ``.tf`` files is one Terraform module. Its values are read as far as literals, variables, locals and
``for_each`` over such go; a local module is read once for each block that calls it, with the values given there.
Paths that start from ``path.module`` are known to the letter and written with a leading ``//``; other relative paths
start from the folder in which Terraform is run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

import msgspec

from leaklint.ir.handler import Platform
from leaklint.link.modules import holds
from leaklint.link.templates import hcl
from leaklint.link.templates.declaration import AT_PROJECT, Declaration, Said, Tree, beside, settled, split_handler
from leaklint.link.templates.document import Unreadable

NAME = re.compile(r"\.tf(\.json)?$|(^|/)(terraform|[^/]+\.auto)\.tfvars$")

_SOURCES = ("source_path", "source_dir", "lambda_source_dir", "src_dir", "src_path", "code_dir")
_GOOGLE = ("google_cloudfunctions_function", "google_cloudfunctions2_function")
_FILE = re.compile(r'\bfile(?:base64)?\(\s*("(?:[^"\\]|\\.)*")')
_MOST_INSTANCES = 2_000
_DEEPEST_REFERENCE = 12


class _Module(msgspec.Struct):
    """The blocks of one folder, each with its file."""

    folder: str
    blocks: list[tuple[str, hcl.Block]] = []
    given: dict[str, tuple[str, int]] = {}
    """The variables in the files that Terraform reads by itself where it is run, as ``Block.attributes``."""

    def of_kind(self, kind: str, label: str = "") -> Iterator[tuple[str, hcl.Block]]:
        """Blocks of a kind, such as ``resource`` with the first label ``aws_lambda_function``."""
        for path, block in self.blocks:
            if block.kind == kind and (not label or block.labels[:1] == (label,)):
                yield path, block

    def named(self, kind: str, label: str, name: str) -> hcl.Block | None:
        """The block with two given labels."""
        return next((block for _, block in self.of_kind(kind, label) if block.labels[1:2] == (name,)), None)


def read(tree: Tree) -> tuple[Said, list[Unreadable]]:
    """The functions and layers of all Terraform modules of the project, and the files that cannot be read."""
    modules: dict[str, _Module] = {}
    broken: list[Unreadable] = []
    for path in sorted(path for path in tree.texts if NAME.search(path)):
        try:
            is_json = path.endswith(".json")
            documents = tree.documents(path) if is_json else []
            blocks = [block for each in documents for block in hcl.from_json(each)]
            is_given = path.endswith(".tfvars")
            blocks += [] if is_json or is_given else hcl.parse(tree.texts[path])
            given = hcl.parse(f"given {{{tree.texts[path]}\n}}")[0].attributes if is_given else {}
        except Unreadable as error:
            error.path = path
            broken.append(error)
            continue
        folder = posixpath.dirname(path)
        module = modules.setdefault(folder, _Module(folder))
        module.blocks.extend((path, block) for block in blocks)
        is_first = path.endswith("terraform.tfvars")
        module.given = {**given, **module.given} if is_first else {**module.given, **given}
    declarations: list[Declaration] = []
    layers: list[str] = []
    for instance in _instances(modules, tree):
        said = instance.said()
        declarations += said.declarations
        layers += said.shared_roots
    return Said(tuple(dict.fromkeys(declarations)), tuple(dict.fromkeys(layers))), broken


def _instances(modules: dict[str, _Module], tree: Tree) -> list[_Instance]:
    """Every module that is not called with the values of its files, then each called one with those of each call."""
    called = {
        target
        for module in modules.values()
        for _, block in module.of_kind("module")
        for target in [_Instance(tree, modules, module, module.folder, {}).local_source(block)]
        # What lies below a module and calls it is an example of its use: the module can be run by itself.
        if target is not None and not holds(target, module.folder)
    }
    found = [
        _Instance(tree, modules, module, folder, module.given)
        for folder, module in sorted(modules.items())
        if folder not in called
    ]
    for instance in found:
        for _, block in instance.module.of_kind("module"):
            if len(found) < _MOST_INSTANCES:
                found += [inner for each in instance.repetitions(block) if (inner := each.called_by(block))]
    return found


class _Instance(msgspec.Struct):
    """A module with the values that it is called with."""

    tree: Tree
    modules: dict[str, _Module]
    module: _Module
    base: str
    """The folder in which Terraform runs."""
    given: dict[str, tuple[str, int]]
    """The source texts of its arguments, each of which is evaluated when somebody asks for it."""
    caller: _Instance | None = None
    """In whose eyes the arguments are read."""
    each: dict[str, hcl.Value] = {}
    depth: int = 0
    known: dict[tuple[str, str], hcl.Value] = {}
    """What has been found out of variables and locals; None for those being followed, which mean each other."""
    busy: int = 0
    """References being followed."""

    def said(self) -> Said:
        """The functions and layers of the module."""
        declarations = self.functions()
        layers: list[str] = []
        for path, block in self.module.of_kind("module"):
            for each in self.repetitions(block) if "handler" in block.attributes else ():
                # What the module itself makes of the handler is said where that can be read.
                inner = each.called_by(block)
                if inner is None or not inner.functions():
                    declarations += each.function(path, block, f"Terraform module {block.labels[-1]}")
                layers += each.beside(block)
            if self.value(block.text("create_layer")) == "true":
                layers += self._layer(block)
        for _, block in self.module.of_kind("resource", "aws_lambda_layer_version"):
            layers += self._layer(block)
        for _, block in self.module.of_kind("resource", "aws_lambda_function"):
            for each in self.repetitions(block):
                layers += each.beside(block)
        for kind in _GOOGLE:
            for path, block in self.module.of_kind("resource", kind):
                declarations += self._google(path, block)
        return Said(tuple(declarations), tuple(layers))

    def functions(self) -> list[Declaration]:
        """The functions that are resources of the module itself."""
        return [
            declaration
            for path, block in self.module.of_kind("resource", "aws_lambda_function")
            for each in self.repetitions(block)
            for declaration in each.function(path, block, f"Terraform function {block.labels[-1]}")
        ]

    def called_by(self, block: hcl.Block) -> _Instance | None:
        """The local module that a ``module`` block calls, with the values given there."""
        source = self.local_source(block)
        target = self.modules.get(source) if source is not None else None
        if target is None or self.depth >= _DEEPEST_REFERENCE:
            return None
        return _Instance(
            self.tree, self.modules, target, self.base, block.attributes, caller=self, depth=self.depth + 1
        )

    def function(self, path: str, block: hcl.Block, label: str) -> list[Declaration]:
        """The handler of an ``aws_lambda_function`` or of a module with the same attributes."""
        image = block.inner("image_config")
        command = self.value(image.text("command")) if image else self.value(block.text("image_config_command"))
        handler = command[-1] if isinstance(command, list) and command else self.value(block.text("handler"))
        if isinstance(handler, str):
            handler = self.tree.unwrapped(handler, self._environment(block))
        runtime = self.value(block.text("runtime"))
        parts = split_handler(handler) if isinstance(handler, str) else None
        if not parts or not isinstance(handler, str):
            return []
        if isinstance(runtime, str) and not runtime.startswith("python"):
            return []
        root, is_packed = self._root(block)
        target = parts[0]
        for name, source in self._sources(block):
            if name == f"{parts[0]}.py":
                root = self._folder(source) if source else None
                if source and not source.endswith(name):
                    target = posixpath.basename(source).removesuffix(".py")
            # What is written in the template, or gets a name that only Terraform knows, is not looked for.
            is_packed &= name is not None and (source is not None or name != f"{parts[0]}.py")
        line = block.attributes.get("handler", ("", block.line))[1]
        snap_start = block.inner("snap_start")
        managed = block.inner("capacity_provider_config")
        expected = isinstance(runtime, str) and is_packed and not self._is_image(block)
        return [
            Declaration(
                template=path,
                line=line,
                reason=f"{label} in {path}, line {line}",
                handler=handler,
                target=target,
                attribute=parts[1],
                root=root,
                platform=Platform.AWS_LAMBDA_MANAGED if managed else Platform.AWS_LAMBDA,
                expected=expected,
                is_python=isinstance(runtime, str) or isinstance(command, list),
                durable=block.inner("durable_config") is not None,
                snap_start=bool(snap_start) or self.value(block.text("snap_start")) == "true",
                package="" if expected else self._package(block),
            )
        ]

    def _sources(self, block: hcl.Block) -> Iterator[tuple[str | None, str | None]]:
        """What is put one by one into the archive of a function: the name of each file there, and that which it was."""
        for archive in hcl.references(block.text("filename"), "archive_file"):
            packing = self._archive(archive) or hcl.Block("")
            given = [(each.text("filename"), each.text("content")) for each in packing.blocks if each.kind == "source"]
            given += [(packing.text("source_content_filename"), packing.text("source_content"))]
            for name, content in given if given[-1][1] else given[:-1]:
                file = _FILE.search(content)
                known, path = self.value(name), self.value(file[1]) if file else None
                yield known if isinstance(known, str) else None, path if isinstance(path, str) else None

    def _package(self, block: hcl.Block) -> str:
        """The archive or image of a function, as far as its name is known."""
        values = (self.value(block.text(name)) for name in ("filename", "s3_key", "image_uri"))
        return next((value for value in values if isinstance(value, str)), "")

    def _is_image(self, block: hcl.Block) -> bool:
        """Whether the function is a container image, of which not ``handler`` but its own command says what runs."""
        return self.value(block.text("package_type")) == "Image"

    def _environment(self, block: hcl.Block) -> Callable[[str], str | None]:
        inner = block.inner("environment")
        variables = self.value(inner.text("variables") if inner else block.text("environment_variables"))
        values = variables if isinstance(variables, dict) else {}
        return lambda name: value if isinstance(value := values.get(name), str) else None

    def _google(self, path: str, block: hcl.Block) -> list[Declaration]:
        build = block.inner("build_config") or block
        entry, runtime = self.value(build.text("entry_point")), self.value(build.text("runtime"))
        if not isinstance(entry, str) or not isinstance(runtime, str) or not runtime.startswith("python"):
            return []
        source = build.inner("source")
        storage = source.inner("storage_source") if source else None
        stored = (storage or block).text("object") or block.text("source_archive_object")
        root = self._stored_root(stored)
        line = build.attributes["entry_point"][1]
        return [
            Declaration(
                template=path,
                line=line,
                reason=f"Terraform function {block.labels[-1]} in {path}, line {line}",
                handler=entry,
                target="main",
                attribute=entry,
                root=root,
                platform=Platform.GOOGLE,
                expected=root is not None,
            )
        ]

    def _layer(self, block: hcl.Block) -> list[str]:
        root, _ = self._root(block)
        return [posixpath.join(root, "python"), root] if root else []

    def _root(self, block: hcl.Block) -> tuple[str | None, bool]:
        """The folder that is packed, and whether the package is certainly made of it and nothing else."""
        for name in _SOURCES:
            value = self.value(block.text(name))
            first = value[0] if isinstance(value, list) and value else value
            path = first.get("path") if isinstance(first, dict) else first
            if isinstance(path, str):
                return self._folder(path), not isinstance(value, list)
        for name in ("filename", "source_code_hash", "local_existing_package"):
            for archive in hcl.references(block.text(name), "archive_file"):
                return self._archived(archive), name == "filename"
        for name in hcl.references(block.text("local_existing_package"), "module"):
            # The registry's module also packs without making a function.
            for _, packing in self.module.of_kind("module", name):
                return (None, False) if packing is block else (self._root(packing)[0], False)
        stored = self._stored_root(block.text("s3_key") or block.text("s3_existing_package"))
        package = self.value(block.text("filename"))
        if stored is not None or not isinstance(package, str):
            return stored, False
        for kind in ("data", "resource"):
            for _, archive_block in self.module.of_kind(kind, "archive_file"):
                output = self.value(archive_block.text("output_path"))
                if isinstance(output, str) and self._path(output) == self._path(package):
                    return self._archived(archive_block.labels[-1]), False
        return self._folder(posixpath.dirname(package) or "."), False

    def beside(self, block: hcl.Block) -> list[str]:
        """The folders of what is packed beside the first folder or file of a package."""
        found: list[str | None] = []
        for name in _SOURCES:
            value = self.value(block.text(name))
            for each in value[1:] if isinstance(value, list) else ():
                path = each.get("path") if isinstance(each, dict) else each
                found.append(self._folder(path) if isinstance(path, str) else None)
        found += [self._folder(source) for _, source in [*self._sources(block)][1:] if source]
        return [folder for folder in found if folder is not None]

    def _stored_root(self, expression: str) -> str | None:
        """The folder behind an object in a bucket, where the same module uploads it from an archive."""
        for kind in ("aws_s3_object", "aws_s3_bucket_object", "google_storage_bucket_object"):
            for name in hcl.references(expression, kind):
                block = self.module.named("resource", kind, name)
                for archive in hcl.references(block.text("source"), "archive_file") if block else ():
                    return self._archived(archive)
        return None

    def _archive(self, name: str) -> hcl.Block | None:
        return self.module.named("data", "archive_file", name) or self.module.named("resource", "archive_file", name)

    def _archived(self, name: str) -> str | None:
        block = self._archive(name)
        if block is None:
            return None
        value = self.value(block.text("source_dir")) or self.value(block.text("source_file"))
        source = block.inner("source")
        content = _FILE.search(source.text("content") if source else block.text("source_content"))
        if value is None and content:
            value = self.value(content[1])
        return self._folder(value) if isinstance(value, str) else None

    def _folder(self, value: str) -> str | None:
        path = self._path(value)
        return posixpath.dirname(path) if path and path.endswith(".py") else path

    def _path(self, value: str) -> str | None:
        return settled(self.base, value)

    def local_source(self, block: hcl.Block) -> str | None:
        """The folder of the local module that a ``module`` block calls."""
        source = self.value(block.text("source"))
        if not isinstance(source, str) or not source.startswith("."):
            return None
        return beside(posixpath.join(self.module.folder, "-"), source)

    def repetitions(self, block: hcl.Block) -> Iterator[_Instance]:
        """The module as each repetition of a block sees it (``each.key`` and ``each.value``)."""
        value = self.value(block.text("for_each"))
        pairs: list[tuple[hcl.Value, hcl.Value]] = []
        if isinstance(value, dict):
            pairs = [*value.items()]
        elif isinstance(value, list):
            pairs = [(element, element) for element in value]
        for key, element in pairs or [(None, None)]:
            each: dict[str, hcl.Value] = {"key": key, "value": element}
            yield msgspec.structs.replace(self, each=each, busy=0)

    def value(self, expression: str) -> hcl.Value:
        """The value of an expression, None where it is unknown or there is none."""
        return hcl.evaluate(expression, self._resolve) if expression else None

    def _resolve(self, parts: tuple[str, ...]) -> hcl.Value:
        value: hcl.Value = None
        match parts:
            case ("path", *rest) if rest:
                value = AT_PROJECT + (self.module.folder if rest == ["module"] else self.base)
            case (("var" | "local") as head, name, *_):
                value = self._named(head, name)
            case ("each", name, *_):
                value = self.each.get(name)
        for part in parts[2:]:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def _named(self, head: str, name: str) -> hcl.Value:
        """The value of a variable or a local, each of which is evaluated once."""
        if (head, name) in self.known or self.busy >= _DEEPEST_REFERENCE:
            return self.known.get((head, name))
        self.known[head, name] = None
        self.busy += 1
        self.known[head, name] = self._local(name) if head == "local" else self._variable(name)
        self.busy -= 1
        return self.known[head, name]

    def _local(self, name: str) -> hcl.Value:
        texts = (block.text(name) for _, block in self.module.of_kind("locals"))
        return self.value(next(filter(None, texts), ""))

    def _variable(self, name: str) -> hcl.Value:
        if name in self.given:
            text, _ = self.given[name]
            return self.caller.value(text) if self.caller else hcl.evaluate(text, lambda _: None)
        for _, block in self.module.of_kind("variable", name):
            return self.value(block.text("default"))
        return None
