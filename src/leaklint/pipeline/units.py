"""The files of a project as units: an outline at once, from the cache where the same bytes were seen before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from leaklint.facts import Source
from leaklint.ir.cfg import Body
from leaklint.ir.facts import FileFacts, Trouble
from leaklint.pipeline.cache import Cache, digest
from leaklint.pipeline.hearing import Hears, nobody

KIND: Final = "outlines"
MOST_KEPT: Final = 4_000_000
"""Bytes of source whose syntax trees are kept for lowering; older ones are made again when they are asked for."""
_DECODER: Final = msgspec.msgpack.Decoder(FileFacts)
_ENCODER: Final = msgspec.msgpack.Encoder()


class Units:
    """Outlines by path; a file is parsed where its outline is not known, or one of its functions is lowered."""

    def __init__(
        self, sources: Mapping[str, bytes], cache: Cache | None, project: bytes, hears: Hears = nobody
    ) -> None:
        self.digests: dict[str, bytes] = {}
        """What the bytes of each file are known by."""
        self.facts: dict[str, FileFacts] = {}
        self._sources: dict[str, bytes] = {}
        self._parsed: dict[str, Source] = {}
        self._kept_bytes = 0
        self._cache = cache
        self._project = project
        known = cache.read(KIND, project, dict[str, msgspec.Raw]) if cache is not None else None
        self._known: dict[str, msgspec.Raw] = known or {}
        self._used: dict[str, msgspec.Raw] = {}
        self.add(sources, hears)

    def add(self, sources: Mapping[str, bytes], hears: Hears = nobody) -> None:
        """Takes in more files, such as code that stands in templates."""
        for done, (path, source) in enumerate(sources.items()):
            hears("reading", done, len(sources))
            self._sources[path] = source
            mark = self.digests[path] = digest(source)
            facts = self._remembered(mark.hex())
            if facts is None:
                facts = self._outlined(path)
                self._remember(mark.hex(), facts)
            self.facts[path] = facts

    def _outlined(self, path: str) -> FileFacts:
        """The outline of a file; the tree is kept while there is room, since the first files are lowered first."""
        source = self._sources[path]
        if self._kept_bytes + len(source) > MOST_KEPT:
            return Source(source).facts
        return self._parse(path).facts

    def lower(self, path: str, name: str) -> tuple[Body, Trouble | None]:
        """The graph of a function, and why it cannot be analysed, if so."""
        parsed = self._parsed.get(path)
        if parsed is None:
            parsed = self._parse(path)
        return parsed.lower(name)

    def _parse(self, path: str) -> Source:
        source = self._sources[path]
        self._kept_bytes += len(source)
        while self._parsed and self._kept_bytes > MOST_KEPT:
            oldest = next(iter(self._parsed))
            self._kept_bytes -= len(self._sources[oldest])
            del self._parsed[oldest]
        parsed = self._parsed[path] = Source(source)
        return parsed

    def keep(self) -> None:
        """Keeps the outlines for the next run, where they are not what was kept before."""
        if self._cache is not None and self._used.keys() != self._known.keys():
            self._cache.write(KIND, self._project, self._used)

    def _remembered(self, mark: str) -> FileFacts | None:
        raw = self._known.get(mark) or self._used.get(mark)
        if raw is None:
            return None
        try:
            facts = _DECODER.decode(raw)
        except (msgspec.MsgspecError, ValueError):
            return None
        self._used[mark] = raw
        return facts

    def _remember(self, mark: str, facts: FileFacts) -> None:
        if self._cache is None:
            return
        try:
            self._used[mark] = msgspec.Raw(_ENCODER.encode(facts))
        except (OverflowError, UnicodeEncodeError):
            return  # such a file is parsed again each time
