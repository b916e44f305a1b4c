"""What a rule is: a page of documentation and one pure function from an effect to a message.

Terms:

*page*
    The docstring of the rule's module: the documentation that ``leaklint explain`` prints.
*scope*
    ``handler`` for rules that look only at what a handler reaches, ``any`` for rules that hold in any code.
*message*
    What a rule says about one effect; place, trace and handlers are added for all rules alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec

from leaklint.ir.effects import Effect, Outcome
from leaklint.ir.finding import Severity
from leaklint.ir.reached import Reached

Scope: TypeAlias = Literal["handler", "any"]


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a rule says about an effect: how bad it is, what is wrong, what the next invocation observes, the cure."""

    severity: Severity
    text: str
    observed: str
    cure: str
    outcome: Outcome | None = None
    """What becomes of work that is pending; None where the effect is no work."""


Check: TypeAlias = Callable[[Any, Reached], Message | None]
"""Gets the effect and how it is reached; None where the rule has nothing to say about it."""


class Rule(msgspec.Struct, frozen=True):
    """One code of the contract: its name, its page, and what it looks at."""

    code: str
    name: str
    document: str
    scope: Scope = "any"
    on: tuple[type[Effect], ...] = ()
    check: Check | None = None
    """None for codes that the stage emits which knows of them (LK901 to LK903)."""
    fix: str = ""
    """Name of the fix that mends it, where there is one."""
    public: bool = True
    """Whether it holds for public functions that ``scope = "all"`` counts as entries."""
    optional: bool = False
    """Off unless it is selected by name."""

    @property
    def summary(self) -> str:
        """The first line of the page: one sentence that names the bad thing."""
        return self.document.partition("\n")[0]

    @property
    def page(self) -> str:
        """The page as Markdown, with a title."""
        return f"# {self.code} {self.name}\n\n{self.document}\n"


def rule(
    code: str,
    name: str,
    *,
    on: type[Effect] | tuple[type[Effect], ...],
    scope: Scope = "handler",
    fix: str = "",
    public: bool = True,
    optional: bool = False,
) -> Callable[[Check], Rule]:
    """Makes a rule of a check; the docstring of the module that holds it is its page."""

    def make(check: Check) -> Rule:
        document = (sys.modules[check.__module__].__doc__ or "").strip()
        types = on if isinstance(on, tuple) else (on,)
        return Rule(code, name, document, scope, types, check, fix, public, optional)

    return make


def page(code: str, name: str, document: str | None, *, fix: str = "") -> Rule:
    """A rule without a check: the stage that knows of it emits its findings."""
    return Rule(code, name, (document or "").strip(), fix=fix)
