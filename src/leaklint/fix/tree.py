"""A file as fixes look at it: the tree of the standard library's ``ast``, with parents, places and texts.

Plans are made on this tree, which every run can afford. LibCST comes in when a plan is carried out.
"""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from leaklint.ir.location import Span

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LINE_END = re.compile("\r\n|\r|\n")
_BEHIND = re.compile(r"(?P<close>\)*)(?P<comma>,?)(?P<comment>[ \t]*(?:#[^\r\n]*)?)(?P<end>\r?\n)")
"""The rest of the line behind the last argument of a call, where its bracket closes below."""


class Unreadable(Exception):
    """A file has no tree."""


class Tree:
    """The tree of one file, with what fixes ask about it."""

    def __init__(self, source: bytes) -> None:
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
            self.text = source.decode(encoding)
            self.module = ast.parse(self.text)
        except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
            raise Unreadable from error
        self.lines = lines_in(self.text)
        self._expressions: dict[Span, ast.expr] | None = None
        self._names: dict[ast.AST, tuple[frozenset[str], frozenset[str]]] = {}
        self._generators: dict[Function, bool] = {}
        self._own: dict[ast.AST, list[ast.AST]] = {}
        self.parents: dict[ast.AST, ast.AST] = {}
        self.nodes: list[ast.AST] = []
        pending: list[ast.AST] = [self.module]
        while pending:
            node = pending.pop()
            self.nodes.append(node)
            for child in ast.iter_child_nodes(node):
                if not isinstance(child, ast.expr_context):
                    self.parents[child] = node
                    pending.append(child)

    # ------------------------------------------------------------------------------------------------------- places
    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1]
        return offset + 1 if text.isascii() else len(text.encode()[:offset].decode(errors="replace")) + 1

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        assert isinstance(node, ast.stmt | ast.expr | ast.arg | ast.excepthandler | ast.alias | ast.keyword)
        last, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return Span(node.lineno, self._column(node.lineno, node.col_offset), last, self._column(last, end))

    def text_of(self, node: ast.AST) -> str:
        """The source of a node."""
        span = self.span(node)
        if span.line == span.end_line:
            return self.lines[span.line - 1][span.column - 1 : span.end_column - 1]
        first, *middle = self.lines[span.line - 1 : span.end_line]
        *middle, last = middle
        return "\n".join([first[span.column - 1 :], *middle, last[: span.end_column - 1]])

    def text_with(self, node: ast.AST, *parts: tuple[ast.AST, str]) -> str:
        """The source of a node in which some nodes in it are written in another way."""
        starts = [0, *(found.end() for found in _LINE_END.finditer(self.text))]

        def extent(each: ast.AST) -> tuple[int, int]:
            span = self.span(each)
            return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1

        at, end = extent(node)
        written = []
        for part, text in sorted(parts, key=lambda pair: extent(pair[0])):
            first, last = extent(part)
            written += [self.text[at:first], text]
            at = last
        return "".join([*written, self.text[at:end]])

    def with_arguments(self, call: ast.Call, *more: str, instead: tuple[ast.AST, str] | None = None) -> str:
        """The source of a call with further arguments behind those that it has, one of which may be another one."""
        given = [*call.args, *(each.value for each in call.keywords)]
        if not given:
            return f"{self.text_of(call.func)}({', '.join(more)})"
        last = max(given, key=lambda each: (each.lineno, each.col_offset))
        written = instead[1] if instead is not None and instead[0] is last else self.text_with(last)
        others = [instead] if instead is not None and instead[0] is not last else []
        before, _, behind = self.text_with(call, *others, (last, "\0")).partition("\0")
        holder = self.parents[last] if isinstance(self.parents[last], ast.keyword) else last
        start = self.span(holder)
        indent = self.lines[start.line - 1][: start.column - 1]
        found = _BEHIND.match(behind)
        if found is not None and not indent.strip():
            # one below the other
            lines = f",{found['end']}{indent}".join(more)
            head = f"{before}{written}{found['close']},{found['comment']}{found['end']}{indent}{lines}"
            return f"{head}{found['comma']}{found['end']}{behind[found.end() :]}"
        # brackets around the last one are no part of it
        cut = behind[:-1].partition("#")[0].rfind(")") + 1
        return f"{before}{written}{behind[:cut]}, {', '.join(more)}{behind[cut:]}"

    def at(self, span: Span) -> ast.expr | None:
        """The outermost expression at a place."""
        if self._expressions is None:
            self._expressions = {}
            for each in self.nodes:
                if isinstance(each, ast.expr):
                    self._expressions.setdefault(self.span(each), each)
        return self._expressions.get(span)

    # ------------------------------------------------------------------------------------------------------ around
    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that hold a node, from the inside out."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that holds an expression, or the node itself."""
        if isinstance(node, ast.stmt):
            return node
        found = next(each for each in self.above(node) if isinstance(each, ast.stmt))
        assert isinstance(found, ast.stmt)
        return found

    def function(self, node: ast.AST) -> Function | None:
        """The function whose body holds a node; None at module level, in a class body and in a lambda."""
        inner = node
        for each in self.above(node):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                return each if inner in each.body else None
            if isinstance(each, ast.ClassDef | ast.Lambda | ast.GeneratorExp):
                return None
            inner = each
        return None

    def in_comprehension(self, node: ast.AST) -> bool:
        """Whether an expression stands in a comprehension, within its statement."""
        for each in self.above(node):
            if isinstance(each, ast.stmt):
                return False
            if isinstance(each, _COMPREHENSIONS):
                return True
        return False

    def block(self, statement: ast.stmt) -> Sequence[ast.stmt]:
        """The statements among which a statement stands."""
        parent = self.parents[statement]
        for name in ("body", "orelse", "finalbody"):
            found = getattr(parent, name, None)
            if isinstance(found, list) and statement in found:
                return found
        return (statement,)

    def after(self, statement: ast.stmt) -> Sequence[ast.stmt]:
        """The statements of the same block that follow."""
        block = list(self.block(statement))
        return block[block.index(statement) + 1 :]

    def stands_alone(self, statement: ast.stmt) -> bool:
        """Whether no other statement, and no head of a block, shares the lines of a statement."""
        return self.begins_line(statement) and self.ends_line(statement)

    def begins_line(self, statement: ast.stmt) -> bool:
        """Whether nothing stands before a statement on its first line."""
        first = statement.lineno
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and statement.decorator_list:
            first = min(each.lineno for each in statement.decorator_list)
        column = self._column(statement.lineno, statement.col_offset)
        line = self.lines[statement.lineno - 1]
        if line[: column - 1].strip() or (isinstance(statement, ast.If) and line[column - 1 :].startswith("elif")):
            return False
        return not self.lines[first - 2].endswith("\\")

    def ends_line(self, statement: ast.stmt) -> bool:
        """Whether nothing but a comment stands behind a statement on its last line, which is no part of a head."""
        last = statement.end_lineno or statement.lineno
        rest = self.lines[last - 1][self.span(statement).end_column - 1 :].strip()
        return not rest or rest.startswith("#")

    def loops(self, statement: ast.stmt) -> list[ast.For | ast.AsyncFor | ast.While]:
        """The loops of the same function whose rounds a statement is a part of, from the inside out."""
        found: list[ast.For | ast.AsyncFor | ast.While] = []
        inner: ast.AST = statement
        for each in self.above(statement):
            if isinstance(each, _SCOPES):
                break
            if isinstance(each, ast.For | ast.AsyncFor | ast.While) and inner not in each.orelse:
                found.append(each)
            inner = each
        return found

    # ------------------------------------------------------------------------------------------------------- names
    def names_of(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[frozenset[str], frozenset[str]]:
        """The names that a function declares global, and those that it binds itself."""
        if function not in self._names:
            shared: set[str] = set()
            bound: set[str] = set()
            inner: set[ast.AST] = set()
            for node in self.own_nodes(function):
                match node:
                    case ast.Global(names=names):
                        shared.update(names)
                    case ast.comprehension(target=target):
                        # a comprehension has variables of its own; its nodes come after it
                        inner.update(ast.walk(target))
                    case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if node not in inner:
                        bound.add(name)
                    case (
                        ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name))
                    ):
                        bound.add(name)
                    case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                        bound.add(name)
            self._names[function] = frozenset(shared), frozenset(bound)
        return self._names[function]

    def own_nodes(self, function: ast.AST) -> Sequence[ast.AST]:
        """The nodes of a function's body, those of functions in it left out."""
        found = self._own.get(function)
        if found is None:
            found = self._own[function] = []
            pending: list[ast.AST] = list(getattr(function, "body", ()))
            while pending:
                node = pending.pop()
                found.append(node)
                if not isinstance(node, _SCOPES):
                    pending.extend(ast.iter_child_nodes(node))
        return found

    def is_generator(self, function: Function) -> bool:
        """Whether a function yields."""
        if function not in self._generators:
            nodes = self.own_nodes(function)
            self._generators[function] = any(isinstance(each, ast.Yield | ast.YieldFrom) for each in nodes)
        return self._generators[function]

    def manages(self, function: Function) -> bool:
        """Whether a decorator makes a context manager of a function."""
        return any(dotted(each).endswith("contextmanager") for each in function.decorator_list)

    def uses(self, scope: ast.AST, name: str) -> list[ast.Name]:
        """All places in a scope, inner functions included, where a name stands, in order."""
        found = [each for each in ast.walk(scope) if isinstance(each, ast.Name) and each.id == name]
        return sorted(found, key=lambda each: (each.lineno, each.col_offset))

    def fresh(self, *wanted: str) -> str:
        """The first of some names that means nothing in the file yet, nor in Python, or one made from the last."""
        taken = self._meaning
        for name in wanted:
            if name not in taken:
                return name
        number = 2
        while f"{wanted[-1]}{number}" in taken:
            number += 1
        return f"{wanted[-1]}{number}"

    @cached_property
    def _meaning(self) -> frozenset[str]:
        """The names that mean something somewhere in the file, or in Python."""
        taken = {*dir(builtins), *keyword.kwlist}
        for each in self.nodes:
            match each:
                case ast.Name(id=name) | ast.arg(arg=name):
                    taken.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    taken.add(name)
                case ast.alias(name=name, asname=other):
                    taken.add((other or name).partition(".")[0])
        return frozenset(taken)

    def imported_as(self, module: str) -> str:
        """What an ``import`` at the top of the file calls a module, or nothing."""
        for statement in self.module.body:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    if alias.name == module:
                        return alias.asname or alias.name
        return ""

    def name_as(self, module: str, name: str) -> str:
        """What a ``from`` import at the top of the file calls a name of a module, or nothing."""
        for statement in self.module.body:
            if isinstance(statement, ast.ImportFrom) and statement.module == module and not statement.level:
                for alias in statement.names:
                    if alias.name == name:
                        return alias.asname or alias.name
        return ""

    def takes_from(self, module: str) -> bool:
        """Whether names of a module are imported at the top of the file."""
        return any(
            isinstance(each, ast.ImportFrom) and each.module == module and not each.level for each in self.module.body
        )

    def full_name(self, node: ast.AST) -> str:
        """The dotted name of an expression with the imports at the top of the file put in, or its own name."""
        name = dotted(node)
        first, dot, rest = name.partition(".")
        for statement in self.module.body:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    if alias.asname == first:
                        return f"{alias.name}{dot}{rest}"
            elif isinstance(statement, ast.ImportFrom) and not statement.level:
                for alias in statement.names:
                    if (alias.asname or alias.name) == first:
                        return f"{statement.module}.{alias.name}{dot}{rest}"
        return name

    def is_taken(self, name: str, *, imported: bool = False) -> bool:
        """Whether a name is bound anywhere in the file otherwise than by importing the module of that name.

        ``imported`` asks for any binding.
        """
        if name in self._bound:
            return True
        for each in self._aliases:
            if (each.asname or each.name).partition(".")[0] == name:
                plain = isinstance(self.parents[each], ast.Import) and each.asname in (None, name)
                if imported or not plain or each.name.partition(".")[0] != name:
                    return True
        return False

    @cached_property
    def _bound(self) -> frozenset[str | None]:
        """The names that are bound somewhere in the file, otherwise than by an import."""
        bound: set[str | None] = set()
        for each in self.nodes:
            match each:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                    bound.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    bound.add(name)
                case ast.ExceptHandler(name=kept) | ast.MatchAs(name=kept) | ast.MatchStar(name=kept):
                    bound.add(kept)
        return frozenset(bound)

    @cached_property
    def _aliases(self) -> list[ast.alias]:
        return [each for each in self.nodes if isinstance(each, ast.alias)]

    def is_shadowed(self, name: str) -> bool:
        """Whether a function of the file has a variable or parameter of that name."""
        for each in self.nodes:
            match each:
                case ast.arg(arg=bound) | ast.Name(id=bound, ctx=ast.Store() | ast.Del()):
                    pass
                case ast.ExceptHandler(name=bound) | ast.MatchAs(name=bound) | ast.MatchStar(name=bound):
                    pass
                case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound) | ast.ClassDef(name=bound):
                    pass
                case _:
                    continue
            inside = isinstance(each, ast.arg) or any(isinstance(outer, _SCOPES) for outer in self.above(each))
            if bound == name and inside:
                return True
        return False

    def defined(self, qualified: str) -> Function | None:
        """A function by its qualified name, the last one where there are several."""
        plain = [each for each in qualified.partition("#")[0].split(".") if each != "<locals>"]
        scope: ast.AST = self.module
        for name in plain:
            below = [
                each
                for each in self.own_nodes(scope)
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and each.name == name
            ]
            if not below:
                return None
            scope = below[-1]
        return scope if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else None


def lines_in(text: str) -> list[str]:
    """The lines of a text as Python numbers them."""
    return _LINE_END.split(text)


def dotted(node: ast.AST | None) -> str:
    """A name or dotted name as text, or nothing."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""
