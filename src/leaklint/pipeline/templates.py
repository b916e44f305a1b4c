"""What the templates of a project say, read again only where one of them has changed, or a Python file came or went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from leaklint.link.templates.reading import Templates, read_templates
from leaklint.pipeline.cache import Cache, digest
from leaklint.pipeline.stamps import Mark, mark_of

KIND: Final = "templates"


class Known(msgspec.Struct, frozen=True):
    """An entry of the cache: what templates said, and what all that it rests on is known by."""

    mark: bytes
    said: Templates


def templates_of(
    texts: Mapping[str, bytes],
    own: Mapping[str, bytes],
    stacks: Mapping[str, bytes],
    wrappers: Mapping[str, str],
    cache: Cache | None,
    project: bytes,
    marks: Mapping[str, Mark] | None = None,
) -> Templates:
    """What templates say; ``own`` are the project's Python files, ``stacks`` those that may be stacks of the CDK.

    Of what no reader of templates looks at, only ``marks`` need to say what it is known by.
    """
    if cache is None:
        return read_templates(texts, own, stacks=stacks, wrappers=wrappers)
    marks = marks or {path: mark_of(text) for path, text in texts.items()}
    mark = _mark(marks, own, stacks, wrappers)
    known = cache.read(KIND, project, Known)
    if known is not None and known.mark == mark:
        return known.said
    said = read_templates(texts, own, stacks=stacks, wrappers=wrappers)
    if _mark(marks, own, stacks, wrappers) == mark:  # else one of them has changed before it was read
        cache.write(KIND, project, Known(mark, said))
    return said


def _mark(
    texts: Mapping[str, Mark], own: Iterable[str], stacks: Mapping[str, bytes], wrappers: Mapping[str, str]
) -> bytes:
    def parts() -> Iterable[bytes]:
        yield repr((sorted(texts), sorted(own), sorted(stacks), sorted(wrappers.items()))).encode(
            "utf-8", "surrogateescape"
        )
        yield from (texts[path].digest for path in sorted(texts))
        yield from (stacks[path] for path in sorted(stacks))

    return digest(*parts())
