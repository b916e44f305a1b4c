"""Comments that silence findings: flake8's ``noqa``, and leaklint's own.

flake8 searches the text of a physical line, where the lines of a multi-line string or a backslash continuation count as
one; the first match decides. It reads codes in any case (and compares them as written); what is no code makes the
comment a blanket one. ``# flake8: noqa`` at the start of a line silences the file, whatever follows.

leaklint's comments are ``# leaklint: ignore``, ``ignore-file``, ``disable`` and ``enable``, each with optional codes in
brackets and a reason after them.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any, Literal

from leaklint.ir.facts import Suppression
from leaklint.ir.location import Span

_NOQA = re.compile(r"# noqa(?::\s?((?:[A-Z]+[0-9]+[,\s]*)+))?", re.IGNORECASE)
_NOQA_FILE = re.compile(r"\s*(# flake8[:=]\s*noqa.*)", re.IGNORECASE)
_OWN = re.compile(r"#\s*leaklint:\s*([^#]*)", re.IGNORECASE)
_OWN_FORM = re.compile(r"(ignore-file|ignore|disable|enable)\s*(?:\[([^\[\]]*)\])?(?:$|[\s:,;-]\s*(.*)|$)", re.DOTALL)
_SEPARATORS = re.compile(r"[,\s]+")
_RUNS_ON = re.compile(r"\"\"\"|'''|\\$")
"""A string that may end on another line, or a backslash at a line's end."""

Lines = tuple[tuple[int, int], ...]
_KINDS: dict[str, Literal["ignore", "file", "disable", "enable"]] = {
    "ignore": "ignore",
    "ignore-file": "file",
    "disable": "disable",
    "enable": "enable",
}


def suppressions(
    source: bytes, text: str, lines: list[str], statements: Lines
) -> tuple[tuple[Suppression, ...], Lines]:
    """The comments that silence findings, and the lines that flake8 takes together where one of them says ``noqa``.

    Tokens are only read where one of leaklint's own comments is to be found, or a ``noqa`` may stand in such lines.
    """
    lowered = source.lower()
    has_own = b"leaklint:" in lowered
    marked = [number for number, line in enumerate(lines, 1) if "noqa" in line.lower()] if b"noqa" in lowered else []
    comments: list[tuple[int, int, str]] = []
    together: Lines = ()
    if has_own or any(_may_run_on(number, lines, statements) for number in marked):
        comments, together = _tokens(text)
        together = tuple(each for each in together if any(each[0] <= number <= each[1] for number in marked))
    found = list(_noqa(lines, marked, together))
    for line, column, comment in comments:
        found += _own(line, column, comment)
    found.sort(key=lambda each: each.span)
    return tuple(found), together


def _may_run_on(number: int, lines: list[str], statements: Lines) -> bool:
    """Whether a line may share a string of several lines, or a backslash at a line's end, with other lines."""
    first, last = min(((a, b) for a, b in statements if a <= number <= b), default=(number, number))
    before = lines[first - 2] if first > 1 else ""
    return before.endswith("\\") or any(map(_RUNS_ON.search, lines[first - 1 : last]))


def _tokens(text: str) -> tuple[list[tuple[int, int, str]], Lines]:
    """Comments with line and column, and the runs of lines that hold no line's end that Python sees."""
    comments: list[tuple[int, int, str]] = []
    together: list[tuple[int, int]] = []
    first, last = 0, 0
    reader = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")).readline
    try:
        for token in tokenize.generate_tokens(reader):
            if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
                continue
            if token.type == tokenize.COMMENT:
                comments.append((token.start[0], token.start[1] + 1, token.string))
            first = min(first, token.start[0]) if first else token.start[0]
            last = max(last, token.end[0])
            if token.type in (tokenize.NL, tokenize.NEWLINE):
                if last > first:
                    together.append((first, last))
                first, last = 0, 0
    except (tokenize.TokenError, SyntaxError):
        return comments, tuple(together)
    return comments, tuple(together)


def _noqa(lines: list[str], marked: list[int], together: Lines) -> Iterator[Suppression]:
    """The suppressions of the lines that hold the word; of lines that count as one, the first match decides."""
    decided: set[int] = set()
    for number in marked:
        line = lines[number - 1]
        whole_file = _NOQA_FILE.match(line)
        if whole_file is not None:
            yield Suppression("file", (), "", _on_line(number, whole_file, 1))
        found = _NOQA.search(line)
        first = next((first for first, last in together if first <= number <= last), number)
        if found is not None and first not in decided:
            decided.add(first)
            codes = tuple(code for code in _SEPARATORS.split(found[1] or "") if code)
            reason = line[found.end() :].strip().removeprefix("-").strip()
            yield Suppression("noqa", codes, reason, _on_line(number, found, 0))


def _on_line(line: int, found: re.Match[str], group: int) -> Span:
    return Span(line, found.start(group) + 1, line, len(found[group].rstrip()) + found.start(group) + 1)


def _own(line: int, column: int, comment: str) -> Iterator[Suppression]:
    for found in _OWN.finditer(comment):
        body = found[1].strip()
        start = column + found.start()
        span = Span(line, start, line, start + len(found[0].rstrip()))
        form = _OWN_FORM.fullmatch(body)
        codes = tuple(code for code in _SEPARATORS.split((form[2] if form else "") or "") if code)
        if form is None or (form[2] is not None and not codes):
            yield Suppression("ignore", ("?",), body, span)
        else:
            yield Suppression(_KINDS[form[1]], codes, (form[3] or "").strip(), span)


# --------------------------------------------------------------------------------------------- lines of one statement
def long_statements(tree: ast.Module, lines: list[str]) -> Lines:
    """First and last line of each simple statement, decorator and block's header that has several lines."""
    found: list[tuple[int, int]] = []
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        for name in _SUITES[type(node)]:
            for statement in getattr(node, name):
                first, last, kind = statement.lineno, statement.end_lineno, type(statement)
                if kind in _DECORATED:
                    spread = [(each.lineno, each.end_lineno) for each in statement.decorator_list]
                    found += [(start, end) for start, end in spread if end > start]
                if first == last:
                    continue
                if kind not in _SUITES:
                    found.append((first, last))
                    continue
                stack.append(statement)
                if kind not in _WITHOUT_HEADER:
                    last = _header_end(statement, statement.body[0], lines)
                    if last > first:
                        found.append((first, last))
        stack += getattr(node, "cases", ())
    return tuple(sorted(found))


_LOOP_OR_BRANCH = ("body", "orelse")
_TRY = ("body", "handlers", "orelse", "finalbody")
_SUITES: dict[type, tuple[str, ...]] = {
    ast.Module: ("body",),
    ast.FunctionDef: ("body",),
    ast.AsyncFunctionDef: ("body",),
    ast.ClassDef: ("body",),
    ast.If: _LOOP_OR_BRANCH,
    ast.While: _LOOP_OR_BRANCH,
    ast.For: _LOOP_OR_BRANCH,
    ast.AsyncFor: _LOOP_OR_BRANCH,
    ast.With: ("body",),
    ast.AsyncWith: ("body",),
    ast.Try: _TRY,
    ast.TryStar: _TRY,
    ast.ExceptHandler: ("body",),
    ast.Match: (),
    ast.match_case: ("body",),
}
_DECORATED = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
_WITHOUT_HEADER = frozenset({ast.Try, ast.TryStar, ast.Match})


def _header_end(statement: ast.stmt, first: ast.stmt, lines: list[str]) -> int:
    """The last line of a block's header: the one before its suite and the comments and blank lines above that."""
    decorators = getattr(first, "decorator_list", None)
    line = (decorators[0].lineno if decorators else first.lineno) - 1
    while line > statement.lineno and (not lines[line - 1].strip() or lines[line - 1].lstrip().startswith("#")):
        line -= 1
    return max(line, statement.lineno)
