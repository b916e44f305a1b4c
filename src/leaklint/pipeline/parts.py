"""One part of a program as findings: solved and checked, or taken from the cache where nothing has changed.

In a large part, few files matter to what is found. It is recorded which files were read, and what was asked about the
part as a whole (``leaklint.solve.overview``): a change of anything else changes no finding, and nothing is solved.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

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
from leaklint.pipeline.cache import Cache, digest
from leaklint.pipeline.copies import copies, shares
from leaklint.pipeline.hearing import Hears, nobody
from leaklint.pipeline.troubles import analysed_in_part, not_analysed
from leaklint.rules.check import check
from leaklint.solve import declared, solve
from leaklint.solve.overview import Overview, Question
from leaklint.solve.unmoved import Rests

KIND: Final = "solved"
MOST_LOWERED: Final = 500
"""Graphs of functions that are kept; a function that is solved again later is lowered again."""
LEAST_RECORDED: Final = 100
"""Files of a part of which it is recorded what its outcome rests on; a smaller one is solved before that is known."""
LEAST_SOLVED: Final = 100_000
"""Bytes of source, behind handlers, that are worth a process of their own."""
Lower = Callable[[str, str], tuple[Body, Trouble | None]]
"""Gives the graph of a function by path and name, and why it cannot be analysed, if so."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What solving a part gives."""

    findings: tuple[Finding, ...] = ()
    handlers: tuple[Handler, ...] = ()
    examined: Examined | None = None
    declared: tuple[Finding, ...] = ()
    """What outlines alone say of functions."""
    read: tuple[str, ...] = ()
    """The files that were read to solve it, sorted."""
    answers: tuple[tuple[Question, bytes], ...] = ()
    """What was asked about the part as a whole, and what the answers are known by, where that is recorded."""
    rests: Rests | None = None
    """What those of the answers rest on that are about something asynchronous."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """An outcome in the cache."""

    exactly: bytes
    """What the part was known by, with all its files."""
    outcome: Outcome
    marks: tuple[bytes, ...]
    """What the files were known by that were read."""
    digests: tuple[bytes, ...] = ()
    """What the bytes of all files of the part were known by, where it is recorded what the outcome rests on."""

    def rests_on(self, marks: Mapping[str, bytes]) -> bool:
        """Whether it is recorded what the outcome rests on, and the files among that are known by these marks."""
        return bool(self.outcome.answers) and self.marks == tuple(marks.get(path) for path in self.outcome.read)


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
    outlined: Callable[[bytes], FileFacts | None]
    """The outline, if it is still known, of a file as it was in the run before, by what its bytes were known by."""
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
        self,
        part: Part,
        asked: tuple[str, int] | None = None,
        *,
        only_handlers: bool = False,
        before: int = 0,
        under: _Underway | None = None,
    ) -> Outcome:
        """Solves a part; ``asked`` is a line of which all is wanted that is known, if it is in this part.

        ``before`` is the number of files that are solved already; ``under`` is the part where it has been begun.
        """
        under = under or self._begun(part)
        inside, overview = frozenset(part.files), under.overview
        asked = asked if asked and asked[0] in inside else None

        def called(handlers: int, of: int) -> None:
            self.hears("solving", before + handlers * len(inside) // (of + 1), len(self.files))

        called(0, 0)
        result = solve(overview, self.models, asked=asked, only_handlers=only_handlers, called=called)
        in_part = [analysed_in_part(place, what) for place, what in result.cut_short]
        findings = (*check(result.reached), *under.left_out.values(), *in_part)
        if asked or only_handlers:
            return Outcome(findings, result.handlers, result.examined, under.declared())
        recorded = len(part.files) >= LEAST_RECORDED
        return Outcome(
            findings,
            result.handlers,
            declared=under.declared(),
            read=under.read(),
            answers=tuple(overview.answers()) if recorded else (),
            rests=overview.rests() if recorded else None,
        )

    def _begun(self, part: Part) -> _Underway:
        """A part as a program of which nothing is solved yet."""
        inside = frozenset(part.files)
        left_out: dict[tuple[str, str], Finding] = {}
        lower = functools.lru_cache(MOST_LOWERED)(self.lower)

        lowered_in: set[str] = set()

        def sketch(path: str, name: str) -> Body | None:
            lowered_in.add(path)
            lowered, trouble = lower(path, name)
            return lowered if trouble is None else None

        def body(path: str, name: str) -> Body:
            lowered_in.add(path)
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
        return _Underway(Overview(program, self.models, self.library), left_out, lowered_in)

    def outcomes(self, cache: Cache | None, project: bytes, in_force: bytes, jobs: int = 1) -> list[Outcome]:
        """What solving the parts gives, as far as the cache does not know it.

        ``in_force`` stands for all that an outcome depends on besides its part: settings, rows and templates. ``jobs``
        processes share the work.
        """
        parts = self.parts()
        marks = self._marks(parts)
        names = [name.hex() for name in self._names(parts, in_force)]
        exactly = [
            hashlib.blake2b(b"".join(marks[path] for path in part.files), digest_size=20).digest() for part in parts
        ]
        kept = (cache.read(KIND, project, dict[str, Kept]) if cache is not None else None) or {}
        known: dict[str, Outcome] = {}
        asked: dict[str, _Asked] = {}
        for name, part, exact, before in zip(names, parts, exactly, self.before(parts), strict=True):
            last = kept.get(name)
            if last is not None and last.exactly == exact:
                known[name] = last.outcome
                continue
            under = self._begun(part) if last is not None and last.rests_on(marks) else None
            if last is not None and under is not None and self._holds(part, last, under.overview):
                read = tuple(sorted({*last.outcome.read, *under.lowered}))
                rests = under.overview.rests() or last.outcome.rests
                known[name] = msgspec.structs.replace(last.outcome, declared=under.declared(), read=read, rests=rests)
            else:
                asked[name] = _Asked(part, before, under and under.afresh())
        found = known | self._solved_anew(asked, jobs)
        if cache is not None and [(each, kept[each].exactly) for each in kept] != list(
            zip(names, exactly, strict=True)
        ):
            entry = {
                name: Kept(
                    exact,
                    found[name],
                    tuple(marks[path] for path in found[name].read),
                    tuple(self.digests[path] for path in part.files) if found[name].answers else (),
                )
                for name, part, exact in zip(names, parts, exactly, strict=True)
            }
            cache.write(KIND, project, entry)
        return [found[name] for name in names]

    def _holds(self, part: Part, last: Kept, overview: Overview) -> bool:
        """Whether all that an outcome rests on, besides the files that were read, is as it was."""
        known = zip(part.files, last.digests, strict=False)
        before = {path: self.outlined(mark) for path, mark in known if mark != self.digests[path]}
        is_known = len(last.digests) == len(part.files)
        return overview.holds(last.outcome.answers, last.outcome.rests, before if is_known else None)

    def _solved_anew(self, asked: Mapping[str, _Asked], jobs: int) -> dict[str, Outcome]:
        """What solving parts gives, by what they are called; ``jobs`` processes share them."""
        keys = list(asked)
        ours, *others = shares([self._weight(asked[key].part) for key in keys], jobs, LEAST_SOLVED)

        def outcomes(share: Iterable[int]) -> list[Outcome]:
            chosen = (asked[keys[each]] for each in share)
            return [self.solved(each.part, before=each.before, under=each.under) for each in chosen]

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

    def _names(self, parts: Iterable[Part], in_force: bytes) -> list[bytes]:
        """What each part is called: all that its outcome depends on, but what its files say."""
        handlers, adapted = self._handlers(), self.registrars.adapted if self.registrars is not None else _nothing
        # names may mean any file of the project, also where no import says so: ``sys.modules["settings"]``
        everywhere = digest(in_force, known_by(sorted(self.files)), known_by(self.modules.state()))
        found = []
        for part in parts:
            declared = [(path, path in self.foreign, handlers.get(path), adapted(path)) for path in part.files]
            found.append(digest(everywhere, known_by(declared)))
        return found

    def _marks(self, parts: Iterable[Part]) -> dict[str, bytes]:
        """What each file is known by: what it says, and what its imports mean."""
        return {
            path: digest(self.digests[path], known_by((path, targets)))
            for part in parts
            for path, targets in zip(part.files, part.imports, strict=True)
        }

    def _handlers(self) -> dict[str, list[Handler]]:
        found: dict[str, list[Handler]] = {}
        for each in (*self.handlers, *self.candidates):
            found.setdefault(each.path, []).append(each)
        return found


class _Underway(NamedTuple):
    """A part that is being solved."""

    overview: Overview
    left_out: dict[tuple[str, str], Finding]
    """Functions that cannot be analysed, as findings."""
    lowered: set[str]
    """The files of which functions were lowered."""

    def read(self) -> tuple[str, ...]:
        """The files that were read, sorted."""
        return tuple(sorted({*self.overview.seen.paths, *self.lowered}))

    def declared(self) -> tuple[Finding, ...]:
        """What outlines alone say of functions."""
        return tuple(check(declared(self.overview.whole)))

    def afresh(self) -> _Underway:
        """The same, of which nothing has been read yet."""
        return self._replace(overview=self.overview.afresh())


class _Asked(NamedTuple):
    """A part that is to be solved."""

    part: Part
    before: int
    """The number of files in the parts before it."""
    under: _Underway | None = None
    """Where it has been begun."""


def _nothing(_path: str) -> None:
    return None


def known_by(*depends: object) -> bytes:
    """Values as bytes that are the same for the same values."""
    try:
        return _ENCODER.encode(depends)
    except UnicodeEncodeError:  # a file whose name is no text
        return repr(depends).encode("utf-8", "surrogateescape")


def _within(handlers: Iterable[Handler], files: frozenset[str]) -> list[Handler]:
    return [each for each in handlers if each.path in files]
