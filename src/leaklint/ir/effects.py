"""Effects: what a function does that its caller, or a later invocation, can observe.

Effects are what the analysis computes and all that rules see. In a summary their paths start at the function's
parameters; for a handler they have been followed to the end, so that ``subject`` says what survives and ``request``
says which request data is in it.

An effect that something later undoes is an *obligation*: a mutation is settled by a reset, work by waiting for it, a
token by resetting it, a file by removing it. ``Settled`` says on which paths that happens.
"""

from __future__ import annotations

import enum
from typing import Final, TypeAlias

import msgspec

from leaklint.ir.cfg import ConstantValue
from leaklint.ir.location import Place, Span
from leaklint.ir.values import Path, Sources


class Settled(enum.IntEnum):
    """On which paths an effect is undone before the invocation ends; ordered from bad to good."""

    NEVER = 0
    SOME_PATHS = 1
    """Some normal path skips it; the effect's ``skipped_at`` says where it leaves."""
    UNCERTAIN = 2
    """It may not hold: a ``join`` with a timeout, a stop event without a join."""
    NORMAL_PATHS = 3
    """An exception can skip it."""
    ALWAYS = 4


class Work(enum.StrEnum):
    """What an invocation opens and has to settle."""

    COROUTINE = "coroutine"
    TASK = "task"
    THREAD = "thread"
    TIMER = "timer"
    FUTURE = "future"
    PROCESS = "process"
    FILE = "file"
    LIBRARY_CONTEXT = "library context"
    TOKEN = "token"
    BUFFER = "buffer"
    SIBLINGS = "siblings"
    GENERATOR = "generator"


class Outcome(enum.StrEnum):
    """What becomes of work that is pending when the handler returns."""

    RESUMES_LATER = "resumes-later"
    RUNS_ON = "runs-on"
    LOST = "lost"
    UNKNOWN = "unknown"


class Regime(enum.StrEnum):
    """Which event loop runs a coroutine."""

    NONE = "none"
    """Nothing is known, or no loop is involved."""
    RUN = "run"
    """``asyncio.run``: a new loop, closed at the end, which cancels what is left."""
    ENDS = "ends"
    """A loop that the invocation makes for itself and leaves: nobody runs it again."""
    OPEN = "open"
    """A loop that stays open over invocations."""


CLOSED: Final = frozenset({Regime.RUN, Regime.ENDS})
"""Loops on which nothing goes on after the invocation."""


class Lifetime(enum.StrEnum):
    """Where a subject lives, which decides who sees it after the invocation."""

    INVOCATION = "invocation"
    MODULE = "module"
    CLASS = "class"
    DEFAULT = "default"
    CLOSURE = "closure"
    FUNCTION = "function"
    PROCESS = "process"
    LIBRARY = "library"
    THREAD_LOCAL = "thread-local"
    CONTEXT_VARIABLE = "context variable"


class Subject(msgspec.Struct, frozen=True, gc=False):
    """What an effect is about, in words: resolved when the effect has reached a handler."""

    lifetime: Lifetime = Lifetime.INVOCATION
    name: str = ""
    """As its owner would call it: ``SEEN``, ``Loader.cache``, ``os.environ``."""
    type: str = ""
    """Short name of its type, such as ``list``, or empty."""
    defined: Place | None = None


class How(enum.StrEnum):
    """How a place is written."""

    GROW = "grow"
    SHRINK = "shrink"
    CLEAR = "clear"
    SET_ITEM = "set item"
    SET_ATTRIBUTE = "set attribute"
    DELETE = "delete"
    REORDER = "reorder"
    REBIND = "rebind"
    COUNT = "count"
    """Rebound to a value made from its own old value and a constant: ``x += 1``."""


class Guard(enum.StrEnum):
    """Under which test of surviving state a write stands."""

    NONE = "none"
    LAZY = "lazy"
    """The test reads surviving state and nothing of the request: done once, or when that state says so."""
    KEYED = "keyed"
    """The test looks a key of the request up in the written container: a cache."""
    REQUEST = "request"
    """The test reads surviving state and the request."""


class Site(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """Where an effect happens: module path, function, expression, and the statement that holds it."""

    path: str
    function: str
    span: Span


class Effect(msgspec.Struct, frozen=True, gc=False, tag=True, kw_only=True):
    """What all effects have: the site, the subject, the request data in it and how it is undone."""

    site: Site
    subject: Subject = Subject()
    request: tuple[str, ...] = ()
    """Request data that is kept or handed on, as the reader knows it: ``event["id"]``."""
    settled: Settled = Settled.NEVER
    skipped_at: Span | None = None
    """Where a path leaves that skips what would settle it (same file as ``site`` where not None)."""
    operation: str = ""
    """What is written in the source: ``append``, ``create_task``, ``thread.start`` …"""
    path: Path | None = None
    """Identity of the subject (symbolic in summaries)."""
    sources: Sources = frozenset()
    """Where the kept value comes from (symbolic in summaries)."""
    after_exception: bool = False
    """It is there, too, where an exception leaves the function that does it."""
    surely: bool = True
    """Happens on every normal path of the function (else under some condition)."""
    only_if: bool | None = None
    """Happens only where the function returns something true, or only where it does not."""


class Write(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """A place that may survive is mutated, rebound or deleted."""

    how: How
    constant: bool = False
    """The value written is the same in every invocation."""
    guard: Guard = Guard.NONE
    guards: Sources = frozenset()
    """Places that the tests on the way read (symbolic)."""
    tests: frozenset[Sources] = frozenset()
    """The same, test by test: one that reads nothing of the request is a guard, whatever other tests ask."""
    chosen: Sources = frozenset()
    """Those of them that tests read which hold here: they choose what is written (symbolic)."""
    vacant: Sources = frozenset()
    """Places that those tests read which say that nothing is there yet (symbolic)."""
    key_request: tuple[str, ...] = ()
    """Request data in the key, where the write has one."""
    key_sources: Sources = frozenset()
    tables: Sources = frozenset()
    """Containers in which the key has been found before, if that is so of all that the request decides of it."""
    reset_before: bool = False
    """The place is reset on every path before this write."""
    overwritten_first: bool = False
    """The place is overwritten on every path of the invocation before anything reads it."""
    unread: bool = False
    """Nothing in the project reads the variable or the attribute that is bound."""
    becomes: tuple[str, ConstantValue] | None = None
    """The constant that the place holds then, where it is one."""
    empties: bool = False
    """The value is None or an empty container."""
    composed: bool = False
    """The value is an object that the invocation has made: a part of it need not be made from all that is in it."""
    distinct: bool = False
    """The value is an object that the invocation has made, and that equals no other one: no set has it yet."""
    puts_back: bool = False
    """The value was read from the place itself."""
    prunes: Sources = frozenset()
    """The containers that the variable held, and it: the new one holds nothing but some of what was in them."""
    assumed: bool = False
    """It says nothing but what it undoes, if a caller has done that: what is put back, and what a method takes out by
    its name, where nothing says that the object is a container."""
    once_kept: bool = False
    """Some path has kept the caller's object somewhere before it changes it here."""
    of_own: bool = False
    """The object that is changed is one that the invocation has made and put there, in the place of what was there."""
    bounded: bool = False
    """The container has a bound or a time to live."""
    drained: bool = False
    """Work that has begun before the first invocation takes elements out of the container."""
    unique: bool = False
    """An object that is there already is not added once more."""
    state: str = ""
    """The state of the process of which the object is a part, where it survives: that of a handler of a logger."""
    fed: bool = False
    """The same invocation may put elements into the container, which is said there: this takes out what was put."""
    of_work: Sources = frozenset()
    """What the work hangs on that is kept: as long as that is not finished, it is said of the work."""
    when_full: bool = False
    """What throws it away waits for a test of the container itself: a batch that is sent when it is full."""
    limited: bool = False
    """That test asks whether there are too many elements, and nobody reads them all: a cache that starts anew."""
    row: str = ""
    """Dotted name of the library function that does it, where a row says so (LK108, LK111, registrations)."""
    instead: str = ""
    """What to use instead, from the row."""


class Pending(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """Work or a resource was opened and is not settled on every path."""

    work: Work
    held: bool = False
    """Something still refers to it (a name, a container, an attribute)."""
    outcome: Outcome = Outcome.UNKNOWN
    regime: Regime = Regime.NONE
    loop: Path | None = None
    """The loop on which it is pending, where a caller knows whose that is (symbolic)."""
    callee: str = ""
    """What runs: the name of the coroutine function, the thread's target."""
    one_of_several: bool = False
    """For coroutines: the call may as well run a function that gives none."""
    or_constant: bool = False
    """For coroutines: on other paths the call gives a constant, such as None."""
    row: str = ""
    instead: str = ""
    cure: str = ""
    """The call that settles it, as the row says."""
    holder: str = ""
    """Which argument names a file, from the row: ``1:dst``, or ``self``."""
    how_dropped: str = ""
    """``iterated`` (an async generator, by a plain loop), ``entered`` (an async context manager, by a plain ``with``),
    ``unread`` (kept where nothing reads it), ``overwritten``
    (in a loop, by the next one), ``lost`` (on some path nothing refers to it any more), ``left`` (one of several, by a
    loop that is left before its end), ``emptied`` (with the container that alone held it), or empty."""
    heeds: Sources = frozenset()
    """Events and flags that the work looks at to learn whether to go on (symbolic)."""
    by_hand: bool = False
    """For buffers: nothing in the background sends what is in it."""
    only_with: tuple[str, ...] = ()
    """Names of which the project has to import one."""
    until_loop: bool = False
    """Done as soon as its loop runs (``call_soon``)."""
    until_run: bool = False
    """Done before ``asyncio.run`` returns: it waits for what its loop's own executor runs."""
    ends_with_context: bool = False
    """It lies in a context variable: gone as soon as the context ends in which it was put there."""
    daemon: bool = False
    constant_name: bool = False
    """For files: the same name is overwritten in each invocation."""
    guarded: bool = False
    """For files: made only where a look at the folder says so."""
    tests: frozenset[Sources] = frozenset()
    """For files and the context of libraries: what each of the tests on the way reads (symbolic)."""
    given_up: bool = False
    """Its function raises where it has waited for it in vain: whoever catches that, has it still under way."""


class Read(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """A surviving value is read that should not be: an import-time snapshot, an unset variable, a loop-bound object.

    ``origin``: ``snapshot``, ``unset``, ``loop``, or ``needed`` for state of the process that an earlier invocation
    has taken away.
    """

    origin: str
    row: str = ""
    regime: Regime = Regime.NONE


class Consume(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """A surviving iterator is advanced."""

    tests: frozenset[Sources] = frozenset()
    """What each of the tests on the way reads (symbolic)."""
    kept: bool = False
    """What it gives is put into something that the invocation has not made; ``sources`` decide of how much of it."""


class Close(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """A surviving resource is closed and not opened again."""

    row: str = ""


class Defer(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """A callable is handed over to be called later, elsewhere.

    ``api``: ``callback-api``, ``done-callback``, ``parameter`` (the project's own function defers its parameter),
    ``context`` (the callable reads a context variable that does not follow it) or ``node`` (a third parameter).
    """

    api: str
    to_work: bool = False
    """Handed to work that ``path`` denotes, else kept in what it denotes; for contexts: the variable has been set."""
    callee: str = ""
    row: str = ""
    instead: str = ""
    gives: str = ""
    """The call that gives what the callable is given, from the row: ``self.result()``."""


class Cached(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """Request data is an argument of a caching function."""

    bounded: bool = False
    pure: bool = True
    """It only computes: no I/O, no clock."""
    side_effects: bool = False
    """It changes something, which a cached call skips."""
    missing: tuple[str, ...] = ()
    """What the value depends on beside the key."""
    reads: Sources = frozenset()
    """Surviving places from which the value was made."""


class Create(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """A declaration that is wrong by itself: ``mutable-default`` or ``in-function`` of a context variable."""

    what: str


class Declare(Effect, frozen=True, gc=False, tag=True, kw_only=True):
    """A function as declared: ``async-handler``, ``node-handler`` or ``async-without-await``."""

    what: str
    platform: str = ""


AnyEffect: TypeAlias = Write | Pending | Read | Consume | Close | Defer | Cached | Create | Declare
