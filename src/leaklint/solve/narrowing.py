"""Narrowing: what a test says of a name on the path where it holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.effects import Work
from leaklint.ir.values import Path, RootKind, Sources, Thing, TypeKind, Value
from leaklint.solve import effects, fullness, listed, pending, removing, results
from leaklint.solve.activation import Activation
from leaklint.solve.awaitable_tests import ASKED, FUNCTION, UNSURE, answer_for, asked_by_classes
from leaklint.solve.choosing import chosen_by, is_answer
from leaklint.solve.class_tests import CLASSES, HAS, belongs, class_names, note_class
from leaklint.solve.elements import elements, is_element, parts
from leaklint.solve.guards import Tested
from leaklint.solve.lattice import (
    CROWD,
    HELD,
    NO_FILE,
    NONE,
    OWN_WORK,
    ROOM,
    SYMBOLIC,
    extend,
    is_made,
    is_none,
    observed,
    of,
    prolong,
    slot,
    truth,
)
from leaklint.solve.lookup import as_variable
from leaklint.solve.names import bind_name, value_of
from leaklint.solve.operations import ANSWERS
from leaklint.solve.protocols import ALONE
from leaklint.solve.repeated import names_in
from leaklint.solve.several import is_of_several
from leaklint.solve.state import PLAIN, SAME, State
from leaklint.solve.undoing import made_for_others, put_into
from leaklint.solve.world import variable

DONE: Final = "<done>"
"""The field of a test in which lie the tasks and futures of which it asks whether they are finished."""
_FOUND: Final = (RootKind.STATIC, RootKind.VARIABLE)
INSTANCE: Final = "instance"
"""Kind of the test that asks for the class of a name's value."""


def narrow(act: Activation, state: State, operand: str, holds: bool) -> None:
    """Takes out of a name's value what a test excludes; work that hangs on what is excluded is not there."""
    kind, tested = state.tests.get(operand, ("true", operand))
    if kind == "false":
        narrow(act, state, tested, not holds)
        return
    if kind == FUNCTION:
        if not holds:
            names = {thing.type.name for thing in value_of(act, state, tested).things}
            state.conditions |= {(name, PLAIN, True) for name in names if name}
        return
    if kind in ASKED:
        _narrow_awaitable(act, state, tested, kind, holds)
        return
    if kind == INSTANCE:
        _narrow_class(act, state, operand, tested, holds)
        return
    if kind == "some":
        kind, holds = "none", not holds
    _decided(act, state, tested, kind, holds)
    full = state.full
    if kind == "true" and holds:
        fullness.found(state, value_of(act, state, tested))
        state.settle(made_for_others(state, value_of(act, state, tested)), absent=True)
    if kind in ANSWERS and kind != "false" and holds is not (kind == "none"):
        fullness.found_something(state, value_of(act, state, tested))
    if kind == "true" and not holds:
        _no_file(state, value_of(act, state, tested))
        _nothing_in(state, [thing for thing in value_of(act, state, tested).things if _holds_all(state, thing)])
    if kind == "true" and holds:
        _some_finished(state, value_of(act, state, tested))
        _is_folder(state, value_of(act, state, tested))
    absent = holds if kind == "none" else not holds
    value = value_of(act, state, tested)
    if absent and kind in ANSWERS:
        asked = [thing for answer in value.things for thing in state.heap[slot(answer.path, HAS)].things]
        state.vacant |= {thing.path for thing in (*value.things, *asked) if thing.path.root.kind is not RootKind.MADE}
    if holds and kind == "true":
        for thing in value.things:
            for finished in state.heap[slot(thing.path, DONE)].things:
                pending.settle_at(state, finished.path)
    _ended(act, state, value, kind, holds)
    kept = set()
    for thing in value.things:
        typed = thing.type.kind not in (TypeKind.CONSTANT, TypeKind.UNKNOWN)
        solid = typed and (kind != "true" or not _emptiable(thing))
        if absent and kind == "true" and _holds_all(state, thing):
            _without_elements(act, state, thing)
        if absent:
            _no_name(state, extend(thing.path, ".name") if solid else thing.path)
        if absent and solid:
            _missing(state, thing)
        elif (absent or thing not in NONE.things) and (thing.path in full or not _contradicts(thing, kind, holds)):
            kept.add(thing)
    if absent and (kind == "none" or (kept <= NONE.things and not _has_own_truth(act, value))):
        _decided(act, state, tested, *(("true", False) if kind == "none" else ("none", True)))
    if kept != value.things and tested in state.env and not tested.startswith("%"):
        bind_name(act, state, tested, Value(frozenset(kept), value.sources))


def _decided(act: Activation, state: State, tested: str, kind: str, holds: bool) -> None:
    """A test has an answer: what happens only where it is answered otherwise has not happened."""
    name = _standing_name(value_of(act, state, tested)) if tested.startswith("%") else tested
    if name:
        state.assume(name, kind, holds)
    if act.hangs:
        results.decided(state, tested, kind, holds)


def _has_own_truth(act: Activation, value: Value) -> bool:
    """Whether a class of the project says itself when its objects are true."""
    owners = [owner for thing in value.things for owner in act.world.order(thing.type.name) if "::" in owner]
    known = [act.world.classes[owner].attributes for owner in owners if owner in act.world.classes]
    return any(name in attributes for attributes in known for name in ALONE["not"])


def _test_behind(state: State, operand: str, holds: bool) -> tuple[str, str, bool]:
    """Kind and operand of the test within ``not``, and whether that one holds."""
    kind, tested = state.tests.get(operand, ("true", operand))
    while kind == "false":
        holds = not holds
        operand = tested
        kind, tested = state.tests.get(operand, ("true", operand))
    return kind, tested, holds


def _chosen_by(act: Activation, state: State, operand: str) -> Sources:
    """What has decided what is in the container, or which answer it is, of which a test asks whether it is true."""
    kind, tested, _ = _test_behind(state, operand, True)
    return chosen_by(state, value_of(act, state, tested)) if kind == "true" else frozenset()


def _is_known_full(act: Activation, state: State, operand: str, holds: bool) -> bool:
    """Whether a test says that nothing is where there is something."""
    kind, tested, holds = _test_behind(state, operand, holds)
    value = value_of(act, state, tested)
    if kind in ("none", "some") and holds is (kind == "none") and fullness.is_something(value):
        return True
    if kind == "true" and not holds and fullness.is_full(state, value):
        return True
    if kind == "true" and not holds and is_none(value) is False and not _has_own_truth(act, value):
        return True
    answer = ANSWERS[kind][holds] if kind in ANSWERS else ""
    empty = [state.heap.get(slot(thing.path, f"<empty {answer}>")) for thing in value.things]
    return bool(empty) and all(each is not None and fullness.is_full(state, each) for each in empty)


def _contradicts(thing: Thing, kind: str, holds: bool) -> bool:
    """Whether what is tested is a constant, or an empty default, of the other truth."""
    return kind == "true" and thing.type.constant is not None and bool(thing.type.constant[1]) is not holds


def _standing_name(value: Value) -> str:
    """A name for what the invocation was given or found, and has not bound since; empty for everything else."""
    if len(value.things) != 1:
        return ""
    (thing,) = value.things
    path = thing.path
    stands = (path.root.kind is RootKind.PARAMETER and path.fields) or path.root.kind in _FOUND
    return str(path) if stands and not _emptiable(thing) else ""


def _narrow_awaitable(act: Activation, state: State, tested: str, asked: str, holds: bool) -> None:
    """Takes out of a name's value what can, or cannot, be awaited; of what is unknown, nobody knows that it can."""
    value = value_of(act, state, tested)
    answers = {thing: answer_for(act.world, thing, asked) for thing in value.things}
    kept = frozenset(thing for thing, answer in answers.items() if answer is not (not holds))
    for thing in value.things - kept:
        if thing.path.root.kind is RootKind.MADE:
            pending.never_was(state, thing.path)
    if kept != value.things and kept and not tested.startswith("%"):
        bind_name(act, state, tested, Value(kept, value.sources))
    if holds and all(answers[thing] is None for thing in kept):
        state.conditions |= {UNSURE}


def _narrow_class(act: Activation, state: State, operand: str, tested: str, holds: bool) -> None:
    """Takes out of a name's value what is, or is not, of the classes that ``isinstance`` was asked for."""
    value = value_of(act, state, tested)
    answers = [state.heap[slot(thing.path, CLASSES)] for thing in value_of(act, state, operand).things]
    if len(answers) != 1:
        return
    names = class_names(act, state, answers[0])
    if tested.startswith("%"):
        prepared = act.world.prepared.get(act.identity)
        name = prepared.global_of(tested) if prepared is not None else ""
        if name and names:
            note_class(state, variable(act.path, name), names, holds)
        return
    asked = asked_by_classes(names)
    if asked:
        _narrow_awaitable(act, state, tested, asked, holds)
        return
    kept = frozenset(thing for thing in value.things if belongs(act.world, thing, names) is not (not holds))
    if kept != value.things and kept:
        bind_name(act, state, tested, Value(kept, value.sources))


def _nothing_in(state: State, containers: Iterable[Thing]) -> None:
    """On this path nothing is in a container, so that all has been taken out that this invocation has put there."""
    for thing in containers:
        state.empty |= {thing.path}
        state.settle(put_into(state, thing.path), absent=True)


def _without_elements(act: Activation, state: State, container: Thing) -> None:
    """On this path nothing is in a container: neither is there what would hang on its elements, or lie in them."""
    waited = state.heap.get(extend(container.path, pending.UNFINISHED)) is not None
    taken = state.heap.get(slot(container.path, fullness.TAKEN)) is not None
    held = {element.path for element in elements(act, state, of(container)).things}
    for path in sorted(held.union(*(parts(state, each) for each in held))):
        if not (taken and pending.is_open(state, path)):  # else it is empty because it has been taken out
            (pending.settle_at if waited else pending.never_was)(state, path)


def _ended(act: Activation, state: State, value: Value, kind: str, holds: bool) -> None:
    """The result of ``is_alive()``, ``done()`` or ``empty()`` tells that work has ended, or what there is not."""
    answer = ANSWERS[kind][holds]
    listed.told(act, state, value, answer)
    for thing in value.things:
        for each in state.heap[slot(thing.path, f"<set {answer}>")].things:
            state.resets |= {extend(each.path, HELD)}
        for end in (answer, "some") if answer == "true" else (answer,):
            for receiver in state.heap[slot(thing.path, f"<ended {end}>")].things:
                pending.settle_at(state, receiver.path, single=True)
        empty = state.heap[slot(thing.path, f"<empty {answer}>")].things
        _nothing_in(state, empty)
        for container in empty:
            _without_elements(act, state, container)
        if answer in listed.OPPOSITE:
            full = state.heap[slot(thing.path, f"<empty {listed.OPPOSITE[answer]}>")]
            fullness.found(state, full)
            state.settle(made_for_others(state, full), absent=True)


def _some_finished(state: State, tested: Value) -> None:
    """Some of what was waited for is finished: all of it, where it was one object."""
    for thing in tested.things:
        waited = state.heap[extend(thing.path, pending.FINISHED)]
        if waited.things and not is_of_several(state, waited):
            for each in waited.things:
                pending.settle_at(state, each.path)


def _holds_all(state: State, thing: Thing) -> bool:
    """Whether it is a container, and none that holds what is finished: where that is empty, nothing is."""
    return _emptiable(thing) and state.heap.get(extend(thing.path, pending.FINISHED)) is None


def _no_file(state: State, tested: Value) -> None:
    """On this path there is no file under the name that the test looked for."""
    for thing in tested.things:
        looked_for = state.heap.get(slot(thing.path, "<file>"))
        if looked_for is not None:
            state.cleared |= {NO_FILE}
        looked_for = looked_for or state.heap.get(slot(thing.path, "<folder>"))
        if looked_for is not None:
            removing.remove_file(state, looked_for, every_path=True, emptied=False)
            names = pending.with_names(state, looked_for.things)
            for each in names:
                pending.settle_at(state, each.path, (Work.FILE,))
            pending.note_removed(state, names)
            for each in names:
                removing.note_name(state, each.path, looked_for, every_path=True)


def _no_name(state: State, name: Path) -> None:
    """On this path there is no name of a file, and no file that was made under it."""
    state.settle(pending.tokens_at(state, name, (Work.FILE,)), absent=True)
    for gone in pending.GONE if name.root.kind in SYMBOLIC else ():
        pending.is_missing(state, slot(name, gone))


def _is_folder(state: State, tested: Value) -> None:
    """On this path, what the test looked for is a folder, and no file."""
    looked_for = [state.heap.get(slot(thing.path, "<folder>")) for thing in tested.things]
    if state.iterating and any(each is not None for each in looked_for):
        state.cleared |= {NO_FILE}


def _emptiable(thing: Thing) -> bool:
    return thing.type.name.startswith(("builtins.", "collections."))


def _missing(state: State, thing: Thing) -> None:
    """On this path the object was not made, or is not what the name denotes: nothing hangs on it."""
    work = prolong(thing.path, OWN_WORK)
    for path in (thing.path, work, *(each.path for each in state.heap[work].things)):
        pending.is_missing(state, path)
    if is_made(thing) and is_element(state, thing):
        for path in parts(state, thing.path):
            state.settle(pending.tokens_at(state, path) if path.root.kind is RootKind.MADE else (), absent=True)
    variables = state.heap[slot(thing.path, "<variable>")]
    for each in variables.things:
        state.settle(pending.tokens_at(state, each.path, (Work.TOKEN,)))
        if each.path.root.kind in SYMBOLIC:
            pending.is_missing(state, each.path)


def assume(act: Activation, state: State, step: cfg.Assume) -> bool:
    """Adds what a test says on this path; False where the path cannot be taken."""
    value = value_of(act, state, step.condition)
    known = truth(value)
    if (known is not None and known is not step.truth) or _is_known_full(act, state, step.condition, step.truth):
        return False
    decided = _is_known_full(act, state, step.condition, not step.truth)
    pending.use(state, value)
    if act.repeats:
        state.heeded |= {
            thing.path for thing in value.things if thing.path.fields[-1:] and thing.path.fields[-1].startswith(".")
        }
    chosen = _chosen_by(act, state, step.condition)
    known_vacant, known_empty = state.vacant | state.empty, state.empty
    narrow(act, state, step.condition, step.truth)
    _asked_again(act, state, step)
    prepared = act.world.prepared.get(act.identity)
    at_end = prepared is not None and prepared.ends_loop(step)
    if at_end and not act.importing:
        # ``while X: X.pop()``: nobody comes here before there is nothing left
        for path in sorted(state.empty - known_empty):
            effects.reset(state, path)
    # what this invocation has emptied before says nothing about earlier ones
    reads = [each for each in map(as_variable, observed(value) | chosen) if not state.is_new(each)]
    if any(state.heap.get(slot(thing.path, f"<room {str(step.truth).lower()}>")) for thing in value.things):
        reads.append(ROOM)
    if any(_is_crowded(state, thing, step.truth) for thing in value.things):
        reads.append(CROWD)
    if reads and not decided and not at_end:
        vacant = state.vacant | state.empty > known_vacant
        state.guards |= {Tested(frozenset(reads), step.truth, step.span, is_answer(value), vacant)}
    return True


def _is_crowded(state: State, test: Thing, holds: bool) -> bool:
    """Whether a test says that there is more in a container than a number of elements: not that there is any."""
    empty = (slot(test.path, f"<empty {each}>") for each in ("true", "false"))
    crowded = state.heap.get(slot(test.path, f"<room {str(not holds).lower()}>"))
    return crowded is not None and all(state.heap.get(each) is None for each in empty)


def _asked_again(act: Activation, state: State, step: cfg.Assume) -> None:
    """Where a function asks something more than once, what was opened under the opposite answer is not there."""
    prepared = act.world.prepared.get(act.identity)
    repeated = prepared.repeated(step) if prepared is not None else None
    if repeated is None:
        return
    test, holds = repeated
    if all(_only_tells(value_of(act, state, name), test) for name in names_in(test)):
        state.assume(test, SAME, holds)


def _only_tells(value: Value, test: str) -> bool:
    """Whether asking an object changes nothing in it, and asks nothing outside: ``client.get(key)`` may do both."""
    return "('method'" not in test or all(
        thing.path.root.kind is RootKind.PARAMETER
        or thing.type.kind is TypeKind.CONSTANT
        or thing.type.name.startswith(("builtins.", "collections."))
        for thing in value.things
    )
