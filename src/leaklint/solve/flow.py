"""The fixpoint over one control-flow graph: states flow along edges until nothing changes."""

from __future__ import annotations

import heapq
from collections import Counter
from functools import reduce
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.cfg import RAISE_EXIT, Body
from leaklint.ir.effects import Pending, Write
from leaklint.ir.values import NOTHING, Path, Root, RootKind, TypeKind, Value
from leaklint.solve import results
from leaklint.solve.activation import ANY, Activation
from leaklint.solve.async_generators import ended_by_exception
from leaklint.solve.budget import ITSELF, LOOPS, MAX_OF_SOLVING, work_of_block
from leaklint.solve.draining import drain
from leaklint.solve.failing import (
    BEYOND,
    dispatches,
    finds_method,
    goes_on,
    got_before,
    is_quiet,
    leave_to_catcher,
    never_fails,
    never_returns,
    tell,
)
from leaklint.solve.lattice import NO_FILE, NONE
from leaklint.solve.lookup import BUILTINS
from leaklint.solve.loops import (
    after_loop,
    entering,
    in_loop,
    left_at_yield,
    left_early,
    note_set,
    surely_runs,
    waits,
    without_time_outs,
)
from leaklint.solve.losing import RETURNED
from leaklint.solve.meeting import join_states, with_choices, with_lost
from leaklint.solve.names import value_of
from leaklint.solve.narrowing import assume
from leaklint.solve.prepared import Prepared
from leaklint.solve.state import State, Status, Token
from leaklint.solve.surprise import Surprise
from leaklint.solve.transfer import ASKING, CAUGHT, DIRECT, MAY_RAISE, RAISING
from leaklint.solve.world import Solving

MOST_PREPARED: Final = 500
"""Functions of which what is known of their blocks is kept at a time."""
MAX_VISITS: Final = 5
"""How often a block is visited; loops of abstract states settle in two or three rounds."""

Round = tuple[tuple[int, tuple[Status, ...]], ...]


class Ended:
    """How a function can end: the state where it returns, and where an exception leaves it (None if it cannot)."""

    def __init__(self) -> None:
        self._returned: dict[int, State] = {}
        self._raised: dict[tuple[int, int], State] = {}
        self._on_purpose: dict[int, State] = {}

    def returns(self, state: State, block: int) -> None:
        """A path returns at the end of a block; what the block said on an earlier visit no longer counts."""
        self._returned[block] = state

    def raises(self, state: State, block: int, way: int = -1) -> None:
        """An exception leaves the function from a block (by its edge number ``way``, or from within)."""
        self._raised[block, way] = state

    def raises_on_purpose(self, state: State, block: int) -> None:
        """The function itself raises an exception that leaves it."""
        self._on_purpose[block] = state

    @property
    def given_up(self) -> tuple[frozenset[Path], frozenset[tuple[object, ...]]]:
        """What it has waited for in vain when it raises: what it was given, and keys of what it has opened."""
        paths, keys = set(), set()
        for state in self._on_purpose.values():
            paths |= {path for path, (certain, _) in state.settled.items() if not certain}
            keys |= {key for key, token in state.tokens.items() if token.status is Status.UNCERTAIN}
        return frozenset(paths), frozenset(keys)

    @property
    def normal(self) -> State | None:
        """The state after the call, where some path returns."""
        returned = [self._returned[block] for block in sorted(self._returned)]
        results.mark(returned)
        return _joined_all(with_lost(returned))

    @property
    def raised(self) -> State | None:
        """The state that an exception leaves behind, where some path raises."""
        return _joined_all([self._raised[key] for key in sorted(self._raised)])


def _joined_all(states: list[State]) -> State | None:
    result: State | None = None
    for state in states:
        result = state if result is None else join_states(result, state)
    return result


def run(act: Activation, body: Body, entry: State) -> Solving:
    """Runs a body from a state; gives how it ended."""
    blocks = body.blocks
    ended = Ended()
    if not blocks:
        ended.returns(entry, 0)
        return ended
    prepared = act.world.prepared.get(act.identity)
    if prepared is None:
        if len(act.world.prepared) >= MOST_PREPARED:
            act.world.prepared.clear()
        prepared = act.world.prepared[act.identity] = Prepared(body)
    act.repeats = prepared.repeats
    order, rank, lasting, catching = prepared.order, prepared.rank, prepared.lasting, prepared.catching
    arrivals: dict[int, dict[int, State]] = {0: {-1: entry}}
    before: dict[int, State] = {}
    visits: Counter[int] = Counter()
    rounds: dict[int, Round] = {}
    """What has come back to a loop's header when it ran last: what a loop settles rests on each way back."""
    surprises: dict[int, Surprise] = {}
    queue = [(0, 0)]
    queued = {0}
    while queue:
        position = heapq.heappop(queue)[1]
        index = order[position]
        queued.discard(position)
        visits[index] += 1
        if visits[index] > MAX_VISITS:
            continue
        block = blocks[index]
        came = arrivals[index]
        # what arrived is never changed: it is joined, compared, and copied to be worked on
        arrived: State | None = None
        for source in sorted(came):
            given = came[source]
            if block.loop is not None and (source < 0 or rank[source] < rank[index]):
                given = entering(act, block.loop, given)
            arrived = given if arrived is None else with_choices(join_states(arrived, given), arrived, given)
        assert arrived is not None
        if index in surprises:
            arrived = surprises[index].marked(arrived)
        back = _coming_back(came, rank, index) if block.loop is not None else ()
        if index in before and before[index].same(arrived) and back == rounds.get(index, ()):
            continue
        act.work += work_of_block(block, arrived)
        if act.work > MAX_OF_SOLVING and index in before:
            act.world.budget.cut.setdefault(act.identity, LOOPS)
            continue
        before[index] = arrived
        if back:
            rounds[index] = back
        act.catching, act.handling = catching[index], prepared.handling[index]
        state = arrived.copy()
        raised = yield from _run_block(act, block, state)
        if prepared.is_in_loop(index):
            act.settling |= (state.settled.keys() | state.handed_over) - (arrived.settled.keys() | arrived.handed_over)
        if act.is_given_up:
            act.world.budget.cut[act.identity] = ITSELF
            break
        feasible, raising, surprise = raised
        if raising is not None and block.raises_to in prepared.catching_all:
            if any(not _within_try(body, source, block) for source in came):
                surprise = surprise.before(arrived)
            surprises[block.raises_to] = surprises.get(block.raises_to, surprise).met(surprise)
        deliveries: list[tuple[int, State]] = []
        if raising is not None:
            if block.cleanup:
                pass  # nobody writes code for the case that cleaning up fails, too
            elif block.raises_to == RAISE_EXIT:
                ended.raises(raising, index)
                if not feasible and isinstance(block.instructions[-1], cfg.Raise):
                    ended.raises_on_purpose(state, index)
            else:
                deliveries.append((block.raises_to, raising))
        if feasible:
            here = rank[index]
            if block.loop is not None and back:
                note_set(act, block.loop, state, came, {source for source, _ in back})
            for name in [name for name in state.env if name[0] == "%" and lasting.get(name, -1) <= here]:
                del state.env[name]
            last = block.instructions[-1] if block.instructions else None
            if isinstance(last, cfg.Return) or (not block.next and not isinstance(last, cfg.Raise)):
                state.line = last.span if last is not None else state.line
                if not isinstance(last, cfg.Return):
                    state.env[RETURNED] = NONE
                ended.returns(left_early(state), index)
            for position, edge in enumerate(block.next):
                leaving = state
                if block.loop is not None:
                    if position == 1 and surely_runs(act, block.loop, arrived):
                        if not back:
                            continue
                        state = reduce(join_states, [came[each] for each, _ in back]).copy()
                    if position == 1:
                        leaving = after_loop(act, block.loop, arrived, state, came, rank, index)
                        walked = value_of(act, arrived, block.loop)
                        if waits(act, walked):
                            leaving = leaving.copy()
                            yield from drain(act, leaving, walked, act.facts.name_span)
                    else:
                        leaving = in_loop(act, block.loop, arrived, state)
                if edge.target == RAISE_EXIT:
                    if edge.exceptional and BEYOND not in leaving.env and dispatches(body, block):
                        continue  # the clauses catch all that is expected
                    act.leaving.add(ANY)
                    ended.raises(without_time_outs(leaving), index, position)
                else:
                    deliveries.append((edge.target, leaving))
        for position, (target, delivered) in enumerate(deliveries, 1):
            into = arrivals.setdefault(target, {})
            slot = index if target != block.raises_to else index + len(blocks)
            into[slot] = given = delivered if position == len(deliveries) else delivered.copy()
            if rank[target] <= rank[index]:
                for name in prepared.decides[target]:
                    given.forget_condition(name)
            if rank[target] not in queued:
                queued.add(rank[target])
                # the head of a loop waits for all that the round does
                turn = rank[target] if rank[target] > rank[index] else prepared.turns[target]
                heapq.heappush(queue, (turn, rank[target]))
    return ended


def _coming_back(came: dict[int, State], rank: dict[int, int], index: int) -> Round:
    """The ways back to a loop's header, and how far work had come on each."""
    return tuple(
        (source, tuple(token.status for token in came[source].tokens.values()))
        for source in sorted(came)
        if source >= 0 and source in rank and rank[source] > rank[index]
    )


def _run_block(act: Activation, block: cfg.Block, state: State) -> Solving:
    """Runs one block in place; gives whether its end is reached, the state in which it may raise, and how."""
    raising: State | None = None
    surprise = Surprise()
    known: tuple[object, ...] | None = None
    for step in block.instructions:
        kind = type(step)
        if kind is cfg.Assume:
            if not assume(act, state, step):  # type: ignore[arg-type]
                return False, raising, surprise
            continue
        if kind is cfg.Yield and block.raises_to == RAISE_EXIT:
            left_at_yield(act, state)
        snapshot: State | None = None
        if _may_raise(act, state, step) and (now := _version(state, block.raises_to)) != known:
            known = now
            # nobody writes code for the case that it fails, too, to do something about what was caught
            snapshot = without_time_outs(state).copy() if block.raises_to == RAISE_EXIT else state.copy()
            if block.raises_to == RAISE_EXIT and act.is_function:
                snapshot.env.clear()  # its names are gone with it
        direct = DIRECT.get(kind)
        ends = False
        if direct is not None:
            direct(act, state, step)
        else:
            act.fails, act.raises = False, set()
            yield from ASKING[kind](act, state, step)
            act.work += len(state.tokens) >> 3
            ends = isinstance(step, cfg.Call) and never_returns(act, state, step)
            if act.is_given_up or (ends and never_fails(act, state, step)):  # type: ignore[arg-type]
                return False, raising, surprise
        if snapshot is not None and (
            (isinstance(step, cfg.Call) and (_only_suspends(state, step.target) or not (act.fails or act.catching)))
            or (isinstance(step, cfg.GetAttribute) and finds_method(act, state, step.target))
            or (isinstance(step, cfg.Call) and got_before(act, snapshot, state, step))
        ):
            known = None
            continue
        told = raising if snapshot is None else snapshot
        if told is not None and kind in MAY_RAISE:
            tell(act, state, told, step, leaves_function=block.raises_to == RAISE_EXIT)
        if snapshot is not None:
            for key, token in list(snapshot.tokens.items()):
                after = state.tokens.get(key)
                timed_out = after is not None and after.timed_out and token.status is not Status.SETTLED
                if timed_out and (act.catching or goes_on(token)):
                    snapshot.tokens[key] = token._replace(timed_out=bool(act.catching))
                    continue
                if (
                    after is not token
                    and after is not None
                    and after.status is Status.OPEN
                    and token.status is Status.OPEN
                    and kind is not cfg.Element
                    and not isinstance(token.effect, Write)
                    and _opened_by(step, after)
                ):
                    # the same again: what it opened before is this loop's to settle
                    snapshot.tokens[key] = token._replace(status=Status.SETTLED)
                    continue
                if after is not None and after.status is Status.SETTLED and token.status is not Status.SETTLED:
                    snapshot.tokens[key] = after
            if ended_by_exception(act, snapshot, step):
                known = None  # what raises next does so in another state
            leave_to_catcher(act, state, snapshot)
            for key, token in state.tokens.items():
                if key in snapshot.tokens:
                    continue
                if isinstance(token.effect, Write) and token.effect.after_exception:
                    snapshot.tokens[key] = token
                elif isinstance(token.effect, Pending) and token.effect.given_up and act.catching:
                    snapshot.tokens[key] = token._replace(status=Status.UNCERTAIN)
            snapshot.resets = state.resets if kind is cfg.Call else snapshot.resets
            if act.catching:
                snapshot.cleared |= {NO_FILE}  # whoever catches that it failed has tried
            if kind in (cfg.Await, cfg.Call) and act.catching:
                snapshot.settled = {**state.settled, **snapshot.settled}  # whoever catches that it failed has tried
            # what was looked for has been looked at, whether it was there or not
            snapshot.reads = state.reads if kind in CAUGHT else snapshot.reads
            if kind is cfg.Yield:
                snapshot.heap = state.heap.copy()  # what is thrown in there comes when somebody has what was yielded
            surprise = surprise.before(snapshot)
            raising = snapshot if raising is None else join_states(raising, snapshot)
        if ends:
            return False, raising, surprise
    last = block.instructions[-1] if block.instructions else None
    if isinstance(last, cfg.Raise):
        tell(act, state, state, last, leaves_function=block.raises_to == RAISE_EXIT)
        raising = state if raising is None else join_states(raising, state)
        return False, raising, surprise.on_purpose(state)
    return True, raising, surprise


def _within_try(body: Body, source: int, block: cfg.Block) -> bool:
    """Whether a block comes after another one of the same ``try``."""
    return 0 <= source < len(body.blocks) and body.blocks[source].raises_to == block.raises_to


def _opened_by(step: cfg.Instruction, token: Token) -> bool:
    """Whether the instruction has opened the token, itself or in what it calls."""
    return (token.trace[0].span if token.trace else token.effect.site.span) == step.span


def _may_raise(act: Activation, state: State, step: cfg.Instruction) -> bool:
    """Whether one has to expect an exception here."""
    kind = type(step)
    if isinstance(step, cfg.Call) and never_fails(act, state, step):
        return False
    if kind in RAISING:
        return not (isinstance(step, cfg.Call | cfg.Element) and not act.catching and is_quiet(act, state, step))
    caught = CAUGHT.get(kind)
    if not act.catching or caught is None:
        return False
    if isinstance(step, cfg.GetAttribute):
        of_library = all(each.type.kind is TypeKind.LIBRARY for each in value_of(act, state, step.object).things)
        caught = frozenset({"AttributeError"}) if of_library else caught
    if isinstance(step, cfg.LoadGlobal) and _is_there(act, step.name):
        caught = frozenset({"NameError"})
    return not caught or bool(caught & act.catching)


def _is_there(act: Activation, name: str) -> bool:
    """Whether a module binds a name itself: whoever catches everything does not have its absence in mind."""
    facts = act.world.program.files.get(act.path)
    return name in BUILTINS or (facts is not None and name in facts.module_names)


def _only_suspends(state: State, target: str) -> bool:
    """Whether a call only made a coroutine, which raises nothing."""
    things = state.env.get(target, NOTHING).things
    return bool(things) and all(thing.type.kind is TypeKind.COROUTINE for thing in things)


def _version(state: State, raises_to: int) -> tuple[object, ...]:
    """Changes whenever something changes that matters after an exception."""
    return (
        len(state.env) - len([name for name in state.env if name[0] == "%"]),
        tuple((key, token.status) for key, token in state.tokens.items()),
        state.resets,
        tuple(state.settled.items()),
        state.reads if raises_to != RAISE_EXIT else None,
    )


def run_body(act: Activation, state: State, name: str) -> Solving:
    """Runs a class body inside the function that holds the class; gives the names it binds."""
    world = act.world
    identity = f"{act.path}::{name}"
    facts = world.program.function(identity)
    if facts is None:
        return {}
    inner = Activation(world, identity, facts, importing=act.importing)
    entry = state.copy()
    entry.env = {key: value for key, value in state.env.items() if key.startswith("global ")}
    for free in facts.free:
        stored = state.env.get(free)
        if stored is not None:
            entry.heap[_free(free)] = stored
    ended: Ended = yield from run(inner, world.program.body(identity), entry)
    act.work += inner.work
    last = ended.normal or ended.raised
    if last is None:
        return {}
    state.heap.update(last.heap)
    state.tokens = last.tokens
    names = set(facts.cells) | {key for key in last.env if key[0] != "%" and not key.startswith("global ")}
    return {key: value_of(inner, last, key) for key in sorted(names) if key in last.env}


def _free(name: str) -> Path:
    return Path(Root(RootKind.FREE, "", name))


__all__ = ["Ended", "Value", "run", "run_body"]
