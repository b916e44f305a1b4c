"""Plans are carried out with LibCST, which keeps every comment, blank line and space that no change is about.

Only files that a plan changes come here, and only when somebody asks for what a fix does. LibCST's parser is native
and dies on deep nesting, so that ``ast`` parses a text first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from leaklint.fix.heads import with_parameters
from leaklint.fix.imports import with_import, without_import
from leaklint.fix.plan import (
    After,
    Before,
    Change,
    Comment,
    Enclose,
    Finally,
    Forget,
    Import,
    Instead,
    Parameters,
    Placed,
    Rename,
    Replace,
    Undecorate,
)
from leaklint.ir.location import Span

Statement: TypeAlias = cst.SimpleStatementLine | cst.BaseCompoundStatement
Start: TypeAlias = tuple[int, int]
Parsed = TypeVar("Parsed", cst.Module, cst.BaseExpression)


class NotEdited(Exception):
    """Changes could not be carried out; the text says why."""


def edited(text: str, changes: Iterable[Change]) -> str:
    """The text with all changes, which concern different places."""
    try:
        ast.parse(text)
        module = cst.parse_module(text)
        if module.code != text:
            raise NotEdited("LibCST reads the file in another way than it is written")
        changes = list(dict.fromkeys(changes))
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        surgeon = _Surgeon(module, [each for each in changes if not isinstance(each, Import | Forget)])
        surgeon.locate(wrapper.resolve(PositionProvider))
        changed = module.visit(surgeon)
        missing = surgeon.missing()
        if missing:
            raise NotEdited(f"LibCST finds no such place: {missing[0]}")
        # what comes in finds its place among all that was there
        for each in changes:
            if isinstance(each, Import):
                changed = with_import(changed, each.module, each.name)
        for each in changes:
            if isinstance(each, Forget):
                changed = without_import(changed, each.name)
        return changed.code
    except (cst.ParserSyntaxError, cst.CSTValidationError, SyntaxError, ValueError) as error:
        raise NotEdited("the changed text would be no Python") from error
    except cst.CSTLogicError as error:
        raise NotEdited("LibCST does not know everything that is in the file") from error
    except (RecursionError, MemoryError) as error:
        raise NotEdited("the file is nested too deeply") from error


class _Surgeon(cst.CSTTransformer):
    """Carries out changes at their places, in one pass."""

    def __init__(self, module: cst.Module, changes: Sequence[Placed]) -> None:
        super().__init__()
        self.module = module
        self.config = module.config_for_parsing
        self.changes = changes
        self.starts: dict[Start, list[Placed]] = {}
        """Changes of statements, by the start of the statement."""
        for each in changes:
            if isinstance(each, Before | After | Instead | Enclose | Finally):
                self.starts.setdefault((each.span.line, each.span.column), []).append(each)
        self.ends = {(each.span.end_line, each.span.end_column): each for each in changes if isinstance(each, Enclose)}
        self.start_of: dict[cst.CSTNode, Start] = {}
        self.enclosed_until: dict[cst.CSTNode, Enclose] = {}
        self.replaced: dict[cst.CSTNode, str] = {}
        self.dropped: set[cst.CSTNode] = set()
        self.comments: dict[cst.CSTNode, str] = {}
        self.renamed: dict[cst.CSTNode, str] = {}
        self.widened: dict[cst.CSTNode, tuple[str, ...]] = {}
        self.indents: list[str] = []
        """Of the blocks around what is visited."""
        self.bracketed: set[cst.CSTNode] = set()
        """Expressions whose innermost brackets are a part of them."""
        self.done: set[Placed] = set()

    def locate(self, positions: Mapping[cst.CSTNode, CodeRange]) -> None:
        """Finds the nodes that stand at the places of the changes."""
        expressions = {each.span: each for each in self.changes if isinstance(each, Replace)}
        decorators = {each.span: each for each in self.changes if isinstance(each, Undecorate)}
        heads = {(each.span.line, each.span.column): each for each in self.changes if isinstance(each, Rename)}
        wider = {(each.span.line, each.span.column): each for each in self.changes if isinstance(each, Parameters)}
        comments = {(each.span.line, each.span.column): each for each in self.changes if isinstance(each, Comment)}
        for node, found in positions.items():
            span = Span(found.start.line, found.start.column + 1, found.end.line, found.end.column + 1)
            start = (span.line, span.column)
            if isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
                if start in self.starts:
                    self.start_of[node] = start
                if isinstance(node, cst.FunctionDef) and start in heads:
                    self.renamed[node] = heads[start].text
                    self.done.add(heads[start])
                if isinstance(node, cst.FunctionDef) and start in wider:
                    self.widened[node] = wider[start].names
                    self.done.add(wider[start])
                end = (span.end_line, span.end_column)
                if end in self.ends:
                    self.enclosed_until[node] = self.ends[end]
            elif isinstance(node, cst.BaseExpression):
                if isinstance(node, cst.Tuple | cst.GeneratorExp) and node.lpar:
                    # ast counts the brackets in, LibCST does not
                    opening, closing = positions[node.lpar[-1]], positions[node.rpar[0]]
                    first, last = opening.start, closing.end
                    span = Span(first.line, first.column + 1, last.line, last.column + 1)
                    self.bracketed.add(node)
                if span in expressions and expressions[span] not in self.done:
                    self.replaced[node] = expressions[span].text
                    self.done.add(expressions[span])
                if span in decorators:
                    self.dropped.add(node)
                    self.done.add(decorators[span])
            elif isinstance(node, cst.Param) and span in expressions:
                continue
            elif isinstance(node, cst.Comment) and start in comments:
                self.comments[node] = comments[start].text
                self.done.add(comments[start])

    def missing(self) -> list[Placed]:
        """The changes whose place was not met."""
        return [each for each in self.changes if each not in self.done]

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:  # noqa: N802
        """Counts the indent in."""
        self.indents.append(self.module.default_indent if node.indent is None else node.indent)

    def _laid_out(self, fresh: Parsed) -> Parsed:
        """Lines within brackets that a text has taken over keep their indent, and blocks get that of their function."""
        laid_out = fresh.visit(_Outdent("".join(self.indents), self.indents[-1] if self.indents else ""))
        assert isinstance(laid_out, type(fresh))
        return laid_out

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel:
        if original_node in self.replaced:
            text = self.replaced[original_node]
            expression = self._laid_out(cst.parse_expression(text, self.config))
            if isinstance(updated_node, cst.BaseExpression) and updated_node.lpar:
                inner = original_node in self.bracketed
                opening = updated_node.lpar[:-1] if inner else updated_node.lpar
                closing = updated_node.rpar[1:] if inner else updated_node.rpar
                return expression.with_changes(lpar=[*opening, *expression.lpar], rpar=[*expression.rpar, *closing])
            return expression
        if isinstance(updated_node, cst.Attribute) and original_node.value in self.replaced:  # type: ignore[attr-defined]
            return _without_brackets(updated_node)
        if original_node in self.renamed:
            return updated_node.with_changes(name=cst.Name(self.renamed[original_node]))
        if original_node in self.widened and isinstance(updated_node, cst.FunctionDef):
            return with_parameters(updated_node, self.widened[original_node])
        if isinstance(original_node, cst.Decorator) and original_node.decorator in self.dropped:
            return cst.RemoveFromParent()
        if isinstance(updated_node, cst.TrailingWhitespace) and original_node.comment in self.comments:  # type: ignore[attr-defined]
            return self._commented(original_node, updated_node)
        if isinstance(original_node, cst.EmptyLine) and original_node.comment in self.comments:
            text = self.comments[original_node.comment]
            if not text:
                return cst.RemoveFromParent()
            return updated_node.with_changes(comment=cst.Comment(text))
        if isinstance(original_node, cst.IndentedBlock | cst.Module):
            body, comments = self._block(original_node.body, updated_node.body)  # type: ignore[attr-defined]
            if isinstance(original_node, cst.IndentedBlock):
                self.indents.pop()
            return updated_node.with_changes(body=body, footer=[*comments, *updated_node.footer])  # type: ignore[attr-defined]
        return updated_node

    def _commented(self, original: cst.CSTNode, updated: cst.TrailingWhitespace) -> cst.TrailingWhitespace:
        text = self.comments[original.comment]  # type: ignore[attr-defined]
        if text:
            return updated.with_changes(comment=cst.Comment(text))
        return updated.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))

    # ------------------------------------------------------------------------------------------------------- blocks
    def _block(
        self, original: Sequence[cst.CSTNode], updated: Sequence[cst.CSTNode]
    ) -> tuple[list[cst.CSTNode], list[cst.EmptyLine]]:
        """The statements of a block with all changes beside, around and in place of them, and comments behind them.

        A statement that goes leaves its comments to the next one.
        """
        levels: list[tuple[Enclose | None, list[cst.CSTNode]]] = [(None, [])]
        orphans: list[cst.EmptyLine] = []
        for old, new in zip(original, updated, strict=True):
            mine = self._changes_of(old)
            self.done.update(mine)
            result: list[cst.CSTNode] = [new]
            for each in mine:
                if isinstance(each, Instead):
                    result = self._instead(new, each.text)
                elif isinstance(each, Finally):
                    result = [self._with_finally(new, each.text)]
            if orphans and result:
                result[0] = result[0].with_changes(leading_lines=_joined(orphans, result[0], first=not levels[-1][1]))
                orphans = []
            elif not result:
                orphans += _lines_of(new)
            for each in mine:
                if isinstance(each, After):
                    result = [*result, *self._parsed(each.text)]
            ahead = [node for each in mine if isinstance(each, Before) for node in self._parsed(each.text)]
            enclosing = sorted(
                (each for each in mine if isinstance(each, Enclose)), key=lambda each: each.span.end_line, reverse=True
            )
            levels[-1][1].extend(ahead)
            levels.extend((each, []) for each in enclosing)
            levels[-1][1].extend(result)
            last = old.body[-1] if isinstance(old, cst.SimpleStatementLine) else old
            while levels[-1][0] is not None and self._ends(last, levels[-1][0]):
                enclose, body = levels.pop()
                levels[-1][1].extend(self._enclosed(enclose, body))
        if len(levels) > 1:
            raise NotEdited("the statements to enclose do not end in their block")
        found = levels[0][1]
        comments = [each for each in orphans if each.comment is not None]
        return found or list(cst.parse_module("pass\n", self.config).body), comments

    def _changes_of(self, line: cst.CSTNode) -> list[Placed]:
        """The changes of a statement; where several share a line, those before the first and behind the last."""
        if not isinstance(line, cst.SimpleStatementLine):
            return self.starts.get(self.start_of[line], []) if line in self.start_of else []
        first, *others = ([*self.starts.get(self.start_of.get(each, (0, 0)), ())] for each in line.body)
        if not others:
            return first
        ahead = [each for each in first if isinstance(each, Before | Enclose)]
        return [*ahead, *(each for each in others[-1] if isinstance(each, After))]

    def _ends(self, node: cst.CSTNode, enclose: Enclose) -> bool:
        return self.enclosed_until.get(node) is enclose

    def _with_finally(self, old: cst.CSTNode, text: str) -> cst.CSTNode:
        """A ``try`` with a last part."""
        if not isinstance(old, cst.Try) or old.finalbody is not None:
            raise NotEdited("it is no try without a finally")
        (fresh,) = self._parsed(f"try:\n    pass\nfinally:\n{text}")
        assert isinstance(fresh, cst.Try)
        return old.with_changes(finalbody=fresh.finalbody)

    def _instead(self, old: cst.CSTNode, text: str) -> list[cst.CSTNode]:
        """What takes the place of a statement, with its comments."""
        fresh = self._parsed(text)
        if not fresh or not isinstance(old, cst.SimpleStatementLine):
            return fresh
        fresh[0] = fresh[0].with_changes(leading_lines=old.leading_lines)
        for position, each in enumerate(fresh):
            if isinstance(each, cst.SimpleStatementLine):
                fresh[position] = each.with_changes(trailing_whitespace=old.trailing_whitespace)
                break
        return fresh

    def _enclosed(self, enclose: Enclose | None, body: list[cst.CSTNode]) -> list[cst.CSTNode]:
        assert enclose is not None
        first = body[0]
        leading = list(getattr(first, "leading_lines", ()))
        if enclose.head is None:
            # a comment stays with its statement, blank lines stay above
            blank = next((at for at, line in enumerate(leading) if line.comment is not None), len(leading))
            body = [first.with_changes(leading_lines=leading[blank:]), *body[1:]]
            leading = leading[:blank]
        else:
            body = [_without_blank_lines(body[1]), *body[2:]]
        fresh = self._laid_out(cst.parse_module(enclose.text + "\n", self.config))
        filled = fresh.visit(_Fill(body))
        assert isinstance(filled, cst.Module)
        statements: list[cst.CSTNode] = list(filled.body)
        statements[0] = statements[0].with_changes(leading_lines=leading)
        if enclose.head is not None and isinstance(first, cst.SimpleStatementLine):
            block = statements[0].body  # type: ignore[attr-defined]
            statements[0] = statements[0].with_changes(body=block.with_changes(header=first.trailing_whitespace))
        return statements

    def _parsed(self, text: str) -> list[cst.CSTNode]:
        if not text:
            return []
        module = self._laid_out(cst.parse_module(text + "\n", self.config))
        first, *others = module.body
        return [first.with_changes(leading_lines=[*module.header, *first.leading_lines]), *others]


def _without_brackets(node: cst.Attribute) -> cst.Attribute:
    """``(name).attribute`` as ``name.attribute``."""
    match node.value:
        case cst.Name(lpar=[cst.LeftParen(whitespace_after=cst.SimpleWhitespace("")), *_]) as name:
            return node.with_changes(value=name.with_changes(lpar=(), rpar=()))
    return node


def _lines_of(statement: cst.CSTNode) -> list[cst.EmptyLine]:
    """The comments and blank lines above a statement, and the comment behind it, each on a line of its own."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return []
    behind = statement.trailing_whitespace.comment
    return [*statement.leading_lines, *([cst.EmptyLine(comment=behind)] if behind is not None else [])]


def _joined(orphans: Sequence[cst.EmptyLine], statement: cst.CSTNode, *, first: bool) -> list[cst.EmptyLine]:
    """The lines above a statement, with those of one before it that goes; blank ones stay once."""
    own = list(getattr(statement, "leading_lines", ()))
    start = next((at for at, line in enumerate(orphans) if line.comment is not None), len(orphans))
    blank = own[:1] and own[0].comment is None
    if first or (blank and start == len(orphans)):
        orphans = orphans[start:]
    return [*orphans, *own]


def _without_blank_lines(statement: cst.CSTNode) -> cst.CSTNode:
    """A statement that comes to be the first of its block."""
    leading = list(getattr(statement, "leading_lines", ()))
    while leading and leading[0].comment is None:
        del leading[0]
    return statement.with_changes(leading_lines=leading)


class _Outdent(cst.CSTTransformer):
    """Takes an indent off the lines within brackets, which get that of their block again."""

    def __init__(self, indent: str, step: str) -> None:
        super().__init__()
        self.indent = indent
        self.step = step

    def leave_IndentedBlock(  # noqa: N802
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        del original_node
        return updated_node.with_changes(indent=self.step) if self.step else updated_node

    def leave_ParenthesizedWhitespace(  # noqa: N802
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        del original_node
        last = updated_node.last_line.value
        inside = last.startswith(self.indent)
        last = last.removeprefix(self.indent)
        return updated_node.with_changes(
            indent=inside,
            last_line=cst.SimpleWhitespace(last),
            empty_lines=[self._outdented(each) for each in updated_node.empty_lines],
        )

    def _outdented(self, line: cst.EmptyLine) -> cst.EmptyLine:
        """A line that holds a comment or nothing."""
        before = line.whitespace.value
        inside = before.startswith(self.indent)
        return line.with_changes(indent=inside, whitespace=cst.SimpleWhitespace(before.removeprefix(self.indent)))


class _Fill(cst.CSTTransformer):
    """Puts statements in the place of the hole."""

    def __init__(self, body: Sequence[cst.CSTNode]) -> None:
        super().__init__()
        self.body = body

    def leave_IndentedBlock(  # noqa: N802
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.BaseSuite:
        del original_node
        match updated_node.body:
            case [cst.SimpleStatementLine(body=[cst.Expr(value=cst.Ellipsis())])]:
                return updated_node.with_changes(body=list(self.body))
        return updated_node
