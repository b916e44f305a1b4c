"""The state of one function at one point: what its names denote and which effects still hang.

A *token* is an effect under way: it is opened where it happens, settled by what undoes it, and handed to the caller
with its status when the function ends. Joining two states keeps what holds on both (resets, guards) and adds up what
may hold on either (tokens, reads).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import msgspec.structs

from leaklint.ir.effects import AnyEffect, Consume, Create, Defer, Pending, Work
from leaklint.ir.location import Place, Span
from leaklint.ir.values import MAX_FIELDS, Path, Root, RootKind, Sources, Value
from leaklint.solve import losing
from leaklint.solve.concerning import may_be_same
from leaklint.solve.contents import but_for_what_is_new, in_dictionary, written_within
from leaklint.solve.flags import Flagged
from leaklint.solve.guards import Tested
from leaklint.solve.heap import Heap
from leaklint.solve.lattice import CONTENT, ELEMENT, HELD, ORIGINAL, is_prefix, is_within
from leaklint.solve.merging import merged
from leaklint.solve.repeated import is_asked, names_in
from leaklint.solve.tokens import Tokens

Trace = tuple[Place, ...]
"""Calls from the function under analysis to the effect's site, outermost first."""


class Status(enum.IntEnum):
    """What is known of a token on the paths that reach a point."""

    SETTLED = 0
    UNCERTAIN = 1
    MIXED = 2
    """Settled on some paths only."""
    OPEN = 3


Condition = tuple[str, str, bool]
"""A test of a local name: the name, ``true``, ``none`` or ``some``, and whether it holds; or ``SAME``."""
SAME: Final = "same"
"""Kind of the condition that a test holds that the function asks more than once (see ``repeated.py``)."""
FOLLOWED: Final = (Pending, Create, Defer)
"""The effects that are followed where no handler is asked for."""
MOST_READS: Final = 1_000
"""Of further places that are read, only the objects are known in which they lie."""
MOST_TOKENS: Final = 1_500
"""Of further effects in one function, nothing is known but how many there are."""
RESULT: Final = "<result>"
"""In conditions: what the call returns that opens something, until the name is known that is bound to it."""
PLAIN: Final = "plain"
"""Kind of the condition that a function, by identity, is none that gives a coroutine."""


class Token(NamedTuple):
    """An effect under way."""

    effect: AnyEffect
    trace: Trace
    status: Status = Status.OPEN
    skipped_at: Span | None = None
    under: frozenset[Condition] = frozenset()
    """Tests of local names under which it was opened."""
    repeated: bool = False
    """Opened again, in a loop, while nothing but one name referred to the one before: that one is lost."""
    settled_with_exception: bool = False
    """Already known not to be settled when an exception passes (from the summary of a callee, or a ``try``)."""
    by_surprise: bool = False
    """Open only where an exception that nobody expects has come (see ``surprise.py``)."""
    timed_out: bool = False
    """Open only where an exception says that waiting for it took too long."""
    within: bool = False
    """Settled as one of the elements of a loop that has not walked through all of them yet."""
    absent: bool = False
    """Settled by nobody: on this path, a test says that there is nothing of it."""
    many: bool = False
    """Opened again while it was under way: it stands for several, of which somebody may wait for a single one."""

    @property
    def key(self) -> tuple[object, ...]:
        """Two effects with one key are one token.

        What a setter puts into a place is one thing, and that it throws it away, when it is called again, is another.
        """
        effect = self.effect
        what = getattr(effect, "work", None) or getattr(effect, "api", None) or getattr(effect, "empties", None)
        return (type(effect), effect.site, effect.path, what)


class State:
    """Names, fields, tokens and path facts; copied where paths part."""

    __slots__ = (
        "absent",
        "asked",
        "cleared",
        "conditions",
        "empty",
        "env",
        "escaped",
        "flagged",
        "full",
        "guards",
        "handed_over",
        "heap",
        "heeded",
        "iterating",
        "kept",
        "line",
        "listed",
        "partly",
        "quiet",
        "read_first",
        "reads",
        "reads_after",
        "reread",
        "resets",
        "served",
        "settled",
        "suppressed",
        "tests",
        "timeouts",
        "tokens",
        "trimmed",
        "unopened",
        "vacant",
        "whole",
        "written",
    )

    def __init__(self) -> None:
        self.env: dict[str, Value] = {}
        self.heap = Heap()
        self.tokens = Tokens()
        self.quiet = False
        """Whether only work and declarations are followed: nobody asks what is written, read or closed."""
        self.unopened: set[tuple[object, ...]] = set()
        """Keys of the effects beyond ``MOST_TOKENS``, which are left out; one set for all states of a function."""
        self.resets: frozenset[Path] = frozenset()
        """Places that have been reset on every path to here."""
        self.written: frozenset[Path] = frozenset()
        """Places that have been bound on every path to here."""
        self.handed_over: frozenset[Path] = frozenset()
        """Symbolic paths of what some path has given to a callee of which nothing is known."""
        self.trimmed: frozenset[Path] = frozenset()
        """Places that some path has emptied or taken something out of."""
        self.read_first: frozenset[Path] = frozenset()
        """Places whose content some path has read before it was thrown away."""
        self.empty: frozenset[Path] = frozenset()
        """Containers of which a test on the way here says that nothing is in them."""
        self.vacant: frozenset[Path] = frozenset()
        """Places of which a test on the way here says that nothing is there yet: no such key, or None."""
        self.flagged: frozenset[Flagged] = frozenset()
        """What has been bound or reset where a local name is true, or where it is false."""
        self.full: frozenset[Path] = frozenset()
        """Containers in which there is something on every path to here (see ``fullness.py``)."""
        self.reads: frozenset[Path] = frozenset()
        """Surviving places that some path has read before writing them."""
        self.reads_after: frozenset[tuple[Path, Path]] = frozenset()
        """Places of a parameter that had been bound, and surviving ones, which may be the same, read since then."""
        self.reread: frozenset[Path] = frozenset()
        """Places that some path has read that had been bound by then."""
        self.partly: frozenset[Path] = frozenset()
        """Symbolic paths settled in a loop that has not walked through all of them yet."""
        self.settled: dict[Path, tuple[bool, bool]] = {}
        """Symbolic paths, and names of files put together here, settled so far: (certain, on every path)."""
        self.absent: frozenset[Path] = frozenset()
        """Those of them that are only because there is nothing there on this path: another one decides."""
        self.served: frozenset[tuple[Path, Path, bool]] = frozenset()
        """Containers from which work takes what it settles, each with what that work hangs on, and whether it does so
        again and again (see ``serving.py``)."""
        self.suppressed: frozenset[str] = frozenset()
        """Names of the exceptions that a ``with suppress(...)`` around here swallows."""
        self.timeouts: frozenset[Path] = frozenset()
        """What ends, at some time, whatever is awaited here: the managers of the ``async with timeout()`` around it."""
        self.guards: frozenset[Tested] = frozenset()
        self.escaped: dict[Path, Path] = {}
        """Objects made here that a surviving place refers to."""
        self.kept: frozenset[Path] = frozenset()
        """Symbolic paths of what some path has put into a surviving place, or into an object of the caller."""
        self.heeded: frozenset[Path] = frozenset()
        """Events and flags looked at so far."""
        self.iterating: frozenset[Path] = frozenset()
        """Objects that are the elements of a loop under way."""
        self.whole: Sources = frozenset()
        """In a loop: what has been bound or reset for all elements, and not for the one that it has reached."""
        self.listed: frozenset[tuple[Sources, Path]] = frozenset()
        """What keys are made from that have been found in a table on every path to here, and the table."""
        self.cleared: frozenset[Path] = frozenset()
        """Marks for files, or in a loop folders, of which this round has removed its own on every path to here."""
        self.line: Span | None = None
        self.conditions: frozenset[Condition] = frozenset()
        """Tests of local names that hold here."""
        self.asked: frozenset[str] = frozenset()
        """Local names of which some path has asked something that the function asks more than once."""
        self.tests: dict[str, tuple[str, str]] = {}
        """What the results of tests in this block say: ``none``, ``some`` or ``false``, and of which operand."""

    def copy(self) -> State:
        """An independent state that says the same."""
        other = State.__new__(State)
        other.env = self.env.copy()
        other.heap = self.heap.copy()
        other.tokens, other.unopened, other.quiet = self.tokens.copy(), self.unopened, self.quiet
        other.resets, other.written, other.empty, other.full = self.resets, self.written, self.empty, self.full
        other.read_first, other.reread, other.vacant = self.read_first, self.reread, self.vacant
        other.reads, other.guards, other.trimmed = self.reads, self.guards, self.trimmed
        other.reads_after, other.cleared = self.reads_after, self.cleared
        other.handed_over, other.listed, other.flagged = self.handed_over, self.listed, self.flagged
        other.settled, other.absent = self.settled.copy(), self.absent
        other.escaped, other.kept = self.escaped.copy(), self.kept
        other.suppressed, other.timeouts, other.heeded = self.suppressed, self.timeouts, self.heeded
        other.iterating, other.partly, other.whole = self.iterating, self.partly, self.whole
        other.line, other.conditions, other.tests = self.line, self.conditions, self.tests
        other.asked, other.served = self.asked, self.served
        return other

    def same(self, other: State) -> bool:
        """Whether both say the same (tokens by key and status: traces take no part)."""
        return (
            self.env == other.env
            and self.heap == other.heap
            and self.resets == other.resets
            and self.written == other.written
            and self.empty == other.empty
            and self.vacant == other.vacant
            and self.full == other.full
            and self.listed == other.listed
            and self.flagged == other.flagged
            and (self.reads, self.reads_after) == (other.reads, other.reads_after)
            and self.reread == other.reread
            and (self.guards, self.cleared) == (other.guards, other.cleared)
            and self.settled == other.settled
            and self.absent == other.absent
            and self.handed_over == other.handed_over
            and self.kept == other.kept
            and self.served == other.served
            and self.tokens.keys() == other.tokens.keys()
            and all(_as_settled(token, other.tokens[key]) for key, token in self.tokens.items())
        )

    def line_for(self, token: Token) -> Span | None:
        """The line that this path has come to, where it is one of the file in which the token's effect happens."""
        return None if token.trace and token.trace[0].path != token.effect.site.path else self.line

    # ----------------------------------------------------------------------------------------------------- tokens
    def open(self, token: Token) -> None:
        """An effect happens. A settled one of the same key is open again."""
        if self.quiet and type(token.effect) not in FOLLOWED:
            return
        old = self.tokens.get(token.key)
        if token.effect.only_if is not None and (old is None or old.status is Status.SETTLED):
            token = token._replace(under=self.conditions | {(RESULT, "true", token.effect.only_if)})
        if old is None and len(self.tokens) >= MOST_TOKENS:
            self.unopened.add(token.key)
            return
        if old is not None and old.status is not Status.SETTLED:
            repeated = old.repeated or (old.status is Status.OPEN and self._overwrites(old.effect))
            effect = merged(old.effect, token.effect)
            status = max(old.status, token.status)
            token = Token(effect, old.trace, status, old.skipped_at, repeated=repeated, many=True)
        if self.conditions and not token.under:
            token = token._replace(under=self.conditions)
        self.tokens[token.key] = token

    def kept_at(self, path: Path, *, whole: bool = False) -> Path | None:
        """The surviving place by which later invocations reach an object made here; None where none does.

        With ``whole``, None as well where it lies too deep to have a path of its own.
        """
        for count in range(len(path.fields), -1, -1):
            kept = self.escaped.get(Path(path.root, path.fields[:count]))
            if kept is not None:
                if whole and len(kept.fields) + len(path.fields) - count > MAX_FIELDS:
                    return None
                return Path(kept.root, (*kept.fields, *path.fields[count:])[:MAX_FIELDS])
        return None

    def lasting(self, path: Path) -> Path | None:
        """Where later invocations find what lies at a path: where an object made here is kept, if it is."""
        return self.kept_at(path) if path.root.kind is RootKind.MADE else path

    def may_hold_another(self, made: Root) -> bool:
        """Whether the place that keeps an object made here may still hold what an earlier invocation left there."""
        return any(
            thing.type == ORIGINAL or thing.path == place
            for path, place in self.escaped.items()
            if path.root == made and (held := self.heap.get(place)) is not None
            for thing in held.things
        )

    def read_in_place(self, path: Path) -> None:
        """An object is read, or the one of an earlier invocation that may lie where one made here is kept."""
        place = self.lasting(path)
        if place is not None and (place == path or (ELEMENT not in place.fields and self.may_hold_another(path.root))):
            self.read(place)

    def _overwrites(self, effect: AnyEffect) -> bool:
        """Whether at most one name refers to the work that is pending when it is started again, or to what owns it."""
        path = losing.made_here(effect, self.escaped) or losing.submitted(effect, self.escaped)
        is_timer = isinstance(effect, Pending) and effect.work is Work.TIMER  # one that has fired may set the next
        return losing.is_lone(self.env, self.heap, path, self.escaped, owners=0 if is_timer else losing.MOST_OWNERS)

    def without_object(self, token: Token, path: Path) -> Token:
        """Work on a path on which nothing refers to its object any more."""
        assert isinstance(token.effect, Pending)
        held = token.effect.held and token.effect.work is not Work.COROUTINE
        effect = msgspec.structs.replace(token.effect, path=losing.lost(path), held=held, how_dropped="lost")
        return token._replace(effect=effect, status=Status.MIXED, skipped_at=self.line_for(token))

    def assume(self, name: str, kind: str, holds: bool) -> None:
        """A test of a local name holds from here on: what was opened under its opposite is not there."""
        opposite = (name, kind, not holds)
        for key in [key for key, token in self.tokens.items() if opposite in token.under]:
            del self.tokens[key]
        self.conditions |= {(name, kind, holds)}
        if kind == SAME:
            self.asked = self.asked.union(names_in(name))
        told = [each for each in self.flagged if kind == "true" and (each.name, each.holds) == (name, holds)]
        self.written |= {each.place for each in told if not each.is_reset}
        self.resets |= {each.place for each in told if each.is_reset}

    def forget_condition(self, name: str) -> None:
        """A local name is bound anew: tests of it say nothing any more."""
        if self.flagged:
            self.flagged = frozenset(each for each in self.flagged if each.name != name)
        self._forget(lambda each: each[0] == name or (each[1] == SAME and name in names_in(each[0])))

    def changes(self, path: Path) -> None:
        """An object holds something else from now on: what has been asked of it may be answered otherwise."""
        of_it = {name for name in self.asked if is_asked(name, self.env.get(name), path)}
        if of_it:
            self._forget(lambda each: each[1] == SAME and not of_it.isdisjoint(names_in(each[0])))

    def _forget(self, is_gone: Callable[[Condition], bool]) -> None:
        """Conditions that no longer say anything, here or of what has been opened under them."""
        if any(is_gone(each) for each in self.conditions):
            self.conditions = frozenset(each for each in self.conditions if not is_gone(each))
        for key, token in self.tokens.items():
            if token.under and any(is_gone(each) for each in token.under):
                under = frozenset(each for each in token.under if not is_gone(each))
                self.tokens[key] = token._replace(under=under)

    def settle(
        self,
        keys: Iterable[tuple[object, ...]],
        status: Status = Status.SETTLED,
        *,
        times_out: bool = False,
        within: bool = False,
        absent: bool = False,
    ) -> None:
        """What undoes these tokens happens, or a test says that there is nothing to undo."""
        for key in keys:
            token, reached = self.tokens[key], status
            if token.repeated and status is Status.SETTLED and not absent and isinstance(token.effect, Pending):
                overwritten = msgspec.structs.replace(token.effect, how_dropped="overwritten")
                token, reached = token._replace(effect=overwritten), Status.MIXED
                self.tokens[key] = token
            if token.status > reached:
                self.tokens[key] = token._replace(status=reached, timed_out=times_out, within=within, absent=absent)
            elif token.within and not within:
                self.tokens[key] = token._replace(within=False)

    def read(self, path: Path) -> None:
        """A surviving place is read."""
        if self.quiet:
            return
        if ".__dict__" in path.fields:
            path = in_dictionary(path)
        if path in self.reads or self.is_reset(path):
            return
        if CONTENT in path.fields:
            self.reread |= written_within(path, self.written)
            path = but_for_what_is_new(path, self.written)
        if path.fields[-1:] == (".context",) and Path(path.root, (*path.fields[:-1], HELD)) in self.resets:
            return  # a context variable that has been set before
        if self.hands_on(path):
            return
        if after := [each for each in self.written if may_be_same(each, path)]:
            self.reads_after |= {(after[0], path)}
            return
        self.reads |= {path if len(self.reads) < MOST_READS else Path(path.root)}

    def hands_on(self, path: Path) -> bool:
        """What has been bound in a place, or around it, may be read from here on; whether there is any."""
        bound = [place for place in self.written if is_prefix(place, path) or is_prefix(path, place)]
        if bound:
            self.reread = self.reread.union({path}, [place for place in bound if is_prefix(path, place)])
        return bool(bound)

    def is_bound(self, path: Path) -> bool:
        """Whether the place, or what it lies in, has been bound anew on every path to here."""
        return self.is_reset(path) or is_within(path, self.written)

    def is_new(self, path: Path) -> bool:
        """Whether the place has been reset, and nobody has looked at what was in it before."""
        return self.is_reset(path) and not is_within(path, self.read_first)

    def is_reset(self, path: Path) -> bool:
        """Whether the place, or what it lies in, has been reset on every path to here."""
        return is_within(path, self.resets)


def _as_settled(one: Token, two: Token) -> bool:
    flags = (one.within, one.timed_out, one.repeated, one.many) == (two.within, two.timed_out, two.repeated, two.many)
    kept = not isinstance(one.effect, Consume) or one.effect == two.effect
    return one.status is two.status and flags and kept
