"""Changes of surviving state: which code, how bad, and in which words."""

from __future__ import annotations

import pytest
from rules.built import AWS, EVENT, SERVERS, findings, handler, living, mutation, rebinding, said

from leaklint.ir.effects import Guard, How, Lifetime, Settled, Subject, Write
from leaklint.ir.handler import Platform
from leaklint.ir.location import Span
from leaklint.ir.values import Path, Root, RootKind

LEAVES = Span(12, 9, 12, 15)
TENANT = ('event["tenant"]',)

VACANT = frozenset({Path(Root(RootKind.VARIABLE, "app.py", "SEEN"))})


def test_request_data_in_a_module_level_list() -> None:
    (finding,) = findings(mutation(request=EVENT))
    assert finding.code == "LK101"
    assert finding.severity.label == "error"
    assert finding.message == (
        'request data (event["id"]) is appended to module-level list SEEN, which survives the invocation'
    )
    assert finding.observed == "the next invocation, perhaps for another customer, still finds it there"
    assert finding.cure
    assert finding.outcome == ""


def test_a_variable_bound_to_request_data() -> None:
    assert said(rebinding(request=EVENT)) == (
        "LK102 error",
        'request data (event["id"]) is bound to module-level variable SEEN, which survives the invocation',
    )


def test_a_long_list_of_request_data_is_cut() -> None:
    _, message = said(mutation(request=("a", "b", "c", "d", "e")))
    assert message.startswith("request data (a, b, c and 2 more) is appended to")


CLOSURE_CELL = Path(Root(RootKind.FUNCTION, "app.py", "count"), ("<n>",))
APP_USER = Path(Root(RootKind.VARIABLE, "app.py", "app"), (".user",))
OF_MODULE = Path(Root(RootKind.MODULE, "settings.py"), (".user",))
IN_MODULE = Path(Root(RootKind.MODULE, "settings.py"), (".user", ".name"))


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (rebinding(), "LK102"),
        (rebinding(How.COUNT), "LK102"),
        (rebinding(How.DELETE), "LK102"),
        (rebinding(path=None), "LK102"),
        (mutation(How.DELETE), "LK101"),
        (mutation(How.COUNT), "LK101"),
        (mutation(How.SHRINK), "LK101"),
        (mutation(How.REORDER), "LK101"),
        (mutation(How.SET_ITEM, path=None), "LK101"),
        (rebinding(How.GROW), "LK101"),
        (rebinding(How.SET_ATTRIBUTE, path=OF_MODULE), "LK102"),
        (rebinding(path=OF_MODULE), "LK102"),
        (rebinding(How.SET_ATTRIBUTE, path=IN_MODULE), "LK101"),
        (living(Lifetime.CLOSURE, "n", how=How.COUNT, path=CLOSURE_CELL), "LK102"),
        (living(Lifetime.CLOSURE, "history", how=How.GROW, path=CLOSURE_CELL), "LK101"),
        (living(Lifetime.FUNCTION, "handler.count", how=How.COUNT), "LK101"),
        (living(Lifetime.CLASS, "Basket.items", how=How.GROW), "LK103"),
        (living(Lifetime.CLASS, "Basket.count", how=How.REBIND), "LK103"),
        (living(Lifetime.DEFAULT, "tags", how=How.GROW), "LK104"),
        (living(Lifetime.PROCESS, "sys.path", how=How.GROW), "LK108"),
        (living(Lifetime.LIBRARY, "json.dumps", how=How.REBIND), "LK108"),
        (living(Lifetime.THREAD_LOCAL, "CURRENT.user", request=EVENT), "LK404"),
    ],
)
def test_where_the_state_lives_decides_the_code(write: Write, code: str) -> None:
    assert said(write)[0].partition(" ")[0] == code


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (mutation(request=EVENT, operation="SEEN.insert"), "is inserted into module-level list SEEN"),
        (mutation(request=EVENT, operation="add"), "is added to module-level list SEEN"),
        (mutation(How.SET_ITEM, request=EVENT, operation=""), "is stored in module-level list SEEN"),
        (mutation(How.SET_ITEM, key_request=EVENT), "is kept as a key of module-level list SEEN"),
        (mutation(), "module-level list SEEN grows (append) on every invocation"),
        (mutation(surely=False), "module-level list SEEN grows (append) on some invocations"),
        (mutation(How.SHRINK, operation="pop"), "module-level list SEEN loses an element (pop)"),
        (rebinding(How.COUNT, operation="+="), "module-level variable SEEN is counted up (+=)"),
        (rebinding(How.DELETE, operation="del"), "module-level variable SEEN is deleted (del)"),
        (living(Lifetime.CLASS, "Basket.items", request=EVENT), "is stored in class attribute Basket.items"),
        (living(Lifetime.DEFAULT, "tags", request=EVENT), "is stored in default argument tags"),
        (living(Lifetime.PROCESS, "os.environ", request=EVENT), "is stored in os.environ, which the whole process"),
        (living(Lifetime.THREAD_LOCAL, "CURRENT.user", request=EVENT), "CURRENT.user, which survives in the reused"),
        (
            living(Lifetime.MODULE, "app.user", how=How.SET_ATTRIBUTE, path=APP_USER),
            "attribute app.user of a module-level object is set",
        ),
        (living(Lifetime.MODULE, "app.users", how=How.SET_ITEM), "module-level object app.users has an item set on"),
        (living(Lifetime.MODULE, "an object made at import", how=How.GROW), "an object made at import grows on every"),
        (living(Lifetime.LIBRARY, "openai.key", how=How.SET_ATTRIBUTE), "library attribute openai.key is set on every"),
        (
            living(Lifetime.PROCESS, "the working folder", how=How.REBIND, operation="os.chdir"),
            "the working folder is ch",
        ),
    ],
)
def test_words(write: Write, words: str) -> None:
    assert words in said(write)[1]


@pytest.mark.parametrize("how", [How.SHRINK, How.DELETE, How.CLEAR, How.REORDER])
def test_taking_away_keeps_nothing_of_the_request(how: How) -> None:
    assert said(mutation(how, request=EVENT))[0] == "LK101 warning"


@pytest.mark.parametrize(
    ("write", "expected", "words"),
    [
        # State that changes without the request.
        (mutation(), "LK101 warning", "on every invocation"),
        (rebinding(), "LK102 warning", "on every invocation"),
        (rebinding(How.COUNT), "LK102 warning", "counted up"),
        (mutation(constant=True), "LK101 warning", "grows"),
        # A lazy guard that is fed from the request.
        (
            rebinding(request=EVENT, guard=Guard.LAZY, vacant=VACANT),
            "LK102 error",
            "the first caller's data serves all later ones",
        ),
        (rebinding(request=EVENT, guard=Guard.REQUEST), "LK102 error", "survives the invocation"),
        (
            mutation(request=EVENT, guard=Guard.KEYED, vacant=VACANT),
            "LK101 error",
            "the first caller's data serves all later ones",
        ),
        # No test says that nothing is there.
        (rebinding(request=EVENT, guard=Guard.LAZY), "LK102 error", "survives the invocation"),
        # Reset, but not on every path.
        (mutation(request=EVENT, settled=Settled.NORMAL_PATHS), "LK101 warning", "an exception skips the reset"),
        (
            mutation(request=EVENT, settled=Settled.SOME_PATHS, skipped_at=LEAVES),
            "LK101 warning",
            "the path that leaves at line 12 skips the reset",
        ),
        (mutation(request=EVENT, settled=Settled.SOME_PATHS), "LK101 warning", "at least one path skips the reset"),
        (mutation(request=EVENT, settled=Settled.UNCERTAIN), "LK101 warning", "skips the reset"),
        (
            mutation(request=EVENT, settled=Settled.SOME_PATHS, when_full=True),
            "LK101 error",
            "is appended to module-level list SEEN, and the flush waits until enough is in it",
        ),
        (
            mutation(settled=Settled.SOME_PATHS, when_full=True),
            "LK101 warning",
            "and the flush waits until enough is in it",
        ),
        # Overwritten before it is read.
        (rebinding(request=EVENT, overwritten_first=True), "LK102 info", "one invocation at a time"),
        (
            living(Lifetime.CLASS, "A.b", request=EVENT, overwritten_first=True),
            "LK103 info",
            "one invocation at a time",
        ),
        (living(Lifetime.PROCESS, "os.environ", request=EVENT, overwritten_first=True), "LK108 error", "not put back"),
        (living(Lifetime.THREAD_LOCAL, "X.y", request=EVENT, overwritten_first=True), "LK404 error", "reused thread"),
    ],
)
def test_severity(write: Write, expected: str, words: str) -> None:
    severity, message = said(write)
    assert severity == expected
    assert words in message


@pytest.mark.parametrize("server", SERVERS)
def test_overwritten_first_is_an_error_where_requests_overlap(server: object) -> None:
    severity, message = said(rebinding(request=EVENT, overwritten_first=True), AWS, server)  # type: ignore[arg-type]
    assert severity == "LK102 error"
    assert "runs requests at the same time" in message
    assert said(rebinding(overwritten_first=True), server)[0] == "LK102 warning"  # type: ignore[arg-type]


def test_managed_instances_run_one_request_in_a_process_at_a_time() -> None:
    managed = handler(Platform.AWS_LAMBDA_MANAGED)
    assert said(rebinding(request=EVENT, overwritten_first=True), managed)[0] == "LK102 info"


@pytest.mark.parametrize(
    ("fields", "expected", "words"),
    [
        ({"guard": Guard.KEYED}, "LK101 warning", "no bound"),
        ({"guard": Guard.KEYED, "request": EVENT}, "LK101 warning", "no bound"),
        ({"guard": Guard.KEYED, "request": ('event["id"]["a"]',)}, "LK101 warning", "no bound"),
        ({"guard": Guard.KEYED, "request": ('event["id"].a',)}, "LK101 warning", "no bound"),
        ({"guard": Guard.KEYED, "request": ('event["id2"]',)}, "LK101 error", "does not separate it"),
        ({"guard": Guard.KEYED, "request": EVENT + TENANT}, "LK101 error", "does not separate it"),
        ({"bounded": True}, "", ""),
        ({"bounded": True, "guard": Guard.KEYED}, "", ""),
        ({"bounded": True, "guard": Guard.KEYED, "request": EVENT}, "", ""),
        ({"bounded": True, "guard": Guard.KEYED, "request": TENANT}, "LK101 error", "under a key"),
        ({"bounded": True, "request": TENANT}, "LK101 error", "under a key"),
        ({}, "LK101 warning", "kept as a key"),
        ({"constant": True}, "LK101 warning", "kept as a key"),
        ({"request": EVENT}, "LK101 warning", "no bound"),
        ({"request": TENANT}, "LK101 error", "survives the invocation"),
    ],
)
def test_a_dictionary_under_a_key_of_the_request(fields: dict[str, object], expected: str, words: str) -> None:
    severity, message = said(mutation(How.SET_ITEM, operation="", key_request=EVENT, **fields))
    assert severity == expected
    assert words in message


def test_a_bound_without_a_key_bounds_growth_only() -> None:
    assert said(mutation(request=EVENT, bounded=True))[0] == "LK101 error"


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (living(Lifetime.PROCESS, "os.environ"), ""),
        (living(Lifetime.PROCESS, "os.environ", how=How.DELETE), ""),
        (living(Lifetime.PROCESS, "random.seed", how=How.REBIND, row="random.seed"), ""),
        (living(Lifetime.PROCESS, "os.environ", request=EVENT), "LK108 error"),
        (living(Lifetime.PROCESS, "random.seed", how=How.REBIND, row="random.seed", request=EVENT), "LK108 error"),
        (living(Lifetime.PROCESS, "os.getcwd", how=How.REBIND, row="os.chdir"), "LK108 warning"),
        (living(Lifetime.PROCESS, "os.getcwd", how=How.REBIND, row="os.chdir", constant=True), ""),
        (living(Lifetime.PROCESS, "sys.path", how=How.GROW, constant=True), "LK108 warning"),
        (living(Lifetime.PROCESS, "sys.path", how=How.GROW, constant=True, guard=Guard.LAZY), ""),
        (living(Lifetime.PROCESS, "atexit", how=How.GROW, row="atexit.register", request=EVENT), "LK108 error"),
        (living(Lifetime.LIBRARY, "json.dumps", how=How.REBIND, request=EVENT), "LK108 error"),
        (living(Lifetime.THREAD_LOCAL, "CURRENT.connection"), ""),
        (living(Lifetime.THREAD_LOCAL, "CURRENT.calls", how=How.COUNT), "LK404 warning"),
        (living(Lifetime.THREAD_LOCAL, "CURRENT.user", request=EVENT, settled=Settled.NORMAL_PATHS), "LK404 warning"),
        (living(Lifetime.CONTEXT_VARIABLE, "USER", request=EVENT), ""),
    ],
)
def test_state_of_process_library_and_thread(write: Write, expected: str) -> None:
    assert said(write)[0] == expected


def test_a_row_names_what_to_use_instead() -> None:
    (finding,) = findings(mutation(row="x.add_handler", instead="add_handler at import"))
    assert finding.cure == "use add_handler at import"


def test_a_type_that_is_not_known_is_an_object() -> None:
    assert "module-level object SEEN" in said(mutation(subject=Subject(Lifetime.MODULE, "SEEN")))[1]
