"""Annotations that have to allow ``None``."""

from __future__ import annotations

import ast

from leaklint.fix.names import member
from leaklint.fix.plan import Change, Replace
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree


def optional(tree: Tree, annotation: ast.expr | None, project: Project) -> list[Change]:
    """The changes after which an annotation allows ``None``, as the oldest Python of the project can read it."""
    if annotation is None:
        return []
    text = tree.text_of(annotation)
    if any(word in text for word in ("None", "Optional", "Any", "object")):
        return []
    if isinstance(annotation, ast.Constant):
        quote = text[-1]
        return [Replace(tree.span(annotation), f"{text[:-1]} | None{quote}")]
    late = tree.name_as("__future__", "annotations") != ""
    if late or project.target >= (3, 10):
        return [Replace(tree.span(annotation), f"{text} | None")]
    name, imports = member(tree, "typing", "Optional")
    return [Replace(tree.span(annotation), f"{name}[{text}]"), *imports]
