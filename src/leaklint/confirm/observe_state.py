"""What the photos of a run show: state that changes with every invocation, or that holds a request's data.

The rule for a variable over at least three invocations: changed once only is lazy initialisation; grown each time,
counted each time or consumed is a leak; a marker found after a later invocation than its own is a leak of request
data; one that is always the last invocation's is kept until it is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from leaklint.confirm.observation import Kind, Observation, Strength, invocations, numbers
from leaklint.confirm.record import Photo, Record

LOGGING = ("handlers of logger", "filters of logger")
"""Beginnings of what the logging tree keeps: a handler or filter that is there once and holds a request's data."""
ENOUGH = 3
"""Invocations that it takes to tell a leak from lazy initialisation."""
CODES = {
    "library": "LK111",
    "class": "LK103",
    "default": "LK104",
    "cache": "LK105",
    "bounded cache": "LK105",
    "context": "LK401",
    "context default": "LK402",
    "thread-local": "LK404",
}


def observe_state(record: Record) -> list[Observation]:
    """Everything that the photos show."""
    found: list[Observation] = []
    for worker in sorted({photo.worker for photo in record.photos}):
        photos = sorted((each for each in record.photos if each.worker == worker), key=lambda each: each.invocation)
        photos = [each for each in photos if not each.trouble and each.invocation >= 0]
        if len(photos) > 1:
            found += _variables(photos)
            found += _process(photos)
            found += _libraries(photos)
    return _joined(found)


def _joined(found: list[Observation]) -> list[Observation]:
    """One observation for each subject, the strongest, however many containers showed it."""
    best: dict[tuple[Kind, str], Observation] = {}
    for each in found:
        known = best.get((each.kind, each.subject))
        if known is None or each.strength > known.strength:
            best[each.kind, each.subject] = each
    return [best[key] for key in sorted(best)]


def _variables(photos: list[Photo]) -> Iterator[Observation]:
    """Variables of the project, and context variables."""
    labels = sorted({label for photo in photos for label in photo.state})
    aliases = _aliases(photos[-1])
    held = _held(photos, labels)
    for label in labels:
        if label in aliases and aliases[label] != label:
            continue
        seen = _judge([photo.state.get(label) for photo in photos], photos, held.get(label, {}), label)
        if seen is not None:
            strength, evidence, numbers_ = seen
            if _is_bounded(label, photos):
                strength = min(strength, Strength.KEPT)  # it forgets, as caches of pure functions may
            also = tuple(sorted(name for name, first in aliases.items() if first == label and name != label))
            kind = Kind.CONTEXT if label.startswith("context variable ") else Kind.STATE
            if strength is Strength.KEPT and kind is Kind.CONTEXT and "." in label:
                strength = Strength.LEAK  # whoever comes without one finds the last request's
            yield Observation(kind, label, strength, evidence, numbers_, code=_code(label, photos), also=also)


def _aliases(photo: Photo) -> dict[str, str]:
    """For each label the first of those that name the same object."""
    first: dict[int, str] = {}
    result = {}
    for label, each in sorted(photo.state.items(), key=lambda item: (item[0].count("("), item[0])):
        identity = each["cell"] or each["identity"]
        if identity:
            result[label] = first.setdefault(identity, label)
    return result


def _held(photos: list[Photo], labels: list[str]) -> dict[str, dict[int, dict[int, str]]]:
    """For each label and invocation, the invocations whose markers it holds, with the place."""
    longest_first = sorted(labels, key=len, reverse=True)
    known: dict[str, str] = {}
    held: dict[str, dict[int, dict[int, str]]] = {}
    for photo in photos:
        for place in photo.places:
            where = place["label"]
            if place["working"]:
                continue
            if where not in known:
                known[where] = next((label for label in longest_first if where.startswith(label)), "")
            by_photo = held.setdefault(known[where], {}).setdefault(photo.invocation, {})
            for number in place["markers"]:
                by_photo.setdefault(number, where)
    return held


def _judge(
    states: list[dict[str, Any] | None], photos: list[Photo], held: dict[int, dict[int, str]], label: str
) -> tuple[Strength, str, tuple[int, ...]] | None:
    """Strength, evidence and the invocations that left something, or None where nothing changed."""
    older = sorted({(number, at) for at, by in held.items() for number in by if number < at})
    if older:
        number, at = older[0]
        where = held[at][number]
        evidence = f"data of invocation {number} is still in {where} after invocation {at}"
        return Strength.LEAK, evidence, tuple(sorted({number for number, _ in older}))
    changed = tuple(
        photos[index].invocation
        for index in range(1, len(states))
        if _differ(states[index - 1], states[index], "content")
    )
    own = tuple(sorted(at for at, by in held.items() if at in by))
    steady = _steady(states, photos, changed)
    if steady:
        return Strength.LEAK, f"{label} {steady}", changed
    if own:
        where = held[own[0]][own[0]]
        evidence = f"after {invocations(own)} {where} holds the data of that invocation, until the next one replaces it"
        return Strength.KEPT, evidence, own
    if not changed:
        return None
    last = states[-1]
    if any(state is not None and state["iterator"] for state in states):
        evidence = f"{label} was advanced by {invocations(changed)} and does not start again"
        return Strength.LEAK, evidence, changed
    now = f", now {last['text']}" if last is not None else ""
    if len(changed) == 1:
        return Strength.ONCE, f"{label} was changed by invocation {changed[0]} only{now}", changed
    if photos[-1].invocation in changed and len(photos) > ENOUGH:
        alike = not any(_differ(states[index], states[-1], "shape") for index in range(1, len(states)))
        if alike:
            return Strength.KEPT, f"{label} is set anew by {invocations(changed)}{now}", changed
        return Strength.LEAK, f"{label} is changed by {invocations(changed)}{now}", changed
    return Strength.ONCE, f"{label} was changed by {invocations(changed)}{now}", changed


def _differ(before: dict[str, Any] | None, after: dict[str, Any] | None, what: str) -> bool:
    if before is None or after is None:
        return before is not after
    return bool(before[what] != after[what])


def _steady(states: list[dict[str, Any] | None], photos: list[Photo], changed: tuple[int, ...]) -> str:
    """How a variable grows or counts with each invocation, empty where it does neither."""
    present = [state for state in states if state is not None]
    if len(changed) < min(ENOUGH, len(photos) - 1) or len(present) <= ENOUGH or photos[-1].invocation not in changed:
        return ""
    sizes = [state["size"] for state in present]
    if all(before < after for before, after in pairwise(sizes)):
        return f"grows with each invocation: {', then '.join(str(state['text']) for state in present[-3:])}"
    columns = [state["integers"] for state in present]
    for values in zip(*columns, strict=False):
        steps = {after - before for before, after in pairwise(values)}
        if len(steps) == 1 and steps != {0}:
            return f"counts on with each invocation: {numbers(values[-3:])}"
    return ""


def _is_bounded(label: str, photos: list[Photo]) -> bool:
    return any(photo.state[label]["where"] == "bounded cache" for photo in photos if label in photo.state)


def _code(label: str, photos: list[Photo]) -> str:
    """The rule that is about such a variable."""
    state = next(photo.state[label] for photo in reversed(photos) if label in photo.state)
    if any(photo.state[label]["iterator"] for photo in photos if label in photo.state):
        return "LK109"
    if label.startswith("context variable ") and "." not in label:
        return "LK111"  # the variable is a library's own
    if state["where"] in ("global", "closure"):
        identities = {photo.state[label]["identity"] for photo in photos[1:] if label in photo.state}
        return "LK101" if len(identities) == 1 and state["identity"] else "LK102"
    return CODES[str(state["where"])]


def _process(photos: list[Photo]) -> Iterator[Observation]:
    """Aspects of the process that invocations change."""
    held: dict[str, set[tuple[int, int]]] = {}
    for photo in photos:
        for place in photo.places:
            if place["owner"] == "process" and not place["working"]:
                held.setdefault(place["root"], set()).update((number, photo.invocation) for number in place["markers"])
    labels = {label for photo in photos for label in photo.process}
    for label in sorted(labels):
        values = [photo.process.get(label) for photo in photos]
        changed = tuple(
            photos[index].invocation for index in range(1, len(values)) if values[index] != values[index - 1]
        )
        if not changed:
            continue
        marked = sorted({number for number, _ in held.get(label, ())})
        last = _short(values[-1])
        if marked:
            evidence = f"{label} holds the data of {invocations(marked)} after its return"
            yield Observation(Kind.PROCESS, label, Strength.LEAK, evidence, tuple(marked), code="LK108")
        elif len(changed) >= 2 and photos[-1].invocation in changed:
            evidence = f"{label} is changed by {invocations(changed)}: now {last}"
            yield Observation(Kind.PROCESS, label, Strength.LEAK, evidence, changed, code="LK108")
        else:
            evidence = f"{label} was {_short(values[0])} before {invocations(changed)} and is {last} since"
            yield Observation(Kind.PROCESS, label, Strength.ONCE, evidence, changed, code="LK108")
    for label in sorted(each for each in held.keys() - labels if not each.startswith(LOGGING)):
        marked = sorted({number for number, _ in held[label]})
        evidence = f"{label}: data of {invocations(marked)} is found there after the return"
        yield Observation(Kind.PROCESS, label, Strength.LEAK, evidence, tuple(marked), code="LK108")


def _short(value: str | None) -> str:
    text = "unset" if value is None else value.replace("\n", ", ") or "empty"
    return text if len(text) <= 80 else text[:79] + "…"


def _changed_aspects(photos: list[Photo]) -> set[str]:
    """The aspects of the process that are not the same in all photos."""
    labels = {label for photo in photos for label in photo.process}
    return {label for label in labels if len({photo.process.get(label) for photo in photos}) > 1}


def _libraries(photos: list[Photo]) -> Iterator[Observation]:
    """Markers inside the state of installed libraries, and inside what they have put into the logging tree."""
    places: dict[str, dict[int, set[int]]] = {}
    changing = _changed_aspects(photos)
    for photo in photos:
        for place in photo.places:
            logs = place["owner"] == "process" and place["root"].startswith(LOGGING) and place["root"] not in changing
            if (place["owner"] == "library" or logs) and not place["working"]:
                for number in place["markers"]:
                    places.setdefault(place["root"], {}).setdefault(number, set()).add(photo.invocation)
    for label, by_number in sorted(places.items()):
        older = sorted(number for number, seen in by_number.items() if any(at > number for at in seen))
        marked = tuple(older or sorted(by_number))
        strength = Strength.LEAK if older else Strength.KEPT
        when = "a later invocation" if older else "its return"
        evidence = f"{label} holds the data of {invocations(marked)} after {when}"
        yield Observation(Kind.LIBRARY, label, strength, evidence, marked, code="LK111")
