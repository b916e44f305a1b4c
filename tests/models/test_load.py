"""How rows are read: what is wrong is said, and what they say becomes summaries."""

from __future__ import annotations

import pytest

from leaklint.ir.effects import Close, Defer, How, Pending, Work, Write
from leaklint.ir.summary import CallKind, Moment, Summary
from leaklint.ir.values import Path, Root, RootKind, TypeKind
from leaklint.models.checks import check_names
from leaklint.models.load import GIVEN, ModelError, Models, parse

RESULT = Root(RootKind.RESULT)


def models(text: str) -> Models:
    """Rows written in a test."""
    return Models([parse(text, "own.toml")])


def summary(text: str, name: str, **given: object) -> Summary:
    """The summary of a row, called with these arguments."""
    found = models(text).summary(name, given)
    assert found is not None
    return found


def parameter(index: int, *fields: str) -> Path:
    """A path that starts at a parameter."""
    return Path(Root(RootKind.PARAMETER, "", str(index)), fields)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("= 1", "own.toml: Invalid statement"),
        ("loose = 1", 'own.toml: loose: a row is a table: write ["loose"]'),
        ('[mylib.send]\nparams = ["x"]', 'own.toml: [mylib.…]: the name of a row stands in quotes: write ["mylib.…"]'),
        ('["m.f"]\nparam = ["x"]', "did you mean `params`?"),
        ('["m.f"]\nopens = { work = "thread", held_by = "result" }', "did you mean `held-by`?"),
        ('["m.f"]\nopens = { work = "thraed" }', "work: unknown value `thraed`; did you mean `thread`?"),
        ('["m.f"]\nmutates = { self = "x" }', "mutates: unknown value `x`; expected one of `grow`, `shrink`, "),
        ('["m.f"]\ncoroutine = 1', "coroutine: expected true or false, found a number"),
        ('["m.f"]\nparams = "x"', 'own.toml: ["m.f"]: params: expected a list, found a text'),
        (
            '["m.f"]\nparams = ["path"]\nreturns = ["pth"]',
            'own.toml: ["m.f"]: "pth" names no parameter; did you mean path?',
        ),
        ('["m.f"]\nparams = ["path"]\nreturns = ["path["]', '"path[" is no term'),
        ('["m.f"]\nparams = ["path"]\nreturns = ["path[key]"]', '"key" names no parameter'),
        (
            '["m.f"]\nparams = ["p"]\nopens = { work = "thread", matches = { p = "[" } }',
            'own.toml: ["m.f"]: matches: "[" is no regular expression: unterminated character set at position 0',
        ),
        ('["m.F.f"]\nopens = { work = "buffer", cure = "self.((" }', 'cure: "self.((" is no call: write one as in'),
        ('["m.f"]\nparams = ["wait"]\nsettles = { of = "wait", unless = { block = false } }', '"block" names no'),
    ],
)
def test_wrong_tables_name_file_row_and_cure(text: str, says: str) -> None:
    with pytest.raises(ModelError) as raised:
        parse(text, "own.toml")
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('["m.f"]\nalias-of = "m.g"', 'own.toml: ["m.f"]: alias-of: there is no row "m.g"'),
        ('["m.f"]\nalias-of = "m.g"\n["m.g"]\nalias-of = "m.f"', 'alias-of: "m.g" is another name itself'),
        ('["m.A"]\nbases = ["m.B"]\n["m.B"]\nbases = ["m.C"]\n["m.C"]\nbases = ["m.A"]', "bases: it is its own base"),
        ('["m.A"]\nbases = ["m.A"]', "bases: it is its own base"),
    ],
)
def test_names_that_lead_nowhere_are_mistakes(text: str, says: str) -> None:
    table = parse(text, "own.toml")
    with pytest.raises(ModelError) as raised:
        check_names(Models([table]), table, "own.toml")
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        '["m.f"]\nalias-of = "n.mod"\n["n.mod.g"]',
        '["m.f"]\nalias-of = "n.A.__exit__"\n["n.A"]\ncloseable = true',
        '["m.A"]\nbases = ["other.B", "m.C"]\n["m.B"]\nbases = ["m.C"]\n["m.C"]',
        '["m.A.f"]\nopens = { work = "buffer", cure = "await self.flush()" }',
    ],
)
def test_names_that_lead_somewhere_are_none(text: str) -> None:
    table = parse(text, "own.toml")
    check_names(Models([table]), table, "own.toml")


def test_only_methods_speak_of_self() -> None:
    with pytest.raises(ModelError, match="mylib is no class of a row"):
        models('["mylib.close"]\ncloses = ["self"]')


def test_classes_are_known_by_their_name_or_by_a_key() -> None:
    found = models(
        '["m.Client"]\n["m.client"]\nclass = true\n["m.make"]\ntype = "m.Client"\n["m.Make"]\ntype = "m.Client"'
    )
    assert [found.is_class(name) for name in ("m.Client", "m.client", "m.make", "m.Make", "m.Other")] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_methods_are_found_in_bases_and_under_other_names() -> None:
    found = models('["m.A"]\n["m.A.go"]\n["m.B"]\nbases = ["m.A"]\n["m.C"]\nalias-of = "m.B"')
    assert found.method("m.B", "go") == "m.A.go"
    assert found.method("m.C", "go") == "m.A.go"
    assert found.method("m.C", "stop") is None


def test_listed_coroutines_and_closeable_are_short_for_rows() -> None:
    text = '["m.Pool"]\ncloseable = true\ncoroutines = ["fetch", "get"]\n["m.Pool.get"]\nparams = []'
    assert summary(text, "m.Pool.fetch").kind is CallKind.COROUTINE
    assert summary(text, "m.Pool.get").kind is CallKind.PLAIN
    (effect,) = [effect for effect, _ in summary(text, "m.Pool.__aexit__").effects]
    assert isinstance(effect, Close)
    assert effect.path == parameter(0)


def test_own_rows_take_the_place_of_packaged_ones() -> None:
    found = Models([parse('["m.f"]\nparams = ["own"]', "own.toml")], [("m.toml", '["m.f"]\nparams = ["packaged"]')])
    row = found.row("m.f")
    assert row is not None
    assert row.params == ["own"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('["m.fetch"]\ncoroutine = true\n["m.count"]', {"fetch"}),
        ('["m.Client"]\ncoroutines = ["get"]\n["m.Other"]\nalias-of = "m.Client"', {"get"}),
        ('["m.start"]\nopens = { work = "task" }\n["m.begin"]\nopens = { work = "thread" }', {"start"}),
    ],
)
def test_names_that_give_something_asynchronous(text: str, names: set[str]) -> None:
    for found in (models(text), Models([], [("m.toml", text)])):
        assert found.asynchronous("m") == names
        assert not found.asynchronous("n")


CLIENTS = """
["m.aio.Client"]
attributes.indices = "m.aio._impl.Indices"
["m.aio.Client.close"]
coroutine = true
["m.aio._impl.Indices"]
coroutines = ["refresh"]
["m.connect"]
type = "m.aio.Client"
["m.aio.gather"]
coroutine = true
["m.Client"]
closeable = true
"""


@pytest.mark.parametrize(
    ("named", "names"),
    [
        (set(), set()),
        ({"Client", "close"}, set()),
        ({"aio", "close"}, set()),
        ({"aio", "Client"}, {"close", "refresh"}),
        ({"connect"}, {"close", "refresh"}),
        ({"aio", "gather"}, {"gather"}),
        ({"aio", "_impl", "Indices"}, {"refresh"}),
    ],
)
def test_a_file_knows_only_what_it_can_get_hold_of_by_the_words_that_it_names(named: set[str], names: set[str]) -> None:
    for found in (models(CLIENTS), Models([], [("m.toml", CLIENTS)])):
        assert found.asynchronous("m", named) == names


@pytest.mark.parametrize(
    ("condition", "given", "applies"),
    [
        ('if-given = ["mode"]', {"mode": GIVEN}, True),
        ('if-given = ["mode"]', {"mode": None}, False),
        ('if-given = ["mode"]', {}, False),
        ('unless-given = ["mode"]', {"mode": None}, True),
        ('unless-given = ["mode"]', {"mode": GIVEN}, False),
        ('when = { mode = "w" }', {"mode": "w"}, True),
        ('when = { mode = "w" }', {"mode": GIVEN}, False),
        ('when = { mode = ["a", "w"] }', {"mode": "w"}, True),
        ("unless = { mode = false }", {"mode": False}, False),
        ("unless = { mode = false }", {}, True),
        ('matches = { mode = "[wax]" }', {"mode": "rb+"}, False),
        ('matches = { mode = "[wax]" }', {"mode": "wb"}, True),
        ('matches = { mode = "[wax]" }', {"mode": GIVEN}, False),
        ('matches = { mode = "[wax]" }', {}, False),
    ],
)
def test_conditions(condition: str, given: dict[str, object], applies: bool) -> None:
    text = f'["m.f"]\nparams = ["mode"]\nopens = {{ work = "thread", {condition} }}'
    assert bool(summary(text, "m.f", **given).effects) is applies


def test_terms_reach_into_arguments() -> None:
    text = '["m.f"]\nparams = ["d", "key", "*rest"]\nreturns = ["d[key]", "d[0]", "rest", "rest[*]", "d.a[].b"]'
    found = {thing.path for thing in summary(text, "m.f", key="name").returns.things}
    assert found == {
        parameter(0, "['name']"),
        parameter(0, "[0]"),
        parameter(2, "[]"),
        parameter(2, "[*]"),
        parameter(0, ".a", "[]", ".b"),
    }
    assert parameter(0, "[]") in {thing.path for thing in summary(text, "m.f", key=GIVEN).returns.things}


def test_what_is_made_depends_on_the_arguments() -> None:
    text = '["m.make"]\nparams = ["fast"]\ntype = "m.Slow"\ntypes = [{ type = "m.Fast", when = { fast = true } }]'
    for given, kind in (({}, "m.Slow"), ({"fast": True}, "m.Fast")):
        (thing,) = summary(text, "m.make", **given).returns.things
        assert (thing.path.root, thing.type.kind, thing.type.name) == (RESULT, TypeKind.INSTANCE, kind)


def test_parts_of_the_result_have_types() -> None:
    text = '["m.pair"]\nelements = "m.Any"\nparts = { "[0]" = "m.In" }\n["m.In"]\n["m.Any"]'
    stores = {
        store.path.fields: {thing.type.name for thing in store.value.things} for store in summary(text, "m.pair").stores
    }
    assert stores == {("[]",): {"m.Any"}, ("[0]",): {"m.In"}}


def test_a_file_is_where_its_name_says() -> None:
    text = '["m.save"]\nparams = ["content", "path"]\nopens = { work = "file", held-by = "path" }'
    ((effect, _),) = summary(text, "m.save").effects
    assert isinstance(effect, Pending)
    assert (effect.work, effect.path, effect.sources) == (Work.FILE, parameter(1), frozenset({parameter(1)}))


def test_clearing_is_a_reset_and_no_write() -> None:
    text = '["m.Box"]\n["m.Box.empty"]\nmutates = { self = "clear" }\n["m.Box.put"]\nparams = ["x"]\nmutates = { self = "grow" }'
    assert summary(text, "m.Box.empty").resets == {parameter(0)}
    assert summary(text, "m.Box.empty").effects == ()
    ((effect, _),) = summary(text, "m.Box.put").effects
    assert isinstance(effect, Write)
    assert effect.how is How.GROW


def test_callables_are_invoked_or_deferred() -> None:
    text = (
        '["m.run"]\nparams = ["fn", "*args", "callback"]\n'
        'opens = { work = "future", runs = "fn", arguments = ["args[*]"], context-follows = false }\n'
        'defers = { callable = "callback", api = "callback-api", held-by = "result" }'
    )
    found = summary(text, "m.run", fn=GIVEN)
    (invoke,) = found.invokes
    assert (invoke.path, invoke.moment, invoke.context_follows) == (parameter(0), Moment.WORK, False)
    assert not any(isinstance(effect, Defer) for effect, _ in found.effects)
    assert any(isinstance(effect, Defer) for effect, _ in summary(text, "m.run", callback=GIVEN).effects)
    assert not any(isinstance(effect, Defer) for effect, _ in summary(text, "m.run", callback=None).effects)


def test_constants_that_are_equal_are_told_apart() -> None:
    text = '["m.f"]\nparams = ["x"]\nreturns = ["x[x]"]'
    found = models(text)
    paths = [next(iter(found.summary("m.f", {"x": value}).returns.things)).path for value in (1, True)]
    assert paths == [parameter(0, "[1]"), parameter(0, "[]")]
