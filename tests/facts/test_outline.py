"""The outline: names, scopes, functions, classes, imports, droppable calls."""

from __future__ import annotations

import symtable
from collections import defaultdict
from pathlib import Path

import pytest

from leaklint.facts import Source, extract
from leaklint.facts.drops import last_name
from leaklint.ir.facts import FileFacts, FunctionFacts
from leaklint.ir.location import Span

STANDARD_LIBRARY = Path(symtable.__file__).parent


def outline(source: str) -> FileFacts:
    facts = Source(source.encode()).facts
    assert facts.troubles == ()
    return facts


def function(source: str, name: str = "f") -> FunctionFacts:
    return outline(source).functions[name]


@pytest.mark.parametrize(
    ("source", "name", "free", "cells"),
    [
        ("def f(a):\n def g(): return a", "f.<locals>.g", ("a",), ()),
        ("def f(a):\n def g(): return a", "f", (), ("a",)),
        ("def f(a):\n def g(a): return a", "f", (), ()),
        ("def f():\n def g():\n  global a\n  a = 1\n a = 2", "f", (), ()),
        ("def f():\n global a\n def g(): return a", "f.<locals>.g", (), ()),
        ("def f(a):\n def g():\n  def h(): return a", "f.<locals>.g", ("a",), ()),
        ("def f(a):\n def g():\n  nonlocal a\n  a = 1", "f.<locals>.g", ("a",), ()),
        ("def f(a):\n class C:\n  b = a\n  a = 1", "f.<locals>.C.<body>", (), ()),
        ("def f(a):\n class C:\n  b = a", "f.<locals>.C.<body>", ("a",), ()),
        ("def f():\n class C:\n  a = 1\n  def m(self): return a", "f.<locals>.C.m", (), ()),
        ("def f(x):\n return [x for x in x]", "f", (), ()),
        ("def f(x):\n return [lambda: y for y in x]", "f", (), ("y%1",)),
        ("def f(x):\n return [lambda: y for y in x]", "f.<locals>.<lambda:2:10>", ("y%1",), ()),
        ("def f(x):\n [(y := z) for z in x]\n def g(): return y", "f", (), ("y",)),
        ("def f():\n try: pass\n except E as e:\n  def g(): return e", "f", (), ("e",)),
        ("def f(x):\n match x:\n  case [a, *b]: return lambda: (a, b)", "f", (), ("a", "b")),
        ("def f(x):\n match x:\n  case {'k': 1, **c}: return lambda: c", "f", (), ("c",)),
        ("def f():\n import a.b\n return lambda: a", "f", (), ("a",)),
        ("class C:\n def m(self): return __class__", "C.m", ("__class__",), ()),
        ("class C:\n def m(self): return __class__", "C.<body>", (), ("__class__",)),
        ("def f(x):\n class C:\n  a = 1\n  b = [a for _ in x]", "f.<locals>.C.<body>", ("x",), ()),
        (
            "def f():\n for a in (): pass\n else:\n  with x as b, y as (c, [d]): return lambda: a + b + c + d",
            "f",
            (),
            ("a", "b", "c", "d"),
        ),
        ("def f():\n del a\n return lambda: a", "f", (), ("a",)),
        ("def f():\n nonlocal a\n a = 1", "f", (), ()),
    ],
)
def test_names_that_cross_functions(source: str, name: str, free: tuple[str, ...], cells: tuple[str, ...]) -> None:
    facts = function(source, name)
    assert (facts.free, facts.cells) == (free, cells)


@pytest.mark.parametrize(
    "path", ["ast.py", "dataclasses.py", "enum.py", "functools.py", "asyncio/tasks.py", "unittest/mock.py"]
)
def test_free_names_are_those_of_python_itself(path: str) -> None:
    source = (STANDARD_LIBRARY / path).read_bytes()
    theirs: dict[tuple[str, int], list[set[str]]] = defaultdict(list)
    stack = [symtable.symtable(source.decode(), path, "exec")]
    comprehensions = {"listcomp", "setcomp", "dictcomp", "genexpr"}
    while stack:
        table = stack.pop()
        stack += table.get_children()
        if isinstance(table, symtable.Function) and table.get_name() not in comprehensions:
            theirs[table.get_name(), table.get_lineno()].append(set(table.get_frees()) - {"__class__"})
    ours: dict[tuple[str, int], list[set[str]]] = defaultdict(list)
    for facts in Source(source).facts.functions.values():
        last = facts.name.rsplit(".", 1)[-1]
        if last not in ("<module>", "<body>"):
            name = "lambda" if last.startswith("<lambda") else last.partition("#")[0]
            free = {each.partition("%")[0] for each in facts.free} - {"__class__"}
            ours[name, facts.span.line].append(free)
    assert {key: sorted(map(sorted, sets)) for key, sets in ours.items()} == {
        key: sorted(map(sorted, sets)) for key, sets in theirs.items()
    }


def test_names_are_qualified_and_told_apart() -> None:
    facts = outline(
        "def f(): pass\ndef f():\n def g(): pass\nclass C:\n class D:\n  def m(self): pass\n x = lambda: 1\n"
        "if a:\n class C: pass\n"
    )
    assert sorted(facts.functions) == [
        "<module>",
        "C#2.<body>",
        "C.<body>",
        "C.<lambda:7:6>",
        "C.D.<body>",
        "C.D.m",
        "f",
        "f#2",
        "f#2.<locals>.g",
    ]
    assert list(facts.classes) == ["C", "C.D", "C#2"]
    assert facts.functions["C.D.m"].in_class == "C.D"
    assert facts.functions["C.<lambda:7:6>"].in_class == "C"


def test_function() -> None:
    facts = function(
        "@a.b\n@c(\n 1)\nasync def f(p, /, q: 'int', r=1, *s, t, u: X = 2, **v) -> dict[str, int]:\n"
        ' """Doc."""\n ...\n'
    )
    assert facts.span == Span(4, 1, 6, 5)
    assert facts.name_span == Span(4, 11, 4, 12)
    shown = [(each.name, each.kind, each.has_default, each.annotation) for each in facts.parameters]
    assert shown == [
        ("p", "positional", False, ""),
        ("q", "either", False, "'int'"),
        ("r", "either", True, ""),
        ("s", "star", False, ""),
        ("t", "keyword", False, ""),
        ("u", "keyword", True, "X"),
        ("v", "double_star", False, ""),
    ]
    assert facts.decorators == ("a.b", "c(\n 1)")
    assert facts.decorator_spans == (Span(1, 2, 1, 5), Span(2, 2, 3, 4))
    assert facts.returns == "dict[str, int]"
    assert facts.is_async
    assert facts.is_stub
    assert not facts.has_await
    assert not facts.is_generator


@pytest.mark.parametrize(
    ("body", "is_generator", "has_await", "is_stub"),
    [
        ("yield", True, False, False),
        ("return (yield from x)", True, False, False),
        ("await x", False, True, False),
        ("async for a in b: pass", False, True, False),
        ("async with a: pass", False, True, False),
        ("return [a async for a in b]", False, True, False),
        ("return [await a for a in b]", False, True, False),
        ("def g(): yield", False, False, False),
        ("async def g(): await x", False, False, False),
        ("return lambda: (yield)", False, False, False),
        ("pass", False, False, True),
        ("raise NotImplementedError('x')", False, False, True),
        ("raise ValueError", False, False, False),
        ("return None", False, False, False),
    ],
)
def test_kinds_of_function(body: str, is_generator: bool, has_await: bool, is_stub: bool) -> None:
    facts = function(f"async def f(x):\n {body}\n")
    assert (facts.is_generator, facts.has_await, facts.is_stub) == (is_generator, has_await, is_stub)


@pytest.mark.parametrize(
    ("body", "dropped"),
    [
        ("a.g(k())", ("a.g",)),
        ("[g(), *h()]", ("g", "h")),
        ("[g(i) for i in z]", ("g",)),
        ("{i: g(i) for i in z}", ("g",)),
        ("x = g()", ("g",)),
        ("x: T = g()", ("g",)),
        ("_ = [g()]", ("g",)),
        ("x = g()\n return x", ()),
        ("x = g()\n return lambda: x", ()),
        ("x = g()\n return [x for y in z]", ()),
        ("global x\n x = g()", ()),
        ("with g(): pass", ("g",)),
        ("print(g())", ("print",)),
        ("if g(): g()", ("g",)),
        ("return g()", ()),
        ("async for i in g(): pass", ()),
        ("async with g(): pass", ()),
        ("await g()", ()),
        ("z.append(g())", ("z.append",)),
        ("z.y = g()", ()),
        ("g().h", ()),
        ("z()", ()),
        ("z.g()", ("z.g",)),
        ("k(1)['x'].g()", ("k()[].g",)),
        ("(await k()).a.g()", ("k()^.a.g",)),
        ("''.join(z)", ('"".join',)),
        ("{}.get(z)", ("{}.get",)),
        ("(z or k).g()", ("?.g",)),
        ("a.b.c.d.e.h.i.j.g()", ("?.b.c.d.e.h.i.j.g",)),
        ("z = g\n z()", ("z",)),
        ("def h(): z()\n h()", ("h",)),
    ],
)
def test_calls_that_could_be_dropped(body: str, dropped: tuple[str, ...]) -> None:
    facts = function(f"async def f(z):\n {body}\n")
    assert facts.dropped_calls == dropped
    assert {last_name(each) for each in dropped} - {""} <= set(facts.calls)


@pytest.mark.parametrize(
    ("body", "looked_at"),
    [
        ("x = g()\n x = 1\n return x", ("g",)),
        ("if g(): pass", ("g",)),
        ("while not g(): pass", ("g",)),
        ("assert g()", ("g",)),
        ("return g() == h()", ("g", "h")),
        ("return 1 if g() else h()", ("g",)),
        ("return z and g()", ("g",)),
        ("return f'{g()}'", ("g",)),
        ("print(g())", ("g",)),
        ("return str(g())", ("g",)),
        ("for i in g(): pass", ("g",)),
        ("for i in [1 for k in g()]: pass", ("g",)),
        ("if g(): g()", ()),
        ("match g():\n  case 1: pass", ("g",)),
        ("return [i for i in z if g()]", ("g",)),
        ("return g()", ()),
        ("x = g()\n return x", ()),
    ],
)
def test_calls_that_could_be_dropped_when_they_have_been_looked_at(body: str, looked_at: tuple[str, ...]) -> None:
    assert function(f"async def f(z):\n {body}\n").looked_at == looked_at


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ("return g()", ("g",)),
        ("return z, [g()]", ("g",)),
        ("yield g()", ("g",)),
        ("x = g()\n x = h()\n return x", ("g", "h")),
        ("x = g()\n x = h()\n return z", ()),
        ("g()", ()),
        ("return z.append(1) or z", ("z.append",)),
        ("return w(g())", ("w",)),
        ("return z(g())", ()),
    ],
)
def test_calls_whose_result_the_caller_could_drop(body: str, given: tuple[str, ...]) -> None:
    facts = function(f"def f(z):\n {body}\n")
    assert facts.given_calls == given


def test_a_call_of_an_element_counts_by_its_container() -> None:
    assert function("def f(): k.h[0]()\n").dropped_calls == ("k.h[]",)
    assert last_name("k.h[]") == "h"


def test_calls_of_parameters_count_where_their_results_are_awaited() -> None:
    assert function("def f(z: Callable[[], Awaitable[int]]): z()\n").dropped_calls == ("z",)
    assert function("def f(z: Callable[[], int]): z()\n").dropped_calls == ()


def test_calls_hold_decorators_but_not_those_of_inner_functions() -> None:
    facts = function("def f():\n @a.deco\n def g(): inner()\n b.c.d()()\n [e() for x in y]\n")
    assert facts.calls == ("d", "deco", "e")


def test_class() -> None:
    facts = outline(
        "@deco\nclass C(B, *more, metaclass=M, **options):\n"
        " items = []\n name: str\n size: int = 1\n"
        " def __init__(self):\n  self.a, (self.b, c) = 1, 2\n  other.z = 1\n"
        " def later(self):\n  self.a += 1\n  for self.i in (): pass\n  del self.gone\n"
        " @staticmethod\n def s(x): x.no = 1\n"
        " @property\n def p(self): pass\n"
        " @p.setter\n def p(self, v): self._p = v\n"
    ).classes["C"]
    assert facts.bases == ("B", "*more")
    assert facts.keywords == ("metaclass=M", "**options")
    assert facts.decorators == ("deco",)
    assert facts.attributes == ("items", "name", "size", "__init__", "later", "s", "p")
    assert facts.methods == {"__init__": "C.__init__", "later": "C.later", "s": "C.s", "p": "C.p#2"}
    assert facts.instance_attributes == {
        "a": ("C.__init__", "C.later"),
        "b": ("C.__init__",),
        "i": ("C.later",),
        "_p": ("C.p#2",),
    }
    assert facts.annotations == {"name": "str", "size": "int"}
    assert facts.name_span == Span(2, 7, 2, 8)


def test_imports() -> None:
    facts = outline("import a.b, c.d as e\nfrom ..f import g as h, i\ndef f():\n from . import *\n")
    shown = [(each.module, each.name, each.level, each.alias, each.at_module_level) for each in facts.imports]
    assert shown == [
        ("a.b", "", 0, "a", True),
        ("c.d", "", 0, "e", True),
        ("f", "g", 2, "h", True),
        ("f", "i", 2, "i", True),
        ("", "*", 1, "*", False),
    ]
    assert list(facts.module_names) == ["a", "e", "h", "i", "f"]


def test_module_level_names_and_literals() -> None:
    facts = outline(
        "A = 1\nB: str = 'b' 'c'\nC = -2.5\nD = None\nE = b'x'\nF = 1\nF = 2\nG = 1\nH, I = 1, 2\nA2 = [x for x in I]\n"
        "def f():\n global G, NEW\n G = 2\n NEW = 1\nif A:\n J = 1\nBIG = 99999999999999999999\n"
    )
    assert facts.literals == {"A": 1, "B": "bc", "C": -2.5, "D": None, "BIG": "99999999999999999999"}
    assert facts.global_writers == {"G": ("f",), "NEW": ("f",)}
    assert facts.functions["f"].globals_bound == ("G", "NEW")
    assert list(facts.module_names) == ["A", "B", "C", "D", "E", "F", "G", "H", "I", "A2", "f", "J", "BIG"]
    assert facts.module_names["J"] == Span(16, 2, 16, 3)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("", None),
        ("__all__ = ['a', 'b']", ("a", "b")),
        ("__all__: list[str] = ['a']\n__all__ += ('b',)", ("a", "b")),
        ("__all__ = ['a'] + other", None),
        ("__all__ = ['a', b]", None),
    ],
)
def test_all_names(source: str, names: tuple[str, ...] | None) -> None:
    assert outline(source).all_names == names


def test_columns_count_characters() -> None:
    facts = extract("é = 'ü'; naïve(é)\r\ndef grün(): pass\r\n".encode())
    assert facts.module_names == {"é": Span(1, 1, 1, 2), "grün": Span(2, 5, 2, 9)}
    assert facts.functions["grün"].span == Span(2, 1, 2, 17)
    discarded = [each for block in facts.bodies["<module>"].blocks for each in block.instructions][-4]
    assert discarded.span == Span(1, 10, 1, 18)


def test_lines_of_long_statements() -> None:
    facts = outline(
        "x = [\n 1,\n]\n"
        "def f(\n a,\n):\n  # note\n\n  return (\n   a)\n"
        "try:\n pass\nexcept (\n A,\n):\n y = (\n 1)\n"
        "@d(\n 1)\nclass C:\n z = 1\n"
        "match x:\n case 1:\n  w = (\n 2)\n"
        "if x:\n pass\nelif (x\n  or y):\n pass\n"
    )
    assert facts.statements == ((1, 3), (4, 6), (9, 10), (13, 15), (16, 17), (18, 19), (24, 25), (28, 29))


def test_plain_module_level_bindings_are_kept_as_short_text() -> None:
    source = b"""
app = func.FunctionApp(auth=X)
handler = app.lambda_handler
pick = lambda event, context: event
a, b = make()
other = x + 1
try:
    made = factory.build("a")(1)
except ImportError:
    made = fallback
run: Runner = Runner()
"""
    assert extract(source).bound_calls == {
        "app": "func.FunctionApp()",
        "handler": "app.lambda_handler",
        "pick": "<lambda:4:8>",
        "made": "fallback",
        "run": "Runner()",
    }


def test_strings_that_look_like_dotted_names():
    source = b"""
LIST = ["a.b", "no dots", "c.d"] + ("e.f",)
LIST += ["g.h"]
os.environ["SETTINGS"] = "s.t"
os.environ.setdefault("SETTINGS", "u.v")
patterns: list = [path("x/", include("w.urls")), path("y.z", view=1)]
if TEST:
    ROOT = "r.urls"
def inside():
    LATER = "no.no"
class Body:
    NOR = "no.no"
"""
    assert extract(source).dotted_strings == {
        "LIST": ("a.b", "c.d", "e.f", "g.h"),
        "ROOT": ("r.urls",),
        "SETTINGS": ("s.t",),
        "include": ("w.urls",),
        "path": ("y.z",),
        "setdefault": ("u.v",),
    }


def test_defaults_in_short():
    (function,) = (
        each
        for each in extract(b"def f(a, b=x.y, /, c=g(1), *, d=h.i(), e=3, **k): ...").functions.values()
        if each.parameters
    )
    assert [each.default for each in function.parameters] == ["", "x.y", "g()", "h.i()", "", ""]


def test_defaults_that_name_nothing():
    (function,) = (
        each
        for each in extract(b"def f(a=x, b=g(), c=g(1, k=[2]), d=g(x), e=g(k=[lambda: 1])): ...").functions.values()
        if each.parameters
    )
    assert [each.default_names_nothing for each in function.parameters] == [False, True, True, False, False]


def test_the_class_of_a_class_is_nobodys_parameter() -> None:
    facts = function("class C:\n __class__()\n def f(x): __class__(x)\n", "C.<body>")
    assert facts.dropped_calls == ("__class__",)
