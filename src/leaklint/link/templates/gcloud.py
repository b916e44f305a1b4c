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
        if entry is None and match[1] == "functions" and named:
            # Without an entry point it is the function that is called like the deployment.
            entry = named[1]
        if entry is None or not entry.isidentifier() or not (runtime.startswith("python") or not runtime.isalnum()):
            continue
        source = _option(command, "source") or "."
        roots = (beside(path, source), beside("-", source))
        root = next((each for each in roots if each is not None and tree.has_module(each, "main")), None)
        if root is None:
            continue
        line = text.count("\n", 0, match.start()) + 1
        yield Declaration(
            template=path,
            line=line,
            reason=f"deployed by gcloud in {path}, line {line}",
            handler=entry,
            target="main",
            attribute=entry,
            root=root,
            platform=Platform.GOOGLE,
            expected=False,
        )


def _option(command: str, name: str) -> str | None:
    match = re.search(rf"--{name}(?:=|{_BETWEEN}+)['\"]?([\w./-]+)", command)
    return match[1] if match else None
