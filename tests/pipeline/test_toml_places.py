"""Places in TOML texts: every key and value that tomllib reads has one, and it is where the text stands."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaklint.pipeline.toml_places import KeyPath, toml_places

TEXTS = [
    'a = 1\n[b]\nc = "x" # [no]\nd = [1, [2, "three"], { e = 4, f = [5] }]\n',
    "a.b.\"c d\".e = \"\"\"\n[not a table]\nx = 1 \"\"\"\n[t]\nu = ''''quoted'''''\nv = 1.5e3\nw = 1979-05-27 07:32:00\n",
    "[[x]]\ny = 1\n[[x]]\ny = 2\n",
    "[a . 'b']\n\"c\" = { }\nd = [ ]\ne = [\n  1, # one\n  2,\n]\n",
]


def paths(value: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key path of a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*above, key)
        yield from paths(inner, (*above, key))


@pytest.mark.parametrize("text", TEXTS)
def test_everything_has_a_place(text: str) -> None:
    places = toml_places(text)
    missing = [path for path in paths(tomllib.loads(text)) if path not in places.values and path not in places.keys]
    assert [path for path in missing if not isinstance(path[-1], int)] == []


def test_a_place_is_where_the_text_stands() -> None:
    text = '[tool.x]\nnames = ["é", "b",\n\t"c"]\n'
    places = toml_places(text)
    found = {path: (each.line, each.column, each.length) for path, each in places.values.items()}
    assert found == {
        ("tool", "x", "names"): (2, 9, 1),
        ("tool", "x", "names", 0): (2, 10, 3),
        ("tool", "x", "names", 1): (2, 15, 3),
        ("tool", "x", "names", 2): (3, 2, 3),
    }


KEYS = st.text(alphabet="ab-_ .é#[", min_size=1, max_size=4)
WORDS = st.text(alphabet="xy[]{},='# \n\t\\\"é", max_size=6)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def written(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {written(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", # more\n ".join(written(inner) for inner in value) + "]"
    if isinstance(value, float):
        return f"{value:.3f}"
    return json.dumps(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_the_values_are_places_hold_them(content: dict[str, Any]) -> None:
    text = "[t]\n" + "".join(f"{json.dumps(key)} = {written(value)}\n" for key, value in content.items())
    read = tomllib.loads(text)
    places = toml_places(text)
    assert set(paths(read)) == set(places.values) | ({("t",)} & set(paths(read)))
    lines = text.split("\n")
    for path, extent in places.values.items():
        value: Any = read
        for key in path:
            value = value[key]
        token = lines[extent.line - 1][extent.column - 1 :][: extent.length]
        if isinstance(value, str):
            assert tomllib.loads(f"key = {token}")["key"] == value
        elif isinstance(value, dict | list):
            assert token == ("{" if isinstance(value, dict) else "[")
        else:
            assert str(value).lower().startswith(token[:1]) or token[:1] == "-"
