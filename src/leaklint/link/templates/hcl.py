"""Terraform's configuration language: blocks, attributes, and the few expressions that lead to a handler.

Blocks are read with a stack, attributes are kept as text. ``evaluate`` reads strings, lists, objects and references; of
functions only those that give back their argument. Everything else, conditions above all, is unknown: None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from leaklint.link.templates.document import Node, Unreadable

Value: TypeAlias = str | list["Value"] | dict[str, "Value"] | None
Resolve: TypeAlias = Callable[[tuple[str, ...]], Value]

DEEPEST = 40
"""Lists, objects and strings within each other."""
LONGEST = 10_000
"""Characters of a string with others filled in: beyond that it is unknown, for they may double each other."""

_BLANK = re.compile(r"(?:[ \t\r\n,]|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_HEREDOC = re.compile(r"<<([-~]?)([A-Za-z_]\w*)[ \t]*\r?\n")
_INSIDE = re.compile(r'["\\$\n{}]')
_MARK = re.compile(r'["<#/()\[\]{},\n]')
_PLAIN = re.compile(r'([A-Za-z_][\w-]*)[ \t]*=[ \t]*("[^"\\$\n]*"|[\w.-]+)[ \t\r]*(?=\n)')
"""Most attributes: a string without anything in it, or a reference, that ends with the line."""
_NUMBER = re.compile(r"-?\d[\d.eE+-]*")
_JSON_LABELS = {"data": 2, "module": 1, "output": 1, "provider": 1, "resource": 2, "variable": 1}
_MOST_BLOCKS = 10_000
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_SAME = frozenset({"abspath", "nonsensitive", "tolist", "tomap", "toset", "tostring"})
"""Functions that give back their argument, as far as a handler is concerned."""


class Block(msgspec.Struct):
    """A block such as ``resource "aws_lambda_function" "orders" { … }``."""

    kind: str
    labels: tuple[str, ...] = ()
    line: int = 1
    attributes: dict[str, tuple[str, int]] = {}
    """Source text of each value, and the line of the attribute."""
    blocks: list[Block] = []

    def text(self, name: str) -> str:
        """The source text of an attribute, ``""`` without it."""
        return self.attributes.get(name, ("", 0))[0]

    def inner(self, kind: str) -> Block | None:
        """The first block of a kind inside, ``dynamic`` ones left out."""
        return next((block for block in self.blocks if block.kind == kind), None)


def parse(text: str) -> list[Block]:
    """The top-level blocks of a file; raises ``Unreadable``."""
    top = Block("")
    stack = [top]
    at = counted = 0
    line = 1
    while True:
        at = _skip(text, at)
        if at >= len(text):
            if len(stack) > 1:
                raise _error(text, at, f"block {stack[-1].kind!r} is never closed")
            return top.blocks
        if text[at] == "}" and len(stack) > 1:
            stack.pop()
            at += 1
            continue
        line, counted = line + text.count("\n", counted, at), at
        if plain := _PLAIN.match(text, at):
            stack[-1].attributes[plain[1]] = (plain[2], line)
            at = plain.end()
            continue
        name, after = _name_or_string(text, at)
        at = _skip(text, after)
        if text.startswith("=", at):
            end = _expression_end(text, at + 1)
            stack[-1].attributes[name] = (text[at + 1 : end].strip(), line)
            at = end
            continue
        labels: list[str] = []
        while at < len(text) and text[at] != "{":
            label, at = _name_or_string(text, at)
            labels.append(label)
            at = _skip(text, at)
        if at >= len(text) or len(stack) > DEEPEST:
            raise _error(text, at, "expected a block")
        block = Block(name, tuple(labels), line)
        stack[-1].blocks.append(block)
        stack.append(block)
        at += 1


def from_json(document: Node) -> list[Block]:
    """The top-level blocks of a ``.tf.json`` file."""
    blocks: list[Block] = []
    for kind, _, labelled in document.items():
        labels: list[tuple[tuple[str, ...], Node]] = [((), labelled)]
        for _ in range(_JSON_LABELS.get(kind, 0)):
            labels = [((*names, name), inner) for names, node in labels for name, _, inner in node.items()]
        for names, node in labels:
            for body in node.elements or [node]:
                block = Block(kind, names, body.line)
                blocks.append(block)
                _fill(block, body)
    return blocks


def evaluate(text: str, resolve: Resolve) -> Value:
    """The value of an expression; ``resolve`` gives the value of a reference such as ``("var", "name")``."""
    try:
        reader = _Expression(text, resolve)
        value = reader.value(0)
        return value if reader.is_at_end() else None
    except (IndexError, RecursionError, Unreadable):
        return None


def references(text: str, kind: str) -> list[str]:
    """The names of resources or data sources of a kind that an expression mentions, in order."""
    return re.findall(rf"\b{kind}\.([\w-]+)", text)


def _fill(block: Block, body: Node) -> None:
    """Reads the attributes of a JSON body; an object may be an attribute or a block, so it becomes both."""
    waiting = [(block, body)]
    for holder, node in waiting:
        for name, key, value in node.items():
            text = _as_expression(value)
            if text is not None:
                holder.attributes[name] = (text, key.line)
            for inner in value.elements or [value]:
                if inner.kind == "mapping" and len(waiting) < _MOST_BLOCKS:
                    holder.blocks.append(Block(name, (), key.line))
                    waiting.append((holder.blocks[-1], inner))


def _as_expression(node: Node, depth: int = 0) -> str | None:
    """The source text of a JSON value; a string is a template, as in a quoted string."""
    if depth > DEEPEST:
        return None
    if node.kind == "scalar":
        return node.text if not node.style else '"' + node.text.replace("\\", "\\\\").replace("\n", "\\n") + '"'
    if node.kind == "list":
        inner = [_as_expression(each, depth + 1) for each in node.elements]
        return "[" + ",".join(each or "null" for each in inner) + "]"
    pairs = [(name, _as_expression(value, depth + 1)) for name, _, value in node.items()]
    return "{" + ",".join(f'"{name}"={text or "null"}' for name, text in pairs) + "}"


class _Expression:
    """Reads one expression from left to right."""

    def __init__(self, text: str, resolve: Resolve) -> None:
        self._text = text
        self._resolve = resolve
        self._at = 0

    def is_at_end(self) -> bool:
        """Whether nothing but blanks is left."""
        self._at = _skip(self._text, self._at)
        return self._at >= len(self._text)

    def value(self, depth: int) -> Value:
        """The next value."""
        if depth > DEEPEST or self.is_at_end():
            raise IndexError
        text, at = self._text, self._at
        first = text[at]
        if first == '"':
            end = _string_end(text, at)
            self._at = end
            return interpolate(text[at + 1 : end - 1], self._resolve, depth + 1)
        if heredoc := _HEREDOC.match(text, at):
            self._at = _heredoc_end(text, heredoc)
            return None
        if first in "[({":
            self._at += 1
            return self._object(depth) if first == "{" else self._list(first, depth)
        if number := _NUMBER.match(text, at):
            self._at = number.end()
            return number[0]
        return self._reference(depth)

    def _list(self, opened: str, depth: int) -> Value:
        values: list[Value] = []
        while not self.is_at_end() and self._text[self._at] not in "])}":
            values.append(self._element(depth))
        self._at += 1
        return values if opened == "[" else (values[0] if len(values) == 1 else None)

    def _element(self, depth: int) -> Value:
        """The value up to the next comma or line break; None where it is an operation."""
        start, self._at = self._at, _expression_end(self._text, self._at)
        if self._at == start:
            raise IndexError
        inside = _Expression(self._text[start : self._at], self._resolve)
        value = inside.value(depth + 1)
        return value if inside.is_at_end() else None

    def _object(self, depth: int) -> Value:
        values: dict[str, Value] = {}
        while not self.is_at_end() and self._text[self._at] != "}":
            name, self._at = _name_or_string(self._text, self._at)
            self._at = _skip(self._text, self._at)
            if self._text[self._at] not in "=:":
                raise IndexError
            self._at += 1
            values[name] = self._element(depth)
        self._at += 1
        return values

    def _reference(self, depth: int) -> Value:
        match = _NAME.match(self._text, self._at)
        if not match:
            raise IndexError
        self._at = match.end()
        if self._text.startswith("(", self._at):
            self._at += 1
            argument = self._list("(", depth)
            return argument if match[0] in _SAME else None
        parts = [match[0]]
        while self._at < len(self._text):
            if self._text[self._at] == "." and (name := _NAME.match(self._text, self._at + 1)):
                parts.append(name[0])
                self._at = name.end()
            elif self._text[self._at] == "[":
                self._at += 1
                match self._list("[", depth + 1):
                    case [str(index)]:
                        parts.append(index)
                    case _:
                        parts.append("")
            else:
                break
        if parts[0] in ("true", "false") and len(parts) == 1:
            return parts[0]
        return self._resolve(tuple(parts))


def interpolate(text: str, resolve: Resolve, depth: int = 0) -> str | None:
    """The text of a quoted string with its ``${…}`` filled in; None where one is unknown."""
    found: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith(("$${", "%%{"), at):
            found.append(text[at + 1 : at + 3])
            at += 3
        elif text.startswith("${", at):
            end = _template_end(text, at + 2)
            inside = _Expression(text[at + 2 : end - 1], resolve)
            value = inside.value(depth + 1)
            if not isinstance(value, str) or not inside.is_at_end():
                return None
            found.append(value)
            at = end
        elif text.startswith("%{", at):
            return None
        elif text[at] == "\\" and at + 1 < len(text):
            found.append(_ESCAPES.get(text[at + 1], text[at + 1]))
            at += 2
        else:
            found.append(text[at])
            at += 1
    filled = "".join(found)
    return filled if len(filled) <= LONGEST else None


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _name_or_string(text: str, at: int) -> tuple[str, int]:
    if text.startswith('"', at):
        end = _string_end(text, at)
        return text[at + 1 : end - 1], end
    if text.startswith("(", at):
        end = _expression_end(text, at + 1)
        return text[at + 1 : end].strip(), end + 1
    match = _NAME.match(text, at) or _NUMBER.match(text, at)
    if not match:
        raise _error(text, at, f"unexpected {text[at : at + 1]!r}")
    return match[0], match.end()


def _expression_end(text: str, at: int) -> int:
    """Where an expression ends: at a line break, comma or closing bracket outside all brackets and strings."""
    depth = 0
    while at < len(text):
        mark = _MARK.search(text, at)
        if mark is None:
            break
        at = mark.start()
        char = text[at]
        if char == '"':
            at = _string_end(text, at)
            continue
        if heredoc := char == "<" and _HEREDOC.match(text, at):
            at = _heredoc_end(text, heredoc)
            continue
        if char == "#" or text.startswith(("//", "/*"), at):
            end = text.find("*/", at) + 1 if text.startswith("/*", at) else text.find("\n", at) - 1
            at = max(end, at) if end > 0 else len(text)
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            if not depth:
                return at
            depth -= 1
        elif char in "\n," and not depth:
            return at
        at += 1
    return len(text)


def _string_end(text: str, at: int) -> int:
    """The place after the closing quote of the string that starts at ``at``."""
    end = _closed(text, at + 1, '"')
    if end is None:
        raise _error(text, at, "a string is never closed")
    return end


def _template_end(text: str, at: int) -> int:
    """The place after the ``}`` of an interpolation whose inside starts at ``at``."""
    end = _closed(text, at, "{")
    if end is None:
        raise _error(text, at, "an interpolation is never closed")
    return end


def _closed(text: str, at: int, opened: str) -> int | None:
    """The place after the end of a string or interpolation, whatever strings and interpolations it holds."""
    stack = [opened]
    while at < len(text) and stack:
        mark = _INSIDE.search(text, at)
        if mark is None:
            return None
        at = mark.start()
        char = text[at]
        if stack[-1] == '"':
            if char == "\\" or text.startswith("$${", at):
                at += 1
            elif text.startswith("${", at):
                stack.append("{")
                at += 1
            elif char == '"':
                stack.pop()
            elif char == "\n" and len(stack) == 1:
                return None
        elif char in '"{':
            stack.append(char)
        elif char == "}":
            stack.pop()
        at += 1
    return None if stack else at


def _heredoc_end(text: str, heredoc: re.Match[str]) -> int:
    end = re.compile(rf"^[ \t]*{heredoc[2]}[ \t\r]*$", re.MULTILINE).search(text, heredoc.end())
    if not end:
        raise _error(text, heredoc.start(), f"heredoc {heredoc[2]} is never closed")
    return end.end()


def _error(text: str, at: int, reason: str) -> Unreadable:
    before = text[:at]
    return Unreadable.at(before.count("\n") + 1, len(before) - before.rfind("\n"), reason)
