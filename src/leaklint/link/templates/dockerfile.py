"""Dockerfiles of AWS Lambda images: which handler the image runs, and which folder becomes the task root."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping

import msgspec

from leaklint.link.templates import DOCKERFILE
from leaklint.link.templates.declaration import Declaration, Said, Tree, beside, split_handler

NAME = DOCKERFILE

_LAMBDA_BASE = re.compile(r"(^|[/-])(aws-)?lambda([/-]|$).*python|lambda/python|lambda-python", re.IGNORECASE)
_ASSIGNED = re.compile(r"(\w+)(?:=|\s+(?=[^=\s]+$))(\"[^\"]*\"|'[^']*'|\S*)")
_TASK_ROOT = "/var/task"
_HARMLESS = re.compile(
    r"(apk|apt|apt-get|chmod|chown|dnf|echo|microdnf|mkdir|rm|yum) "
    r"|(python3? -m )?(uv )?pip3? install (?!.* (\.|-e)( |$))(?=.*(awslambdaric|-r\b|--requirement|(--upgrade|-U) pip))"
)
"""Commands that bring no module of the project into the image."""
_ARCHIVE = re.compile(r"://|\.(tar|tgz|zip|whl)\b")


class Image(msgspec.Struct, frozen=True, gc=False):
    """What a Dockerfile says that matters: its base, its command and what it copies to the task root."""

    is_python: bool = False
    """Built on AWS Lambda's Python image, or started through its runtime client."""
    handler: str = ""
    command: tuple[str, ...] = ()
    """Entry point and command."""
    environment: dict[str, str] = {}
    line: int = 1
    copies: tuple[tuple[str, str, str], ...] = ()
    """Sources in the build context, each with the folder below the task root that it goes to, and the name of the
    module that a file becomes; empty where it is no module of its own."""
    is_plain: bool = False
    """The project's modules in the image are those that are copied, as far as one sees."""


def parse(text: str) -> Image:
    """Reads the last build stage of a Dockerfile."""
    is_python = False
    stages: dict[str, bool] = {}
    words: list[str] = []
    entry: list[str] = []
    line = 1
    workdir = _TASK_ROOT
    copies: list[tuple[str, str, str]] = []
    is_plain = True
    variables = {"LAMBDA_TASK_ROOT": _TASK_ROOT}
    for number, instruction, rest in _instructions(text):
        match instruction:
            case "ARG" | "ENV":
                for name, value in _ASSIGNED.findall(rest):
                    variables[name] = value.strip("\"'")
            case "FROM":
                base, *others = [_expand(word, variables) for word in rest.split() if not word.startswith("--")] or [""]
                is_python = stages.get(base.lower(), bool(_LAMBDA_BASE.search(base)))
                if others[-1:]:
                    stages[others[-1].lower()] = is_python
                words, entry, copies, workdir = [], [], [], _TASK_ROOT
                is_plain = base.lower() not in stages
            case "WORKDIR":
                workdir = posixpath.join(workdir, _expand(rest, variables))
            case "COPY" | "ADD" if "--from=" not in rest:
                copies += _copied(_expand(rest, variables), workdir)
                is_plain = is_plain and not _ARCHIVE.search(rest)
            case "COPY" | "ADD" | "RUN":
                commands = re.split(r"&&|\|\||;", rest) if instruction == "RUN" else [rest]
                is_plain = is_plain and all(_HARMLESS.match(each.strip()) for each in commands)
            case "CMD":
                words, line = _words(rest), number
            case "ENTRYPOINT":
                entry, line = _words(rest), number if not words else line
    command = [*entry, *words]
    is_client = "awslambdaric" in command
    handler = command[-1] if command and (is_python or is_client) else ""
    root = workdir if is_client else _TASK_ROOT
    inside = ((source, _below(root, target), module) for source, target, module in copies)
    return Image(
        is_python=is_python or is_client,
        handler=_expand(handler, variables) if split_handler(handler) else "",
        command=tuple(command),
        environment=variables,
        line=line,
        copies=tuple((source, below, module) for source, below, module in inside if below is not None),
        is_plain=is_plain and "AWS_LAMBDA_EXEC_WRAPPER" not in variables,
    )


def place(contexts: Iterable[str], image: Image, target: str, tree: Tree) -> tuple[str, str] | None:
    """The import root in the project, and the module's path below it, for a module of the image.

    ``contexts`` are folders that may be the build context, likeliest first; the first that holds the module wins.
    """
    for context in contexts:
        for source, below, module in sorted(image.copies, key=lambda copy: (-len(copy[1]), copy[0])):
            if below and not target.startswith(below + "/"):
                continue
            inside = target[len(below) :].lstrip("/")
            folder = beside(posixpath.join(context, "-"), source)
            if folder is not None and module and module == inside:
                folder, inside = folder.rpartition("/")[0], posixpath.basename(source).removesuffix(".py")
            if folder is None or not tree.has_module(folder, inside):
                continue
            if below and f"/{folder}".endswith(f"/{below}") and module in ("", inside):
                return folder[: -len(below)].rstrip("/"), target
            return folder, inside
        if tree.has_module(context, target):
            return context, target
    return None


def read(path: str, tree: Tree) -> Said:
    """The handler of a Lambda image; the build context is the Dockerfile's own folder or one above."""
    image = parse(tree.texts[path])
    parts = split_handler(image.handler) if image.handler else None
    contexts = [path]
    while contexts[-1]:
        contexts.append(contexts[-1].rpartition("/")[0])
    placed = place(contexts[1:], image, parts[0], tree) if parts else None
    missing = None if placed or not parts else _root_without(contexts[1], image, parts[0])
    if not parts or (placed is None and missing is None):
        return Said()
    root, target = placed or (missing, parts[0])
    declaration = Declaration(
        template=path,
        line=image.line,
        reason=f"command of the Lambda image in {path}, line {image.line}",
        handler=image.handler,
        target=target,
        attribute=parts[1],
        root=root,
        expected=image.is_plain and (placed is None or f"{root}/".startswith(contexts[1])),
    )
    return Said((declaration,))


def _root_without(context: str, image: Image, target: str) -> str | None:
    """The folder that should have held a module which none of the likely contexts has; None where it may be built."""
    for source, below, _ in image.copies:
        if image.is_plain and not below and "/" not in target and not source.endswith(".txt"):
            return beside(posixpath.join(context, "-"), posixpath.dirname(source) if source.endswith(".py") else source)
    return None


def _instructions(text: str) -> list[tuple[int, str, str]]:
    """Line, instruction and the rest of it, continued lines joined."""
    found: list[tuple[int, str, str]] = []
    pending = ""
    start = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#") or (not line and pending):
            continue
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        instruction, _, rest = (pending + line).partition(" ")
        pending = ""
        if instruction:
            found.append((start, instruction.upper(), rest.strip()))
    return found


def _words(rest: str) -> list[str]:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            return []
        return [word for word in words if isinstance(word, str)]
    return [word.strip("\"'") for word in rest.split()]


def _expand(text: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)(?::-([^}]*))?\}?", lambda match: variables.get(match[1], match[2] or match[0]), text)


def _copied(rest: str, workdir: str) -> list[tuple[str, str, str]]:
    """Each source of a ``COPY`` with the folder that it lands in, and the module that a file becomes there."""
    words = _words(rest) if rest.startswith("[") else [word for word in rest.split() if not word.startswith("--")]
    *sources, target = [word.strip("\"'") for word in words] or [""]
    folder = posixpath.join(workdir, posixpath.dirname(target) if target.endswith(".py") else target)
    plain = (source.lstrip("/") or "." for source in sources)
    found = []
    for source in plain:
        is_file = source.endswith(".py") and "*" not in source
        module = posixpath.basename(target if target.endswith(".py") else source).removesuffix(".py") if is_file else ""
        found.append((posixpath.dirname(source) or "." if "*" in source else source, folder, module))
    return found


def _below(root: str, folder: str) -> str | None:
    """A folder's path below another one; None outside it."""
    normal = posixpath.normpath(folder)
    if normal == root:
        return ""
    return normal[len(root) + 1 :] if normal.startswith(root.rstrip("/") + "/") else None
