"""Snapshots: values taken at import, found by comparing two containers that have only imported the handler.

What differs between the two and is never changed by an invocation is a value that should have been new each time:
every invocation of one container sees the same.
"""

from __future__ import annotations

from leaklint.confirm.observation import Kind, Observation, Strength
from leaklint.confirm.record import Photo, Record


def observe_snapshots(record: Record, other: Record) -> tuple[Observation, ...]:
    """The variables of the project that differ between two containers, and not between invocations."""
    first, second = _at_import(record), _at_import(other)
    if first is None or second is None:
        return ()
    snapshot = next((photo for photo in record.photos if photo.invocation < 0), None)
    others = "of every container that is restored from this snapshot" if snapshot else "of this container"
    found = []
    for label in sorted(first.state.keys() & second.state.keys()):
        one, two = first.state[label], second.state[label]
        later = [photo.state[label]["content"] for photo in record.photos if label in photo.state]
        if one["content"] != two["content"] and set(later) == {one["content"]}:
            if snapshot and snapshot.state.get(label, one)["content"] != one["content"]:
                continue  # a hook has made it anew after the restore
            evidence = f"{label} is {one['text']} for all invocations {others}, and {two['text']} in another import"
            found.append(Observation(Kind.STATE, label, Strength.KEPT, evidence, (0,), code="LK106"))
    return tuple(found)


def _at_import(record: Record) -> Photo | None:
    return next((photo for photo in record.photos if photo.invocation == 0 and not photo.trouble), None)
