"""All observations of a run, the strongest first."""

from __future__ import annotations

from leaklint.confirm.observation import Observation
from leaklint.confirm.observe_answers import observe_answers
from leaklint.confirm.observe_state import observe_state
from leaklint.confirm.observe_work import observe_work
from leaklint.confirm.record import Record


def observe(record: Record) -> list[Observation]:
    """What execution showed, sorted by strength, kind and subject."""
    found = [*observe_state(record), *observe_work(record), *observe_answers(record)]
    return sorted(found, key=lambda each: (-each.strength, each.kind, each.subject, each.lines))
