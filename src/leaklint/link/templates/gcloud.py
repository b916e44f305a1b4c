"""Google functions that a script deploys: ``gcloud functions deploy`` and ``gcloud run deploy --function``.

The command is looked for in shell scripts, makefiles and the YAML of build services, on one line, on continued ones, or
as a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leaklint.ir.handler import Platform
from leaklint.link.templates.declaration import Declaration, Said, Tree, beside

NAME = re.compile(r"(\.(sh|ya?ml)|(^|/)[Mm]akefile)$")
MARKER = re.compile(rb"\b(functions|run)\W+deploy\b")

_BETWEEN = r"[\s,'\"\\\[\]-]"
_DEPLOY = re.compile(rf"\b(functions|run){_BETWEEN}+deploy\b")
_NEXT = re.compile(rf"\n\s*\n|\bgcloud\b|&&|;|{_DEPLOY.pattern}|\n\s*(?:-\s*)?(?:name|id|run|script):")
_NAMED = re.compile(r"[\s,'\"\\\[\]]*(?:-\s+['\"]?)?([A-Za-z_]\w*)(?![\w$-])")
_ELSEWHERE = re.compile(r"\b(cd|pushd)\b|\b(dir|working[-_]directory)\b['\"]?:")
"""What lets a command run in another folder than that of the file."""
_LONGEST = 3_000
"""Characters of one command."""


def read(path: str, tree: Tree) -> Said:
    """The functions that are deployed, where the source is in the project and in Python."""
    return Said(tuple(_declared(path, tree)))


def _declared(path: str, tree: Tree) -> Iterator[Declaration]:
    text = tree.texts[path]
    for match in _DEPLOY.finditer(text):
        end = _NEXT.search(text, match.end(), match.end() + _LONGEST)
        command = text[match.end() : end.start() if end else match.end() + _LONGEST]
        runtime = _option(command, "runtime") or _option(command, "base-image") or ""
        named = _NAMED.match(command)
        entry = _option(command, "function") if match[1] == "run" else _option(command, "entry-point")
        is_stated = runtime.startswith("python") and entry is not None and not _ELSEWHERE.search(text)
        if entry is None and match[1] == "functions" and named:
            # Without an entry point it is the function that is called like the deployment.
            entry = named[1]
        if entry is None or not entry.isidentifier() or not (runtime.startswith("python") or not runtime.isalnum()):
            continue
        source = _option(command, "source") or "."
        roots = dict.fromkeys((beside(path, source), beside("-", source)))
        fitting = [each for each in roots if each is not None and tree.has_module(each, "main")]
        if not fitting:
            continue
        line = text.count("\n", 0, match.start()) + 1
        yield Declaration(
            template=path,
            line=line,
            reason=f"deployed by gcloud in {path}, line {line}",
            handler=entry,
            target="main",
            attribute=entry,
            root=fitting[0],
            platform=Platform.GOOGLE,
            expected=is_stated and len(fitting) == 1,
        )


def _option(command: str, name: str) -> str | None:
    match = re.search(rf"--{name}(?:=|{_BETWEEN}+)['\"]?([\w./-]+)", command)
    return match[1] if match else None
