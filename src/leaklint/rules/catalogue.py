"""The catalogue of rules: the folder is the registry, one module a code."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from leaklint import rules
from leaklint.rules.rule import Rule

FAMILIES = {
    "LK1": "State that outlives the invocation",
    "LK2": "Work that outlives the invocation",
    "LK3": "Callback-style APIs",
    "LK4": "Context that crosses invocations",
    "LK5": "Hygiene",
    "LK9": "The tool itself",
}

_INTRODUCTION = """\
# Rules

<!-- Generated: make pages -->

A serverless platform does not start a new process for every event. It imports your module once, calls the handler,
**keeps the process** when the handler has returned, and gives the same process the next event, which may belong to
another customer. Such a process is called a *warm container*, and one call of the handler an *invocation*. Two kinds of
things go wrong in it:

- a **state leak**: an invocation leaves something behind (in a module, a class, the environment, `/tmp`) that a later
  invocation finds there;
- an **execution leak**: work that an invocation has started is still pending when its handler returns. AWS Lambda
  freezes the process at that moment, and what was frozen goes on in the middle of a later invocation, or never.

*Request data* is everything that comes from the handler's parameters. *Scope* `handler` means: reported only in code
that a handler reaches; `any`: in any code.
"""


@functools.cache
def catalogue() -> Mapping[str, Rule]:
    """Every rule by its code, sorted."""
    found: dict[str, Rule] = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(rules.__path__) if each.name.startswith("lk")):
        contents = vars(importlib.import_module(f"{rules.__name__}.{module}"))
        found.update((each.code, each) for each in contents.values() if isinstance(each, Rule))
    return MappingProxyType(dict(sorted(found.items())))


def members(family: str) -> list[Rule]:
    """The rules whose codes begin so."""
    return [each for code, each in catalogue().items() if code.startswith(family)]


def markdown(family: str = "") -> str:
    """The page that lists all rules (``docs/rules.md``), or the page of a family (in ``docs/rules/``)."""
    if family:
        head = f"# {family}xx {FAMILIES[family]}\n\n<!-- Generated: make pages -->\n\n{_table(family)}"
        return "\n".join([head, *map(_section, members(family))])
    tables = [
        f"## [{prefix}xx {title}](rules/{prefix.lower()}.md)\n\n{_table(prefix, f'rules/{prefix.lower()}.md')}"
        for prefix, title in FAMILIES.items()
    ]
    return "\n".join([_INTRODUCTION, *tables])


def _table(family: str, page: str = "") -> str:
    """The rules of a family, each with a link to what is said about it."""
    rows = (f"| [{each.code}]({page}#{each.code.lower()}) | {each.name} | {each.summary} |" for each in members(family))
    return "\n".join(["| code | name | what is reported |", "| --- | --- | --- |", *rows, ""])


def _section(rule: Rule) -> str:
    remarks = [f"scope `{rule.scope}`"]
    if rule.fix:
        remarks.append(f"fix `{rule.fix}`")
    if rule.optional:
        remarks.append("off unless selected")
    title = f'<a id="{rule.code.lower()}"></a>\n\n## {rule.code} {rule.name}'
    return f"{title}\n\n*{' · '.join(remarks)}*\n\n{rule.document}\n"
