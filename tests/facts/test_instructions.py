"""Expressions and simple statements: the instructions that stand for them, as whole graphs."""

from __future__ import annotations

import sys

import pytest
from facts.graph_text import graph

from leaklint.facts import extract

CASES = {
    "chain value": (
        """\
def f(a, b, c):
 return a < b < c
""",
        """\
0: %2 = < a b -> 1, 2
1: assume %2 True; %3 = < b c; %1 = %3 -> 3
2: assume %2 False; %1 = %2 -> 3
3: return %1
""",
    ),
    "or value": (
        """\
def f(a, b):
 x = a or b
""",
        """\
0: -> 1, 2
1: assume a True; %1 = a -> 3
2: assume a False; %1 = b -> 3
3: x = %1; return None
""",
    ),
    "ternary": (
        """\
def f(a):
 return b if a else 1
""",
        """\
0: -> 1, 2
1: assume a True; %2 = global b; %1 = %2 -> 3
2: assume a False; %3 = 1; %1 = %3 -> 3
3: return %1
""",
    ),
    "comp": (
        """\
def f(xs):
 return [g(x) for x in xs if x]
""",
        """\
0: %1 = list -> 1
1 for xs: -> 2, 5
2: %2 = next xs; x%1 = %2 -> 3, 4
3: assume x%1 True; %3 = global g; %4 = call %3(x%1); fill %1 %4 -> 1
4: assume x%1 False -> 1
5: return %1
""",
    ),
    "dictcomp": (
        """\
def f(xs):
 return {k: v for a in xs for k, v in a}
""",
        """\
0: %1 = dict -> 1
1 for xs: -> 2, 5
2: %2 = next xs; a%1 = %2 -> 3
3 for a%1: -> 4, 1
4: %3 = next a%1; %5 = 0; %4 = %3[%5]; k%1 = %4; %7 = 1; %6 = %3[%7]; v%1 = %6; fill %1 k%1: v%1 -> 3
5: return %1
""",
    ),
    "genexp": (
        """\
async def f(xs):
 return (await x async for x in xs)
""",
        """\
0: %1 = generator -> 1
1 for xs: -> 2, 3
2: %2 = next xs is_async; x%1 = %2; %3 = await x%1; fill %1 %3 -> 1
3: return %1
""",
    ),
    "walrus": (
        """\
def f(xs):
 if (x := g()) and [y := z for z in xs]: return x, y
""",
        """\
0: %1 = global g; %2 = call %1(); x = %2 -> 1, 2
1: assume x True; %3 = list -> 3
2: assume x False -> 8
3 for xs: -> 4, 5
4: %4 = next xs; z%1 = %4; y = z%1; fill %3 y -> 3
5: -> 6, 7
6: assume %3 True; %5 = tuple x y; return %5
7: assume %3 False -> 8
8: return None
""",
    ),
    "aug": (
        """\
def f(a):
 global n
 n += 1
 a.b -= 2
 a[0] |= 3
 a @= 4
""",
        """\
0: %1 = global n; %2 = 1; %3 = %1 += %2; global n = %3 augmented; %4 = a.b; %5 = 2; %6 = %4 -= %5; a.b = %6 augmented; %7 = 0; %8 = a[%7]; %9 = 3; %10 = %8 |= %9; a[%7] = %10 augmented; %11 = 4; %12 = a @= %11; a = %12; return None
""",
    ),
    "unpack": (
        """\
def f(p):
 a, (b, *c), d.e = p
""",
        """\
0: %1= = p; %3 = 0; %2 = %1=[%3]; a = %2; %5 = 1; %4 = %1=[%5]; %7 = 0; %6 = %4[%7]; b = %6; %9 = 1; %10 = None; %11 = slice %9 %10; %8 = %4[%11]; c = %8; %13 = 2; %12 = %1=[%13]; %14 = global d; %14.e = %12; return None
""",
    ),
    "swap": (
        """\
def f(a, b):
 a, b = b, a
""",
        """\
0: %1= = b; %2= = a; a = %1=; b = %2=; return None
""",
    ),
    "chained": (
        """\
def f(a):
 a[0] = b = c = a
""",
        """\
0: %1= = a; %2 = 0; a[%2] = %1=; b = %1=; c = %1=; return None
""",
    ),
    "del": (
        """\
def f(a):
 global g
 del a.b, a[0], (a, g)
""",
        """\
0: del a.b; %1 = 0; del a[%1]; del a; del global g; return None
""",
    ),
    "nonlocal": (
        """\
def o():
 x = 1
 def f():
  nonlocal x
  x += 1
  y = x
  del x
""",
        """\
0: %1 = free x; %2 = 1; %3 = %1 += %2; free x = %3 augmented; %4 = free x; y = %4; %5 = None; free x = %5; return None
""",
    ),
    "slices": (
        """\
def f(a):
 a[1:] = a[::2, ...]
""",
        """\
0: %1 = None; %2 = None; %3 = 2; %4 = slice %1 %2 %3; %5 = '...'; %6 = tuple %4 %5; %7 = a[%6]; %8 = 1; %9 = None; %10 = slice %8 %9; a[%10] = %7; return None
""",
    ),
    "call": (
        """\
def f(a):
 a.b(1, *c, k=-2, **d)
""",
        """\
0: %1 = a.b; %2 = 1; %3 = global c; %4 = -2; %5 = global d; %6 = call %1(%2 *%3 k=%4 **%5); discard %6; return None
""",
    ),
    "fstring": (
        """\
def f(a):
 return f'x{a!r:>{w}}' + f'y'
""",
        """\
0: %1 = 'x'; %2 = '>'; %3 = global w; %4 = format %1 a %2 %3; %5 = 'y'; %6 = + %4 %5; return %6
""",
    ),
    "displays": (
        """\
def f(a):
 [a, *b]
 {a: 1, **b}
 {a}
 'text'
 ...
""",
        """\
0: %1 = global b; %2 = list a *%1; discard %2; %3 = 1; %4 = global b; %5 = dict a: %3 *%4; discard %5; %6 = set a; discard %6; return None
""",
    ),
    "yield": (
        """\
def f():
 x = yield
 yield from x
""",
        """\
0: %1 = None; %2 = yield %1; x = %2; %3 = yield x delegates; discard %3; return None
""",
    ),
    "await": (
        """\
async def f():
 await g()
""",
        """\
0: %1 = global g; %2 = call %1(); %3 = await %2; discard %3; return None
""",
    ),
    "decorated": (
        """\
def f(a=1):
 @d1
 @d2(3)
 def g(x, y=a, *, z=2): pass
""",
        """\
0: %1 = global d1; %2 = global d2; %3 = 3; %4 = call %2(%3); %5 = 2; %6 = def f.<locals>.g y a z %5; %7 = call %4(%6); %8 = call %1(%7); g = %8; return None
""",
    ),
    "class": (
        """\
def f():
 @d
 class C(B, metaclass=M): pass
""",
        """\
0: %1 = global d; %2 = global B; %3 = global M; %4 = class f.<locals>.C %2 metaclass %3; %5 = call %1(%4); C = %5; return None
""",
    ),
    "imports": (
        """\
def f():
 import a.b, c.d as e
 from .. import g as h
 from m import *
""",
        """\
0: %1 = import a.b; a = %1; %2 = import c.d whole; e = %2; %3 = from 2 import g; h = %3; %4 = from 0m import *; return None
""",
    ),
    "ann": (
        """\
def f():
 x: int
 y: int = 1
""",
        """\
0: %1 = 1; y = %1; return None
""",
    ),
    "lambda": (
        """\
def f(a):
 return lambda b=a: a
""",
        """\
0: %1 = def f.<locals>.<lambda:2:9> b a; return %1
""",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_graph(name: str) -> None:
    source, expected = CASES[name]
    assert graph(source, "o.<locals>.f" if name == "nonlocal" else "f") == expected.rstrip("\n")


def test_names_of_the_module_are_global() -> None:
    source = "import a\nx = 1\nx += 1\ndel x\nfor y in a: pass\nz = [w for w in a]\ndef f(): return x\n"
    assert graph(source, "<module>") == (
        "0: %1 = import a; global a = %1; %2 = 1; global x = %2; %3 = global x; %4 = 1; %5 = %3 += %4; "
        "global x = %5 augmented; del global x; %6 = global a -> 1\n"
        "1 for %6: -> 2, 3\n"
        "2: %7 = next %6; global y = %7 -> 1\n"
        "3: %9 = global a; %8 = list -> 4\n"
        "4 for %9: -> 5, 6\n"
        "5: %10 = next %9; w%1 = %10; fill %8 w%1 -> 4\n"
        "6: global z = %8; %11 = def f; global f = %11; return None"
    )
    assert graph(source) == "0: %1 = global x; return %1"


def test_names_of_a_class_body_are_local_from_their_binding_on() -> None:
    source = "class C:\n x = x\n y = [x for z in x]\n global g\n g = x\n def m(self): return x, __class__\n"
    assert graph(source, "C.<body>") == (
        "0: %1 = global x; x = %1; %2 = list -> 1\n"
        "1 for x: -> 2, 3\n"
        "2: %3 = next x; z%1 = %3; %4 = global x; fill %2 %4 -> 1\n"
        "3: y = %2; global g = x; %5 = def C.m; m = %5; return None"
    )
    assert graph(source, "C.m") == "0: %1 = global x; %2 = free __class__; %3 = tuple %1 %2; return %3"


def test_a_lambda_reads_the_variable_of_a_comprehension_as_a_cell() -> None:
    source = "def f(a):\n return [lambda: (x, a) for x in a]\n"
    assert graph(source, "f.<locals>.<lambda:2:10>") == "0: %1 = free x%1; %2 = free a; %3 = tuple %1 %2; return %3"


def test_a_lambda_may_branch() -> None:
    source = "def f():\n return lambda a: a and 1\n"
    assert graph(source, "f.<locals>.<lambda:2:9>") == (
        "0: -> 1, 2\n1: assume a True; %2 = 1; %1 = %2 -> 3\n2: assume a False; %1 = a -> 3\n3: return %1"
    )


def test_walrus_in_a_comprehension_of_the_module_is_global() -> None:
    assert "global y = " in graph("[y := x for x in z]\n", "<module>")


TYPE_PARAMETERS = {
    "def f[T: int](a: T = d) -> T: return T": {
        "<module>": "0: T%1 = type-parameter; %1 = global d; %2 = def f a %1; global f = %2; return None",
        "f": "0: %1 = free T%1; return %1",
    },
    "class C[T](B[T]):\n def m(self): return T": {
        "<module>": "0: T%1 = type-parameter; %1 = global B; %2 = %1[T%1]; %3 = class C %2; global C = %3; return None",
        "C.m": "0: %1 = free T%1; return %1",
    },
    "type X[T] = list[T]": {"<module>": "0: %1 = type-alias; global X = %1; return None"},
}


@pytest.mark.parametrize("source", TYPE_PARAMETERS)
def test_type_parameters_live_beside_the_definition(source: str) -> None:
    if sys.version_info < (3, 12):
        (trouble,) = extract(source.encode()).troubles
        assert trouble.reason.startswith("cannot be parsed: ")
    else:
        for name, expected in TYPE_PARAMETERS[source].items():
            assert graph(source, name) == expected
