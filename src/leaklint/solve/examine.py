"""A look at one line after everything is solved: who reaches it, and what became of its effects.

The ways are read off the calls that solving has seen, backwards from the line's function, once for all handlers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from leaklint.ir.effects import AnyEffect
from leaklint.ir.examined import Caller, Examined, Fate, Way
from leaklint.ir.facts import FileFacts
from leaklint.ir.location import Place
from leaklint.ir.reached import Reached
from leaklint.ir.values import RootKind
from leaklint.link.modules import is_test
from leaklint.solve.engine import Engine
from leaklint.solve.handlers import Invoked
from leaklint.solve.state import Status, Token
from leaklint.solve.world import Ask, World

_MODULE = "<module>"
_MOST_SHOWN = 5
_MOST_SOLVED = 50


def examine(
    engine: Engine, world: World, at: tuple[str, int], calls: Sequence[Invoked], reached: Sequence[Reached]
) -> Examined:
    """What is known of a line of a file of the project."""
    path, line = at
    function = function_at(world.program.files[path], line)
    identity = f"{path}::{function}"
    if function == _MODULE:
        return Examined(function)
    engine.answer(Ask("module", path))
    world.watched = identity
    tokens: tuple[Token, ...] = engine.answer(Ask("tokens", identity))
    entries = {f"{call.path}::{call.function.name}": call for call in reversed(calls) if call.function is not None}
    following = _backwards(world.calls, identity)
    ways = [
        Way(call.handler, tuple(_calls_of(world, following, entry, identity)))
        for entry, call in sorted(entries.items())
        if entry in following or entry == identity
    ]
    fates = [_fate(token.effect, token.status, reached) for token in tokens if _concerns(token, path, line)]
    unknown = sorted(span for span in world.unknown_calls if span.line <= line <= span.end_line)
    if ways:
        return Examined(function, tuple(sorted(ways, key=_shortest)), fates=tuple(fates), unknown=tuple(unknown))
    _solve_callers(engine, world, function)
    callers = [
        Caller(caller.partition("::")[2], callees[identity])
        for caller, callees in sorted(world.calls.items())
        if identity in callees and not caller.endswith("<platform>")
    ]
    return Examined(
        function,
        callers=tuple(callers[:_MOST_SHOWN]),
        maybe=tuple(_maybe(world, entries, function)) if not callers else (),
        fates=tuple(fates),
        unknown=tuple(unknown),
    )


def _solve_callers(engine: Engine, world: World, function: str) -> None:
    """Solves functions that no handler reaches and that call something of this name, so that their calls are known."""
    name = function.rpartition(".")[2]
    calling = [
        f"{path}::{each.name}"
        for path, facts in sorted(world.overview.whole.files.items())
        for each in facts.functions.values()
        if name in each.calls and not is_test(path)
    ]
    for identity in calling[:_MOST_SOLVED]:
        path, _, qualified = identity.partition("::")
        is_module = qualified in (_MODULE, *(f"{each}.<body>" for each in world.program.files[path].classes))
        engine.answer(Ask("module", path) if is_module else Ask("function", identity))


def function_at(facts: FileFacts, line: int) -> str:
    """The innermost function that holds a line."""
    holding = [
        each
        for each in facts.functions.values()
        if each.span.line <= line <= each.span.end_line and not each.name.endswith(("<body>", _MODULE))
    ]
    return (
        max(holding, key=lambda each: (each.span.line, -each.span.end_line, each.span.column)).name
        if holding
        else _MODULE
    )


def _shortest(way: Way) -> tuple[int, str]:
    return (len(way.calls), way.handler.label)


def _backwards(calls: Mapping[str, Mapping[str, Place]], target: str) -> dict[str, str]:
    """For each function from which calls lead to the target: the one that it calls on a shortest way."""
    callers: dict[str, list[str]] = {}
    for caller, callees in sorted(calls.items()):
        for callee in callees:
            callers.setdefault(callee, []).append(caller)
    following: dict[str, str] = {}
    waiting = [target]
    for each in waiting:
        for caller in callers.get(each, ()):
            if caller not in following and caller != target and not caller.endswith(("<platform>", _MODULE)):
                following[caller] = each
                waiting.append(caller)
    return following


def _calls_of(world: World, following: Mapping[str, str], start: str, target: str) -> Iterator[Place]:
    while start != target:
        callee = following[start]
        yield world.calls[start][callee]
        start = callee


def _concerns(token: Token, path: str, line: int) -> bool:
    """Whether an effect happens on a line, or behind a call on it."""
    site = token.effect.site
    spans = [place.span for place in token.trace[:1]] or ([site.span] if site.path == path else [])
    return any(span.line <= line <= span.end_line for span in spans)


def _fate(effect: AnyEffect, status: Status, reached: Sequence[Reached]) -> Fate:
    same = [each for each in reached if each.effect.site == effect.site and type(each.effect) is type(effect)]
    own = effect.path is not None and effect.path.root.kind is RootKind.MADE
    return Fate(effect, tuple(same), is_undone=status is Status.SETTLED, is_own=own)


def _maybe(world: World, entries: Mapping[str, Invoked], function: str) -> list[Caller]:
    """Reached functions that call something of this name without being known to call this function."""
    name = function.rpartition(".")[2]
    reached, waiting = set(entries), list(entries)
    while waiting:
        for callee in world.calls.get(waiting.pop(), {}):
            if callee not in reached:
                reached.add(callee)
                waiting.append(callee)
    found = []
    for identity in sorted(reached):
        facts = world.program.function(identity)
        if facts is not None and name in facts.calls:
            path, _, qualified = identity.partition("::")
            found.append(Caller(qualified, Place(path, facts.name_span)))
    return found[:_MOST_SHOWN]
