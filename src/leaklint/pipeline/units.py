"""The files of a project as units: an outline at once, from the cache where the same bytes were seen before."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Final

import msgspec

from leaklint.facts import Source
from leaklint.ir.cfg import Body
from leaklint.ir.facts import FileFacts, Trouble
from leaklint.pipeline.cache import Cache, digest
from leaklint.pipeline.copies import copies, shares
from leaklint.pipeline.hearing import Hears, nobody

KIND: Final = "outlines"
EDITED: Final = "edited"
"""What was made after the outlines of most files had been written down."""
MOST_EDITED: Final = 1 / 8
"""The share of outlines that may be written down beside the others, or be outdated, until all are written anew."""
MOST_OUTDATED: Final = 200
"""Outlines of files as they were before that are kept for a comparison."""
MOST_KEPT: Final = 4_000_000
"""Bytes of source whose syntax trees are kept for lowering; older ones are made again when they are asked for."""
LARGE: Final = 16_000_000
"""Bytes of source of which so much else has to be kept that few trees are: each takes some thirty times its source."""
MOST_KEPT_OF_LARGE: Final = 500_000
LEAST_READ: Final = 1_500_000
"""Bytes of source that are worth a process of their own."""
_DECODER: Final = msgspec.msgpack.Decoder(FileFacts)
_ENCODER: Final = msgspec.msgpack.Encoder()
_RAWS: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])


def outline(source: bytes) -> FileFacts | None:
    """The outline of a file as it is read from the cache; None where it cannot be written down."""
    try:
        return _DECODER.decode(_ENCODER.encode(Source(source).facts))
    except (OverflowError, UnicodeEncodeError, msgspec.MsgspecError):
        return None


def outlines_kept(cache: Cache, project: bytes, wanted: Mapping[str, bytes]) -> dict[str, FileFacts]:
    """Those outlines in the cache that are wanted, by path; ``wanted`` says what each file was known by."""
    known = _written(cache, KIND, project) | _written(cache, EDITED, project)
    found: dict[str, FileFacts] = {}
    for path, mark in wanted.items():
        with contextlib.suppress(KeyError, msgspec.MsgspecError, ValueError):
            found[path] = _DECODER.decode(known[mark.hex()])
    return found


def _written(cache: Cache, kind: str, project: bytes) -> dict[str, msgspec.Raw]:
    return cache.read(kind, project, dict[str, msgspec.Raw]) or {}


class Units:
    """Outlines by path; a file is parsed where its outline is not known, or one of its functions is lowered."""

    def __init__(
        self,
        sources: Mapping[str, bytes],
        cache: Cache | None,
        project: bytes,
        hears: Hears = nobody,
        *,
        jobs: int = 1,
    ) -> None:
        self.digests: dict[str, bytes] = {}
        """What the bytes of each file are known by."""
        self.facts: dict[str, FileFacts] = {}
        self._sources: dict[str, bytes] = {}
        self._parsed: dict[bytes, tuple[Source, int]] = {}
        """By what the bytes of a file are known by, so that equal files are parsed once; and how many these are."""
        self._kept_bytes = 0
        self._most_kept = MOST_KEPT if sum(map(len, sources.values())) < LARGE else MOST_KEPT_OF_LARGE
        self._cache = cache
        self._project = project
        self._known = _written(cache, KIND, project) if cache is not None else {}
        self._edited = _written(cache, EDITED, project) if cache is not None and self._known else {}
        self._used: dict[str, msgspec.Raw] = {}
        self._outdated: dict[str, msgspec.Raw] = {}
        """Outlines of files as they were in the run before."""
        self.add(sources, hears, jobs=jobs)

    def add(self, sources: Mapping[str, bytes], hears: Hears = nobody, *, jobs: int = 1) -> None:
        """Takes in more files, such as code that stands in templates."""
        self._sources.update(sources)
        self.digests.update((path, digest(source)) for path, source in sources.items())
        new = list({mark: path for path in sources if not self._is_known(mark := self.digests[path])}.values())
        ours, *others = shares([len(sources[path]) for path in new], jobs, LEAST_READ)
        asked = [[new[each] for each in share] for share in others]
        made: dict[bytes, FileFacts] = {}
        with copies(asked, self._encoded) as results:
            for done, each in enumerate(ours):
                hears("reading", done * len(sources) // len(ours), len(sources))
                made[self.digests[new[each]]] = self._outlined(new[each])
            for paths, result in zip(asked, results, strict=True):
                sent = result()
                for path, raw in zip(paths, _RAWS.decode(sent) if sent is not None else (), strict=False):
                    facts = self._decoded(path, raw)
                    if facts is not None:
                        made[self.digests[path]] = facts
        for path in sources:
            mark = self.digests[path]
            facts = made.get(mark) or self._remembered(path) or self._outlined(path)
            self.facts[path] = made[mark] = facts

    def _encoded(self, paths: list[str]) -> bytes:
        """The outlines of files as another process takes them; nothing for one that cannot be written down."""
        found = []
        for path in paths:
            try:
                found.append(msgspec.Raw(_ENCODER.encode(Source(self._sources[path]).facts)))
            except (OverflowError, UnicodeEncodeError):
                found.append(msgspec.Raw(_ENCODER.encode(None)))
        return _ENCODER.encode(found)

    def _outlined(self, path: str) -> FileFacts:
        """The outline of a file; the tree is kept while there is room, since the first files are lowered first."""
        source = self._sources[path]
        keeps = self._kept_bytes + len(source) <= self._most_kept
        facts = self._parse(path).facts if keeps else Source(source).facts
        if self._cache is not None:
            # One that cannot be written down is parsed again each time.
            with contextlib.suppress(OverflowError, UnicodeEncodeError):
                self._used[self.digests[path].hex()] = msgspec.Raw(_ENCODER.encode(facts))
        return facts

    def lower(self, path: str, name: str) -> tuple[Body, Trouble | None]:
        """The graph of a function, and why it cannot be analysed, if so."""
        parsed = self._parsed.get(self.digests[path])
        return (parsed[0] if parsed is not None else self._parse(path)).lower(name)

    def _parse(self, path: str) -> Source:
        source = self._sources[path]
        self._kept_bytes += len(source)
        while self._parsed and self._kept_bytes > self._most_kept:
            _, size = self._parsed.pop(next(iter(self._parsed)))
            self._kept_bytes -= size
        parsed = Source(source, self.facts.get(path))
        self._parsed[self.digests[path]] = parsed, len(source)
        return parsed

    def keep(self) -> None:
        """Keeps the outlines for the next run, where they are not what was kept before; no more files come after it."""
        if self._cache is not None:
            edited = {mark: raw for mark, raw in self._used.items() if mark not in self._known}
            outdated = len(self._known) + len(edited) - len(self._used)
            if len(edited) + outdated > MOST_EDITED * len(self._used):
                self._cache.write(KIND, self._project, self._used)
                edited = {}
            if edited.keys() != self._edited.keys():
                self._cache.write(EDITED, self._project, edited)
        known = {**self._known, **self._edited}
        gone = [mark for mark in known if mark not in self._used][-MOST_OUTDATED:]
        self._outdated = {mark: known[mark].copy() for mark in gone}
        self._known, self._edited, self._used = {}, {}, {}

    def before(self, mark: bytes) -> FileFacts | None:
        """The outline of a file as it was in the run before, if that is still known."""
        raw = self._outdated.get(mark.hex())
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            return _DECODER.decode(raw) if raw is not None else None
        return None

    def _is_known(self, mark: bytes) -> bool:
        return mark.hex() in self._known or mark.hex() in self._edited

    def _remembered(self, path: str) -> FileFacts | None:
        mark = self.digests[path].hex()
        raw = self._known.get(mark) or self._edited.get(mark) or self._used.get(mark)
        return None if raw is None else self._decoded(path, raw)

    def _decoded(self, path: str, raw: msgspec.Raw) -> FileFacts | None:
        """The outline of a file as it was written down, to be kept for the next run."""
        try:
            facts = _DECODER.decode(raw)
        except (msgspec.MsgspecError, ValueError):
            return None
        if self._cache is not None:
            self._used[self.digests[path].hex()] = raw
        return facts
