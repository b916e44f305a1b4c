"""Control flow: branches, loops, exceptions, context managers and patterns, as whole graphs."""

from __future__ import annotations

import pytest
from facts.graph_text import graph

CASES = {
    "if and": (
        """\
def f(a, b):
 if a and not b: g()
 else: h()
""",
        """\
0: -> 1, 2
1: assume a True -> 3, 4
2: assume a False -> 5
3: assume b True -> 5
4: assume b False; %1 = global g; %2 = call %1(); discard %2 -> 6
5: %3 = global h; %4 = call %3(); discard %4 -> 6
6: return None
""",
    ),
    "if or": (
        """\
def f(a, b):
 if a or b: return 1
""",
        """\
0: -> 1, 2
1: assume a True -> 5
2: assume a False -> 3, 4
3: assume b True -> 5
4: assume b False; return None
5: %1 = 1; return %1
""",
    ),
    "chain cond": (
        """\
def f(a, b, c):
 if a < b < c: g()
""",
        """\
0: %1 = < a b -> 1, 2
1: assume %1 True; %2 = < b c -> 3, 4
2: assume %1 False -> 5
3: assume %2 True; %3 = global g; %4 = call %3(); discard %4 -> 6
4: assume %2 False -> 5
5: -> 6
6: return None
""",
    ),
    "assert": (
        """\
def f(a):
 assert a, b
""",
        """\
0: -> 1, 2
1: assume a True; return None
2: assume a False; %1 = global AssertionError; %2 = global b; %3 = call %1(%2); raise %3 -> !out
""",
    ),
    "elif": (
        """\
def f(a):
 if a: g()
 elif b: return
 h()
""",
        """\
0: -> 1, 2
1: assume a True; %1 = global g; %2 = call %1(); discard %2 -> 5
2: assume a False; %3 = global b -> 3, 4
3: assume %3 True; return None
4: assume %3 False -> 5
5: %4 = global h; %5 = call %4(); discard %5; return None
""",
    ),
    "while": (
        """\
def f(a):
 while a:
  if b: break
  if c: continue
  d()
 else: e()
""",
        """\
0: -> 1
1: -> 2, 3
2: assume a True; %1 = global b -> 4, 5
3: assume a False; %5 = global e; %6 = call %5(); discard %6 -> 8
4: assume %1 True -> 8
5: assume %1 False; %2 = global c -> 6, 7
6: assume %2 True -> 1
7: assume %2 False; %3 = global d; %4 = call %3(); discard %4 -> 1
8: return None
""",
    ),
    "while true": (
        """\
def f():
 while True:
  g()
""",
        """\
0: -> 1
1: %1 = global g; %2 = call %1(); discard %2 -> 1
""",
    ),
    "for": (
        """\
async def f(xs):
 async for a, *b in xs: g(a)
 else: h()
""",
        """\
0: %1= = xs -> 1
1 for %1=: -> 2, 3
2: %2 = next %1= is_async; %4 = 0; %3 = %2[%4]; a = %3; %6 = 1; %7 = None; %8 = slice %6 %7; %5 = %2[%8]; b = %5; %9 = global g; %10 = call %9(a); discard %10 -> 1
3: %11 = global h; %12 = call %11(); discard %12; return None
""",
    ),
    "finally ways": (
        """\
def f(a):
 try:
  if a: return g()
 finally: h()
 k()
""",
        """\
0 ~5: -> 1, 2
1 ~5: assume a True; %1 = global g; %2 = call %1() -> 3
2 ~5: assume a False -> 4
3: %3 = global h; %4 = call %3(); discard %4; return %2
4: %5 = global h; %6 = call %5(); discard %6 -> 6
5: %7 = global h; %8 = call %7(); discard %8 -> !out
6: %9 = global k; %10 = call %9(); discard %10; return None
""",
    ),
    "finally loop": (
        """\
def f(xs):
 for x in xs:
  try:
   if x: break
   continue
  finally: h()
""",
        """\
0: %1= = xs -> 1
1 for %1=: -> 2, 9
2: %2 = next %1=; x = %2 -> 3
3 ~8: -> 4, 5
4 ~8: assume x True -> 6
5 ~8: assume x False -> 7
6: %3 = global h; %4 = call %3(); discard %4 -> 10
7: %5 = global h; %6 = call %5(); discard %6 -> 1
8: %7 = global h; %8 = call %7(); discard %8 -> !out
9: -> 10
10: return None
""",
    ),
    "finally return": (
        """\
def f(x):
 try: return x
 finally: return 2
""",
        """\
0 ~2: %1= = x -> 1
1: %2 = 2; return %2
2: %3 = 2; return %3
""",
    ),
    "except": (
        """\
def f():
 try: g()
 except A as e: h(e)
 except (B, c.D): raise
 else: k()
""",
        """\
0 ~2: %1 = global g; %2 = call %1(); discard %2 -> 1
1: %3 = global k; %4 = call %3(); discard %4 -> 5
2: -> !3, !4, !out
3: %5 = catch A; e = %5; %6 = global h; %7 = call %6(e); discard %7 -> 5
4: %8 = catch B c.D; raise None -> !out
5: return None
""",
    ),
    "except all": (
        """\
def f():
 try: g()
 except Exception: pass
""",
        """\
0 ~1: %1 = global g; %2 = call %1(); discard %2 -> 3
1: -> !2
2: %3 = catch Exception -> 3
3: return None
""",
    ),
    "except finally": (
        """\
def f():
 try: g()
 except: h()
 finally: k()
""",
        """\
0 ~1: %1 = global g; %2 = call %1(); discard %2 -> 3
1 ~4: -> !2
2 ~4: %3 = catch; %4 = global h; %5 = call %4(); discard %5 -> 3
3: %6 = global k; %7 = call %6(); discard %7 -> 5
4: %8 = global k; %9 = call %8(); discard %9 -> !out
5: return None
""",
    ),
    "star": (
        """\
def f():
 try: g()
 except* A as e: pass
""",
        """\
0 ~1: %1 = global g; %2 = call %1(); discard %2 -> 3
1: -> !2, !out
2: %3 = catch A; e = %3 -> 3
3: return None
""",
    ),
    "with": (
        """\
def f(a):
 with a as b: g(b)
""",
        """\
0: %1= = a; %2 = enter %1= -> 1
1 ~3: b = %2; %3 = global g; %4 = call %3(b); discard %4 -> 2
2: exit %1=; return None
3: exit %1= exceptional -> !out
""",
    ),
    "with return": (
        """\
async def f(a):
 async with a:
  return 1
""",
        """\
0: %1= = a; %2 = enter %1= is_async -> 1
1 ~3: %3 = 1 -> 2
2: exit %1= is_async; return %3
3: exit %1= is_async exceptional -> !out
""",
    ),
    "with suppress": (
        """\
def f():
 with contextlib.suppress(A): raise A
""",
        """\
0: %1 = global contextlib; %2 = %1.suppress; %3 = global A; %4 = call %2(%3); %5 = enter %4 -> 1
1 ~2: %6 = global A; raise %6 -> !2
2: exit %4 exceptional -> !out, 3
3: return None
""",
    ),
    "match": (
        """\
def f(s):
 match s:
  case 1 | None: a()
  case [x, *_, y] if x: b()
  case P(u, k=v): c()
  case {'k': w, **rest}: d()
  case _ as t: e()
""",
        """\
0: %1= = s; %2 = 1; %3 = == %1= %2 -> 1, 2
1: assume %3 True -> 5
2: assume %3 False; %4 = None; %5 = is %1= %4 -> 3, 4
3: assume %5 True -> 5
4: assume %5 False; %8 = match %1= -> 6, 7
5: %6 = global a; %7 = call %6(); discard %7 -> 15
6: assume %8 True; %9 = 0; %10 = %1=[%9]; x = %10; %11 = -1; %12 = %1=[%11]; y = %12 -> 8, 9
7: assume %8 False -> 10
8: assume x True; %13 = global b; %14 = call %13(); discard %14 -> 15
9: assume x False -> 10
10: %15 = global P; %16 = match %1= %15 -> 11, 12
11: assume %16 True; %17 = 0; %18 = %1=[%17]; u = %18; %19 = %1=.k; v = %19; %20 = global c; %21 = call %20(); discard %21 -> 15
12: assume %16 False; %22 = match %1= -> 13, 14
13: assume %22 True; %23 = 'k'; %24 = %1=[%23]; w = %24; %25 = dict *%1=; rest = %25; %26 = global d; %27 = call %26(); discard %27 -> 15
14: assume %22 False; t = %1=; %28 = global e; %29 = call %28(); discard %29 -> 15
15: return None
""",
    ),
    "raise": (
        """\
def f():
 raise A from b
""",
        """\
0: %1 = global A; %2 = global b; raise %1 -> !out
""",
    ),
    "dead": (
        """\
def f():
 return 1
 g()
""",
        """\
0: %1 = 1; return %1
""",
    ),
    "const": (
        """\
def f():
 if False: g()
 if 1: h()
""",
        """\
0: %1 = global h; %2 = call %1(); discard %2; return None
""",
    ),
    "nested break": (
        """\
def f():
 while a:
  with b:
   with c: break
""",
        """\
0: -> 1
1: %1 = global a -> 2, 3
2: assume %1 True; %2 = global b; %3 = enter %2 -> 4
3: assume %1 False -> 8
4 ~7: %4 = global c; %5 = enter %4 -> 5
5 ~7: exit %4 -> 6
6: exit %2 -> 8
7: exit %2 exceptional -> !out
8: return None
""",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_graph(name: str) -> None:
    source, expected = CASES[name]
    assert graph(source) == expected.rstrip("\n")
