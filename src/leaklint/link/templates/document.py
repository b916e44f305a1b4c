"""YAML and JSON documents as nodes that know their line, without executing or expanding anything.

A node is built from the parser's events with a stack of our own. An alias is the very node it names, so aliases cost
no memory however often they are nested, and nothing here walks a whole document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from leaklint.ir.facts import Trouble
from leaklint.ir.location import Span

DEEPEST = 500
"""Lists and mappings within each other; the parser takes quadratic time below."""

_TOO_DEEP = f"nested more than {DEEPEST} levels deep"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Node(msgspec.Struct, eq=False):
    """A node of a document: a scalar with its text, a list of nodes, or a mapping with scalar keys."""

    kind: Literal["scalar", "list", "mapping"]
    tag: str
    """The tag as written (``!Ref``), ``""`` where there is none."""
    line: int
    column: int
    text: str = ""
    style: str = ""
    """The quote that a scalar is written with, or ``|`` or ``>``."""
    elements: Sequence[Node] = ()
    entries: Mapping[str, tuple[Node, Node]] = MappingProxyType({})
    """Key text to key and value."""
    merged: Sequence[Node] = ()
    """What ``<<`` brings in."""

    @property
    def string(self) -> str | None:
        """The text of a scalar that stands for itself: no tag, not null."""
        if self.kind != "scalar" or self.tag.startswith("!") or (not self.style and self.text in _NULLS):
            return None
        return self.text

    @property
    def is_true(self) -> bool:
        """Whether the node is a scalar that YAML 1.1 reads as true."""
        return self.kind == "scalar" and self.text.lower() in ("true", "yes", "on")

    def find(self, *keys: str) -> Node | None:
        """The node at a path of keys."""
        node: Node | None = self
        for key in keys:
            node = node._value(key) if node else None
        return node

    def string_at(self, *keys: str) -> str | None:
        """The string at a path of keys, where a scalar stands there that stands for itself."""
        node = self.find(*keys)
        return node.string if node else None

    def items(self) -> Iterator[tuple[str, Node, Node]]:
        """Key text, key and value of each entry of a mapping, merged ones included."""
        seen: set[str] = set()
        for mapping in self._mappings():
            for name, (key, value) in mapping.entries.items():
                if name not in seen:
                    seen.add(name)
                    yield name, key, value

    def intrinsic(self) -> tuple[str, Node] | None:
        """The function and its argument where the node is a CloudFormation intrinsic: ``!Ref X`` or ``{Ref: X}``."""
        if self.tag.startswith("!"):
            return self.tag[1:], self
        if self.kind == "mapping" and len(self.entries) == 1 and not self.merged:
            ((name, (_, value)),) = self.entries.items()
            if name == "Ref" or name.startswith("Fn::"):
                return name.removeprefix("Fn::"), value
        return None

    def _value(self, key: str) -> Node | None:
        for mapping in self._mappings():
            if key in mapping.entries:
                return mapping.entries[key][1]
        return None

    def _mappings(self) -> Iterator[Node]:
        """The mapping itself, then those it merges, each once."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            node = stack.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                stack.extend(reversed(node.merged))


class Unreadable(Exception):
    """A document that cannot be read; ``trouble`` says where and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble
        self.path = ""
        """The file, as far as the reader knows it."""

    @classmethod
    def at(cls, line: int, column: int, reason: str) -> Unreadable:
        """A document that cannot be read from a place on."""
        return cls(Trouble(reason, Span(line, column, line, column + 1)))


def read_documents(text: str, *, is_json: bool = False) -> list[Node]:
    """The root node of each document in a YAML or JSON text; ``Unreadable`` where it is neither.

    JSON is read as the YAML that it is, but has no aliases.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        events = loader(text)
        try:
            return _documents(events.get_event, yaml.events, is_json=is_json)
        finally:
            events.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(filter(None, (error.context, error.problem))) or "not valid YAML"
        if "nesting" in reason:
            # Some versions of the parser stop by themselves, where it looks ahead.
            reason = _TOO_DEEP
        last = max(len(text.splitlines()), 1)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Unreadable.at(min(line, last), column if line <= last else 1, reason) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line = before.count("\n") + 1
        raise Unreadable.at(line, len(before) - before.rfind("\n"), "a character that YAML does not allow") from None


def _documents(next_event: Callable[[], Any], kinds: Any, *, is_json: bool) -> list[Node]:
    """Builds nodes from the parser's events; ``kinds`` has their classes."""
    scalar, mapping_start, sequence_start = kinds.ScalarEvent, kinds.MappingStartEvent, kinds.SequenceStartEvent
    alias, ends = kinds.AliasEvent, (kinds.SequenceEndEvent, kinds.MappingEndEvent)
    documents: list[Node] = []
    anchors: dict[str, Node] = {}
    outer: list[tuple[list[Node] | dict[str, tuple[Node, Node]], list[Node], Node | None]] = []
    """What is open around the list or mapping at hand, in the form of the three below."""
    holder: list[Node] | dict[str, tuple[Node, Node]] = documents
    merged: list[Node] = []
    key: Node | None = None
    while (event := next_event()) is not None:
        kind = type(event)
        if kind in ends:
            holder, merged, key = outer.pop()
            continue
        opened: list[Node] | dict[str, tuple[Node, Node]] | None = None
        opened_merged: list[Node] = []
        if kind is alias:
            mark = event.start_mark
            node = anchors.get(event.anchor)
            if node is None or is_json:
                raise Unreadable.at(mark.line + 1, mark.column + 1, f"unknown alias *{event.anchor}")
        elif kind is scalar or kind is mapping_start or kind is sequence_start:
            mark, tag = event.start_mark, event.tag
            tag = tag if tag and tag.startswith("!") and tag != "!" else ""
            line, column = mark.line + 1, mark.column + 1
            if kind is scalar:
                node = Node("scalar", tag, line, column, event.value, event.style or "")
            elif kind is mapping_start:
                opened = {}
                node = Node("mapping", tag, line, column, entries=opened, merged=opened_merged)
            else:
                opened = []
                node = Node("list", tag, line, column, elements=opened)
            if event.anchor:
                anchors[event.anchor] = node
        else:
            if kind is kinds.DocumentStartEvent:
                anchors = {}
            continue
        if isinstance(holder, list):
            holder.append(node)
        elif key is None:
            key = node
        else:
            if key.kind == "scalar":
                if key.text == "<<" and not key.style:
                    merged.extend(node.elements if node.kind == "list" else [node])
                else:
                    holder[key.text] = (key, node)
            key = None
        if opened is not None:
            outer.append((holder, merged, key))
            if len(outer) > DEEPEST:
                raise Unreadable.at(node.line, node.column, _TOO_DEEP)
            holder, merged, key = opened, opened_merged, None
    return documents
