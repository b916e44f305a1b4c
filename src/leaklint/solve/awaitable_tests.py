"""Tests of whether something can be awaited: what ``iscoroutinefunction``, ``isawaitable`` and their kin answer.

A wrapper for functions of both kinds asks what the wrapped one gave: ``if isawaitable(result): return finish(result)``.
Where nobody knows what was given, nobody knows either that the wrapper gives back a coroutine: its caller is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import Thing, TypeKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import VARIES, constant, observed, unknown, with_sources
from leaklint.solve.state import State
from leaklint.solve.world import Solving, World

COROUTINE_FUNCTION: Final = frozenset({"asyncio.iscoroutinefunction", "inspect.iscoroutinefunction"})
Special = Callable[[Activation, State, Arguments, Span], Solving]

FUNCTION: Final = "coroutine function"
"""Kind of the test that a function gives a coroutine."""
AWAITABLE: Final = "awaitable"
COROUTINE: Final = "coroutine"
FUTURE: Final = "future"
KINDS: Final = {
    "asyncio.iscoroutine": COROUTINE,
    "asyncio.isfuture": FUTURE,
    "inspect.isawaitable": AWAITABLE,
    "inspect.iscoroutine": COROUTINE,
}
"""What a function asks of a value, which is the kind of the test too."""
BY_METHOD: Final = {"__aiter__": "asynchronous iterable", "__await__": AWAITABLE}
"""What ``hasattr`` asks of a value with the name of a method."""
ASKED: Final = frozenset({*KINDS.values(), *BY_METHOD.values()})
UNSURE: Final = ("", AWAITABLE, True)
"""The condition that something can be awaited of which nothing is known."""
AWAITABLES: Final = frozenset(
    {
        "types.CoroutineType",
        *(f"{each}.{name}" for each in ("typing", "collections.abc") for name in ("Awaitable", "Coroutine")),
    }
)
"""What ``isinstance`` is asked for to the same end."""
_FUNCTIONS: Final = frozenset({TypeKind.FUNCTION, TypeKind.METHOD})
_NEVER: Final = frozenset({*_FUNCTIONS, TypeKind.CONSTANT, TypeKind.CLASS})
_WORK: Final = frozenset({"asyncio.Future", "asyncio.Task"})


def is_coroutine_function(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``iscoroutinefunction(function)``."""
    answers = set()
    for thing in arguments.positional[0].things if arguments.positional else ():
        facts = act.world.program.function(thing.type.name) if thing.type.kind in _FUNCTIONS else None
        if facts is None:
            return unknown(act.made(span), frozenset({VARIES}))
        answers.add(facts.is_async and not facts.is_generator)
    return constant(answers.pop()) if len(answers) == 1 else unknown(act.made(span), frozenset({VARIES}))
    yield


def _asking(asked: str) -> Special:
    def special(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
        if len(arguments.positional) != 1:
            return None
        (value,) = arguments.positional
        answers = {answer_for(act.world, thing, asked) for thing in value.things}
        answer = answers.pop() if len(answers) == 1 else None
        if answer is not None:
            return with_sources(constant(answer), value.sources)
        return unknown(act.made(span), observed(value))
        yield

    return special


def asked_by_classes(names: frozenset[str]) -> str:
    """What ``isinstance`` asks with these classes: the kind of the test; empty where it asks for something else."""
    if not names or not names <= AWAITABLES:
        return ""
    return AWAITABLE if any(each.endswith("Awaitable") for each in names) else COROUTINE


def answer_for(world: World, thing: Thing, asked: str) -> bool | None:
    """Whether an object is a coroutine, a future, or anything that can be awaited or iterated with ``async for``.

    None where that is not certain.
    """
    kind, iterable = thing.type, asked == BY_METHOD["__aiter__"]
    if kind.kind is TypeKind.COROUTINE:
        return asked != FUTURE and not iterable
    if kind.kind is TypeKind.INSTANCE and kind.name in _WORK:
        return asked != COROUTINE and not iterable
    if kind.kind in _NEVER:
        return False
    order = world.order(kind.name) if kind.kind is TypeKind.INSTANCE else ()
    method = "__aiter__" if iterable else "__await__"
    if iterable and any((known := world.classes.get(each)) and method in known.attributes for each in order):
        return True
    return False if order and all(_is_plain(world, each, method) for each in order) else None


def _is_plain(world: World, class_name: str, method: str) -> bool:
    """Whether it is known of a class that it does not say how its objects are awaited, or iterated."""
    known = world.classes.get(class_name)
    return class_name.startswith("builtins.") or (known is not None and method not in known.attributes)


def variants(world: World, things: Sequence[Thing]) -> bool:
    """Whether a callable is one of two that one function makes, a coroutine function or a plain one.

    Which of them it is was decided by what the function was given, of which nothing is known here.
    """
    if len(things) < 2 or any(thing.type.kind not in _FUNCTIONS for thing in things):
        return False
    makers: dict[str, set[bool]] = {}
    for thing in things:
        facts = world.program.function(thing.type.name)
        maker, inside, _ = thing.type.name.rpartition(".<locals>.")
        if facts is not None and inside:
            makers.setdefault(maker, set()).add(facts.is_async)
    return any(len(kinds) == 2 for kinds in makers.values())


def without_unsure(act: Activation, state: State, value: Value) -> Value:
    """What a function gives back, without the work that is only there if something unknown can be awaited."""
    kept: set[Thing] = set()
    for thing in value.things:
        keys = pending.tokens_at(state, thing.path)
        if any(UNSURE in state.tokens[key].under for key in keys):
            for key in keys:
                del state.tokens[key]
            kept |= unknown(thing.path).things
        else:
            kept.add(thing)
    return value if kept == value.things else Value(frozenset(kept), value.sources)


SPECIAL: Final[dict[str, Special]] = {
    **{name: _asking(asked) for name, asked in KINDS.items()},
    **dict.fromkeys(COROUTINE_FUNCTION, is_coroutine_function),
}
