"""What an expression has made in an earlier round of a loop, beside what it makes now.

Both are one object to the analysis: waiting for ``previous`` would be waiting for ``current``, too. Where several names
tell them apart, what is made now gets the path, and what was made before gets one of its own.
"""

from __future__ import annotations

from typing import Final

import msgspec.structs

from leaklint.ir.effects import Pending
from leaklint.ir.location import Span
from leaklint.ir.values import Path, RootKind, Thing, Value
from leaklint.solve import losing
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import is_prefix, join
from leaklint.solve.losing import EARLIER
from leaklint.solve.state import State, Status, Token

EMPTIED: Final = "emptied"
"""How work is lost with the container that alone held it."""


def tell_apart(act: Activation, state: State, span: Span) -> None:
    """An expression makes an object while work hangs on the one that it has made before, which has other names."""
    for token in list(state.tokens.values()):
        if token.status is not Status.OPEN:
            continue
        path = losing.made_here(token.effect, state.escaped) or losing.submitted(token.effect, state.escaped)
        if path is None or path.fields or not act.makes(path, span):
            continue
        if losing.names_of(state.env, path, passing=False) > 1 and not losing.lies_in_object(state.heap, path):
            _rename(state, path)


def tell_contents_apart(act: Activation, state: State, span: Span) -> None:
    """A display or comprehension makes a container while the one that it has made before holds work under way."""
    container = act.made(span)
    held = state.heap.under(container.root)
    if not held or not losing.names_of(state.env, container, passing=False):
        return
    if container in state.escaped or any(field.fields[-1][0] != "<" for field in losing.holders(state.heap, container)):
        return
    waiting = _waiting_in(state, container)
    for path in waiting:
        _rename(state, path)
    if waiting:
        _rename(state, container)
        for field in [each for each in held if is_prefix(container, each)]:
            state.heap.pop(field)  # the new one is empty


def tell_emptied_apart(state: State, container: Path) -> None:
    """A container that only this function knows loses all that is in it: what it holds later on is something else.

    On the paths on which it does not, somebody may still wait (see ``emptied_on_one``).
    """
    waiting = _waiting_in(state, container) if container.root.kind is RootKind.MADE and not container.fields else []
    for path in waiting:
        _rename(state, path, EMPTIED)
    for field in [each for each in state.heap.under(container.root) if waiting and each.fields[0].startswith("[")]:
        state.heap.pop(field)


def _waiting_in(state: State, container: Path) -> list[Path]:
    """The objects in a container that this function has made, and for whose work nobody has waited yet."""
    held = state.heap.under(container.root).items()
    inside = {thing.path for field, value in held if is_prefix(container, field) for thing in value.things}
    return [path for path in sorted(inside) if _is_under_way(state, path) and _lies_in_containers(state, path)]


def _is_under_way(state: State, path: Path) -> bool:
    """Whether nobody has waited yet for what hangs on an object that only this function knows."""
    effects = [token.effect for key in state.tokens.about(path) if (token := state.tokens[key]).status is Status.OPEN]
    return not path.fields and any(
        losing.made_here(effect, state.escaped) or losing.submitted(effect, state.escaped) for effect in effects
    )


def _lies_in_containers(state: State, path: Path) -> bool:
    """Whether nothing but containers that this function alone knows hold an object."""
    return all(
        field.root.kind is RootKind.MADE
        and field.fields[-1].startswith("[")
        and Path(field.root, field.fields[:-1]) not in state.escaped
        for field in losing.holders(state.heap, path)
    )


def _rename(state: State, path: Path, dropped: str = "overwritten") -> None:
    """Whatever denotes an object denotes an earlier one from now on; ``dropped`` says how its work was lost."""
    for name, value in state.env.items():
        state.env[name] = _earlier_in(value, path)
    for field, value in list(state.heap.items()):
        if field.root != path.root or field.fields[:1] == (EARLIER,):
            state.heap[field] = _earlier_in(value, path)
            continue
        place, held = _earlier(field, path), _earlier_in(value, path)
        there = state.heap.get(place)
        state.heap[place] = held if there is None else join(there, held)
    if path in state.escaped:
        state.escaped[_earlier(path, path)] = state.escaped[path]
    for key in list(state.tokens.about(path)):
        moved = _of_earlier(state.tokens.pop(key), path, dropped)
        known = state.tokens.get(moved.key)
        if known is None or known.status < moved.status:
            state.tokens[moved.key] = moved


def _of_earlier(token: Token, path: Path, dropped: str) -> Token:
    """What hangs on an object hangs on an earlier one: where nobody waits for that, its name has been taken."""
    effect = msgspec.structs.replace(token.effect, path=_earlier(path, path))
    if not isinstance(effect, Pending):
        return token._replace(effect=effect)
    # of what the rounds of a loop make, the last one is not overwritten
    status = token.status if dropped == EMPTIED else Status.MIXED
    return token._replace(effect=msgspec.structs.replace(effect, how_dropped=dropped), status=status)


def _earlier(place: Path, path: Path) -> Path:
    """Where, of an earlier object, lies what lies at a place of the one at a path."""
    return Path(place.root, (*path.fields, EARLIER, *place.fields[len(path.fields) :]))


def _earlier_in(value: Value, path: Path) -> Value:
    if not any(is_prefix(path, thing.path) for thing in value.things):
        return value
    return Value(frozenset(_earlier_thing(thing, path) for thing in value.things), value.sources)


def _earlier_thing(thing: Thing, path: Path) -> Thing:
    own = is_prefix(path, thing.path) and thing.path.fields[:1] != (EARLIER,)
    return Thing(_earlier(thing.path, path), thing.type) if own else thing


def emptied_on_one(result: State, left: State, right: State) -> None:
    """Where two paths meet, one has emptied a container that the other has not: there, somebody may wait for the work.

    ``result`` is the state in which they meet.
    """
    for one, other in ((left, right), (right, left)):
        for key in one.tokens.keys() - other.tokens.keys():
            token, effect = one.tokens[key], one.tokens[key].effect
            if not isinstance(effect, Pending) or effect.how_dropped != EMPTIED or effect.path is None:
                continue
            before = msgspec.structs.replace(effect, path=Path(effect.path.root, effect.path.fields[:-1]))
            if token.status is Status.OPEN and token._replace(effect=before).key in other.tokens:
                result.tokens[key] = result.tokens[key]._replace(status=Status.MIXED, skipped_at=one.line_for(token))
