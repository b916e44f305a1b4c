"""Tests that a function asks more than once: as long as nothing has changed in between, the answer is the same.

``if "debug" in event: LOG.append(…)`` … ``if "debug" in event: LOG.clear()`` leaves nothing in ``LOG``. So it is with
what is asked of a setting: ``if settings.audit: …``, ``if os.environ.get("AUDIT"): …``.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import Final, TypeAlias

from leaklint.ir import cfg
from leaklint.ir.cfg import Body
from leaklint.ir.values import Path, RootKind, Value
from leaklint.solve.lattice import ANY_NAME, is_prefix

Key: TypeAlias = tuple[object, ...]
"""What a test asks, built from its operators, attributes and constants, with ``("name", …)`` for local names."""

OPPOSITE: Final = {"!=": "==", "is-not": "is", "not-in": "in"}
"""Operators, and those of which they are the negation."""
DEEPEST: Final = 6
ASKING_METHODS: Final = frozenset({"endswith", "get", "isalpha", "isdigit", "lower", "startswith", "strip", "upper"})
"""Methods of texts and dictionaries that only ask."""
ASKING_FUNCTIONS: Final = frozenset({"bool", "int", "isinstance", "len", "str"})
ENVIRONMENT: Final = ("attribute", "environ", ("global", "os"))
"""``os.environ``, of which the same is asked in other words: ``os.getenv(…)``."""
_WORDS: Final = re.compile(r"\w+|\*")
NAMES: Final = "|"
"""Between the names that a test asks about and what it asks."""


def repeated_tests(body: Body) -> dict[cfg.Assume, tuple[str, bool]]:
    """For each branch of a test that is asked at least twice: what it asks, and whether that holds there."""
    asked = [step for block in body.blocks for step in block.instructions[:1] if isinstance(step, cfg.Assume)]
    if len(asked) < 4 or sum(step.condition[:1] == "%" for step in asked) < 4:
        return {}
    made: dict[str, cfg.Instruction | None] = {}
    for block in body.blocks:
        for step in block.instructions:
            target = getattr(step, "target", "")
            if target[:1] == "%":
                made[target] = None if target in made and made[target] != step else step
    found: dict[cfg.Assume, tuple[str, bool]] = {}
    times: Counter[str] = Counter()
    for step in asked:
        key, positive = _positive(made, step.condition)
        names = _names(key) or _settings(key) if key is not None and key[0] not in ("name", "global") else set()
        if names:
            text = " ".join(sorted(names)) + NAMES + repr(key)
            found[step] = (text, step.truth is positive)
            times[text] += step.truth
    return {step: known for step, known in found.items() if times[known[0]] > 1}


@functools.lru_cache(4096)
def names_in(test: str) -> tuple[str, ...]:
    """The local names that a test asks about, or the settings."""
    return tuple(test.partition(NAMES)[0].split(" "))


def is_asked(name: str, value: Value | None, path: Path) -> bool:
    """Whether what is asked about by a local name (it has a value), or as a setting, lies at a path or around it."""
    if value is None:
        words = _WORDS.findall(" ".join((path.root.name, *path.fields)))
        return not {*name.split("."), ANY_NAME, "__dict__"}.isdisjoint(words)
    return path.root.kind is not RootKind.LIBRARY and any(
        is_prefix(thing.path, path) or is_prefix(path, thing.path) for thing in value.things
    )


def _positive(made: dict[str, cfg.Instruction | None], operand: str) -> tuple[Key | None, bool]:
    """What a test asks, without its negations, and whether it holds where that does."""
    positive = True
    step = made.get(operand)
    while isinstance(step, cfg.Operation) and step.operator == "not":
        operand, positive = step.operands[0], not positive
        step = made.get(operand)
    if isinstance(step, cfg.Operation) and step.operator in OPPOSITE:
        step = cfg.Operation(step.span, step.target, OPPOSITE[step.operator], step.operands)
        return _key_of(made, step, DEEPEST), not positive
    return _key(made, operand, DEEPEST), positive


def _key(made: dict[str, cfg.Instruction | None], operand: str, deep: int) -> Key | None:
    if operand[:1] != "%":
        return ("name", operand)
    step = made.get(operand)
    return _key_of(made, step, deep - 1) if step is not None and deep else None


def _key_of(made: dict[str, cfg.Instruction | None], step: cfg.Instruction, deep: int) -> Key | None:
    if isinstance(step, cfg.Constant):
        return ("constant", type(step.value).__name__, step.value)
    if isinstance(step, cfg.GetAttribute):
        return _made_of(made, ("attribute", step.name), (step.object,), deep)
    if isinstance(step, cfg.GetItem):
        return _made_of(made, ("item",), (step.object, step.key), deep)
    if isinstance(step, cfg.Operation):
        in_global = step.operator == "in" and isinstance(made.get(step.operands[1]), cfg.LoadGlobal)
        return None if in_global else _made_of(made, ("operation", step.operator), step.operands, deep)
    if isinstance(step, cfg.Build) and step.kind in ("tuple", "list", "set"):
        plain = not any(item.starred or item.key is not None for item in step.items)
        return _made_of(made, ("display",), tuple(item.value for item in step.items), deep) if plain else None
    if isinstance(step, cfg.LoadGlobal):
        return ("global", step.name)
    if isinstance(step, cfg.Call):
        return _key_of_call(made, step, deep)
    return None


def _key_of_call(made: dict[str, cfg.Instruction | None], step: cfg.Call, deep: int) -> Key | None:
    if any(argument.name or argument.star for argument in step.arguments):
        return None
    function = made.get(step.function)
    given = tuple(argument.value for argument in step.arguments)
    if isinstance(function, cfg.GetAttribute) and function.name == "getenv":
        of_system = _key(made, function.object, deep) == ENVIRONMENT[-1]
        return _made_of(made, ("method", "get", ENVIRONMENT), given, deep) if of_system else None
    if isinstance(function, cfg.GetAttribute) and function.name in ASKING_METHODS:
        return _made_of(made, ("method", function.name), (function.object, *given), deep)
    if isinstance(function, cfg.LoadGlobal) and function.name in ASKING_FUNCTIONS:
        return _made_of(made, ("function", function.name), given, deep)
    return None


def _made_of(made: dict[str, cfg.Instruction | None], what: Key, operands: tuple[str, ...], deep: int) -> Key | None:
    parts = [_key(made, operand, deep) for operand in operands]
    return None if None in parts else (*what, *parts)


def _names(key: Key) -> set[str]:
    """The local names in what a test asks."""
    found: set[str] = set()
    rest: list[object] = [key]
    while rest:
        each = rest.pop()
        if isinstance(each, tuple):
            if len(each) == 2 and each[0] == "name":
                found.add(str(each[1]))
            else:
                rest.extend(each)
    return found


def _settings(key: Key) -> set[str]:
    """The global names, each with its attributes, of a test that looks at nothing else: ``config.settings.audit``.

    What lies in a container of the module is another matter: that changes in many ways.
    """
    found: set[str] = set()
    rest: list[object] = [key]
    while rest:
        each = rest.pop()
        if not isinstance(each, tuple) or each[0] == "constant":
            continue
        dotted = _dotted(each)
        if dotted:
            found.add(dotted)
        elif each[0] in ("operation", "display") or ENVIRONMENT in each[:3]:
            rest.extend(each[1:])
        else:
            return set()
    return found


def _dotted(key: Key) -> str:
    """A global name with its attributes; empty for everything else."""
    attributes: list[str] = []
    each: object = key
    while isinstance(each, tuple) and each[0] == "attribute":
        attributes.insert(0, each[1])
        each = each[2]
    return ".".join((each[1], *attributes)) if isinstance(each, tuple) and each[0] == "global" else ""
