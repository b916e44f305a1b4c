"""Results: effects that happen only where a function returns something true, or something that is not.

``if not claim(key): return`` … ``finally: release(key)`` undoes what ``claim`` has done wherever it has done it.
"""

from __future__ import annotations

from leaklint.ir.summary import Summary
from leaklint.ir.values import NOTHING, Value
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import NONE, is_none, truth
from leaklint.solve.losing import RETURNED
from leaklint.solve.state import RESULT, State, Token


def mark(returned: list[State]) -> None:
    """In states in which a function returns: on what each of their tokens hangs, where the results tell them apart."""
    values = [state.env.get(RETURNED, NOTHING) for state in returned]
    for kind, answers in (("true", [*map(truth, values)]), ("none", [*map(is_none, values)])):
        if True not in answers or False not in answers:
            continue
        for state, holds in zip(returned, answers, strict=True):
            if holds is None:
                continue
            for key, token in state.tokens.items():
                state.tokens[key] = token._replace(under=token.under | {(RETURNED, kind, holds)})


def needed(token: Token) -> bool | None:
    """What the result has to be for the token to be there, where that is known: true, or false, as None is."""
    found = {holds is (kind == "true") for name, kind, holds in token.under if name == RETURNED}
    return found.pop() if len(found) == 1 else None


def expect(act: Activation, state: State, name: str) -> None:
    """A call begins whose result a name is bound to: what hung on the name before hangs on nothing."""
    act.expects = True
    if act.hangs:
        state.forget_condition(RESULT)
        state.forget_condition(name)


def of_call(act: Activation, summary: Summary) -> bool:
    """Whether a summary is that of the callee itself, whose effects hang on what the call returns."""
    expected, act.expects = act.expects, False
    act.hangs = act.hangs or (expected and any(effect.only_if is not None for effect, _ in summary.effects))
    return expected


def hang(act: Activation, state: State, name: str) -> None:
    """A call ends: what it has opened hangs on the name that is bound to its result."""
    act.expects = False
    if not act.hangs:
        return
    for key, token in state.tokens.items():
        if any(each[0] == RESULT for each in token.under):
            under = frozenset((name if each == RESULT else each, kind, holds) for each, kind, holds in token.under)
            state.tokens[key] = token._replace(under=under)


def rename(act: Activation, state: State, value: Value, source: str, target: str) -> None:
    """Another name is bound to a result, or to an object or None: what hangs on the one hangs on the other."""
    if not act.hangs and not NONE.things < value.things:
        return
    for key, token in state.tokens.items():
        more = {(target, kind, holds) for name, kind, holds in token.under if name == source}
        if more:
            state.tokens[key] = token._replace(under=token.under | more)


def decided(state: State, name: str, kind: str, holds: bool) -> None:
    """A test of a result: what happens only where it is answered otherwise has not happened."""
    opposite = (name, kind, not holds)
    for key in [key for key, token in state.tokens.items() if opposite in token.under]:
        del state.tokens[key]
