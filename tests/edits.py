"""Random edits of source texts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

Edit = Callable[[str, random.Random, list[str]], str]


def functions_in(text: str) -> Iterator[str]:
    """The names of functions that a text defines."""
    for line in text.splitlines():
        _, defined, rest = line.partition("def ")
        if defined and rest.partition("(")[0].isidentifier():
            yield rest.partition("(")[0]


def _replaced(old: str, new: str) -> Edit:
    """Replaces a text in one of the places where it stands."""

    def edit(text: str, chance: random.Random, _names: list[str]) -> str:
        *parts, last = text.split(old)
        if not parts:
            return text
        place = chance.randrange(len(parts))
        return old.join(parts[: place + 1]) + new + old.join([*parts[place + 1 :], last])

    return edit


def _without_a_line(text: str, chance: random.Random, _names: list[str]) -> str:
    lines = text.splitlines(keepends=True)
    lines[chance.randrange(len(lines) or 1)] = "\n"
    return "".join(lines)


def _inside_a_function(text: str, chance: random.Random, names: list[str]) -> str:
    """Puts a statement at the beginning of a function."""
    lines = text.splitlines(keepends=True)
    heads = [
        number
        for number, line in enumerate(lines)
        if line.lstrip().startswith(("def ", "async def ")) and line[-2:] == ":\n"
    ]
    if not heads:
        return text
    head = chance.choice(heads)
    indent = " " * (len(lines[head]) - len(lines[head].lstrip()) + 4)
    statement = chance.choice(INSIDE).format(*(chance.choice(names) for _ in range(2)))
    return "".join([*lines[: head + 1], *(f"{indent}{line}\n" for line in statement.splitlines()), *lines[head + 1 :]])


def _appended(form: str) -> Edit:
    """Adds code, with names of the project in the place of ``{}``."""
    return lambda text, chance, names: text + form.format(*(chance.choice(names) for _ in range(form.count("{}"))))


INSIDE = (
    "value = compute(1)",
    "{0}()",
    "x = {0}",
    "self.{0} = {1}()",
    "def {0}():\n    return 1",
    "lambda: {0}()",
    "return {0}()",
    "yield 1",
    "global other",
    "import {0}",
    "for each in {0}(): each.{1}()",
    "print(len('a'))",
)
EDITS: list[Edit] = [
    _inside_a_function,
    _appended("\n\ndef {}(value):\n    return value + 1\n"),
    _appended("\n\ndef added_{}(value):\n    def {}():\n        return value\n    return {}()\n"),
    lambda text, _chance, _names: f"# edited\n{text}",
    _without_a_line,
    _replaced("    def ", "    async def "),
    _replaced("async def ", "def "),
    _replaced("await ", ""),
    _appended("\n\nasync def {}(x):\n    x.{}()\n"),
    _appended("\n\ndef {}(x):\n    return x.{}({})\n"),
    _appended("\n\nclass Added:\n    def {}(self):\n        self.{} = {}()\n        self.{}()\n"),
]
