"""A code that a comment suppresses for nothing leaves the comment, or the comment goes (LK902)."""

from __future__ import annotations

import io
import re
import tokenize

from leaklint.fix.plan import Comment, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree
from leaklint.ir.finding import Finding
from leaklint.ir.location import Span

_LISTED = re.compile(
    r"(?:noqa:|(?:ignore-file|ignore|disable|enable)\s*\[)\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)", re.I
)


@fix("remove-suppression")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    comment, span = _comment(tree, finding)
    unused = finding.hint.state.split()
    if not unused:
        raise NoFix("the comment has to be corrected by hand")
    listed = _LISTED.search(comment, finding.place.span.column - span.column)
    if listed is None:
        raise NoFix("the comment names no codes")
    codes = [each for each in re.split(r"[,\s]+", listed["codes"]) if each]
    kept = [each for each in codes if each not in unused]
    if kept:
        text = f"{comment[: listed.start('codes')]}{', '.join(kept)}{comment[listed.end('codes') :]}"
    else:
        text = _without(comment, listed)
    return plan(finding, [Comment(span, text)], safe=True)


def _comment(tree: Tree, finding: Finding) -> tuple[str, Span]:
    """The whole comment that holds the suppression, and where it stands."""
    wanted = finding.place.span
    try:
        for token in tokenize.generate_tokens(io.StringIO(tree.text).readline):
            first, last = token.start[1] + 1, token.end[1] + 1
            if token.type == tokenize.COMMENT and token.start[0] == wanted.line and first <= wanted.column < last:
                return token.string, Span(wanted.line, first, wanted.line, last)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass
    raise NoFix("the suppression stands in no comment")


def _without(comment: str, listed: re.Match[str]) -> str:
    """The comment without the suppression; other parts of it, behind a ``#`` of their own, stay."""
    start = comment.rfind("#", 0, listed.start())
    following = comment.find("#", listed.end())
    rest = comment[:start].rstrip() + (
        ("  " if comment[:start].strip() else "") + comment[following:] if following > 0 else ""
    )
    return rest.strip()
