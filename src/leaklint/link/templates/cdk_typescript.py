"""Stacks of AWS CDK and Pulumi, applications of SST and Serverless services in TypeScript or JavaScript.

Only the literal forms are read.
"""

from __future__ import annotations

import functools
import itertools
import posixpath
import re
from collections.abc import Iterator

import msgspec

from leaklint.link.templates import SCRIPT, cdk
from leaklint.link.templates.declaration import AT_PROJECT, Declaration, Said, Tree, beside, split_handler

NAME = SCRIPT
MARKER = re.compile(rb"aws-cdk|aws-lambda|@aws-cdk|@pulumi/aws")
OF_SST = re.compile(rb"""\bsst\.aws\.|["']sst/constructs["']""")

_NEW = re.compile(r"\bnew\s+(?:[\w$]+\s*\.\s*)*([\w$]+)\s*\(")
_ASSET = re.compile(r"\.\s*(?:asset|fromAsset|fromAssetImage|fromDockerBuild|fromImageAsset|FileArchive)\s*\(")
_INLINE = re.compile(r"\b(?:InlineCode|fromInline|inline)\s*\(\s*")
_READ = re.compile(r"(?:[\w$]+\s*\.\s*)?readFileSync\s*\(")
_CONSTANT = re.compile(r"\b(?:const|let|var)\s+([\w$]+)(?:\s*:[^=;]+)?\s*=\s*")
_CALL = re.compile(r"(?:[\w$]+\s*\.\s*)*(join|resolve|normalize)\s*\(")
_ENTRY = re.compile(r"""^\s*(?:(['"]?)([\w$]+)\1)\s*:\s*(.*)$""", re.DOTALL)
_HANDLER = re.compile(r"""\bhandler\s*:\s*(['"`])([^'"`$\n]+)\1""")
_HANDLER_OF_SERVICE = re.compile(r"""\bhandler\s*:\s*(['"`])([^'"`\n]+)\1""")
_OWN_FOLDER = re.compile(r"\$\{\s*[\w$]+\(\s*__dirname\s*\)\s*\}")
"""What a function makes of the folder of a script: in services, the way there from the folder of the service."""
_IMPORTED = re.compile(r"""\b(?:from|import|require\s*\()\s*(['"])([^'"\n]+)\1""")
_ENDINGS = (".ts", ".js", ".mjs", ".cjs", "/index.ts", "/index.js", "")
_PYTHON = re.compile(r"""\bruntime\s*:\s*['"]python""")
_NAMED = re.compile(r"[\w$]+")
_STRING_OR_COMMENT = re.compile(
    r"""'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|//[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL
)
_FUNCTION = re.compile(r"(?:\b(?:const|let)\s+([\w$]+)\s*=\s*(?:async\s*)?|(?<![\w$.])([\w$]+)\s*)\(")
_BODY = re.compile(r"\)\s*(?::[^={}();]*)?(?:=>\s*)?\{")
_PARAMETER = re.compile(r"(?:(?:private|public|readonly)\s+)*([\w$]+)")
_KEYWORDS = frozenset({"catch", "constructor", "for", "if", "switch", "while", "with"})
_LOOP = re.compile(
    r"\bfor\s*\(\s*(?:const|let)\s+([\w$]+|\{[^{}]*\})\s*of\s+([\w$]+|\[[^\[\]]*\])\s*\)\s*\{"
    r"|([\w$]+|\[[^\[\]]*\])\s*\.\s*(?:forEach|map)\s*\(\s*\(?\s*([\w$]+|\{[^{}]*\})[^()]*\)?\s*=>\s*\{"
)
_MEMBER = re.compile(r"([\w$]+)\s*\.\s*([\w$]+)")
_NO_BREAK = re.compile(r"[^\n]")
_STRINGS = {quote: re.compile(rf"{quote}(?:[^{quote}\\\n]|\\.)*+{quote}", re.DOTALL) for quote in "'\""} | {
    "`": re.compile(r"`(?:[^`\\]|\\.)*+`", re.DOTALL)
}
"""A string, by the quote that it begins with."""
_DEEPEST = 20
_LONGEST = 8_000
"""Characters of one construct."""
_MOST = 500
"""Constructs, functions and loops of one file."""
_MOST_WAYS = 50
"""Calls and rounds that are told apart."""


def read(path: str, tree: Tree) -> Said:
    """The functions and layers that a stack makes."""
    if not cdk.MAKES.search(tree.texts[path]):
        return Said()
    stack = _Stack(path, tree.texts[path])
    found = [cdk.said(path, construct, tree) for construct in stack.constructs()]
    return Said(
        tuple(each for said in found for each in said.declarations),
        tuple(root for said in found for root in said.shared_roots),
        tuple(image for said in found for image in said.images),
        tuple(source for said in found for source in said.sources),
    )


def read_service(path: str, tree: Tree) -> Said:
    """The handlers of a ``serverless.ts``, where it says that they are Python, and of the scripts that it imports."""
    if not _PYTHON.search(_without_comments(tree.texts[path])):
        return Said()
    root = posixpath.dirname(path)
    declarations: list[Declaration] = []
    scripts = [path]
    for script in scripts:
        text = _without_comments(tree.texts[script])
        here = posixpath.relpath(posixpath.dirname(script) or ".", root or ".")
        for match in itertools.islice(_HANDLER_OF_SERVICE.finditer(text), _MOST):
            handler = posixpath.normpath(_OWN_FOLDER.sub(here, match[2]))
            parts = split_handler(handler)
            line = text.count("\n", 0, match.start()) + 1
            if parts and "$" not in handler:
                declarations.append(
                    Declaration(
                        template=script,
                        line=line,
                        reason=f"serverless function in {script}, line {line}",
                        handler=handler,
                        target=parts[0],
                        attribute=parts[1],
                        root=beside(path, "."),
                        expected=False,
                    )
                )
        imported = [_script(each[2], script, root, tree) for each in itertools.islice(_IMPORTED.finditer(text), _MOST)]
        scripts += [each for each in dict.fromkeys(imported) if each and each not in scripts and len(scripts) < _MOST]
    return Said(tuple(declarations))


def _script(name: str, path: str, root: str, tree: Tree) -> str | None:
    """The script that an import means: beside the one that imports it, or under an alias, ``@functions/hello``."""
    if name.startswith("."):
        found = [beside(path, name)]
    elif name.startswith("@"):
        found = [posixpath.join(root, folder, name[1:].lstrip("/")) for folder in ("", "src")]
    else:
        return None
    places = (f"{each}{ending}" for each in found if each is not None for ending in _ENDINGS)
    return next((each for each in places if each in tree.texts), None)


def read_application(path: str, tree: Tree) -> Said:
    """The handlers in an application of SST that run on Python; their paths start where ``sst.config.ts`` lies."""
    text = _without_comments(tree.texts[path])
    folders = (tree.folder_with(f"sst.config.{ending}", posixpath.dirname(path)) for ending in ("ts", "js", "mjs"))
    root = next((each for each in folders if each is not None), None)
    declarations: list[Declaration] = []
    for match in itertools.islice(_HANDLER.finditer(text), _MOST) if root is not None else ():
        parts, line = split_handler(match[2]), text.count("\n", 0, match.start()) + 1
        if parts and _PYTHON.search(_around(text, match.start())):
            declarations.append(
                Declaration(
                    template=path,
                    line=line,
                    reason=f"SST function in {path}, line {line}",
                    handler=match[2],
                    target=parts[0],
                    attribute=parts[1],
                    root=root,
                )
            )
    return Said(tuple(declarations))


def _around(text: str, at: int) -> str:
    """The innermost object literal around a place."""
    start = at
    while (start := text.rfind("{", max(at - _LONGEST, 0), start)) >= 0:
        end = _end(text, start + 1, "")
        if end > at:
            return text[start:end]
    return ""


class _Scope(msgspec.Struct, frozen=True):
    """A function or loop: where its body is, the names that it binds, and what they stand for each time."""

    start: int
    end: int
    names: tuple[str, ...]
    ways: list[dict[str, str]]


class _Stack:
    """One file: its text without comments, and its constants."""

    def __init__(self, path: str, text: str) -> None:
        self._folder = AT_PROJECT + posixpath.dirname(path)
        self._text = _without_comments(text)
        self._constants: dict[str, int] = {}
        """Where the value of each constant starts."""
        for match in _CONSTANT.finditer(self._text):
            self._constants.setdefault(match[1], match.end())
        self._given: dict[str, str] = {}
        """What the call or round at hand gives the names around the construct."""

    def constructs(self) -> Iterator[cdk.Construct]:
        """Each construct that the file makes."""
        for match in itertools.islice(_NEW.finditer(self._text), _MOST):
            if not _may_matter(match[1], self._text[match.end() : match.end() + _LONGEST]):
                continue  # what is inside is not even looked for
            inside = self._text[match.end() : _end(self._text, match.end(), "")]
            construct = self._construct(match, inside) if _may_matter(match[1], inside) else None
            if construct is None:
                continue
            found: list[cdk.Construct] = []
            if construct.handler is None or construct.folder is None:
                for given in self._ways(match.start(), inside):
                    self._given = given
                    told = self._construct(match, inside)
                    if told is not None and told not in [construct, *found]:
                        found.append(told)
                self._given = {}
            yield from found or [construct]

    @functools.cached_property
    def _scopes(self) -> list[_Scope]:
        return sorted(self._found_scopes(), key=lambda each: each.start)

    def _ways(self, at: int, inside: str) -> list[dict[str, str]]:
        """What names stand for in a construct: for each call of the functions around it, each round of the loops."""
        words = set(_NAMED.findall(inside))
        ways: list[dict[str, str]] = [{}]
        # Outer ones come first: what they give may be named in what inner ones are given.
        for scope in self._scopes:
            if scope.start < at < scope.end and not words.isdisjoint(scope.names):
                ways = [{**way, **given} for way in ways for given in scope.ways][:_MOST_WAYS] or ways
        return ways

    def _found_scopes(self) -> Iterator[_Scope]:
        """The functions with parameters, each with what its calls give, and the loops over lists as literals."""
        for match in itertools.islice(_FUNCTION.finditer(self._text), _MOST):
            name, close = match[1] or match[2], _end(self._text, match.end(), "")
            body = _BODY.match(self._text, close)
            if body is None or name in _KEYWORDS:
                continue
            parameters = [_PARAMETER.match(each) for each in _split(self._text[match.end() : close])]
            names = tuple(each[1] if each else "" for each in parameters)
            calls = [
                _split(self._text[call.end() : _end(self._text, call.end(), "")])
                for call in itertools.islice(re.finditer(rf"(?<![\w$]){re.escape(name)}\s*\(", self._text), _MOST_WAYS)
                if call.end() != match.end()
            ]
            if names:
                ways = [dict(zip(names, call, strict=False)) for call in calls]
                yield _Scope(body.end(), _end(self._text, body.end(), ""), names, ways)
        for match in itertools.islice(_LOOP.finditer(self._text), _MOST):
            name, over = (match[1], match[2]) if match[1] else (match[4], match[3])
            listed = self._followed(over.strip())
            elements = _split(listed[1:-1])[:_MOST_WAYS] if listed.startswith("[") else []
            ways = [self._bound(name, each) for each in elements]
            names = tuple(dict.fromkeys(each for way in ways for each in way))
            yield _Scope(match.end(), _end(self._text, match.end(), ""), names, ways)

    def _bound(self, target: str, element: str) -> dict[str, str]:
        """What a loop binds to an element: a name, or the names of some of its properties (``{ id, entry: name }``)."""
        if not target.startswith("{"):
            return {target: element}
        properties = self._properties(self._followed(element))
        wanted = [(key, name) for each in _split(target[1:-1]) for key, name in _property(each).items()]
        return {name: properties[key] for key, name in wanted if key in properties}

    def _construct(self, match: re.Match[str], inside: str) -> cdk.Construct | None:
        """The construct of a ``new`` expression, if it is one that matters."""
        properties = self._properties(next((each for each in reversed(_split(inside)) if each.startswith("{")), ""))
        code = self._followed(properties.get("code", ""))
        asset = _ASSET.search(code)
        arguments = _split(code[asset.end() : _end(code, asset.end(), "")]) if asset else []
        options = self._properties(arguments[1]) if len(arguments) > 1 else {}
        folder = arguments[0] if arguments else properties.get("entry", "")
        kind = match[1]
        if kind not in cdk.CONSTRUCTS and asset and "handler" in properties:
            # The project's own construct.
            kind = "Function"
        if kind not in cdk.CONSTRUCTS or (not folder and (kind != "Function" or "code" not in properties)):
            return None
        literal = self._inline(code)
        command = options.get("cmd", "").strip()
        words = _split(command[1:-1]) if command.startswith("[") else []
        return cdk.Construct(
            kind=kind,
            line=self._text.count("\n", 0, match.start()) + 1,
            tool="Pulumi" if asset and cdk.ARCHIVE in asset[0] else "CDK",
            handler=self._string(properties.get("handler", "")),
            folder=self._string(folder),
            file=self._read_from(code),
            code=literal[1:-1] if literal.startswith("`") else "",
            code_line=self._text.count("\n", 0, max(self._text.find(literal), 0)) + 1,
            index=self._string(properties.get("index", "")) or "index.py",
            runtime=self._followed(properties.get("runtime", "")),
            dockerfile=self._string(options.get("file", "")) or "Dockerfile",
            command=tuple(self._string(word) or "" for word in words),
            snap_start="snapStart" in properties,
            durable="durableConfig" in properties,
            is_plain=len(arguments) == 1 and not self._given,
        )

    def _properties(self, text: str, depth: int = 0) -> dict[str, str]:
        """Key and source text of each property of an object literal, those of constants that it spreads included."""
        found: dict[str, str] = {}
        for entry in _split(text.strip()[1:-1]) if text.strip().startswith("{") and depth < _DEEPEST else ():
            if entry.startswith("..."):
                found |= self._properties(self._followed(entry[3:].strip()), depth + 1)
            else:
                found |= _property(entry)
        return found

    def _inline(self, code: str) -> str:
        """The source text of what is given as inline code."""
        inline = _INLINE.search(code)
        return self._followed(code[inline.end() : _end(code, inline.end(), ",")].strip()) if inline else ""

    def _read_from(self, code: str) -> str | None:
        """The path of the Python file that is read as inline code."""
        text = self._inline(code)
        reading = _READ.match(text)
        path = self._string(text[reading.end() : _end(text, reading.end(), ",")]) if reading else None
        return path if path and path.endswith(".py") else None

    def _followed(self, text: str) -> str:
        """The value of a constant, else the text itself."""
        for _ in range(_DEEPEST):
            if self._given.get(text, text) != text:
                text = self._given[text]
                continue
            of_object = _MEMBER.fullmatch(text)
            if of_object and of_object[1] in self._given:
                text = self._properties(self._given[of_object[1]], 1).get(of_object[2], "")
                continue
            if text not in self._constants:
                break
            start = self._constants[text]
            text = self._text[start : _end(self._text, start, ";\n")].strip()
        return text

    def _string(self, text: str, depth: int = 0) -> str | None:
        """The string or path that an expression gives."""
        text = self._followed(text.strip())
        if not text or depth > _DEEPEST:
            return None
        if text == "__dirname":
            return self._folder
        if text[0] in "'\"`" and _string_end(text, 0) == len(text):
            return self._filled(text[1:-1], depth) if text[0] == "`" else text[1:-1].replace("\\", "")
        call = _CALL.match(text)
        if call and _end(text, call.end(), "") == len(text) - 1:
            parts = [self._string(part, depth + 1) for part in _split(text[call.end() : -1])]
            known = [part for part in parts if part is not None]
            if known and len(known) == len(parts):
                # Node's join, unlike Python's, goes on below the first part when another starts with a slash.
                return posixpath.join(known[0], *(part.lstrip("/") for part in known[1:]))
        return None

    def _filled(self, text: str, depth: int) -> str | None:
        """The text of a template literal whose ``${…}`` are constants or ``__dirname``."""
        pieces = re.split(r"\$\{([^{}]*)\}", text)
        filled = [piece if index % 2 == 0 else self._string(piece, depth + 1) for index, piece in enumerate(pieces)]
        known = [piece for piece in filled if piece is not None]
        return "".join(known) if len(known) == len(filled) else None


def _may_matter(kind: str, inside: str) -> bool:
    """Whether an object may be a construct that matters: one of the project's own has a handler."""
    return kind in cdk.CONSTRUCTS or "handler" in inside or "..." in inside


def _property(entry: str) -> dict[str, str]:
    """Key and source text of a property of an object literal."""
    match = _ENTRY.match(entry)
    if match:
        return {match[2]: match[3].strip()}
    return {entry: entry} if _NAMED.fullmatch(entry) else {}


def _split(text: str) -> list[str]:
    """The parts of a list between commas that stand outside brackets and strings."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        end = _end(text, at, ",")
        parts.append(text[at:end].strip())
        at = end + 1
    return [part for part in parts if part]


def _end(text: str, at: int, stops: str) -> int:
    """Where one of some characters, or a closing bracket, stands outside brackets and strings."""
    depth = 0
    length = min(len(text), at + _LONGEST)
    marks = _marks(stops)
    while at < length:
        mark = marks.search(text, at, length)
        if mark is None:
            break
        at = mark.start()
        char = text[at]
        if char in _STRINGS:
            at = _string_end(text, at)
            continue
        if char in "([{":
            depth += 1
        elif char in ")]}":
            if not depth:
                return at
            depth -= 1
        elif not depth:
            return at
        at += 1
    return length


@functools.cache
def _marks(stops: str) -> re.Pattern[str]:
    """What decides where something ends: quotes, brackets, and some other characters."""
    return re.compile(rf"""['"`()\[\]{{}}{re.escape(stops)}]""")


def _string_end(text: str, at: int) -> int:
    """The place after the closing quote of a string; a quote that is not closed on its line is none."""
    string = _STRINGS[text[at]].match(text, at)
    return string.end() if string else at + 1


def _without_comments(text: str) -> str:
    """The text with blanks for comments, so that places stay."""
    return _STRING_OR_COMMENT.sub(lambda match: match[0] if match[0][0] != "/" else _NO_BREAK.sub(" ", match[0]), text)
