"""The words that a file has to name to get hold of something in a package: those of a name that leads there.

A class leads to its methods, and a row to whatever its text mentions: the class of what it returns, the attributes of
an object, the row that it is another name for. ``elasticsearch.AsyncElasticsearch`` leads to the coroutine functions of
``elasticsearch._async.client.IndicesClient``, and a file that never says ``AsyncElasticsearch`` has none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_QUOTED = re.compile(r'"([\w.<>]+)"')
Words = frozenset[str]


def needed_words(
    package: str, goals: Iterable[tuple[str, str]], texts: Mapping[str, str]
) -> dict[Words, frozenset[str]]:
    """For each set of words all of which a file has to name, the plain names of what it can get hold of then.

    ``goals`` are rows of the package with the plain name of what they are good for, ``texts`` those of all rows.
    """
    below = f"{package}."
    mentioning: dict[str, list[str]] = {}
    for name, text in texts.items():
        if f'"{below}' in text:
            for mentioned in _QUOTED.findall(text):
                mentioning.setdefault(mentioned, []).append(name)
    found: dict[Words, set[str]] = {}
    leading: dict[str, set[Words]] = {}
    for goal, plain in goals:
        if goal not in leading:
            leading[goal] = {_words(each) for each in _leading_to(goal, mentioning, texts) if each.startswith(below)}
            leading[goal] |= {frozenset()} if goal == package else set()
        for words in leading[goal]:
            found.setdefault(words, set()).add(plain)
    return {words: frozenset(names) for words, names in found.items()}


def _leading_to(goal: str, mentioning: Mapping[str, list[str]], texts: Mapping[str, str]) -> set[str]:
    """All names from which one gets to a row."""
    seen = {goal}
    pending = [goal]
    while pending:
        name = pending.pop()
        owner = name.rpartition(".")[0]
        for each in (*mentioning.get(name, ()), *((owner,) if owner in texts else ())):
            if each not in seen:
                seen.add(each)
                pending.append(each)
    return seen


def _words(name: str) -> Words:
    """What a file says that names this, besides the package."""
    return frozenset(name.split(".")[1:])
