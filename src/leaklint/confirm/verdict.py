"""Verdicts: for each finding *confirmed* or *not seen*, and the leaks that were *only seen at run time*."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from leaklint.confirm import marks
from leaklint.confirm.findings import Static
from leaklint.confirm.joining import Joiner
from leaklint.confirm.observation import Kind, Observation, Strength, invocations
from leaklint.confirm.observe import observe
from leaklint.confirm.observe_state import ENOUGH
from leaklint.confirm.plan import Plan
from leaklint.confirm.record import Record

CANNOT_SHOW = {
    "LK106": "a second container took the same value at import; such values differ by time or by chance",
    "LK403": "that a context variable is unset in another thread does not show from outside",
    "LK405": "one context variable more for each call shows only as memory",
    "LK501": "an async function without await behaves like any other",
    "LK901": "it is about the analysis",
    "LK902": "it is about the analysis",
    "LK903": "it is about the deployment",
}
"""Codes that a run cannot bear out, with the reason."""

SELDOM_SHOWS = {
    "LK210": "asyncio's own primitives fail only once something has to wait",
    "LK211": "what a library keeps in C, or has sent meanwhile, is not looked at",
}
"""Codes that a run can bear out and often does not, with the reason."""

AT_IMPORT = frozenset({"LK106"})
"""Codes about what the import of a module does."""

SETTLED = frozenset({"joined", "removed", "waited for", "cancelled"})
"""Ends of work that somebody has seen to."""
KEEPING = frozenset({Kind.STATE, Kind.CONTEXT, Kind.LIBRARY, Kind.PROCESS})
"""Kinds of what holds data that an answer can show."""


@dataclasses.dataclass(frozen=True, slots=True)
class Confirmed:
    """A finding and the observations that bear it out."""

    finding: Static
    observations: tuple[Observation, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class NotSeen:
    """A finding that nothing bears out, and why that is no proof that it is wrong."""

    finding: Static
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run has to say."""

    plan: Plan
    record: Record
    confirmed: tuple[Confirmed, ...]
    not_seen: tuple[NotSeen, ...]
    only_seen: tuple[Observation, ...]
    """Leaks that no finding is about."""
    asides: tuple[Observation, ...]
    """What changed without being a leak by itself."""
    elsewhere: int
    """Findings about other handlers."""
    hidden: int
    """Findings that are borne out, and that nobody wants to see."""
    joined: bool
    """Whether findings were given."""

    @property
    def leaks(self) -> bool:
        """Whether anything leaks."""
        return bool(self.confirmed or self.only_seen)

    @property
    def complete(self) -> bool:
        """Whether the container took all events, answered one of them at least without error, and was looked at."""
        looked_at = not any(photo.trouble for photo in self.record.photos)
        return self.record.alive and not self.record.left and not self.fruitless and looked_at

    @property
    def fruitless(self) -> bool:
        """Whether every invocation failed, so that nothing is known of the handler's normal way."""
        return bool(self.record.invocations) and all(each.failed for each in self.record.invocations)

    @property
    def shown(self) -> tuple[Observation, ...]:
        """Answers in which a leak that is told already shows."""
        return tuple(each for each in self.asides if each.kind is Kind.ANSWER)


def judge(plan: Plan, record: Record, findings: list[Static] | None, more: tuple[Observation, ...] = ()) -> Report:
    """Joins a run with findings; ``more`` is what was observed outside of the record."""
    joiner = Joiner(plan.root)
    named = [joiner.named_where_made(each) if each.also else each for each in (*observe(record), *more)]
    observations = [joiner.with_place(each) for each in named]
    proofs, weak = _joined(findings or (), observations, joiner)
    told = {each for proved in proofs.values() for each in proved}
    confirmed: list[Confirmed] = []
    not_seen: list[NotSeen] = []
    elsewhere = hidden = 0
    own = {number for number, each in enumerate(findings or ()) if each.is_of(plan.handler, plan.root)}
    explained = {seen for number in own for seen in proofs.get(number, ())}
    for number, finding in enumerate(findings or ()):
        if finding.hidden:
            hidden += number in proofs
        elif number not in own and not _is_reached(finding, proofs.get(number, []), explained):
            elsewhere += 1
        elif number in proofs:
            confirmed.append(Confirmed(finding, tuple(proofs[number])))
        else:
            not_seen.append(NotSeen(finding, _reason(finding, weak[number], record, joiner)))
    rest = [each for each in observations if each not in told]
    only = [each for each in rest if each.strength is Strength.LEAK]
    only = [each for each in only if not _is_explained(each, told.union(only), findings)]
    folders = tuple(f"{each.subject}/" for each in (*told, *only) if each.kind is Kind.FILE)
    only = [each for each in only if each.kind is not Kind.FILE or not each.subject.startswith(folders)]
    asides = [each for each in rest if each not in only]
    return Report(
        plan,
        record,
        tuple(confirmed),
        tuple(not_seen),
        tuple(only),
        tuple(asides),
        elsewhere,
        hidden,
        joined=findings is not None,
    )


def _joined(
    findings: Sequence[Static], observations: list[Observation], joiner: Joiner
) -> tuple[dict[int, list[Observation]], dict[int, list[Observation]]]:
    """For the numbers of findings, what proves them, and what comes near to it.

    By name first; what no finding claims by its name then goes to those that nothing bears out.
    """
    root = joiner.root.resolve()
    below = {number: each for number, each in enumerate(findings) if each.path.is_relative_to(root)}
    near = {number: joiner.matching(each, observations) for number, each in below.items()}
    proofs = {number: [each for each in seen if _proves(each)] for number, seen in near.items()}
    claimed = {each for seen in proofs.values() for each in seen}
    free = [each for each in observations if _proves(each) and each not in claimed]
    for number, finding in below.items():
        proofs[number] = proofs[number] or joiner.loosely(finding, free)
    return {number: seen for number, seen in proofs.items() if seen}, {
        number: near.get(number, []) for number in range(len(findings))
    }


def _is_reached(finding: Static, proofs: list[Observation], explained: set[Observation]) -> bool:
    """Whether a finding about another entry, such as a route, is one about this handler too, as the run shows.

    What the import does shows whoever is called; what a finding about this handler explains need not be the other's.
    """
    return finding.code not in AT_IMPORT and not explained.issuperset(proofs)


def _proves(seen: Observation) -> bool:
    """Whether an observation bears a finding out; state of the process has no lazy initialisation."""
    return seen.strength > Strength.ONCE or seen.kind is Kind.PROCESS


def _is_explained(seen: Observation, told: set[Observation], findings: list[Static] | None) -> bool:
    """Whether a leak is only how another one shows, which is told already."""
    if seen.kind is Kind.ANSWER:
        return any(each.kind in KEEPING for each in told)
    if seen.kind is Kind.COROUTINE and not seen.lines:
        return any(each.kind is Kind.ERROR for each in told) or findings is None
    return False


def _reason(finding: Static, weak: list[Observation], record: Record, joiner: Joiner) -> str:
    """Why a finding was not seen."""
    if finding.code in CANNOT_SHOW:
        return CANNOT_SHOW[finding.code]
    if weak:
        return f"{weak[0].evidence}, as lazy initialisation does"
    answered = [each for each in record.invocations if each.status == "ok"]
    if record.init_error:
        return "the handler was never called"
    if not answered:
        return "no invocation came to its end"
    for work in record.work.values():
        if any(
            (joiner.root / path).resolve() == finding.path and finding.line <= line <= finding.end_line
            for path, line, _ in work.lines
        ):
            started = sorted({each.invocation for each in record.work.values() if each.lines == work.lines})
            if work.ended in SETTLED:
                return f"what {invocations(started)} started there was {work.ended} before the return"
            return f"it was started by {invocations(started)} and had ended before the return: perhaps by good luck"
    if len(answered) < ENOUGH and not _is_about_work(finding):
        return f"state needs {ENOUGH} invocations to be judged, and there were {len(answered)}: use --times {ENOUGH}"
    hint = ""
    if not any(marks.found_in(record.run, each.event) for each in record.invocations) and not _is_about_work(finding):
        hint = f"; with {marks.PLACEHOLDER} in the event its data could be followed"
    other = SELDOM_SHOWS.get(finding.code, "others may take another path")
    return f"{len(answered)} invocations with these events did not show it; {other}{hint}"


def _is_about_work(finding: Static) -> bool:
    return finding.code.startswith(("LK2", "LK3")) and finding.code not in ("LK210", "LK211")
