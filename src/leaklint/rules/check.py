"""The check: effects that have reached their handlers become findings, in one pass for all rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from leaklint.ir.effects import Cached, Defer, Effect, Pending, Read, Write
from leaklint.ir.finding import Finding, Hint, Step, StepKind
from leaklint.ir.handler import Source
from leaklint.ir.location import Place
from leaklint.ir.reached import Reached
from leaklint.rules.catalogue import catalogue
from leaklint.rules.habits import habit
from leaklint.rules.rule import Message, Rule


def check(reached: Iterable[Reached]) -> list[Finding]:
    """The findings of all rules, sorted by place and code: one for an expression and code, its handlers merged."""
    by_type: defaultdict[type[Effect], list[Rule]] = defaultdict(list)
    for rule in catalogue().values():
        for effect_type in rule.on:
            by_type[effect_type].append(rule)
    findings: dict[tuple[Place, str], Finding] = {}
    for each in reached:
        if habit(each):
            continue
        for rule in by_type[type(each.effect)]:
            finding = _finding(rule, each)
            if finding is not None:
                key = (finding.place, finding.code)
                findings[key] = _merged(findings[key], finding) if key in findings else finding
    return [findings[key] for key in sorted(findings) if not _is_said_otherwise(findings, *key)]


def _is_said_otherwise(findings: Mapping[tuple[Place, str], Finding], place: Place, code: str) -> bool:
    """Whether an object that the process has, such as a log handler, is also known by a name of the project."""
    return code == "LK108" and ((place, "LK101") in findings or (place, "LK103") in findings)


def _finding(rule: Rule, reached: Reached) -> Finding | None:
    """What one rule finds in one effect, if it looks at it at all."""
    if not rule.public:
        declared = tuple(each for each in reached.handlers if each.source is not Source.PUBLIC)
        reached = msgspec.structs.replace(reached, handlers=declared)
    if rule.check is None or (rule.scope == "handler" and not reached.handlers):
        return None
    message = rule.check(reached.effect, reached)
    return None if message is None else _placed(rule, reached, message)


def _placed(rule: Rule, reached: Reached, message: Message) -> Finding:
    site = reached.effect.site
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=message.severity,
        place=Place(site.path, site.span),
        message=message.text,
        observed=message.observed,
        cure=message.cure,
        trace=_trace(reached),
        handlers=tuple(sorted({handler.label for handler in reached.handlers})),
        outcome=message.outcome.value if message.outcome else "",
        fix=rule.fix,
        statement=reached.statement or site.span,
        hint=_hint(reached.effect) if rule.fix else Hint(),
    )


def _hint(effect: Effect) -> Hint:
    """What the fix of a rule needs to know of the effect."""
    found = Hint(
        function=effect.site.function,
        operation=effect.operation,
        settled=effect.settled.name.lower(),
        state=effect.subject.name,
        lifetime=effect.subject.lifetime.value,
    )
    if isinstance(effect, Pending):
        return msgspec.structs.replace(
            found,
            work=effect.work.value,
            dropped=effect.how_dropped,
            callee=effect.callee,
            several=effect.one_of_several,
            row=effect.row,
            regime=effect.regime.value,
            cure=effect.cure,
            holder=effect.holder,
        )
    if isinstance(effect, Defer):
        return msgspec.structs.replace(found, callee=effect.callee, row=effect.row, cure=effect.gives)
    if isinstance(effect, Cached):
        # with that in its key the cache is right
        enough = effect.bounded and effect.pure and not effect.side_effects
        return msgspec.structs.replace(found, cure=" ".join(effect.missing) if enough else "")
    if isinstance(effect, Write):
        return msgspec.structs.replace(found, row=effect.row, guard=effect.guard.value)
    return msgspec.structs.replace(found, row=effect.row) if isinstance(effect, Read) else found


def _trace(reached: Reached) -> tuple[Step, ...]:
    """The way from the handler to the expression, and the place where the state was defined."""
    site, subject = reached.effect.site, reached.effect.subject
    trace = reached.trace
    kinds = {step.kind for step in trace}
    if StepKind.LEAK not in kinds:
        trace = (*trace, Step(StepKind.LEAK, Place(site.path, site.span)))
    if StepKind.DEFINED not in kinds and subject.defined is not None:
        trace = (*trace, Step(StepKind.DEFINED, subject.defined, f"{subject.name or 'it'} is defined here"))
    return trace


def _merged(first: Finding, second: Finding) -> Finding:
    """Two findings of one code at one expression: the worse one speaks, the handlers of both are listed."""
    speaker = min(first, second, key=_precedence)
    if first.hint.several or second.hint.several or _defined(first) != _defined(second):
        speaker = msgspec.structs.replace(speaker, hint=msgspec.structs.replace(speaker.hint, several=True))
    return msgspec.structs.replace(speaker, handlers=tuple(sorted({*first.handlers, *second.handlers})))


def _defined(finding: Finding) -> Place | None:
    """Where the state was defined."""
    return next((step.place for step in finding.trace if step.kind is StepKind.DEFINED), None)


def _precedence(finding: Finding) -> tuple[int, tuple[str, ...], str, tuple[Place, ...]]:
    places = tuple(step.place for step in finding.trace)
    return (-finding.severity, finding.handlers, finding.message, places)


def why_silent(reached: Reached) -> str:
    """Why no rule reports an effect that has reached a handler: the habit, or the rules that have nothing to say."""
    kept = habit(reached)
    if kept is not None:
        reason = kept.reason[:1].lower() + kept.reason[1:].rstrip(".")
        return f"habit {kept.number}, {kept.name}: {reason}"
    looking = [rule.code for rule in catalogue().values() if isinstance(reached.effect, rule.on) and rule.check]
    return f"{', '.join(looking)} look at this kind of effect, and do not report this one" if looking else "no rule"
