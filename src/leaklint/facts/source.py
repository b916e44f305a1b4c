"""One file as facts: the outline at once, each function's graph on demand."""

from __future__ import annotations

import ast

import msgspec

from leaklint.facts import (
    assignments,
    comprehensions,
    conditions,
    exceptions,
    expressions,
    outline,
    patterns,
    statements,
    visits,
)
from leaklint.facts.decode import Unreadable, decode, parse
from leaklint.facts.flow import Flow, TooLarge
from leaklint.facts.named_imports import named_imports
from leaklint.facts.positions import Positions
from leaklint.facts.scopes import Kind, Scope
from leaklint.facts.suppressions import long_statements, suppressions
from leaklint.facts.type_checking import flags, in_order
from leaklint.facts.walk import Walk
from leaklint.ir.cfg import Block, Body, Return
from leaklint.ir.facts import FileFacts, Trouble
from leaklint.ir.location import Span

_TABLES = (comprehensions, conditions, exceptions, expressions, patterns, statements, visits)
"""Importing these fills the tables of what is done with each kind of syntax."""


class Source:
    """A file that has been read: ``facts`` is its outline, ``body`` lowers one of its functions.

    The syntax tree stays in memory as long as this object does, and never gets into the facts.
    """

    __slots__ = ("_flags", "_positions", "_scope_of", "_scopes", "facts")

    facts: FileFacts
    """All facts but the bodies."""

    def __init__(self, source: bytes, known: FileFacts | None = None) -> None:
        """``known`` is the outline of these bytes, where it was made before."""
        self._scopes: dict[str, Scope] = {}
        self._scope_of: dict[ast.AST, Scope] = {}
        self._flags: frozenset[str] = frozenset()
        try:
            text = decode(source)
            tree = parse(text)
        except Unreadable as error:
            self._positions = Positions("")
            self.facts = FileFacts(troubles=(error.trouble,))
            return
        self._positions = positions = Positions(text)
        if "TYPE_CHECKING" in text:
            self._flags = flags(tree)
        walk = Walk(tree, positions.span)
        self._scope_of = walk.scope_of
        named = sorted(
            (positions.span(scope.node), scope.name, scope) for scope in walk.scopes[1:] if scope.kind is not Kind.INNER
        )
        self._scopes = {"<module>": walk.scopes[0], **{name: scope for _, name, scope in named}}
        self.facts = known or self._outline(source, text, tree, walk)
        for scope in walk.scopes:
            del scope.host  # it may be the scope itself: without it, the tree is gone as soon as nobody needs it

    def _outline(self, source: bytes, text: str, tree: ast.Module, walk: Walk) -> FileFacts:
        positions = self._positions
        long = long_statements(tree, positions.lines)
        comments, together = suppressions(source, text, positions.lines, long)
        writers = outline.global_writers(walk)
        literals = outline.literals(tree, walk.scopes[0], writers, positions)
        imports = [*walk.imports, *named_imports(walk.importing, literals, positions.span)]
        statements = assignments.at_module_level(tree)
        assigned = assignments.plain_assignments(statements)
        return FileFacts(
            functions={name: outline.function_facts(scope, positions) for name, scope in self._scopes.items()},
            classes=outline.classes(walk, positions),
            imports=tuple(sorted(imports, key=lambda each: each.span)),
            module_names=outline.module_names(walk.scopes[0], positions),
            literals=literals,
            bound_calls=assignments.bound_calls(assigned, positions),
            made_otherwise=assignments.made_otherwise(assigned, positions),
            annotated_types=assignments.annotated_types(assigned, positions),
            dotted_strings=assignments.dotted_strings(statements),
            all_names=outline.all_names(tree),
            global_writers=writers,
            unread=tuple(sorted({*walk.scopes[0].bound, *writers} - walk.scopes[0].read)),
            attributes_read=tuple(sorted(walk.attributes_read)),
            passed=tuple(sorted(walk.passed)),
            suppressions=comments,
            statements=long,
            multiline_strings=together,
        )

    def body(self, name: str) -> Body:
        """The control-flow graph of a function of this file; one that only returns where it cannot be analysed."""
        return self.lower(name)[0]

    def lower(self, name: str) -> tuple[Body, Trouble | None]:
        """The control-flow graph of a function, and why it cannot be analysed, if so."""
        scope = self._scopes[name]
        span = self.facts.functions[name].span
        end = Span(span.end_line, span.end_column, span.end_line, span.end_column)
        try:
            return self._lower(scope, end), None
        except RecursionError:
            reason = "too deeply nested; this function is not analysed"
        except TooLarge:
            reason = "too many paths; this function is not analysed"
        return Body((Block((Return(end, None),), ()),)), Trouble(reason, self.facts.functions[name].name_span)

    def _lower(self, scope: Scope, end: Span) -> Body:
        flow = Flow(scope, self._scope_of, self._positions, self._flags)
        node = scope.node
        if isinstance(node, ast.Lambda):
            flow.emit(Return(self._positions.span(node.body), flow.value(node.body)))
            return flow.finish()
        flow.statements(in_order(node, self._flags) if isinstance(node, ast.Module) else node.body)
        if flow.live:
            flow.emit(Return(end, None))
        return flow.finish()


def extract(source: bytes) -> FileFacts:
    """All facts of a file: its outline and the graph of every function."""
    file = Source(source)
    lowered = {name: file.lower(name) for name in file.facts.functions}
    troubles = [trouble for _, trouble in lowered.values() if trouble is not None]
    return msgspec.structs.replace(
        file.facts,
        bodies={name: body for name, (body, _) in lowered.items()},
        troubles=(*file.facts.troubles, *troubles),
    )
