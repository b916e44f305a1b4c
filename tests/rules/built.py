"""Effects built by hand, as the solver gives them, and what the rules say about them."""

from __future__ import annotations

from typing import Any

from leaklint.ir.effects import Effect, How, Lifetime, Pending, Site, Subject, Work, Write
from leaklint.ir.finding import Finding
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place, Span
from leaklint.ir.reached import Reached
from leaklint.ir.values import Path, Root, RootKind
from leaklint.rules.check import check

SITE = Site("app.py", "handler", Span(5, 5, 5, 22))
EVENT = ('event["id"]',)
VARIABLE = Path(Root(RootKind.VARIABLE, "app.py", "SEEN"))


def handler(platform: Platform = Platform.AWS_LAMBDA, **fields: Any) -> Handler:
    """A handler of this platform; the template declares it."""
    name = fields.pop("name", "handler")
    fields = {"source": Source.TEMPLATE, "reason": "template.yaml:3", **fields}
    place = Place("app.py", Span(4, 1, 6, 1))
    return Handler("app.py", name, "app", platform, place=place, **fields)


AWS = handler()
"""The handler of most tests."""
SERVERS = [handler(each) for each in (Platform.GOOGLE, Platform.AZURE, Platform.WEB)]
"""Handlers whose platforms run several requests in one process at a time."""


def reached(effect: Any, *handlers: Handler) -> Reached:
    """The effect as these handlers reach it, the one of AWS Lambda by default."""
    return Reached(effect, handlers=handlers or (AWS,))


def mutation(how: How = How.GROW, **fields: Any) -> Write:
    """A module-level list that is mutated in place."""
    subject = Subject(Lifetime.MODULE, "SEEN", "list")
    path = Path(VARIABLE.root, ("[]",))
    return Write(**{"site": SITE, "subject": subject, "path": path, "operation": "append", "how": how, **fields})


def rebinding(how: How = How.REBIND, **fields: Any) -> Write:
    """A module-level variable that is bound anew."""
    return mutation(how, **{"path": VARIABLE, "operation": "=", **fields})


def living(lifetime: Lifetime, name: str, **fields: Any) -> Write:
    """A write to something of another lifetime."""
    return mutation(fields.pop("how", How.SET_ITEM), subject=Subject(lifetime, name), **{"operation": "", **fields})


def opened(work: Work, **fields: Any) -> Pending:
    """Work or a resource that nothing settles."""
    in_context = work is Work.TOKEN
    return Pending(**{"site": SITE, "work": work, "callee": "save", "ends_with_context": in_context, **fields})


def findings(effect: Effect, *handlers: Handler) -> list[Finding]:
    """What all rules say about one effect."""
    return check([reached(effect, *handlers)])


def said(effect: Effect, *handlers: Handler) -> tuple[str, str]:
    """Code with severity, and the message, of the only finding; two empty texts where there is none."""
    found = findings(effect, *handlers)
    if not found:
        return "", ""
    (finding,) = found
    return f"{finding.code} {finding.severity.label}", finding.message
