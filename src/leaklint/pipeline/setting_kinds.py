"""What values a setting may have: one function a kind, which turns the value of a TOML file into ours or complains."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from leaklint.ir.finding import Severity
from leaklint.ir.handler import Platform
from leaklint.pipeline.selection import known_selectors
from leaklint.pipeline.toml_places import KeyPath
from leaklint.pipeline.wrong_use import did_you_mean

Complain: TypeAlias = Callable[[KeyPath, str], None]
"""Takes the path below the setting's own key, and what is wrong there."""

KEY = -1
"""Ends a path that means a key itself, not its value."""

Kind: TypeAlias = Callable[[Any, Complain, "Rules"], Any]
"""Takes a value, a way to complain, and the rules that exist; gives the value in our types."""

Rules: TypeAlias = Mapping[str, str]
"""The codes that exist, each with the name of its rule."""

PLATFORMS = tuple(each.value for each in Platform if each is not Platform.UNKNOWN)
SCOPES = ("auto", "all")
SEVERITIES = tuple(each.label for each in sorted(Severity, reverse=True))
HANDLER = re.compile(r"[^:\s]+:[^:\s]+")
FRAMEWORKS = ("web",)


def _type_name(value: object) -> str:
    names = {bool: "a boolean", str: "a string", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")


def _strings(value: Any, complain: Complain) -> list[tuple[KeyPath, str]]:
    """The strings of a list, each with its place; a single string counts as a list of one."""
    if isinstance(value, str):
        return [((), value)]
    if not isinstance(value, list):
        complain((), f"expected a list of strings, found {_type_name(value)}")
        return []
    found: list[tuple[KeyPath, str]] = []
    for position, each in enumerate(value):
        if isinstance(each, str):
            found.append(((position,), each))
        else:
            complain((position,), f"expected a string, found {_type_name(each)}")
    return found


def strings(value: Any, complain: Complain, _rules: Rules) -> tuple[str, ...]:
    """A list of strings."""
    return tuple(each for _, each in _strings(value, complain))


def folder(value: Any, complain: Complain, _rules: Rules) -> str | None:
    """One path."""
    if isinstance(value, str) and value:
        return value
    complain((), f"expected a path, found {_type_name(value)}" if value != "" else "expected a path, found nothing")
    return None


def selectors(value: Any, complain: Complain, rules: Rules) -> tuple[str, ...]:
    """A list of codes or beginnings of codes."""
    found = _strings(value, complain)
    known = known_selectors(rules)
    for place, each in found:
        if each not in known:
            complain(place, unknown_selector(each, known, rules))
    return tuple(each for _, each in found if each in known)


def unknown_selector(word: str, known: Collection[str], rules: Rules) -> str:
    """The complaint about a selector that selects nothing, which knows the names of rules too."""
    by_name = {name: code for code, name in rules.items()}
    if word in by_name:
        return f"unknown selector `{word}`; did you mean `{by_name[word]}`?"
    # What is as long as a code was meant to be one.
    guess = did_you_mean(word, rules if len(word) >= len("LK101") else known) or did_you_mean(word, by_name)
    return f"unknown selector `{word}`{guess or '; `leaklint rules` lists all codes'}"


def selectors_by_pattern(value: Any, complain: Complain, rules: Rules) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A table from patterns of paths to lists of codes."""
    if not isinstance(value, dict):
        complain((), f"expected a table of lists, found {_type_name(value)}")
        return ()
    return tuple(
        (pattern, selectors(listed, _below(complain, pattern), rules)) for pattern, listed in sorted(value.items())
    )


def _below(complain: Complain, key: str) -> Complain:
    return lambda place, message: complain((key, *place), message)


def one_of(*words: str) -> Kind:
    """One word out of a few."""

    def choose(value: Any, complain: Complain, _rules: Rules) -> str | None:
        if value in words and isinstance(value, str):
            return value
        listed = ", ".join(f"`{each}`" for each in words)
        if isinstance(value, str):
            guess = did_you_mean(value, words)
            complain((), f"unknown value `{value}`{guess}" + ("" if guess else f"; expected one of {listed}"))
        else:
            complain((), f"expected one of {listed}, found {_type_name(value)}")
        return None

    choose.__doc__ = f"One of {', '.join(f'``{each}``' for each in words)}."
    return choose


def severities(value: Any, complain: Complain, rules: Rules) -> tuple[tuple[str, Severity], ...]:
    """A table from codes, or beginnings of codes, to severities."""
    if not isinstance(value, dict):
        complain((), f"expected a table of severities, found {_type_name(value)}")
        return ()
    known = known_selectors(rules)
    choose = one_of(*SEVERITIES)
    found: list[tuple[str, Severity]] = []
    for selector, word in sorted(value.items()):
        if selector not in known:
            complain((selector, KEY), unknown_selector(selector, known, rules))
        chosen = choose(word, _below(complain, selector), rules)
        if chosen is not None:
            found.append((selector, Severity[chosen.upper()]))
    return tuple(found)


def handlers(value: Any, complain: Complain, _rules: Rules) -> tuple[str, ...]:
    """A list of handlers, each ``module:function`` or the word ``web``."""
    found = _strings(value, complain)
    for place, each in found:
        if HANDLER.fullmatch(each) or each in FRAMEWORKS:
            continue
        module, dot, function = each.rpartition(".")
        guess = f"; did you mean `{module}:{function}`?" if dot and module and function else ""
        complain(place, f'a handler is written "module:function", found `{each}`{guess}')
    return tuple(each for _, each in found)


def events(value: Any, complain: Complain, _rules: Rules) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A table from handlers to files, one or a list of them."""
    if not isinstance(value, dict):
        complain((), f"expected a table of files, found {_type_name(value)}")
        return ()
    for name in value:
        if not HANDLER.fullmatch(name):
            complain((name,), f'a handler is written "module:function", found `{name}`')
    listed = {name: tuple(each for _, each in _strings(files, _below(complain, name))) for name, files in value.items()}
    return tuple(sorted(listed.items()))


def platforms(value: Any, complain: Complain, rules: Rules) -> tuple[tuple[str, str], ...]:
    """The platform of all handlers, or a table from patterns of paths to platforms."""
    choose = one_of(*PLATFORMS)
    if isinstance(value, str):
        chosen = [("**", choose(value, complain, rules))]
    elif isinstance(value, dict):
        chosen = [(pattern, choose(word, _below(complain, pattern), rules)) for pattern, word in value.items()]
    else:
        complain((), f"expected a platform or a table of platforms, found {_type_name(value)}")
        return ()
    return tuple((pattern, word) for pattern, word in chosen if word is not None)
