"""Where two paths meet: what holds on both of them, and what may hold on either."""

from __future__ import annotations

import msgspec.structs

from leaklint.ir.effects import Consume, Pending, Write
from leaklint.ir.values import NOTHING, RootKind, Sources
from leaklint.solve import losing
from leaklint.solve.consuming import chosen_by
from leaklint.solve.earlier import emptied_on_one
from leaklint.solve.flags import conditions, met
from leaklint.solve.guards import asked, met_guards
from leaklint.solve.lattice import CONTENT, FOLDER, ROOM, is_prefix, is_within, join, slot
from leaklint.solve.looping import both_cleared, forget_of_one, keep_of_one
from leaklint.solve.merging import merged
from leaklint.solve.state import State, Status, Token


def join_states(left: State, right: State) -> State:
    """What holds where two paths meet."""
    result = State()
    result.env = _joined(left.env, right.env, keep=True)
    result.heap = left.heap.joined(right.heap)
    result.resets = left.resets & right.resets
    for side, beside in (left, right), (right, left):
        result.resets |= {each for each in side.resets if beside.empty and is_within(each, beside.empty)}
    result.read_first = left.read_first | right.read_first
    result.empty, result.full = left.empty & right.empty, left.full & right.full
    result.vacant = left.vacant & right.vacant
    result.listed, result.flagged = left.listed & right.listed, met(left, right)
    result.written = left.written & right.written
    result.reads, result.reread = left.reads | right.reads, left.reread | right.reread
    result.reads_after = left.reads_after | right.reads_after
    result.trimmed, result.cleared = left.trimmed | right.trimmed, both_cleared(left.cleared, right.cleared)
    result.handed_over = left.handed_over | right.handed_over
    result.guards = met_guards(left.guards, right.guards)
    result.escaped = {**left.escaped, **right.escaped}
    result.kept = left.kept | right.kept
    # what takes one thing only has perhaps taken it
    result.served = (left.served & right.served) | {each for each in left.served | right.served if each[-1]}
    result.iterating, result.whole = left.iterating & right.iterating, left.whole & right.whole
    for inside, outside in ((left, right), (right, left)) if left.iterating != right.iterating else ():
        forget_of_one(result, inside, inside.iterating - outside.iterating)
    result.absent = left.absent & right.absent
    result.partly = left.partly | right.partly
    result.suppressed = left.suppressed & right.suppressed
    result.timeouts = left.timeouts & right.timeouts
    result.heeded = left.heeded | right.heeded
    result.line = right.line
    result.conditions, result.asked = left.conditions & right.conditions, left.asked | right.asked
    result.tests = {**left.tests, **right.tests}
    result.tokens, result.unopened, result.quiet = left.tokens.copy(), left.unopened, left.quiet
    if left.tokens.keys() != right.tokens.keys():
        _under_flags(result, left, right)
    for key, token in right.tokens.items():
        other = left.tokens.get(key)
        if other is None:
            result.tokens.setdefault(key, token)
        elif other is not token:
            result.tokens[key] = _met(other, token, left, right)
        if other is not None and other.status is Status.OPEN and token.status is Status.OPEN:
            gone = _lost_on_one(token, left, right)
            if gone is not None:
                result.tokens.setdefault(gone.key, gone)
    if left.tokens.keys() != right.tokens.keys():
        emptied_on_one(result, left, right)
    for inside, outside in ((left, right), (right, left)):
        if inside.iterating - outside.iterating:
            keep_of_one(result, inside, inside.iterating - outside.iterating)
    for path in left.settled.keys() | right.settled.keys():
        one, two = left.settled.get(path), right.settled.get(path)
        if one is None or two is None:
            known, side, beside = (one, left, right) if one is not None else (two, right, left)
            assert known is not None
            if path not in side.absent:
                # where nothing is on the other path, nothing lies in it that would have to be settled
                result.settled[path] = (known[0], known[1] and is_within(path, beside.absent))
        else:
            result.settled[path] = (one[0] and two[0], one[1] and two[1])
    return result


def _under_flags(result: State, left: State, right: State) -> None:
    """What has been opened on one of two paths is there where a local name is true, or None, as it is on that path."""
    for name, kind, holds in conditions(left, right):
        for one, other, truth in ((left, right, holds), (right, left, not holds)):
            for key in [key for key in one.tokens if key not in other.tokens]:
                token = result.tokens.get(key, one.tokens[key])
                result.tokens[key] = token._replace(under=token.under | {(name, kind, truth)})


def with_choices(met: State, left: State, right: State) -> State:
    """The state where two paths have met: what one of them has changed of the process, a test has chosen.

    That is no test behind which the other path has left the function, and the other path has changed it nowhere.
    """
    for one, other in ((left, right), (right, left)):
        asked = frozenset(place for each in one.guards - other.guards if each.truth for place in each.reads)
        elsewhere = {token.effect.path for token in other.tokens.values()} if asked else set()
        for key in one.tokens.keys() - other.tokens.keys() if asked else ():
            effect = one.tokens[key].effect
            if one.tokens[key].trace or not isinstance(effect, Write) or effect.path is None:
                continue  # what a callee sets up, whoever calls it, is its own business
            if effect.path in elsewhere:
                continue
            if effect.path.root.kind is RootKind.LIBRARY and effect.path != FOLDER:
                chosen = msgspec.structs.replace(effect, chosen=effect.chosen | asked)
                met.tokens[key] = met.tokens[key]._replace(effect=chosen)
    return met


def _joined(left: dict, right: dict, *, keep: bool) -> dict:  # type: ignore[type-arg]
    if left is right:
        return left.copy()
    result = dict(left)
    for name, value in right.items():
        old = result.get(name)
        if old is None:
            result[name] = value
        elif old is not value:
            result[name] = join(old, value)
    return result


def _met(one: Token, two: Token, left: State, right: State) -> Token:
    """A token where two paths meet: settled on one and open on the other is settled on some paths."""
    if one.status is two.status:
        one = one._replace(
            within=one.within or two.within,
            timed_out=one.timed_out and two.timed_out,
            absent=one.absent and two.absent,
            by_surprise=one.by_surprise and two.by_surprise,
            settled_with_exception=one.settled_with_exception or two.settled_with_exception,
            many=one.many or two.many,
            under=one.under & two.under,
        )
        if one.effect is two.effect or one.effect == two.effect:
            return one
        both = one._replace(effect=merged(one.effect, two.effect))
        is_kept_on_one = (
            isinstance(one.effect, Consume) and isinstance(two.effect, Consume) and one.effect.kept != two.effect.kept
        )
        return chosen_by(both, (left, right)) if is_kept_on_one else both
    low, high = sorted((one, two), key=lambda token: token.status)
    if isinstance(low.effect, Pending) and isinstance(high.effect, Pending) and low.effect.held > high.effect.held:
        high = high._replace(effect=msgspec.structs.replace(high.effect, held=True))
    if isinstance(low.effect, Write) and low.status is not Status.SETTLED and low.effect != high.effect:
        high = high._replace(effect=merged(high.effect, low.effect))
    high = high._replace(many=one.many or two.many)
    if low.absent and low.status is Status.SETTLED:
        return high
    if low.status is Status.SETTLED and high.by_surprise:
        return low._replace(settled_with_exception=True, by_surprise=False)
    where = (left if high.status is one.status else right).line_for(high)
    if low.status is Status.SETTLED and high.status is Status.OPEN:
        kept, thrown_away = (left, right) if high.status is one.status else (right, left)
        tests = kept.guards - thrown_away.guards
        if isinstance(high.effect, Write) and asked(high.effect.path, tests):
            limited = asked(high.effect.path, [each for each in tests if ROOM in each.reads])
            limited = limited and not _is_read(high.effect, thrown_away.reads - kept.reads)
            high = high._replace(effect=msgspec.structs.replace(high.effect, when_full=True, limited=limited))
        return high._replace(status=Status.MIXED, skipped_at=high.skipped_at or where)
    if low.status is Status.SETTLED:
        return high._replace(skipped_at=high.skipped_at or where)
    if high.status is Status.OPEN and low.status in (Status.MIXED, Status.UNCERTAIN):
        return high._replace(status=Status.MIXED, skipped_at=low.skipped_at or where)
    return high


def _is_read(effect: Write, reads: Sources) -> bool:
    """Whether all that is in the container is read: it is not only thrown away."""
    return effect.path is not None and any(is_prefix(slot(effect.path, CONTENT), each) for each in reads)


def _lost_on_one(token: Token, left: State, right: State) -> Token | None:
    """The work of the path on which nothing refers to its object any more, where the other path still has it."""
    path = losing.made_here(token.effect, left.escaped | right.escaped)
    if path is None or path.fields:
        return None
    named = bool(losing.names_of(left.env, path)), bool(losing.names_of(right.env, path))
    if named[0] is named[1]:
        return None
    loser = right if named[0] else left
    return None if losing.lies_in_object(loser.heap, path) else loser.without_object(token, path)


def with_lost(returned: list[State]) -> list[State]:
    """The states in which a function returns, with the work whose object one path returns and another one does not."""
    given = [returns.env.pop(losing.RETURNED, NOTHING) for returns in returned]
    for state, value in zip(returned, given, strict=True):
        for token in list(state.tokens.values()):
            path = losing.made_here(token.effect, state.escaped)
            if path is None or path.fields or token.status is not Status.OPEN or losing.denotes(value, path):
                continue
            if any(losing.denotes(other, path) for other in given) and not losing.lies_in_object(state.heap, path):
                gone = state.without_object(token, path)
                state.tokens[gone.key] = gone
    return returned
