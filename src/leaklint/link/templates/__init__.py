"""Deployment templates: the declarations of handlers in them.

``templates_among`` names the files that are worth reading; ``leaklint.link.templates.reading`` reads them. One module
here a kind of template, each with ``NAME`` (which paths) or ``MARKER`` (which content) and ``read``; they are imported
when something is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from leaklint.link.modules import parent

LARGEST = 1_000_000
"""Bytes of a template; a larger file is data, and not worth reading."""
DOCKERFILE = re.compile(r"(^|/)([^/]*\.)?[Dd]ockerfile(\.[^/]*)?$")
SCRIPT = re.compile(r"(?<!\.d)(?<!\.test)(?<!\.spec)\.[cm]?[jt]s$")
"""TypeScript and JavaScript, declarations and tests aside."""
SERVICE = re.compile(r"(^|/)serverless\.[cm]?[jt]s$")

APPLICATION = re.compile(r"(^|/)(cdk\.json|Pulumi\.yaml|sst\.config\.(ts|js|mjs))$")
"""What lies at the root of an application whose deployment is written in a programming language."""

_SUFFIXES = (".yaml", ".yml", ".json", ".template", ".tf", ".tfvars", ".sh")
_ENDINGS = ("cdk.json", "Pulumi.yaml", "sst.config.ts", "sst.config.js", "sst.config.mjs")
_NAMES = frozenset({"Makefile", "Procfile", "makefile", "zappa_settings.toml"})


def templates_among(paths: Iterable[str]) -> list[str]:
    """Those files of a project, Python files aside, that may declare handlers: what to read.

    Where the project has an application of the CDK, Pulumi or SST, or a Serverless service that is written in one of
    them, the TypeScript and JavaScript below it is among them.
    """
    known = sorted(paths)
    apps = {parent(path) for path in known if path.endswith(_ENDINGS) and APPLICATION.search(path)}
    apps |= {parent(path) for path in known if path.endswith(("js", "ts")) and SERVICE.search(path)}

    def may_be_script(path: str) -> bool:
        if SERVICE.search(path):
            return True
        if not apps or not SCRIPT.search(path):
            return False
        while path and parent(path) not in apps:
            path = parent(path)
        return bool(path)

    def may_declare(path: str) -> bool:
        if path.endswith(_SUFFIXES):
            return True
        name = path.rpartition("/")[2]
        if name in _NAMES or ("ockerfile" in name and DOCKERFILE.search(path)):
            return True
        return path.endswith(("js", "ts")) and may_be_script(path)

    return [path for path in known if may_declare(path)]
