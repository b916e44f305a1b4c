"""What the pages name exists: files, anchors, codes, settings, keys of rows, bounds and dependencies."""

from __future__ import annotations

import difflib
import importlib
import re
import tomllib
import typing
from pathlib import Path

import msgspec
import pytest
from docs.pages import FENCE, PAGES, ROOT, fences, inline, label, text_of

import leaklint
from leaklint.frontends.config import reference
from leaklint.models import schema
from leaklint.models.load import GIVEN, Models, parse
from leaklint.pipeline.rule_names import rule_names
from leaklint.pipeline.settings import FIELDS, read_settings

SETTINGS = ROOT / "docs" / "settings.md"
ROWS = ROOT / "docs" / "rows.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
SOURCE = ROOT / "src" / "leaklint"
LINK = re.compile(r"\]\(([^)\s]+)\)")
KEY = re.compile(r"^\| `([a-z-]+)` \|(.*)$", re.MULTILINE)
pages = pytest.mark.parametrize("page", PAGES, ids=label)


def anchors(page: Path) -> set[str]:
    """The anchors of a page: its own, and those of its titles."""
    text = FENCE.sub("", text_of(page))
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="([^"]+)"></a>', text))


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", text_of(page))):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pages
def test_codes_exist(page: Path) -> None:
    named = set(re.findall(r"\bLK\d{3}\b", text_of(page)))
    assert named - rule_names().keys() == set()


@pages
def test_settings_can_be_read(page: Path, tmp_path: Path) -> None:
    for block in fences(page, "toml"):
        tomllib.loads(block)
        if "[tool.leaklint" in block:
            file = tmp_path / "pyproject.toml"
            file.write_text(block, encoding="utf-8")
            read_settings(file, file.name, rule_names())


@pages
def test_rows_can_be_read(page: Path) -> None:
    for block in fences(page, "toml"):
        if block.startswith('["'):
            rows = parse(block, label(page))
            models = Models([rows])
            for name in rows:
                formals = models.parameters(name) or ()
                assert models.summary(name, {formal.name: GIVEN for formal in formals}) is not None


def test_the_page_of_settings_is_up_to_date() -> None:
    command = "make pages"
    written = text_of(SETTINGS)
    assert command in written
    difference = list(
        difflib.unified_diff(
            written.splitlines(), reference().splitlines(), "docs/settings.md", "generated", lineterm=""
        )
    )
    assert not difference, "\n".join([f"run: {command}", *difference])


def test_examples_of_settings_can_be_read(tmp_path: Path) -> None:
    for block in fences(SETTINGS, "toml"):
        file = tmp_path / "leaklint.toml"
        file.write_text(block, encoding="utf-8")
        assert read_settings(file, file.name, rule_names()).origins.keys() <= FIELDS.keys()


def section(title: str) -> dict[str, str]:
    """The keys in the table of one section of the page of rows, each with the rest of its line."""
    _, _, rest = text_of(ROWS).partition(f"# {title}\n")
    assert rest, title
    return dict(KEY.findall(re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]))


def keys(struct: type[msgspec.Struct]) -> dict[str, object]:
    """The keys of a part of a row as they are written, each with its type."""
    hints = typing.get_type_hints(struct)
    return {each.encode_name: hints[each.name] for each in msgspec.structs.fields(struct)}


def words(hint: object) -> set[str]:
    """The words that a key may have for a value, as far as its type lists them."""
    if typing.get_origin(hint) is typing.Literal:
        return {word for word in typing.get_args(hint) if word}
    return {word for inner in typing.get_args(hint) for word in words(inner)}


def part_of(hint: object) -> type[msgspec.Struct] | None:
    """The form of the tables that a key of a row holds a list of, if it does."""
    inner = typing.get_args(hint)
    return inner[0] if inner and isinstance(inner[0], type) and issubclass(inner[0], msgspec.Struct) else None


PARTS = {key: part for key, hint in keys(schema.Row).items() if (part := part_of(hint)) is not None}


def says_all(described: dict[str, str], wanted: dict[str, object]) -> None:
    """Every key is described and no other, and every word that it may have."""
    assert described.keys() ^ wanted.keys() == set(), "docs/rows.md and models/schema.py differ in these keys"
    for key, hint in wanted.items():
        assert [word for word in sorted(words(hint)) if f"`{word}`" not in described[key]] == [], key


def test_every_key_of_a_row_is_described() -> None:
    titles = ("What it is", "How it is called", "What it gives", "What it does")
    says_all({key: rest for title in titles for key, rest in section(title).items()}, keys(schema.Row))


@pytest.mark.parametrize("part", PARTS)
def test_every_key_of_a_part_is_described(part: str) -> None:
    conditions = keys(schema.Condition)
    says_all(section(part), {key: hint for key, hint in keys(PARTS[part]).items() if key not in conditions})


def test_there_are_parts() -> None:
    assert {"opens", "settles"} <= PARTS.keys()


def test_every_condition_is_described() -> None:
    says_all(section("When a part applies"), keys(schema.Condition))


@pytest.mark.parametrize("page", [ARCHITECTURE, ROOT / "CONTRIBUTING.md"], ids=label)
def test_files_that_are_named_exist(page: Path) -> None:
    named = [each for each in inline(page) if re.fullmatch(r"[\w.]+(/\w+)+(\.\w+)?/?", each)]
    assert named
    missing = [each for each in named if not (SOURCE / each).exists() and not (ROOT / each).exists()]
    assert missing == []


def test_bounds_stand_where_the_page_says() -> None:
    found = 0
    for line in text_of(ARCHITECTURE).splitlines():
        for names, place in re.findall(r"((?:`[A-Z_]+`(?:, )?)+) in `([\w/]+)(?:\.py)?`", line):
            module = importlib.import_module(f"leaklint.{place.replace('/', '.')}")
            for name in re.findall(r"[A-Z_]+", names):
                assert isinstance(getattr(module, name), int), name
                found += 1
    assert found >= 10


def test_every_floor_and_every_dependency_is_described() -> None:
    text = text_of(ARCHITECTURE)
    floors = [path.name for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    needed = [re.split(r"[<>=~!]", each)[0] for each in project["dependencies"]]
    assert [name for name in floors if not re.search(rf"\b{name}\b", text)] == []
    assert [name for name in needed if f"| {name} |" not in text] == []


def test_the_changelog_has_this_version() -> None:
    assert re.search(rf"^## {re.escape(leaklint.__version__)}\b", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
