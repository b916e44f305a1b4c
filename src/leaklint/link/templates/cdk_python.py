"""AWS CDK and Pulumi stacks written in Python: literals, and paths made from ``__file__`` and constants."""

from __future__ import annotations

import ast
import itertools
import posixpath
import re
from collections import deque
from collections.abc import Iterator
from typing import TypeGuard

import msgspec

from leaklint.link.templates import cdk
from leaklint.link.templates.declaration import AT_PROJECT, Said, Tree

NAME = re.compile(r"\.py$")
MARKER = re.compile(rb"\b(aws_cdk|pulumi_aws)\b")
_WORDS = (b"aws_cdk", b"pulumi_aws")
_BETWEEN_WORDS = bytes(each if each > 127 or chr(each).isalnum() or chr(each) == "_" else 32 for each in range(256))
"""A table that leaves nothing of a text but its words."""

_ASSETS = frozenset({cdk.ARCHIVE, "asset", "from_asset", "from_asset_image", "from_docker_build", "from_image_asset"})
_INLINE = frozenset({"InlineCode", "from_inline", "inline"})
_SAME = frozenset({"Path", "abspath", "absolute", "fspath", "normpath", "realpath", "resolve", "str"})
_LEAVES = frozenset({ast.Constant, ast.Load, ast.Name, ast.Store, ast.alias, str, type(None)})
"""The kinds of nodes, and of what stands for one, that hold no others."""
_TELLING = frozenset({None, "code", "handler"})
"""Keywords of which a construct has one; None is ``**``."""
_DEEPEST = 30
_MOST_WAYS = 100
"""Calls of one function, and rounds of loops, that are told apart."""


def is_stack(content: bytes) -> bool:
    """Whether a Python file may be a stack."""
    return any(word in content for word in _WORDS) and MARKER.search(content) is not None


def read(path: str, tree: Tree) -> Said:
    """The functions and layers that a stack makes."""
    stack = _stack(path, tree) if cdk.MAKES.search(tree.texts[path]) else None
    # A file that is not parsed is Python all the same: the outline says what is wrong with it.
    found = [cdk.said(path, construct, tree) for construct in (stack.constructs() if stack else ())]
    return Said(
        tuple(each for said in found for each in said.declarations),
        tuple(root for said in found for root in said.shared_roots),
        tuple(image for said in found for image in said.images),
        tuple(source for said in found for source in said.sources),
    )


def _stack(path: str, tree: Tree) -> _Stack | None:
    """A file of the application, parsed once; None where that is not possible."""
    if path not in tree.parsed:
        try:
            tree.parsed[path] = _Stack(path, ast.parse(tree.texts[path]), tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            tree.parsed[path] = None
    found = tree.parsed[path]
    return found if isinstance(found, _Stack) else None


def _calling(name: str, tree: Tree) -> list[str]:
    """The Python files that may call something by a name, sorted."""
    if tree.words is None:
        python = sorted(filter(NAME.search, tree.texts))
        tree.words = {path: frozenset(tree.texts[path].encode().translate(_BETWEEN_WORDS).split()) for path in python}
    wanted, call = name.encode(), re.compile(rf"\b{re.escape(name)}\s*\(")
    return [path for path, words in tree.words.items() if wanted in words and call.search(tree.texts[path])]


class _Stack:
    """The values of one file, as far as names are assigned once."""

    def __init__(self, path: str, module: ast.Module, tree: Tree) -> None:
        self.path = path
        self._file = AT_PROJECT + path
        self.tree = tree
        self.imported: dict[str, tuple[str, str]] = {}
        """The names that ``from … import`` binds, each with the module and its name there."""
        self._loops: dict[int, tuple[ast.For, ...]] = {}
        """The loops around each call, outermost first."""
        self._makers: dict[int, _Maker | None] = {}
        """The function around each call; that of the innermost class for a constructor."""
        self._calls: list[ast.Call] = []
        self._calls_of: dict[str, list[ast.Call]] = {}
        self._told: dict[str, list[dict[str, ast.expr]]] = {}
        """What calls in other files give, by the name that they call."""
        self._given_here: dict[str, ast.expr] = {}
        """What the call at hand gives the parameters of the function that holds the construct."""
        self._values: dict[str, ast.expr | None] = {}
        self._opened: dict[str, ast.expr] = {}
        """The files of ``with`` statements."""
        for node, maker, loops in _nodes(module):
            if isinstance(node, ast.Call):
                self._makers[id(node)], self._loops[id(node)] = maker, loops
                self._calls.append(node)
                self._calls_of.setdefault(_last(node.func), []).append(node)
            elif isinstance(node, ast.ImportFrom):
                self.imported.update((each.asname or each.name, (node.module or "", each.name)) for each in node.names)
            elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
                self._opened[node.optional_vars.id] = node.context_expr
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                self._values[name] = None if name in self._values else node.value

    def constructs(self) -> Iterator[cdk.Construct]:
        """Each construct that the file makes: in a function one for each call of it, in a loop one for each round."""
        for call in self._calls:
            if _last(call.func) not in cdk.CONSTRUCTS and _TELLING.isdisjoint(each.arg for each in call.keywords):
                continue
            maker = self._makers.get(id(call))
            ways = [maker.defaults] if maker else [{}]
            if maker:
                ways = [_arguments(maker, each) for each in self._calls_of.get(maker.called, ())]
                if maker.called not in self._told:
                    self._told[maker.called] = list(itertools.islice(self._elsewhere(maker), _MOST_WAYS))
                ways = (ways + self._told[maker.called])[:_MOST_WAYS] or [maker.defaults]
            for loop in self._loops.get(id(call), ()):
                rounds = list(itertools.islice(self._rounds(loop), _MOST_WAYS))
                ways = [{**way, **given} for way in ways for given in rounds][:_MOST_WAYS] or ways
            seen: list[cdk.Construct] = []
            for self._given_here in ways:
                construct = self.construct(call)
                if construct and construct not in seen:
                    seen.append(construct)
            self._given_here = {}
            yield from seen

    def _elsewhere(self, maker: _Maker) -> Iterator[dict[str, ast.expr]]:
        """What calls in other files of the application give, as far as these are texts."""
        for path in _calling(maker.called, self.tree):
            if path == self.path:
                continue
            other = _stack(path, self.tree)
            if other is None or maker.called not in other.imported:
                continue
            for call in other._calls_of.get(maker.called, ()):
                given = _arguments(maker, call)
                yield {name: other._as_text(value) for name, value in given.items()}

    def _as_text(self, value: ast.expr) -> ast.expr:
        """The text that an expression gives in this file, as an expression that means the same in all; else itself."""
        text = self._text(value)
        return value if text is None else ast.copy_location(ast.Constant(text), value)

    def _rounds(self, loop: ast.For) -> Iterator[dict[str, ast.expr]]:
        """What each round of a loop over a list that is written out binds."""
        over = self._followed(loop.iter)
        elements: list[ast.expr] = []
        if isinstance(over, ast.List | ast.Tuple | ast.Set):
            elements = over.elts
        elif isinstance(over, ast.Call) and _last(over.func) == "items" and isinstance(over.func, ast.Attribute):
            named = self._followed(over.func.value)
            if isinstance(named, ast.Dict):
                pairs = zip(named.keys, named.values, strict=True)
                elements = [ast.Tuple([key, value], ast.Load()) for key, value in pairs if key is not None]
        for element in elements:
            names = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
            values = (
                element.elts if isinstance(loop.target, ast.Tuple) and isinstance(element, ast.Tuple) else [element]
            )
            yield {name.id: value for name, value in zip(names, values, strict=False) if isinstance(name, ast.Name)}

    def construct(self, call: ast.Call) -> cdk.Construct | None:
        """The construct that a call makes, if it is one that matters."""
        kind = _last(call.func)
        given = self._given(call)
        code = self._followed(given.get("code") or given.get("entry"))
        packed = self._entries(code.args[0]) if _packs(code) else {}
        code = packed.get(".", code)
        asset = code if isinstance(code, ast.Call) and _last(code.func) in _ASSETS else None
        if kind not in cdk.CONSTRUCTS and "handler" in given and asset:
            # The project's own construct, or the properties of one.
            kind = "Function"
        inside = self._given(asset) if asset else {}
        inline = code.args[0] if isinstance(code, ast.Call) and _last(code.func) in _INLINE and code.args else None
        folder = (asset.args[0] if asset.args else inside.get("path")) if asset else given.get("entry")
        if kind not in cdk.CONSTRUCTS or (folder is None and (kind != "Function" or "code" not in given)):
            return None
        literal = self._followed(inline)
        if isinstance(literal, ast.Call) and _last(literal.func) == "dedent" and literal.args:
            literal = literal.args[0]
        command = inside.get("cmd")
        words = command.elts if isinstance(command, ast.List) else []
        runtime = self._followed(given.get("runtime"))
        handler = given.get("handler")
        return cdk.Construct(
            kind=kind,
            line=(handler or call).lineno,
            tool="Pulumi" if asset and _last(asset.func) == cdk.ARCHIVE else "CDK",
            handler=self._text(handler),
            folder=self._text(folder),
            file=self._read_from(inline),
            code=literal.value if isinstance(literal, ast.Constant) and isinstance(literal.value, str) else "",
            code_line=literal.lineno if literal else 1,
            index=self._text(given.get("index")) or "index.py",
            runtime=self._text(runtime) or " ".join(_last(each) for each in ast.walk(runtime)) if runtime else "",
            dockerfile=self._text(inside.get("file")) or "Dockerfile",
            command=tuple(self._text(word) or "" for word in words),
            snap_start="snap_start" in given,
            durable="durable_config" in given,
            is_plain=asset is not None and not asset.keywords and not self._given_here and len(packed) < 2,
        )

    def _entries(self, node: ast.expr | None) -> dict[str, ast.expr]:
        """The values of a dictionary with constant keys."""
        literal = self._followed(node)
        pairs = zip(literal.keys, literal.values, strict=True) if isinstance(literal, ast.Dict) else ()
        return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}

    def _read_from(self, node: ast.expr | None) -> str | None:
        """The path of the Python file whose text an expression is."""
        node = self._followed(node)
        match node:
            case ast.Call(func=ast.Attribute(value=opened, attr="read" | "read_text")):
                source = self._opened.get(opened.id) if isinstance(opened, ast.Name) else None
                opened = source or opened
                if isinstance(opened, ast.Call) and _last(opened.func) == "open" and opened.args:
                    opened = opened.args[0]
                path = self._text(opened)
                return path if path and path.endswith(".py") else None
        return None

    def _given(self, call: ast.Call) -> dict[str, ast.expr]:
        """The keyword arguments of a call, those of a ``**`` dictionary included."""
        given: dict[str, ast.expr] = {}
        for keyword in call.keywords:
            value = self._followed(keyword.value)
            if keyword.arg:
                given[keyword.arg] = keyword.value
            elif isinstance(value, ast.Dict):
                given |= self._entries(value)
            elif isinstance(value, ast.Call) and _last(value.func) == "dict":
                given |= {each.arg: each.value for each in value.keywords if each.arg}
        return given

    def _followed(self, node: ast.expr | None) -> ast.expr | None:
        """The value of a name that is assigned once, else the node itself."""
        for _ in range(_DEEPEST):
            if not isinstance(node, ast.Name):
                break
            value = self._given_here.get(node.id) or self._values.get(node.id)
            if value is None or value is node:
                break
            node = value
        return node

    def _text(self, node: ast.expr | None, depth: int = 0) -> str | None:
        """The string or path that an expression gives."""
        node = self._followed(node)
        if depth > _DEEPEST:
            return None
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id="__file__"):
                return self._file
            case ast.Name(id=name) if name in self.imported and name not in self._values:
                return self._text_elsewhere(*self.imported[name], depth)
            case ast.JoinedStr(values=values):
                return self._joined([self._text(each, depth + 1) for each in values], "")
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self._text(value, depth + 1)
            case ast.BinOp(left=left, op=ast.Add() | ast.Div() as operator, right=right):
                parts = [self._text(left, depth + 1), self._text(right, depth + 1)]
                return self._joined(parts, "/" if isinstance(operator, ast.Div) else "")
            case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
                entries = self._followed(value)
                pairs = zip(entries.keys, entries.values, strict=True) if isinstance(entries, ast.Dict) else ()
                found = [each for name, each in pairs if isinstance(name, ast.Constant) and name.value == key]
                return self._text(found[-1], depth + 1) if found else None
            case ast.Attribute(value=value, attr="parent"):
                return self._parent(self._text(value, depth + 1))
            case ast.Subscript(value=ast.Attribute(value=value, attr="parents"), slice=ast.Constant(value=int(count))):
                folder = self._text(value, depth + 1)
                for _ in range(min(count, _DEEPEST) + 1):
                    folder = self._parent(folder)
                return folder
            case ast.Call(func=function, args=arguments):
                return self._called(function, [self._text(each, depth + 1) for each in arguments], depth)
        return None

    def _text_elsewhere(self, module: str, name: str, depth: int) -> str | None:
        """The text or path that a name of another file of the application stands for."""
        place = f"{module.replace('.', '/')}.py"
        for path in sorted(self.tree.texts) if module else ():
            if path == place or path.endswith(f"/{place}"):
                other = _stack(path, self.tree)
                return other._text(ast.Name(name), depth + 1) if other and other is not self else None
        return None

    def _called(self, function: ast.expr, arguments: list[str | None], depth: int) -> str | None:
        name = _last(function)
        owner = function.value if isinstance(function, ast.Attribute) else None
        if name == "join":
            return self._joined(arguments, "/")
        if name == "joinpath":
            return self._joined([self._text(owner, depth + 1), *arguments], "/")
        if name == "dirname":
            return self._parent(arguments[0]) if arguments else None
        if name in ("cwd", "getcwd"):
            return "."
        if name in _SAME:
            return self._joined(arguments, "/") if arguments else self._text(owner, depth + 1)
        return None

    @staticmethod
    def _joined(parts: list[str | None], between: str) -> str | None:
        known = [part for part in parts if part is not None]
        if len(known) != len(parts):
            return None
        return posixpath.join(*known) if between and known else "".join(known)

    @staticmethod
    def _parent(text: str | None) -> str | None:
        return None if text is None else posixpath.dirname(text.rstrip("/")) or "."


class _Maker(msgspec.Struct, frozen=True):
    """A function of the stack's own that makes constructs."""

    called: str
    """The name by which it is called: that of the class where it is a constructor."""
    parameters: tuple[str, ...]
    defaults: dict[str, ast.expr]


def _nodes(module: ast.Module) -> Iterator[tuple[ast.AST, _Maker | None, tuple[ast.For, ...]]]:
    """All nodes, outer ones first, each with the innermost function and the loops around it."""
    pending: deque[tuple[ast.AST, _Maker | None, tuple[ast.For, ...]]] = deque([(module, None, ())])
    classes: dict[int, str] = {}
    while pending:
        node, maker, loops = pending.popleft()
        yield node, maker, loops
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            maker = _maker(node, classes.get(id(node), ""))
        elif isinstance(node, ast.For):
            loops = (*loops, node)
        elif isinstance(node, ast.ClassDef):
            classes.update((id(method), node.name) for method in node.body)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                pending.extend([(each, maker, loops) for each in value if type(each) not in _LEAVES])
            elif isinstance(value, ast.AST) and type(value) not in _LEAVES:
                pending.append((value, maker, loops))


def _maker(node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> _Maker:
    """A function, or the class of a constructor."""
    plain = [*node.args.posonlyargs, *node.args.args]
    with_default = zip(reversed(plain), reversed(node.args.defaults), strict=False)
    defaults = {each.arg: value for each, value in with_default}
    keywords = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    defaults |= {each.arg: value for each, value in keywords if value is not None}
    names = tuple(each.arg for each in plain)[bool(owner) :]
    return _Maker(owner if node.name == "__init__" else node.name, names, defaults)


def _arguments(maker: _Maker, call: ast.Call) -> dict[str, ast.expr]:
    """What a call gives the parameters of a function."""
    given = dict(maker.defaults)
    given |= dict(zip(maker.parameters, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return given


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _packs(node: ast.expr | None) -> TypeGuard[ast.Call]:
    """Whether Pulumi packs the files of a dictionary."""
    return isinstance(node, ast.Call) and _last(node.func) == "AssetArchive" and bool(node.args)
