"""One run from plan to report: start the container, hand out the events in turn, end it, judge."""

from __future__ import annotations

import dataclasses

from leaklint.confirm import marks
from leaklint.confirm.container import Container
from leaklint.confirm.findings import Static
from leaklint.confirm.observation import Observation
from leaklint.confirm.plan import Plan
from leaklint.confirm.record import Record
from leaklint.confirm.snapshots import observe_snapshots
from leaklint.confirm.verdict import Report, judge

SNAPSHOTS = "LK106"


def confirm(plan: Plan, events: list[str], times: int, findings: list[Static] | None = None) -> Report:
    """Runs a handler so many times, with the events in turn, and joins what is seen with findings."""
    record = run(plan, events, times)
    more: tuple[Observation, ...] = ()
    if record.alive and any(each.code == SNAPSHOTS for each in findings or ()):
        other = dataclasses.replace(plan, run=marks.new_run())
        more = observe_snapshots(record, run(other, [], 0))
    return judge(plan, record, findings, more)


def run(plan: Plan, events: list[str], times: int) -> Record:
    """Hands out events and returns what was seen; each container gets so many of them."""
    with Container(plan) as container:
        for turn in range(times):
            if not container.record.alive:
                break
            event = events[turn % len(events)]
            container.invoke_all([event] * plan.workers)
    return container.record
