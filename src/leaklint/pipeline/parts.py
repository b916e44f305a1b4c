"""One part of a program as findings: solved and checked, or taken from the cache where nothing in it has changed."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from leaklint.ir.cfg import Body
from leaklint.ir.examined import Examined
from leaklint.ir.facts import FileFacts, Trouble
from leaklint.ir.finding import Finding
from leaklint.ir.handler import Handler
from leaklint.link.decorators import Declared
from leaklint.link.library import Library
from leaklint.link.modules import Modules
from leaklint.link.parts import Part, parts_of
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.pipeline.cache import Cache
from leaklint.pipeline.copies import copies, shares
from leaklint.pipeline.hearing import Hears, nobody
from leaklint.pipeline.troubles import analysed_in_part, not_analysed
from leaklint.rules.check import check
from leaklint.solve import solve

KIND: Final = "solved"
MOST_LOWERED: Final = 500
"""Graphs of functions that are kept; a function that is solved again later is lowered again."""
LEAST_SOLVED: Final = 100_000
"""Bytes of source, behind handlers, that are worth a process of their own."""
Lower = Callable[[str, str], tuple[Body, Trouble | None]]
"""Gives the graph of a function by path and name, and why it cannot be analysed, if so."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What solving a part gives."""

    findings: tuple[Finding, ...] = ()
    handlers: tuple[Handler, ...] = ()
    examined: Examined | None = None


_ENCODER: Final = msgspec.msgpack.Encoder()
_OUTCOMES: Final = msgspec.msgpack.Decoder(list[Outcome])


class Whole(msgspec.Struct, frozen=True):
    """A program that is to be solved, part by part."""

    files: Mapping[str, FileFacts]
    lower: Lower
    modules: Modules
    models: Models
    library: Library
    handlers: Sequence[Handler]
    candidates: Sequence[Handler]
    registrars: Declared | None
    placed: Callable[[Handler], Handler]
    """The handler with what the settings say of its platform."""
    foreign: frozenset[str]
    """Files of bundled packages, which are never reported."""
    digests: Mapping[str, bytes]
    """What the bytes of each file are known by."""
    sizes: Mapping[str, int]
    """How many bytes each file has."""
    hears: Hears = nobody
    """Is told how many files are solved."""

    def parts(self) -> list[Part]:
        """The parts that are solved one by one."""
        placed = ((each.path, each.place.path) for each in (*self.handlers, *self.candidates))
        return parts_of(self.files, self.modules, placed)

    def before(self, parts: Iterable[Part]) -> list[int]:
        """For each part, the number of files in those before it."""
        return [0, *itertools.accumulate(len(part.files) for part in parts)][:-1]

    def solved(
        self, part: Part, asked: tuple[str, int] | None = None, *, only_handlers: bool = False, before: int = 0
    ) -> Outcome:
        """Solves a part; ``asked`` is a line of which all is wanted that is known, if it is in this part.

        ``before`` is the number of files that are solved already.
        """
        inside = frozenset(part.files)
        left_out: dict[tuple[str, str], Finding] = {}

        lower = functools.lru_cache(MOST_LOWERED)(self.lower)

        def sketch(path: str, name: str) -> Body | None:
            lowered, trouble = lower(path, name)
            return lowered if trouble is None else None

        def body(path: str, name: str) -> Body:
            lowered, trouble = lower(path, name)
            if trouble is not None:
                left_out[path, name] = not_analysed(path, trouble.reason, trouble.span)
            return lowered

        program = Program(
            {path: self.files[path] for path in part.files},
            body,
            self.modules,
            _within(self.handlers, inside),
            _within(self.candidates, inside),
            self.registrars,
            placed=self.placed,
            reported=lambda path: path not in self.foreign,
            sketch=sketch,
        )
        asked = asked if asked and asked[0] in inside else None

        def called(handlers: int, of: int) -> None:
            self.hears("solving", before + handlers * len(inside) // (of + 1), len(self.files))

        called(0, 0)
        result = solve(program, self.models, self.library, asked=asked, only_handlers=only_handlers, called=called)
        in_part = [analysed_in_part(place, what) for place, what in result.cut_short]
        return Outcome((*check(result.reached), *left_out.values(), *in_part), result.handlers, result.examined)

    def outcomes(self, cache: Cache | None, project: bytes, in_force: bytes, jobs: int = 1) -> list[Outcome]:
        """What solving the parts gives, as far as the cache does not know it.

        ``in_force`` stands for all that an outcome depends on besides its part: settings, rows and templates. ``jobs``
        processes share the work.
        """
        parts = self.parts()
        before = self.before(parts)
        keys = [key.hex() for key in self._keys(parts, in_force)]
        known = cache.read(KIND, project, dict[str, Outcome]) if cache is not None else None
        known = known or {}
        found = known | self._solved_anew(
            {key: (part, solved) for key, part, solved in zip(keys, parts, before, strict=True) if key not in known},
            jobs,
        )
        if cache is not None and set(keys) != known.keys():
            cache.write(KIND, project, {key: found[key] for key in keys})
        return [found[key] for key in keys]

    def _solved_anew(self, asked: Mapping[str, tuple[Part, int]], jobs: int) -> dict[str, Outcome]:
        """What solving parts gives, by what they are known by; ``jobs`` processes share them."""
        keys = list(asked)
        ours, *others = shares([self._weight(asked[key][0]) for key in keys], jobs, LEAST_SOLVED)

        def outcomes(share: Iterable[int]) -> list[Outcome]:
            return [self.solved(asked[keys[each]][0], before=asked[keys[each]][1]) for each in share]

        found: dict[int, Outcome] = {}
        with copies(others, lambda share: _ENCODER.encode(outcomes(share))) as results:
            found.update(zip(ours, outcomes(ours), strict=True))
            for share, result in zip(others, results, strict=True):
                sent = result()
                found.update(zip(share, outcomes(share) if sent is None else _OUTCOMES.decode(sent), strict=True))
        return {keys[each]: outcome for each, outcome in found.items()}

    def _weight(self, part: Part) -> int:
        """How much work a part is, in bytes of source that handlers reach."""
        inside = frozenset(part.files)
        size = sum(self.sizes[path] for path in part.files)
        return size if any(each.path in inside for each in (*self.handlers, *self.candidates)) else size // 20

    def _keys(self, parts: Iterable[Part], in_force: bytes) -> list[bytes]:
        """What each part is known by: all that its outcome depends on."""
        handlers: dict[str, list[Handler]] = {}
        for each in (*self.handlers, *self.candidates):
            handlers.setdefault(each.path, []).append(each)
        encode = msgspec.msgpack.Encoder().encode

        def known_by(*depends: object) -> bytes:
            try:
                return encode(depends)
            except UnicodeEncodeError:  # a file whose name is no text
                return repr(depends).encode("utf-8", "surrogateescape")

        found = []
        for part in parts:
            key = hashlib.blake2b(in_force, digest_size=20)
            for path, targets in zip(part.files, part.imports, strict=True):
                key.update(known_by(path, self.digests[path], targets, path in self.foreign, handlers.get(path)))
            found.append(key.digest())
        return found


def _within(handlers: Iterable[Handler], files: frozenset[str]) -> list[Handler]:
    return [each for each in handlers if each.path in files]
