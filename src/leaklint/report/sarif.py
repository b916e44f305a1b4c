"""SARIF 2.1.0: the format that code-scanning services and editors read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from leaklint import __version__
from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.location import NOWHERE, Place
from leaklint.report.fingerprint import fingerprints
from leaklint.report.plain import plain
from leaklint.report.report import Report
from leaklint.report.uri import file_uri, path_uri
from leaklint.rules.catalogue import catalogue

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
BASE = "SRCROOT"
MOST_STEPS = 1_000
"""GitHub shows no more steps of a trace, and refuses a result with many more."""

IMPORTANCE = {StepKind.HANDLER: "essential", StepKind.LEAK: "essential", StepKind.CALL: "important"}


def render(report: Report) -> str:
    """One run with all findings; those that a comment silences are marked as suppressed."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(log, indent=2) + "\n"


def _run(report: Report) -> dict[str, Any]:
    everything = [*report.findings, *(each.finding for each in report.silenced)]
    codes = sorted({finding.code for finding in everything})
    index = {code: position for position, code in enumerate(codes)}
    prints = fingerprints(everything, report)
    results = [_result(each, report, index, mark) for each, mark in zip(everything, prints, strict=True)]
    for silenced, result in zip(report.silenced, results[len(report.findings) :], strict=True):
        suppression = {"kind": "inSource", "status": "accepted"}
        if silenced.by.reason:
            suppression["justification"] = plain(silenced.by.reason)
        result["suppressions"] = [suppression]
    for result in results[: len(report.findings)] if report.silenced else []:
        # Where one result says whether it is suppressed, all of a run must.
        result["suppressions"] = []
    notifications = [{"level": "note", "message": {"text": plain(note)}} for note in report.notes]
    return {
        "tool": {
            "driver": {
                "name": "leaklint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code, everything) for code in codes],
            }
        },
        "originalUriBaseIds": {BASE: {"uri": f"{file_uri(report.root)}/"}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notifications}],
        "results": results,
    }


def _rule(code: str, findings: Sequence[Finding]) -> dict[str, Any]:
    rule = catalogue().get(code)
    if rule is None:
        return {"id": code, "name": next(each.name for each in findings if each.code == code)}
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.document, "markdown": rule.document},
        "properties": {"tags": ["serverless", _family(code)], "scope": rule.scope},
    }


def _family(code: str) -> str:
    return {"1": "state", "2": "pending-work", "3": "callback", "4": "context"}.get(code[2:3], "hygiene")


def _result(finding: Finding, report: Report, index: Mapping[str, int], mark: str) -> dict[str, Any]:
    sentences = [finding.message, finding.observed and f"Consequence: {finding.observed}"]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": LEVELS[finding.severity],
        "message": {"text": plain(". ".join(each for each in sentences if each))},
        "locations": [{"physicalLocation": _physical(finding.place, report)}],
        "partialFingerprints": {"leaklint/v1": mark},
    }
    if len(finding.trace) > 1:
        steps = [each for each in finding.trace if each.kind is not StepKind.RELATED][:MOST_STEPS]
        result["codeFlows"] = [{"threadFlows": [{"locations": [_step(each, report) for each in steps]}]}]
    related = [each for each in finding.trace if each.kind in (StepKind.DEFINED, StepKind.RELATED)]
    if related:
        result["relatedLocations"] = [
            {"id": number, **_location(each, report)} for number, each in enumerate(related, 1)
        ]
    if finding.edits:
        result["fixes"] = [_fix(finding, report)]
    properties = {"handlers": list(finding.handlers), "outcome": finding.outcome, "cure": finding.cure}
    result["properties"] = {name: value for name, value in properties.items() if value}
    return result


def _fix(finding: Finding, report: Report) -> dict[str, Any]:
    """What a fix changes, file by file; whether it is safe stands in its description and its properties."""
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in finding.edits:
        region = _physical(edit.place, report)["region"]
        region.pop("snippet", None)
        content = {"text": edit.text.encode("utf-8", "replace").decode()}
        changes.setdefault(edit.place.path, []).append({"deletedRegion": region, "insertedContent": content})
    return {
        "description": {"text": f"{finding.fix}{'' if finding.safe else ' (unsafe: look at it)'}"},
        "artifactChanges": [
            {"artifactLocation": {"uri": path_uri(path), "uriBaseId": BASE}, "replacements": replacements}
            for path, replacements in sorted(changes.items())
        ],
        "properties": {"safe": finding.safe},
    }


def _step(step: Step, report: Report) -> dict[str, Any]:
    return {
        "location": _location(step, report),
        "kinds": [step.kind.value],
        "importance": IMPORTANCE.get(step.kind, "unimportant"),
    }


def _location(step: Step, report: Report) -> dict[str, Any]:
    text = plain(step.note or step.kind.value)
    return {"physicalLocation": _physical(step.place, report), "message": {"text": text}}


def _physical(place: Place, report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {"artifactLocation": {"uri": path_uri(place.path), "uriBaseId": BASE}}
    span = place.span
    found["region"] = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": max(span.end_line, span.line),
        "endColumn": span.end_column,
    }
    source = report.line(place)
    if source and span != NOWHERE:
        found["region"]["snippet"] = {"text": source.encode("utf-8", "replace").decode()}
    return found
