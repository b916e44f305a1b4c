"""What names are bound to, as texts: for the calls whose receiver they are."""

from __future__ import annotations

import pytest

from leaklint.facts import Source


def bindings(source: str, function: str) -> dict[str, tuple[str, ...]]:
    return Source(source.encode()).facts.functions[function].bindings


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("x = g()", ("g()",)),
        ("x = await g()", ("g()^",)),
        ("x = a.b[0].c", ("a.b[].c",)),
        ("x = 1", ('""',)),
        ("x = [g()]", ("{g()}",)),
        ("x = {'a': c.d, 'b': 1, **e}", ("{c.d|e[]}",)),
        ("x = (a, b, c, d)", ("{}",)),
        ("x = ['a', [b], *c]", ("{}",)),
        ("x = [a for b in c]", ("{}",)),
        ("x = sorted(a, key=b)", ("a",)),
        ("x = next(iter(a.b))", ("a.b[]",)),
        ("x = a.sorted(b)", ("a.sorted()",)),
        ("x = functools.partial(a.b, c)", ("a.b",)),
        ("x = partial(*a)", ("partial()",)),
        ("x = a + b", ("?",)),
        ("x = a or g()", ("a", "g()")),
        ("x = a if b else c", ("a", "c")),
        ("y = x = a", ("a",)),
        ("x = a\n x = b", ("a", "b")),
        ("x: T", ("(T",)),
        ("x: T = a", ("(T", "a")),
        ("x += a", ("a",)),
        ("x, (y, *z) = a", ("a[]",)),
        ("*x, y = a", ("a",)),
        ("x = a[1:]", ("a",)),
        ("y, (x, z) = a", ("a[][]",)),
        ("if (x := a): pass", ("a",)),
        ("for x in a: pass", ("a[]",)),
        ("for y, x in a.items(): pass", ("a.items()[][]",)),
        ("async for x in a: pass", ("a[]^",)),
        ("[y for x in a]", ("a[]",)),
        ("with a as x: pass", ("a.__enter__()",)),
        ("async with a as x: pass", ("a.__aenter__()^",)),
        ("try: pass\n except E as x: pass", ("E()",)),
        ("import x", ("@",)),
        ("from a import b as x", ("@",)),
        ("match a:\n  case [x]: pass", ("?",)),
        ("match a:\n  case {'k': 1, **x}: pass", ("?",)),
        ("x = a\n match x:\n  case C(): pass", ("C()", "a")),
        ("del x", ("?",)),
        ("x = a\n def h():\n  nonlocal x\n  x = b", ("?", "a")),
        ("".join(f"x = a{i}\n " for i in range(9)), ("?",)),
    ],
)
def test_local_names(body: str, found: tuple[str, ...]) -> None:
    assert bindings(f"async def f():\n {body}\n x.g()\n", "f")["x"] == found


def test_only_what_receivers_need() -> None:
    assert bindings("def f(a):\n x = a\n y = x\n z = 1\n y.g()\n", "f") == {"x": ("a",), "y": ("x",)}


def test_parameters_count_where_they_are_bound_anew() -> None:
    assert bindings("def f(a):\n a.g()\n", "f") == {}
    assert bindings("def f(a):\n a = b()\n a.g()\n", "f") == {"a": ("b()",)}


def test_inner_functions_need_names_too() -> None:
    source = "def f():\n x = a()\n def h(): x.g()\n return h\n"
    assert bindings(source, "f") == {"return": ("h",), "x": ("a()",)}
    assert bindings(source, "f.<locals>.h") == {}


def test_attributes_and_elements() -> None:
    source = "class C:\n def f(this, a):\n  this.x = a\n  a.y = g()\n  a['k'] = h\n  this.z = 1\n"
    assert bindings(source, "C.f") == {"a.y": ("g()",), "a[]": ("h",), "self.x": ("a",)}


def test_what_is_returned_and_yielded() -> None:
    assert bindings("def f():\n return a() or b\n", "f") == {"return": ("a()", "b")}
    assert bindings("def f():\n return 1\n", "f") == {"return": ('""',)}
    assert bindings("def f():\n yield a\n", "f") == {"yield": ("a",)}
    assert bindings("def f() -> T:\n return a\n", "f") == {}
    assert bindings("f = lambda: a\n", "<lambda:1:5>") == {"return": ("a",)}


def test_names_of_modules_and_classes() -> None:
    source = "A = g()\nB = 1\nC: T = A\nclass D:\n x = A\n y = 'k'\ndef f():\n global E\n E = A\n"
    assert bindings(source, "<module>") == {"A": ("g()",), "C": ("(T", "A")}
    assert bindings(source, "D.<body>") == {"x": ("A",)}
    assert bindings(source, "f") == {"E": ("A",)}
