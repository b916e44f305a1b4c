"""Edits that cannot change a report.

Most files of a large project are behind no finding: nobody reads their functions, and what is known of them is their
outline. Where the outline of such a file says the same as before, at other places perhaps, so does the report.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Container
from pathlib import Path
from typing import Final

import msgspec

from leaklint.ir.facts import FileFacts, same
from leaklint.link.templates.reading import stacks_among
from leaklint.pipeline.cache import Cache, key_of
from leaklint.pipeline.kept import Kept
from leaklint.pipeline.reading import read_all
from leaklint.pipeline.stamps import mark_of, stamps_of
from leaklint.pipeline.units import outline, outlines_kept

MOST_EDITED: Final = 5
"""Files that are compared with what they were; a change of more is analysed."""
_LINES: Final = frozenset({"multiline_strings", "statements", "suppressions", "troubles"})
"""What an outline says only for the sake of comments that silence findings, and of findings about the file itself."""


def after(
    kept: Kept, edited: Collection[str], root: Path, own: Container[str], begun: int, cache: Cache
) -> Kept | None:
    """A report after edits that cannot change it; None where they may.

    ``begun`` is the time before the edits were found, ``own`` are the files of which the project knows outlines.
    """
    if len(edited) > MOST_EDITED or any(path not in own for path in edited):
        return None
    resting = {*kept.rests.read, *kept.report.sources, *(each.path for each in kept.report.handlers)}
    if not resting.isdisjoint(edited):
        return None
    contents, unread = read_all(root, edited, {})
    if unread or len(contents) < len(edited) or any(map(functools.partial(_may_matter, kept), contents.values())):
        return None
    outlined = {path: kept.outlined.get(path) or kept.stamps[path].mark for path in edited}
    before = outlines_kept(cache, key_of(root), outlined)
    if any(not _say_the_same(before.get(path), outline(content)) for path, content in contents.items()):
        return None
    stamps = stamps_of(root, edited, {path: mark_of(content) for path, content in contents.items()})
    if stamps is None:
        return None
    return msgspec.structs.replace(kept, made=begun, stamps=kept.stamps | stamps, outlined=kept.outlined | outlined)


def _may_matter(kept: Kept, content: bytes) -> bool:
    """Whether more than the outline of a file may matter that has this content now."""
    return bool(stacks_among({"": content})) or any(word in content for word in kept.rests.words)


def _say_the_same(one: FileFacts | None, other: FileFacts | None) -> bool:
    """Whether two outlines are the same but for places, and hold nothing that is reported by its place."""
    if one is None or other is None or one.suppressions or other.suppressions or one.troubles or other.troubles:
        return False
    return all(same(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__ if name not in _LINES)
