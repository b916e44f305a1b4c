"""AWS Chalice projects: the application object, and the folder of bundled packages."""

from __future__ import annotations

import posixpath
import re

from leaklint.ir.facts import Trouble
from leaklint.link.templates.declaration import Declaration, Said, Tree
from leaklint.link.templates.document import Unreadable

NAME = re.compile(r"(^|/)\.chalice/config\.json$")


def read(path: str, tree: Tree) -> Said:
    """``app`` in ``app.py`` beside the folder of the configuration: Chalice fixes both names."""
    root = posixpath.dirname(posixpath.dirname(path))
    if not tree.has_module(root, "app"):
        return Said()
    troubles: list[tuple[str, Trouble]] = []
    try:
        tree.documents(path)
    except Unreadable as error:
        troubles.append((path, error.trouble))
    declaration = Declaration(
        template=path,
        line=1,
        reason=f"Chalice application of {path}",
        handler="app.app",
        target="app",
        attribute="app",
        root=root,
        expected=False,
    )
    return Said((declaration,), (posixpath.join(root, "vendor"),), troubles=tuple(troubles))
