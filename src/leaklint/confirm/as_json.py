"""The report as JSON: the same verdicts, with the work and the invocations behind them."""

from __future__ import annotations

import json
from typing import Any

from leaklint.confirm.findings import Static
from leaklint.confirm.observation import Observation
from leaklint.confirm.record import Invocation, Line, Record, Work
from leaklint.confirm.text import fate
from leaklint.confirm.verdict import Report


def render(report: Report) -> str:
    """An object with a list for each verdict."""
    return json.dumps(as_object(report), indent=2) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """The report as an object of plain values."""
    plan, record = report.plan, report.record
    return {
        "handler": plan.handler,
        "regime": plan.regime.value,
        "engine": plan.engine_in_use().value,
        "isolated": record.isolated,
        "complete": report.complete,
        "trouble": record.init_error or record.ended or None,
        "confirmed": [
            {**_finding(each.finding), "observations": [_observation(seen) for seen in each.observations]}
            for each in report.confirmed
        ],
        "not_seen": [{**_finding(each.finding), "reason": each.reason} for each in report.not_seen],
        "only_seen": [_observation(each) for each in report.only_seen],
        "kept": [_observation(each) for each in report.asides],
        "invocations": [_invocation(each) for each in record.invocations],
        "work": [
            _work(each, record)
            for each in sorted(record.work.values(), key=lambda each: (each.invocation, each.started))
        ],
        "output": [
            {
                "text": each.text,
                "stream": "stdout" if each.stream == 1 else "stderr",
                "during": each.during,
                "work": each.work,
            }
            for each in record.printed
        ],
    }


def _finding(finding: Static) -> dict[str, Any]:
    return {
        "code": finding.code,
        "path": finding.shown,
        "line": finding.line,
        "column": finding.column,
        "severity": finding.severity,
        "message": finding.message,
        "outcome": finding.outcome,
    }


def _observation(seen: Observation) -> dict[str, Any]:
    return {
        "code": seen.code or None,
        "kind": seen.kind.value,
        "subject": seen.subject,
        "strength": seen.strength.name.lower(),
        "evidence": seen.evidence,
        "invocations": list(seen.invocations),
        "lines": [_line(each) for each in seen.lines],
        "made": {"path": seen.made[0], "line": seen.made[1]} if seen.made else None,
        "work": list(seen.works),
    }


def _line(line: Line) -> dict[str, Any]:
    return {"path": line[0], "line": line[1], "function": line[2]}


def _invocation(each: Invocation) -> dict[str, Any]:
    return {
        "number": each.number,
        "container": each.worker,
        "status": each.status,
        "answer": each.answer,
        "error": each.error or None,
        "milliseconds": round((each.returned - each.given) / 1e6, 3) if each.returned and each.given else None,
    }


def _work(work: Work, record: Record) -> dict[str, Any]:
    return {
        "work": work.key,
        "kind": work.kind,
        "name": work.name,
        "invocation": work.invocation,
        "parent": work.parent,
        "pending_at_return": work.pending_at_return,
        "fate": fate(work, record),
        "ended": work.ended or None,
        "lines": [_line(each) for each in work.lines],
    }
